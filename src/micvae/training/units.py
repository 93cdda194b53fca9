"""The units that a model reads and makes: vectors are often standardised before training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data import FactorDataset, standardised
from micvae.data.value_range import innermost
from micvae.errors import DataError, RunError
from micvae.records import FieldError, Wide, check_length
from micvae.training.data_identity import IN_MEMORY

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Units:
    """How vectors are transformed before the model reads them: x' = (x − mean) / scale per feature.

    Args:
        mean: F numbers; None where vectors are not standardised.
        scale: F positive numbers, likewise.
        whitened: whether x was whitened first. The whitening matrix is not stored, so decoded
            vectors stay whitened.
    """

    mean: tuple[Wide, ...] | None = None
    scale: tuple[Wide, ...] | None = None
    whitened: bool = False

    def __post_init__(self) -> None:
        if (self.mean is None) != (self.scale is None):
            missing = "mean" if self.mean is None else "scale"
            raise FieldError(missing, "missing", "a list, as mean and scale belong together")
        if self.mean is not None and self.scale is not None:
            check_length("scale", self.scale, len(self.mean))
            if not all(value > 0 for value in self.scale):
                raise FieldError("scale", "not positive everywhere", "positive numbers")

    @classmethod
    def of(cls, source: Mapping[str, Any], shape: tuple[int, ...]) -> Units:
        """Read them from the `source` of a data set, which names every step down to the file.

        Args:
            source: of a `FactorDataset`, or of a run's record.
            shape: of a sample; images have no units.

        Raises:
            RunError: where mean or scale are not F usable numbers.
        """
        if len(shape) != 1:
            return cls()
        mean, scale, whitened = np.zeros(shape), np.ones(shape), False
        moved = False
        for step in _steps(source):
            if step.get("data") == "whitened":
                whitened = True  # the whitening matrix includes the steps before it
                break
            if step.get("data") == "standardised":
                first_mean, first_scale = _numbers(step, shape)
                mean, scale = first_mean + mean * first_scale, scale * first_scale
                moved = True
        if not moved:
            return cls(whitened=whitened)
        return cls(mean=tuple(mean.tolist()), scale=tuple(scale.tolist()), whitened=whitened)

    @property
    def stored(self) -> Units | None:
        """What a file holds: None where the model reads data as it is."""
        return None if self == Units() else self

    @property
    def standardised(self) -> bool:
        """Whether mean and scale are known."""
        return self.mean is not None

    def arrays(self, features: int) -> tuple[Numbers, Numbers]:
        """Mean and scale as arrays `(F,)`: 0 and 1 where vectors are not standardised."""
        if self.mean is None or self.scale is None:
            return np.zeros(features), np.ones(features)
        return np.asarray(self.mean), np.asarray(self.scale)

    def to_model(self, dataset: FactorDataset, reader: str = "the model") -> FactorDataset:
        """Samples in the units of the model, in float32.

        Raw samples are standardised by the model's mean and scale. Samples that were standardised
        by the same numbers stay as they are; by other numbers, they are converted.

        Args:
            dataset: images or vectors.
            reader: what messages call the model.

        Raises:
            DataError: where the model needs whitened data, and this is not; where it needs raw
                data, and this was whitened or standardised.
        """
        own = Units.of(dataset.source, dataset.image_shape)
        if self.whitened and not own.whitened and _has_known_source(dataset):
            raise DataError(
                f"{reader} was trained on whitened data, whose matrix is not stored, and "
                f"{dataset.name} is not whitened; give the data that it was trained on, as "
                "whitened('…'), or in Python an array that is whitened by the same matrix."
            )
        for was, needs, how in (
            (own.whitened, self.whitened, "whitened"),
            (own.standardised, self.standardised, "standardised"),
        ):
            if was and not needs:
                raise DataError(
                    f"{reader} was not trained on {how} data; give {dataset.name} before that step."
                )
        if not self.standardised:
            return dataset.as_float32()
        if (own.mean, own.scale) == (self.mean, self.scale):
            return dataset
        (mean, scale), (centre, spread) = (u.arrays(dataset.image_shape[0]) for u in (self, own))
        return standardised(dataset, (mean - centre) / spread, scale / spread)

    def from_model(self, samples: NDArray[np.float32]) -> NDArray[np.float32 | np.float64]:
        """Decoded samples in the units of the data.

        float64 where vectors are standardised: float32 does not resolve values far from 0.
        """
        if not self.standardised:
            return samples
        mean, scale = self.arrays(samples.shape[1])
        return samples.astype(np.float64) * scale + mean

    @property
    def log_scale(self) -> float:
        """By how much log-densities are larger in the units of the model, nats."""
        return 0.0 if self.scale is None else float(np.log(self.scale).sum())

    def notes(self, encoder: str, decoder: str) -> list[str]:
        """Sentences for a reader of the exported networks, which do not include this conversion.

        Args:
            encoder: name of the network that reads vectors.
            decoder: name of the network that makes them.
        """
        notes = []
        if self.standardised:
            what = "whitened vectors" if self.whitened else "vectors"
            notes.append(
                f"{encoder} reads standardised {what}: subtract mean and divide by scale, feature "
                f"by feature, in float64, and convert to float32 afterwards. {decoder} gives them "
                "likewise: convert to float64, multiply by scale and add mean."
            )
        if self.whitened:
            notes.append(
                f"{encoder} reads and {decoder} gives whitened vectors; the matrix that whitened "
                "the training data is not stored."
            )
        return notes


def _has_known_source(dataset: FactorDataset) -> bool:
    """Whether it is known where data comes from; how an array was made is not."""
    return innermost(dataset.source).get("data") not in (None, IN_MEMORY)


def _steps(source: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every step of a `source`, the last one first."""
    step: Any = source
    while isinstance(step, Mapping):
        yield step
        step = step.get("of")


def _numbers(given: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[Numbers, Numbers]:
    try:
        mean = np.asarray(given.get("mean"), dtype=np.float64)
        scale = np.asarray(given.get("scale"), dtype=np.float64)
        fits = mean.shape == scale.shape == shape
        usable = fits and np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise RunError(
            f"mean and scale of standardised vectors are not {shape[0]} numbers each, or not "
            "finite, or a scale is not positive."
        )
    return mean, scale
