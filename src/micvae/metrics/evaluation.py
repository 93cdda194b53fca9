"""All scores of one representation at once."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from numpy.typing import ArrayLike

from micvae.metrics.catalogue import METRICS
from micvae.metrics.inputs import CheckedInputs, MetricInputs
from micvae.metrics.interventions import Interventions
from micvae.metrics.results import BootstrapInterval, Row, ScoreTable, aligned
from micvae.metrics.score import (
    MetricError,
    MissingScoreWarning,
    Score,
    UndefinedScoreWarning,
    UnfairMetricWarning,
    check_setting,
    check_whole,
)

T = TypeVar("T")
Progress = Callable[[int, int, str], None]
_REMEDIES = {
    "factors": "give factors",
    "interventions": "score a run with micvae evaluate RUN, or give "
    "interventions=Matched(codes, factors)",
}


@dataclass(frozen=True, repr=False, eq=False)
class _ByName(ScoreTable, Mapping[str, T]):
    """Scores of one representation: a mapping that prints as a table."""

    scores: Mapping[str, T]
    missing: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> T:
        return self.scores[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        metrics = [METRICS[name] for name in self]
        rows = [
            {**row, "range": metric.limits + metric.arrow, "meaning": metric.summary}
            for row, metric in zip(self.rows(), metrics, strict=True)
        ]
        left_out = [f"left out: {name}; {reason}" for name, reason in self.missing.items()]
        return "\n".join([aligned(rows) or "no scores", *left_out])


class Evaluation(_ByName[float]):
    """Scores of one representation by name, as `evaluate` returns them.

    It reads like a dictionary (`scores["mig"]`, `scores.items()`) and prints as a table.

    Attributes:
        scores: Score by name, in the order of `METRICS`.
        missing: Why a score is left out, by name.

    Examples:
        >>> from micvae.metrics import Evaluation
        >>> Evaluation({"mig": 0.5, "active_units": 2.0})
        score          value  range    meaning
        mig           0.5000  0 to 1 ↑  one latent alone knows each factor
        active_units  2.0000  0 to ∞   latents in use
    """

    def to_dict(self) -> dict[str, float]:
        """Score by name."""
        return dict(self.scores)

    def rows(self) -> list[Row]:
        """Name and value of every score."""
        return [{"score": name, "value": value} for name, value in self.scores.items()]


@dataclass(frozen=True, repr=False, eq=False)
class Intervals(_ByName[BootstrapInterval]):
    """Scores of one representation with bootstrap intervals, as `intervals` returns them.

    It reads like a dictionary (`found["mig"].low`) and prints as a table.

    Attributes:
        scores: Value and bounds by name, in the order of `METRICS`.
        missing: Why a score is left out, by name.
        level: Coverage of the intervals.

    Examples:
        >>> from micvae.metrics import BootstrapInterval, Intervals
        >>> found = Intervals({"mig": BootstrapInterval(0.5, 0.4, 0.6)})
        >>> found["mig"].low
        0.4
        >>> found.to_dict()
        {'mig': {'value': 0.5, 'low': 0.4, 'high': 0.6}}
    """

    level: float = 0.95

    def to_dict(self) -> dict[str, dict[str, float]]:
        """`value`, `low` and `high` by name."""
        return {name: interval._asdict() for name, interval in self.scores.items()}

    def rows(self) -> list[Row]:
        """Name, value and bounds of every score."""
        return [{"score": name, **interval._asdict()} for name, interval in self.scores.items()]


def evaluate(
    codes: ArrayLike,
    factors: ArrayLike | None = None,
    *,
    metrics: Iterable[str] | None = None,
    factor_kinds: Sequence[str] | None = None,
    scale: ArrayLike | None = None,
    interventions: Interventions | None = None,
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress | None = None,
    factor_names: Sequence[str] | None = None,
) -> Evaluation:
    """Score codes against ground-truth factors.

    Args:
        codes: (N, D), by convention posterior means: an array, a tensor, or a data frame of
            numbers (pandas, polars, pyarrow, …).
        factors: (N, K) ground truth likewise, no column constant; `None` where there is none.
            Columns of text and of categories in a data frame are numbered.
        metrics: Names out of `METRICS`; `None` for all that the inputs allow.
        factor_kinds: Per factor `continuous`, `ordinal`, `categorical` or `angular`; `None`
            infers them: text is categorical; numbers are continuous if all values are distinct
            or more than 50 are, ordinal if at most 20 are, and between the two ordinal if there
            are at least ten samples per value on average.
        scale: (N, D) posterior standard deviations, which RMIG and JEMMIG use; `None` for points.
        interventions: `Rendered` or `Matched`, which hold a factor fixed, for the β-VAE and
            FactorVAE scores.
        seed: Seed of every random choice: splits, draws, ties.
        n_jobs: Threads for DCI; no effect on scores.
        progress: Called as `progress(done, total, name)` before each function.
        factor_names: K names for messages; those of a data frame where left out.

    Returns:
        Score by name, in the order of `METRICS`; never NaN. Without `metrics`, a score that these
        inputs do not have is left out.

    Raises:
        MetricError: For an unknown name, a metric whose input is missing, codes and factors that
            no metric takes, or a metric out of `metrics` that has no value on these.

    Warns:
        MissingScoreWarning: Where a score is left out: its name and the reason.
        AmbiguousKindWarning: Where a kind is guessed and the values allow two kinds.
        LostDigitsWarning: Where a large offset has rounded a latent to few values.
        UnfairMetricWarning: Where a metric treats an angle or a category as numbers on a line.
        UndefinedScoreWarning: With a single latent or a single factor, or with constant codes,
            where many scores are a convention; the warning says which.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import evaluate
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> evaluate(-factors, factors, metrics=["mig_rank", "mcc_spearman"])
        score          value  range     meaning
        mig_rank      0.8470  0 to 1 ↑  the same on ranks: any monotone code
        mcc_spearman  1.0000  0 to 1 ↑  each factor is a latent, monotonically
    """
    inputs = MetricInputs(
        codes=codes,
        factors=factors,
        factor_kinds=factor_kinds,
        factor_names=factor_names,
        scale=scale,
        interventions=interventions,
        seed=seed,
        n_jobs=n_jobs,
    )
    found, missing = _scores(inputs, metrics, progress)
    return Evaluation({name: float(score.values[name]) for name, score in found.items()}, missing)


def intervals(
    codes: ArrayLike,
    factors: ArrayLike | None = None,
    *,
    metrics: Iterable[str] | None = None,
    factor_kinds: Sequence[str] | None = None,
    scale: ArrayLike | None = None,
    interventions: Interventions | None = None,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = 200,
    refits: int = 20,
    n_jobs: int = 1,
    progress: Progress | None = None,
    factor_names: Sequence[str] | None = None,
) -> Intervals:
    """Score codes, each score with a bootstrap interval over samples.

    The intervals show the uncertainty from N samples of *these* codes. The spread over
    trainings is not included; it is usually larger.

    Args:
        codes: As in `evaluate`, as are all arguments not named here.
        factors: As in `evaluate`.
        metrics: Names out of `METRICS`; `None` for all that can be resampled.
        factor_kinds: As in `evaluate`.
        scale: As in `evaluate`.
        interventions: As in `evaluate`; these scores' intervals are over their votes.
        seed: As in `evaluate`; decides the resamples, too.
        level: Coverage of the intervals.
        resamples: Bootstrap resamples.
        refits: Resamples for DCI, whose trees have to be grown anew for each.
        n_jobs: As in `evaluate`.
        progress: As in `evaluate`.
        factor_names: As in `evaluate`.

    Returns:
        `BootstrapInterval(value, low, high)` by name, clipped to the score's range; see
        `Score.interval`.

    Raises:
        MetricError: As `evaluate` does.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import intervals
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> codes = factors + 0.2 * np.random.default_rng(1).normal(size=(500, 2))
        >>> intervals(codes, factors, metrics=["mig_rank", "mcc_spearman"])
        score          value     low    high  range     meaning
        mig_rank      0.1285  0.1101  0.1469  0 to 1 ↑  the same on ranks: any monotone code
        mcc_spearman  0.8268  0.8061  0.8474  0 to 1 ↑  each factor is a latent, monotonically
    """
    check_whole("resamples", resamples, 2)
    check_whole("refits", refits, 2)
    check_setting("level", level, lambda v: 0 < v < 1, "give a share between 0 and 1")
    inputs = MetricInputs(
        codes=codes,
        factors=factors,
        factor_kinds=factor_kinds,
        factor_names=factor_names,
        scale=scale,
        interventions=interventions,
        seed=seed,
        n_jobs=n_jobs,
        resamples=resamples,
        refits=refits,
    )
    found, missing = _scores(inputs, metrics, progress)
    result = {}
    for name, score in found.items():
        value, low, high = score.interval(name, level)
        least, most = METRICS[name].range
        result[name] = BootstrapInterval(value, max(low, least), min(high, most))
    return Intervals(result, missing, level)


def _scores(
    inputs: MetricInputs, metrics: Iterable[str] | None, progress: Progress | None
) -> tuple[dict[str, Score], dict[str, str]]:
    """The scores, and why others are missing, by name."""
    if metrics is None:
        names = [name for name, metric in METRICS.items() if metric.needs in inputs.given]
    else:
        names = _names(metrics)
    needed = {name: METRICS[name].needs for name in names}
    for name, needs in needed.items():
        if needs not in inputs.given:
            raise MetricError(f"{name} needs {needs}: {_REMEDIES[needs]}")
    check_whole("seed", inputs.seed, 0)
    check_whole("n_jobs", inputs.n_jobs, 1)
    inputs.check("factors" in needed.values())
    if "factors" in needed.values():
        _warn_of_conventions(inputs.checked_factors)
        _warn_of_kinds(names, inputs.checked_factors)
    computed: dict[Callable[..., Score], Score | MetricError] = {}
    functions = len({METRICS[name].function for name in names})
    for name in names:
        metric = METRICS[name]
        if metric.function in computed:
            continue
        if progress is not None:
            progress(len(computed), functions, name)
        try:
            computed[metric.function] = metric.compute(inputs)
        except MetricError as error:
            if metrics is not None:  # it was asked for
                raise
            computed[metric.function] = error
    return _without_missing({name: computed[METRICS[name].function] for name in names})


def _without_missing(
    found: dict[str, Score | MetricError],
) -> tuple[dict[str, Score], dict[str, str]]:
    """The scores, and why others are missing; one warning per reason names these.

    Raises:
        MetricError: The first reason, where there is no score at all.
    """
    scores = {name: score for name, score in found.items() if isinstance(score, Score)}
    missing = {name: str(score) for name, score in found.items() if isinstance(score, MetricError)}
    if missing and not scores:
        raise next(score for score in found.values() if isinstance(score, MetricError))
    for reason in dict.fromkeys(missing.values()):
        names = tuple(name for name, why in missing.items() if why == reason)
        warnings.warn(MissingScoreWarning(names, reason), stacklevel=4)
    return scores, missing


def _names(metrics: Iterable[str]) -> list[str]:
    wanted = {metrics} if isinstance(metrics, str) else set(metrics)
    unknown = sorted(map(str, wanted - set(METRICS)))
    if unknown:
        raise MetricError(f"unknown metric {', '.join(unknown)}: choose from {', '.join(METRICS)}")
    return [name for name in METRICS if name in wanted]


def _warn_of_conventions(given: CheckedInputs) -> None:
    constant = bool((given.codes.min(axis=0) == given.codes.max(axis=0)).all())
    for there, what in (
        (
            given.codes.shape[1] == 1,
            "there is only one latent: MIG and similar scores compare it with a latent without "
            "information, and DCI completeness is 1 by convention",
        ),
        (
            given.factors.shape[1] == 1,
            "there is only one factor: DCI disentanglement and modularity are 1 by convention",
        ),
        (
            constant,
            "all codes are constant and carry no information; undefined scores are 0 by convention",
        ),
    ):
        if there:
            warnings.warn(what, UndefinedScoreWarning, stacklevel=4)


def _warn_of_kinds(names: Sequence[str], given: CheckedInputs) -> None:
    kinds = given.kinds
    for kind in dict.fromkeys(kinds):
        unfair = [name for name in names if kind in METRICS[name].unfair_to]
        if unfair:
            columns = [k for k, other in enumerate(kinds) if other == kind]
            which = ", ".join(repr(given.names[k]) if given.names else str(k) for k in columns)
            warnings.warn(
                f"{', '.join(unfair)}: not fair to {kind} factors (column {which}), which "
                "they treat as numbers on a line or expect in a single latent; use block_score",
                UnfairMetricWarning,
                stacklevel=4,
            )
