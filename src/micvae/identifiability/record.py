"""What `theorem.json` holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from micvae.identifiability.conditions import Check
from micvae.records import Count, FieldError, Length, NonNegative, Share, Whole

Known = tuple[tuple[float | None, float | None], tuple[float | None, float | None]]


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Independent latents that are not the sources, beside the sources."""

    sources: str
    joint: Check
    mcc_pearson: float
    mcc_spearman: float
    information: tuple[tuple[float, float], tuple[float, float]]
    """I(z_i; s_j), nats, estimated."""


@dataclass(frozen=True, kw_only=True)
class Rotation(Alternative):
    """Two sources of one kind, rotated: other sources of the same observations."""

    angle: float
    """Degrees."""
    difference: NonNegative
    """Largest difference of the observations."""
    pairwise: Check
    marginal_p: Share
    """Least p-value of a latent against its source's distribution."""
    information_exact: Known
    """In closed form; None where it is infinite."""


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """MCC with the sources at an angle in degrees."""

    angle: float
    mcc_pearson: float


@dataclass(frozen=True, kw_only=True)
class TheoremConditions:
    """Conditions of the theorem at 45°, of a model whose posterior is Gaussian."""

    gaussian_posterior: Check
    r_mi: Check

    @property
    def hold(self) -> bool:
        """Whether neither is refuted."""
        return self.gaussian_posterior.holds and self.r_mi.holds


@dataclass(frozen=True, kw_only=True)
class DarmoisTrial(Alternative):
    """Darmois' latents of one mixing."""

    uniform_p: Share


@dataclass(frozen=True, kw_only=True)
class ModularSample:
    """A sum modulo 1 with noise of some width: three variables, pair by pair and together."""

    width: NonNegative
    total_correlation: float | None
    """In closed form; None without noise, where it is infinite."""
    difference: float | None
    """Largest error of the way back to the sources; None without noise."""
    pairs: Annotated[tuple[Check, ...], Length(3, 3)]
    joint: Check
    mcc_pearson: float | None


@dataclass(frozen=True, kw_only=True)
class ModularTable:
    """Exact dependence of a table with K values each, nats."""

    values: Count
    discrete_pairwise: float
    discrete_joint: float
    binned_pairwise: float
    binned_joint: float


@dataclass(frozen=True, kw_only=True)
class Modular:
    """Pairwise independence without joint independence."""

    samples: tuple[ModularSample, ...]
    tables: Annotated[tuple[ModularTable, ...], Length(1)]


@dataclass(frozen=True, kw_only=True)
class DarmoisTrials:
    """Of both mixings."""

    linear: DarmoisTrial
    nonlinear: DarmoisTrial


@dataclass(frozen=True, kw_only=True)
class Trials:
    """What the counterexamples to the theorem measure."""

    seed: Whole
    quick: bool
    angles: tuple[float, ...]
    """Degrees, at which dependence is measured."""
    samples: Count
    checked: Count
    """Of them, for nearest-neighbour estimates."""
    level: Share
    """Of each check."""
    permutations: Count
    rotations: Annotated[tuple[Rotation, ...], Length(1)]
    curves: Mapping[str, tuple[CurvePoint, ...]]
    """By the kind of sources."""
    conditions: Mapping[str, TheoremConditions]
    """The same."""
    darmois: DarmoisTrials
    modular: Modular

    def halfway(self) -> list[Rotation]:
        """The rotations by 45°."""
        return [row for row in self.rotations if row.angle == 45]


@dataclass(frozen=True, kw_only=True)
class TheoremRecord(Trials):
    """What `micvae theorem` measures and `theorem.json` holds."""

    REMEDY: ClassVar[str] = "Run micvae theorem again to rewrite the file."

    verdicts: Mapping[str, bool]
    """Whether the numbers support each claim, see `CLAIMS`."""

    def __post_init__(self) -> None:
        for name in CLAIMS:
            if name not in self.verdicts:
                raise FieldError(f"verdicts.{name}", "missing", "true or false")
        for name in {row.sources for row in self.rotations}:
            if name not in self.curves:
                raise FieldError(f"curves.{name}", "missing", "a list")


CLAIMS = {
    "observations_identical_to_1e-6": "the rotated sources give the same observations, to 1e-6",
    "every_rotation_independent": "the latents are pairwise and jointly independent at every angle",
    "every_marginal_unchanged": "every latent has the distribution of its source",
    "every_condition_holds": "at 45° the encoder is the true posterior and R_MI = 0",
    "mcc_at_45_at_most_0.75": "at 45° the sources are mixed nevertheless: MCC ≤ 0.75",
    "darmois_independent": "Darmois' latents are independent for both mixings",
    "modular_pairs_independent": "sums modulo 1: every pair of variables is independent",
    "modular_jointly_dependent": "sums modulo 1: the three variables are jointly dependent",
}
"""What each of `micvae.identifiability.theorem.verdicts` says, in plain words."""
