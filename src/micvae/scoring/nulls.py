"""Null distributions of dependence: the same estimates on permuted columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micvae.information import mutual_information_matrix
from micvae.information.permutation import permuted_together, prediction_interval
from micvae.metrics import METRICS, evaluate
from micvae.representation import Representation
from micvae.training.record import Ends, Scores

PERMUTATIONS = 5
"""Draws of each null. Each costs as much as the estimate itself."""

DEPENDENCES = ("gaussian_total_correlation", "mean_pairwise_mi")
"""Metrics of the dependence among latents, in nats, which are biased upwards."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Null:
    """95% prediction interval of an estimate of dependence for independent columns.

    Args:
        low: lower end, nats.
        high: upper end, nats.
    """

    low: float
    high: float

    @classmethod
    def of(cls, stored: Ends | None) -> Null | None:
        """The interval in `scores.json`; None where there is none, as in older files."""
        return None if stored is None else cls(*stored)

    def within(self, value: float) -> bool:
        """Whether a value is no larger than for independent columns."""
        return value <= self.high

    @property
    def shown(self) -> str:
        """`1.74 to 2.18`."""
        return f"{_short(self.low)} to {_short(self.high)}"


def nulls_of(scores: Scores) -> dict[str, Null | None]:
    """The null of every dependence in `scores.json`, by name; None where it is not known."""
    stored = {**scores.metric_nulls, "r_mi": scores.r_mi_null}
    return {name: Null.of(stored.get(name)) for name in ("r_mi", *DEPENDENCES)}


def null_ends(name: str) -> tuple[str, str]:
    """Column names of the ends of a quantity's null in the table of a study."""
    return f"{name}_null_low", f"{name}_null_high"


def dependence_said(name: str, value: float, null: Null | None, what: str = "latents") -> str:
    """A dependence beside its null: `R_MI 2.81 nats (independent latents … give 1.74 to 2.18)`.

    Args:
        name: of the quantity.
        value: nats.
        null: of the same estimate; None where it is not known, which is said.
        what: the columns are.
    """
    start = f"{name} {_short(value)} nats"
    if null is None:
        return f"{start} (the estimate for independent {what} is not stored: evaluate again)"
    verdict = "; within this: no dependence is shown" if null.within(value) else ""
    return f"{start} (independent {what} of this size give {null.shown}{verdict})"


def r_mi_said(scores: Scores) -> str:
    """`dependence_said` of the R_MI in `scores.json`; a single latent has no pair."""
    if len(scores.active) < 2:
        return "R_MI 0 nats (one latent has no pair)"
    return dependence_said("R_MI", scores.r_mi, Null.of(scores.r_mi_null))


def permuted(part: Representation, seed: int) -> Representation:
    """The same latents made independent: the samples of every latent are permuted separately."""
    columns = (part.codes, part.scale, part.encoded.draws)
    codes, scale, draws = permuted_together(columns, np.random.default_rng([seed, 1]))
    return replace(part, encoded=part.encoded._replace(codes=codes, scale=scale, draws=draws))


def metric_nulls(codes: NDArray[np.floating], names: Sequence[str], seed: int) -> dict[str, Null]:
    """Nulls of the named metrics that measure dependence among latents.

    Args:
        codes: `(N, D)`.
        names: of metrics.
        seed: of the permutations.
    """
    wanted = [name for name in names if name in DEPENDENCES and name in METRICS]
    if not wanted or codes.shape[1] < 2:
        return {}
    generator = np.random.default_rng(seed)
    drawn = [
        evaluate(generator.permuted(codes, axis=0), metrics=wanted) for _ in range(PERMUTATIONS)
    ]
    found = {}
    for name in wanted:
        low, high = prediction_interval(np.asarray([one[name] for one in drawn]))
        found[name] = Null(float(low), float(high))
    return found


def factor_null(
    codes: NDArray[np.floating], factors: Floats, discrete: Sequence[bool], seed: int
) -> Floats:
    """Upper ends of the nulls of I(z_d; v_k), `(D, K)`, nats: rows of the factors are permuted."""
    generator = np.random.default_rng(seed)
    drawn = [
        mutual_information_matrix(codes, generator.permutation(factors), discrete=discrete)
        for _ in range(PERMUTATIONS)
    ]
    return np.asarray(prediction_interval(np.asarray(drawn))[1])


def _short(value: float) -> str:
    """Three digits, never an exponent, and no sign on a zero."""
    digits = 2 if abs(value) >= 1 else 3
    text = f"{value:.{digits}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")
