"""What `audit.json` holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from micvae.identifiability.audit.decoder import AuditedDecoder
from micvae.identifiability.audit.rotations import Against
from micvae.identifiability.conditions import Check
from micvae.records import (
    LEFT_OUT,
    Count,
    FieldError,
    Json,
    Length,
    Matrix,
    Missing,
    NonNegative,
    Numbers,
    Result,
    Share,
    Texts,
    Whole,
    check_length,
)
from micvae.text import text_table
from micvae.training.record import DataSummary


@dataclass(frozen=True, kw_only=True)
class MonteCarlo:
    """Mean and variance of q(z|x) beside those of long chains, for B images and D latents."""

    images: Count
    chains: Count
    iterations: Count
    mean_difference: Annotated[Matrix, Length(1)]
    """(B, D): of q from the chains, in the chains' standard deviations."""
    variance_ratio: Annotated[Matrix, Length(1)]
    """(B, D): of q to the chains."""
    mean_error: NonNegative
    """Standard error of such a mean."""
    acceptance: Share
    """Least over chains."""
    r_hat: float
    """Largest."""


@dataclass(frozen=True, kw_only=True)
class EncoderGap:
    """How far q(z|x) is from p(z|x), by importance weights and by Monte Carlo, nats."""

    images: Count
    samples: Count
    """K of the importance-weighted bound."""
    gap: float
    gap_error: float
    """Its standard error over images."""
    elbo: float
    monte_carlo: MonteCarlo | Missing


@dataclass(frozen=True, kw_only=True)
class Dependence:
    """R_MI and total correlation of columns, each with its interval for independent ones, nats."""

    samples: Count
    permutations: Count
    level: Share
    """Of each interval."""
    r_mi: Check
    tc: Check


@dataclass(frozen=True, kw_only=True)
class Excess:
    """Information of all other latents about a factor, given the factor's own latent; nats."""

    own: Whole
    """The factor's own latent."""
    value: float
    null_median: float
    limit: float
    """Upper end of the null interval."""
    beyond: bool
    """Whether the value is above it."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Codes of the active latents beside the K factors that vary."""

    samples: Count
    rotations: Count
    mcc_pearson: Against
    mcc_spearman: Against
    mcc_nonlinear: Against
    mcc_affine: float
    per_factor: Numbers
    """(K,): MCC after elementwise maps."""
    excess: tuple[Excess | None, ...]
    """(K,); None for a factor without a latent of its own, and where there is one latent only."""
    factors: Annotated[Texts, Length(1)]
    kinds: Texts

    def __post_init__(self) -> None:
        for name in ("per_factor", "excess", "kinds"):
            check_length(name, getattr(self, name), len(self.factors))


@dataclass(frozen=True, kw_only=True)
class NoTruth(Missing):
    """Why the codes are not compared with factors."""

    factors: Texts = field(default=(), metadata=LEFT_OUT)
    """Names, where factors are known and no latent is active."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Whether the conditions of the paper's Theorem 4.3 hold; None where it is not known."""

    independent_sources: bool | None
    gaussian_encoder: bool | None
    no_pairwise_information: bool | None

    @property
    def hold(self) -> bool:
        """Whether all are known to hold."""
        return bool(
            self.independent_sources and self.gaussian_encoder and self.no_pairwise_information
        )


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is measured of one model."""

    name: str
    method: str
    seed: Whole
    latents_total: Count
    active: tuple[int, ...]
    """The active latents."""
    generator: AuditedDecoder | Missing
    encoder: EncoderGap | Missing
    sources: Dependence | Missing
    latents: Dependence | Missing
    truth: Truth | NoTruth


@dataclass(frozen=True, kw_only=True)
class Audited(Measured):
    """The audit of one model: what is measured, and what follows."""

    conditions: Conditions
    identified: bool | None
    """Whether each known factor was found in a latent of its own; None where none is known."""
    said: Texts
    advice: Texts


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Codes of two runs compared with each other, and with the first turned at random."""

    strong: Against
    """MCC, a latent for a latent."""
    ranks: Against
    """MCC of ranks."""
    affine: float
    """MCC after the best affine map of all latents."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Places of two runs in the audit."""

    first: Whole
    second: Whole
    samples: Count
    latents: Whole = 2
    """Active ones of the first run, which are rotated."""


@dataclass(frozen=True, kw_only=True)
class ComparedPair(Pair, Agreement):
    """Agreement of two runs."""


@dataclass(frozen=True, kw_only=True)
class MissingPair(Pair, Missing):
    """Why two runs are not compared."""


@dataclass(frozen=True, kw_only=True)
class AuditRecord(Result):
    """What `micvae audit` finds and `audit.json` holds."""

    REMEDY: ClassVar[str] = "Run micvae audit again to rewrite the file."

    data: DataSummary
    quick: bool
    seed: Whole
    images: Count
    """For the Jacobian and the encoder's gap."""
    runs: Annotated[tuple[Audited, ...], Length(1)]
    agreement: tuple[ComparedPair | MissingPair, ...] | None = None
    """Of every pair of runs; None with a single run."""
    agreement_said: Texts = ()

    def __post_init__(self) -> None:
        for i, pair in enumerate(self.agreement or ()):
            for name in ("first", "second"):
                place = getattr(pair, name)
                if place >= len(self.runs):
                    wanted = f"at most {len(self.runs) - 1}, the last run"
                    raise FieldError(f"agreement[{i}].{name}", str(place), wanted)

    def lines(self) -> list[dict[str, Json]]:
        """A dictionary per run, a number per quantity of the printed table; None: not available."""
        from micvae.identifiability.audit.table import table_rows

        found: list[dict[str, Json]] = [
            {"run": run.name, "method": run.method, "identified": run.identified}
            for run in self.runs
        ]
        for label, _, cells in table_rows(self):
            for line, cell in zip(found, cells, strict=True):
                line[label] = cell.value
        return found

    def __str__(self) -> str:
        from micvae.identifiability.audit.table import table_rows

        lines = [
            [label, *(f"{cell.text} {cell.small}".strip() for cell in cells)]
            for label, _, cells in table_rows(self)
        ]
        said = [f"{run.name}: {sentence}" for run in self.runs for sentence in run.said]
        table = text_table(["", *(run.name for run in self.runs)], lines)
        return "\n".join([table, *said, *self.agreement_said])

    @property
    def compared(self) -> list[ComparedPair]:
        """The pairs that can be compared."""
        return [pair for pair in self.agreement or () if isinstance(pair, ComparedPair)]
