"""How samples looked that an estimator was fitted to, and how they come out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data import FactorDataset, standardised
from micvae.data.layout import Arrangement, as_arranged
from micvae.errors import DataError


@dataclass(frozen=True, eq=False)
class Form:
    """Shape, arrangement and units of samples.

    Args:
        shape: of one sample, `(C, H, W)` or `(F,)`.
        arranged: how images lay in the array that was fitted.
        moved: mean and scale of vectors that were standardised, each `(F,)`.
    """

    shape: tuple[int, ...]
    arranged: Arrangement
    moved: tuple[NDArray[np.float64], NDArray[np.float64]] | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Form:
        """Read what a run's record says of its data."""
        source = innermost = data["source"]
        while "of" in innermost:
            innermost = innermost["of"]
        moved = None
        if source.get("data") == "standardised":
            moved = np.asarray(source["mean"]), np.asarray(source["scale"])
        return cls(tuple(data["image_shape"]), innermost.get("layout", "NCHW"), moved)

    def read(self, dataset: FactorDataset) -> FactorDataset:
        """Samples in the units of the model.

        Raises:
            DataError: where they are of another shape.
        """
        if dataset.image_shape != self.shape:
            raise DataError(
                f"X has samples of shape {dataset.image_shape}, but Disentangler was fitted to "
                f"{self.shape}."
            )
        if self.moved is None or is_standardised(dataset):
            return dataset
        return standardised(dataset, *self.moved)

    def given(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the model makes, in the units and the arrangement of what was fitted."""
        if self.moved is not None:
            mean, scale = self.moved
            return np.asarray(images * scale + mean, dtype=np.float32)
        return np.ascontiguousarray(as_arranged(images, self.arranged))

    @property
    def log_scale(self) -> float:
        """By how much log-densities are larger in the units of the model, nats."""
        return 0.0 if self.moved is None else float(np.log(self.moved[1]).sum())


def is_standardised(dataset: FactorDataset) -> bool:
    """Whether vectors already have the units of the model."""
    return dataset.source.get("data") == "standardised"
