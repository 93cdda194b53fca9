"""The records in `run.json` and `scores.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from micvae.data import FactorDataset, FactorKind
from micvae.data.places import StartingPoints
from micvae.errors import RunError
from micvae.records import (
    LEFT_OUT,
    Count,
    FieldError,
    Json,
    Length,
    Matrix,
    NonNegative,
    Numbers,
    Texts,
    Whole,
    check_length,
    check_matrix,
    shown,
    wanted,
)
from micvae.training.checkpoint_io import checked_shape
from micvae.training.config import RunConfig
from micvae.training.convergence import Convergence
from micvae.training.data_identity import fingerprint
from micvae.training.device import EnvironmentRecord

REQUIRED_TERMS = ("loss", "reconstruction", "kl")
"""Terms that every objective has."""
Ends = tuple[float, float]
"""Lower and upper end of an interval."""


@dataclass(frozen=True, kw_only=True)
class DataSummary:
    """What every record states of its data."""

    name: str
    n: Count
    """Number of samples."""
    notes: Texts
    """Limits of the data that concern every result."""


@dataclass(frozen=True, kw_only=True)
class NamedData(DataSummary):
    """Data with the names of its factors and features."""

    factor_names: Texts
    feature_names: Texts = field(default=(), metadata=LEFT_OUT)
    """Names of the F features of vectors, where they are known."""


@dataclass(frozen=True, kw_only=True)
class DataRecord(NamedData):
    """The data of a run: its description, and how it is identified."""

    source: Mapping[str, Json] = field(default_factory=dict)
    """How it was made or read, every step down to the file, see `FactorDataset.source`."""
    fingerprint: str
    """Digest of images and factors."""
    image_shape: tuple[int, ...]
    """`(C, H, W)` of images, `(F,)` of vectors."""
    factor_kinds: tuple[FactorKind, ...]
    paths_from: StartingPoints | None = field(default=None, metadata=LEFT_OUT)
    """Where relative paths of the configuration's data start."""

    @classmethod
    def of(cls, dataset: FactorDataset, paths_from: StartingPoints | None = None) -> DataRecord:
        """Describe a data set as networks read it."""
        return cls(
            name=dataset.name,
            source=dict(dataset.source),
            fingerprint=fingerprint(dataset),
            n=len(dataset),
            image_shape=dataset.image_shape,
            factor_names=dataset.factor_names,
            factor_kinds=dataset.factor_kinds,
            notes=dataset.notes,
            feature_names=dataset.feature_names,
            paths_from=paths_from,
        )

    def __post_init__(self) -> None:
        check_data(self.image_shape, self.factor_names, self.factor_kinds, self.feature_names)

    @property
    def pictures(self) -> bool:
        """Whether samples are images, and not vectors."""
        return len(self.image_shape) == 3


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Content of `run.json`."""

    REMEDY: ClassVar[str] = "Restore the file, or train again into another folder."

    micvae: str
    """Version that trained it."""
    status: Literal["training", "done"]
    config: RunConfig
    data: DataRecord
    environment: EnvironmentRecord = EnvironmentRecord()  # noqa: RUF009, frozen
    seconds: NonNegative | None = field(default=None, metadata=LEFT_OUT)
    """Time taken, once training is done."""
    convergence: Convergence | None = field(default=None, metadata=LEFT_OUT)
    """Whether the loss had stopped falling, once training is done; not in records of 0.1."""
    final_terms: Mapping[str, float] | None = field(default=None, metadata=LEFT_OUT)
    """Terms of the finished model, nats, where the method changed it after the last step."""

    def __post_init__(self) -> None:
        for name in REQUIRED_TERMS:
            if self.final_terms is not None and name not in self.final_terms:
                raise FieldError(f"final_terms[{shown(name)}]", "missing", wanted(float))
        if self.status == "done" and self.seconds is None:
            raise FieldError("seconds", "missing", "a number, as training is done")


@dataclass(frozen=True, kw_only=True)
class Votes:
    """How the interventional scores were taken."""

    how: str
    """`rendered` from new images, or `matched` among the samples."""
    train: Count
    test: Count


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Content of `scores.json`, as `micvae evaluate RUN` computes it: D latents, K factors."""

    REMEDY: ClassVar[str] = "Run micvae evaluate on the run again to rewrite the file."

    metrics: Mapping[str, float]
    """Score by name; without factors, only the scores that need none."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """By name, why a score is missing."""
    cautions: Texts = ()
    """Sentences: which metrics are unfair to which factors, missing, or a convention."""
    votes: Votes | None = None
    """How interventional scores were computed; None where they were not."""
    r_mi: float
    """Σ_{i≠j} I(z_i; z_j) of the aggregate posterior, nats."""
    r_mi_null: Ends | None = None
    """Interval of the same estimate for independent latents; None for a single latent. Files of
    micvae 0.1 have no nulls."""
    latent_mi: Matrix
    """Its summands, (D, D)."""
    latent_mi_null: Matrix | None = None
    """Upper ends of their nulls, (D, D)."""
    factor_mi: Matrix | None
    """Between codes and factors, (D, K), nats; None without factors."""
    factor_mi_null: Matrix | None = None
    """Upper ends of their nulls, (D, K)."""
    metric_nulls: Mapping[str, Ends] = field(default_factory=dict)
    """Intervals of metrics that are dependences, for independent latents, by name."""
    latent_kl: Annotated[Numbers, Length(1)]
    """(D,), nats."""
    active: tuple[bool, ...]
    """(D,): which latents are active."""
    active_units: Whole
    """Number of active latents."""
    factor_names: Texts
    """K names of the factors that vary."""
    samples: Count
    seed: Whole
    reconstruction: float | None
    """Nats per sample, of the finished model; None where it is not known."""
    kl: float | None
    """KL term, likewise."""
    seconds: NonNegative | None = field(default=None, metadata=LEFT_OUT)
    """Time that scoring took."""

    def __post_init__(self) -> None:
        latents, factors = len(self.latent_kl), len(self.factor_names)
        check_length("active", self.active, latents)
        for name, columns in (
            ("latent_mi", latents),
            ("latent_mi_null", latents),
            ("factor_mi", factors),
            ("factor_mi_null", factors),
        ):
            matrix: Matrix | None = getattr(self, name)
            if matrix is not None:
                check_matrix(name, matrix, latents, columns)
        if self.active_units != sum(self.active):
            raise FieldError("active_units", str(self.active_units), f"{sum(self.active)}")

    @property
    def quantities(self) -> Mapping[str, float | None]:
        """Every number by its name in tables: the metrics, and quantities without ground truth.

        None where it is not known.
        """
        return {
            **self.metrics,
            "reconstruction": self.reconstruction,
            "kl": self.kl,
            "r_mi": self.r_mi,
            "active_units": self.active_units,
        }


def check_data(
    image_shape: tuple[int, ...],
    factor_names: Texts,
    factor_kinds: tuple[FactorKind, ...],
    feature_names: Texts,
) -> None:
    """Refuse a description whose parts do not fit each other.

    Raises:
        FieldError: names the field.
    """
    try:
        checked_shape(image_shape)
    except RunError:
        raise FieldError(
            "image_shape", shown(list(image_shape)), "[C, H, W] or [F], whole numbers from 1"
        ) from None
    check_length("factor_kinds", factor_kinds, len(factor_names))
    if feature_names:
        wanted = image_shape[0] if len(image_shape) == 1 else 0
        check_length("feature_names", feature_names, wanted)
