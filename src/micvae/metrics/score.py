"""The result of a metric, its errors and its warnings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.errors import MicvaeError, MicvaeWarning
from micvae.metrics.results import BootstrapInterval, Row, ScoreTable


class MetricError(MicvaeError, ValueError):
    """Codes, factors or settings on which a metric has no defined value."""


class UnfairMetricWarning(MicvaeWarning):
    """A metric treats an angle or a category as numbers on a line."""


class UndefinedScoreWarning(MicvaeWarning):
    """A score is undefined on these data, and the stated convention is used instead."""


class LostDigitsWarning(MicvaeWarning):
    """A large offset has rounded codes to few distinct values."""


class MissingScoreWarning(MicvaeWarning):
    """Scores cannot be computed for these inputs and are left out of the result.

    Attributes:
        names: The scores.
        reason: Why there is none, in one sentence.
    """

    def __init__(self, names: Sequence[str], reason: str) -> None:
        self.names, self.reason = tuple(names), reason
        super().__init__(f"left out: {', '.join(names)}; {reason}")


def check_setting(name: str, value: Any, valid: Callable[[Any], Any], wanted: str) -> None:
    """Refuse a setting that is out of range, or of a type that cannot be compared."""
    try:
        fits = bool(valid(value))
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise MetricError(f"{name}={value!r}: {wanted}")


def check_whole(name: str, value: Any, least: int) -> None:
    """Refuse anything but a whole number from `least` to 2³² − 1; booleans are refused."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    if not whole or not least <= value < 2**32:
        upper = "from 0 to 2**32 - 1" if least == 0 else f"of at least {least}"
        raise MetricError(f"{name}={value!r}: give a whole number {upper}")


@dataclass(frozen=True, repr=False)
class Score(ScoreTable):
    """The result of one metric, which prints as a table.

    Attributes:
        values: Score by key, as `micvae.metrics.evaluate` reports it. A metric that computes
            several scores at once (DCI) has several keys; its principal one stands first.
        details: What the score was made from (per-factor gaps, importance matrix, settings), as
            the metric's docstring lists it.
        deviations: Bootstrap standard deviation by key; empty unless resamples were asked for.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mig
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> score = mig(-factors, factors, resamples=20)
        >>> score
        score   value  deviation
        mig    0.8550     0.0141
        details: gaps, mutual_information, entropies, binned_factors, bins, factor_bins
        >>> score.details["gaps"].round(2)
        array([0.86, 0.85])
    """

    values: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict)
    deviations: Mapping[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The principal score: the first of `values`."""
        return next(iter(self.values.values()))

    def __float__(self) -> float:
        return self.value

    def to_dict(self) -> dict[str, float]:
        """Score by key, without the details."""
        return dict(self.values)

    def rows(self) -> list[Row]:
        """Name, value and, with resamples, bootstrap standard deviation of every score."""
        return [
            {"score": name, "value": float(value)}
            | ({"deviation": float(self.deviations[name])} if self.deviations else {})
            for name, value in self.values.items()
        ]

    def __repr__(self) -> str:
        found = f"\ndetails: {', '.join(self.details)}" if self.details else ""
        return super().__repr__() + found

    def interval(self, name: str | None = None, level: float = 0.95) -> BootstrapInterval:
        """Score ± z · bootstrap standard deviation, by default of the principal score.

        The interval is centred on the score and not read off the resamples' percentiles: a
        resample repeats samples, repeated samples look dependent, and so its plug-in mutual
        informations lie systematically above the sample's own.

        Raises:
            MetricError: Where the score was computed without resamples.
        """
        name = next(iter(self.values)) if name is None else name
        if name not in self.deviations:
            raise MetricError(f"{name} was computed without resamples: give resamples=200, say")
        if not 0 < level < 1:
            raise MetricError(f"level={level!r}: give a share between 0 and 1, such as 0.95")
        value, reach = self.values[name], NormalDist().inv_cdf((1 + level) / 2)
        reach *= self.deviations[name]
        return BootstrapInterval(value, value - reach, value + reach)


Weights = NDArray[np.float64]
Statistic = Callable[[Weights], Score]
"""A metric after all preparation: the score where sample n counts `weights[n]` times."""


def scored(
    statistic: Statistic,
    n: int,
    resamples: int,
    seed: int,
    parts: Sequence[NDArray[np.int64]] = (),
) -> Score:
    """Score all samples once each, and `resamples` bootstrap resamples for the deviation.

    A resample of n out of n samples is a vector of counts. Bins, ranks, neighbours and fitted
    predictors, which do not depend on the counts, are computed once, before `statistic` is called.
    Equal seeds give equal resamples to every metric that does not split the samples. Where samples
    are split, every part is resampled separately and keeps its size.
    """
    for name, value in (("resamples", resamples), ("seed", seed)):
        check_whole(name, value, 0)
    score = statistic(np.ones(n))
    if resamples == 0:
        return score
    if resamples == 1:
        raise MetricError("resamples=1: a deviation needs at least 2")
    random = np.random.default_rng([seed, 1])

    def resample() -> Weights:
        weights = np.zeros(n)
        for rows in parts or (np.arange(n),):
            np.add.at(weights, rows[random.integers(0, len(rows), len(rows))], 1)
        return weights

    drawn = [statistic(resample()).values for _ in range(resamples)]
    deviations = {
        name: float(np.std([values[name] for values in drawn], ddof=1)) for name in score.values
    }
    return replace(score, deviations=deviations)
