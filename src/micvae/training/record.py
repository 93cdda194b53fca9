"""What `run.json` and `scores.json` hold."""

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

NEEDED = ("loss", "reconstruction", "kl")
"""Terms that every objective has."""
Ends = tuple[float, float]
"""Lower and upper end of an interval."""


@dataclass(frozen=True, kw_only=True)
class DataRecord:
    """The data of a run: what it is, and how it is recognised again."""

    name: str
    source: Mapping[str, Json] = field(default_factory=dict)
    """How it was made or read, every step down to the file, see `FactorDataset.source`."""
    fingerprint: str
    """Digest of images and factors."""
    n: Count
    """Number of samples."""
    image_shape: tuple[int, ...]
    """`(C, H, W)` of images, `(F,)` of vectors."""
    factor_names: Texts
    factor_kinds: tuple[FactorKind, ...]
    notes: Texts
    """What a reader of any result must know."""
    feature_names: Texts = field(default=(), metadata=LEFT_OUT)
    """Names of the F numbers of a vector, where they are known."""
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
    """What `run.json` holds."""

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
        for name in NEEDED:
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
    """What `micvae evaluate RUN` finds and `scores.json` holds, of D latents and K factors."""

    REMEDY: ClassVar[str] = "Run micvae evaluate on the run again to write the file anew."

    metrics: Mapping[str, float]
    """Name → score; without factors those that need none."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Name → why there is no such score."""
    cautions: Texts = ()
    """Which metrics are not fair to which factors, missing, or a convention, in words."""
    votes: Votes | None = None
    """Of the interventional scores, where they were computed."""
    r_mi: float
    """Σ_{i≠j} I(z_i; z_j) of the aggregate posterior, nats."""
    r_mi_null: Ends | None = None
    """Interval of the same estimate for independent latents; None for a single latent, and in
    files of 0.1, as all nulls."""
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
    """How many."""
    factor_names: Texts
    """K names: of the factors that vary."""
    samples: Count
    seed: Whole
    reconstruction: float | None
    """Nats per sample, of the finished model; None where it is not known."""
    kl: float | None
    """The same."""
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
        """Every single number by its name in tables: the metrics, and what has no ground truth.

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
    """Refuse facts of a data set that do not fit each other.

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
