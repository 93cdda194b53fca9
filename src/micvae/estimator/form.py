"""How samples looked that an estimator was fitted to, and how they come out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from micvae.data import FactorDataset
from micvae.data.layout import Arrangement, as_arranged
from micvae.data.value_range import TrainedScale, innermost
from micvae.errors import DataError
from micvae.sharing.features import check_features
from micvae.sharing.units import Units
from micvae.training.record import DataRecord


@dataclass(frozen=True, eq=False)
class Form:
    """Shape, arrangement and units of samples.

    Args:
        shape: of one sample, `(C, H, W)` or `(F,)`.
        arranged: how images lay in the array that was fitted.
        units: of vectors, which may have been standardised.
        names: of the features of vectors; empty where nobody said.
        scale: which values of pictures are black and white.
    """

    shape: tuple[int, ...]
    arranged: Arrangement
    units: Units
    names: tuple[str, ...] = ()
    scale: TrainedScale = TrainedScale()  # noqa: RUF009, frozen

    @classmethod
    def of(cls, data: DataRecord) -> Form:
        """Read what a run's record says of its data."""
        found = innermost(data.source).get("layout")
        layout: Arrangement = next((one for one in get_args(Arrangement) if one == found), "NCHW")
        return cls(
            data.image_shape,
            layout,
            Units.of(data.source, data.image_shape),
            data.feature_names,
            TrainedScale.of(data.source),
        )

    def read(self, dataset: FactorDataset) -> FactorDataset:
        """Samples in the units of the model.

        Raises:
            DataError: where they are of another shape, have other features or these in another
                order, are not whitened as what was fitted, or standardised where that was not.
        """
        if dataset.image_shape != self.shape:
            raise DataError(
                f"X has samples of shape {dataset.image_shape}, but Disentangler was fitted to "
                f"{self.shape}; give samples of that shape."
            )
        if dataset.pictures:
            self.scale.check(dataset.source, "X")
        check_features(dataset, self.names, "Disentangler")
        as_they_were = self.units.moved is None and not self.units.whitened
        if as_they_were and is_standardised(dataset):
            raise DataError(
                f"X is {dataset.name}, but Disentangler was fitted to vectors that were not; give "
                "X in the units that were fitted: before it was standardised, or as an array."
            )
        return self.units.taken(dataset, "Disentangler")

    def given(self, images: NDArray[np.float32]) -> NDArray[np.float32 | np.float64]:
        """What the model makes, in the units and the arrangement of what was fitted."""
        return np.ascontiguousarray(as_arranged(self.units.given(images), self.arranged))

    @property
    def log_scale(self) -> float:
        """By how much log-densities are larger in the units of the model, nats."""
        return self.units.log_scale


def is_standardised(dataset: FactorDataset) -> bool:
    """Whether vectors already have the units of the model."""
    return dataset.source.get("data") == "standardised"
