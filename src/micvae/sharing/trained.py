"""`Trained`: what is left of a run once it is shared: its model, and what one must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.data import FactorDataset
from micvae.data.value_range import TrainedScale
from micvae.errors import DataError
from micvae.models import VAEModel, check_finite
from micvae.representation import Encoded
from micvae.sharing.features import check_features
from micvae.sharing.units import Units
from micvae.torch_state import with_torch_defaults
from micvae.training import Run, RunConfig

TOGETHER = 1000
"""Samples that are encoded or decoded at once."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model that can be used without the folder it was trained in.

    Args:
        name: how it is called in messages.
        config: what was trained.
        image_shape: `(C, H, W)` of the images, or `(F,)` of the vectors, that it takes.
        model: in evaluation mode.
        feature_names: of the numbers of vectors; empty where they are not known.
        units: what vectors are brought to before the model reads them.
        scale: which values of pictures were black and white in training.
    """

    name: str
    config: RunConfig
    image_shape: tuple[int, ...]
    model: VAEModel
    feature_names: tuple[str, ...] = ()
    units: Units = Units()  # noqa: RUF009, frozen
    scale: TrainedScale = TrainedScale()  # noqa: RUF009, frozen

    @classmethod
    def of(cls, run: Run, device: str = "cpu") -> Trained:
        """The model of a finished run.

        Raises:
            RunError: where training is not finished, or the folder is damaged.
        """
        return cls(
            str(run.path),
            run.config,
            run.image_shape,
            run.model(device),
            run.record.data.feature_names,
            units_of(run),
            TrainedScale.of(run.record.data.source),
        )

    @property
    def latent_names(self) -> tuple[str, ...]:
        """D names of columns: z0, z1, …"""
        return latent_names(self.config.latent_dim)

    @with_torch_defaults
    def encode(self, dataset: FactorDataset) -> Encoded:
        """Codes of a data set, as its method makes them.

        Vectors are given as they were before training standardised them, or standardised.

        Raises:
            DataError: where the samples have another shape than those it was trained on, or are
                not whitened as those were.
        """
        return self.config.objective.encode_dataset(self.model, self.prepared(dataset))

    def prepared(self, dataset: FactorDataset) -> FactorDataset:
        """Samples as the model reads them; `encode` changes no number of them any more.

        Raises:
            DataError: see `encode`.
        """
        self.check(dataset)
        return self.units.taken(dataset, self.name)

    @with_torch_defaults
    def decode(self, codes: NDArray[Any]) -> NDArray[np.float32 | np.float64]:
        """Expected images `(N, C, H, W)` in [0, 1], or vectors `(N, F)`, of codes `(N, D)`.

        Vectors are in the units of the data before it was standardised, and then float64;
        everything else is float32.

        Raises:
            DataError: where codes are not finite numbers, D of them per row.
            NotFiniteError: where what is decoded is not.
        """
        latents = self.config.latent_dim
        codes = np.asarray(unmasked(codes, "codes"))
        if codes.ndim != 2 or codes.shape[1] != latents or codes.dtype.kind not in "fiu":
            raise DataError(
                f"codes have shape {codes.shape} and dtype {codes.dtype}; {self.name} has "
                f"{latents} latents and takes numbers (N, {latents})."
            )
        if not np.isfinite(codes).all():
            raise DataError("codes hold NaN or infinite values; remove or replace those rows.")
        device = next(self.model.parameters()).device
        parts = []
        with torch.inference_mode():
            for start in range(0, len(codes), TOGETHER):
                batch = np.asarray(codes[start : start + TOGETHER], np.float32)
                mean = self.model.decode_codes(torch.from_numpy(batch).to(device)).mean
                parts.append(mean.cpu().numpy())
        if not parts:
            return np.empty((0, *self.image_shape), np.float32)
        given = self.units.given(np.concatenate(parts))
        check_finite(given, "decoded samples")
        return given

    def check(self, dataset: FactorDataset) -> None:
        """Refuse samples of another shape, with other features, or read on another scale."""
        if dataset.image_shape != self.image_shape:
            raise DataError(
                f"{dataset.name} has {shown_shape(dataset.image_shape)}, and {self.name} takes "
                f"{shown_shape(self.image_shape)}; resize or convert the data to that."
            )
        if dataset.pictures:
            self.scale.check(dataset.source, dataset.name)
        check_features(dataset, self.feature_names, self.name)


def units_of(run: Run) -> Units:
    """What vectors were brought to before a run was trained on them.

    Raises:
        RunError: where its record is damaged.
    """
    return Units.of(run.record.data.source, run.image_shape)


def latent_names(latent_dim: int) -> tuple[str, ...]:
    """Names of the columns that codes are written to: z0, z1, …"""
    return tuple(f"z{d}" for d in range(latent_dim))


def shown_shape(image_shape: tuple[int, ...]) -> str:
    """A shape in words."""
    if len(image_shape) == 1:
        return f"vectors of {image_shape[0]} numbers"
    channels, height, width = image_shape
    many = "1 channel" if channels == 1 else f"{channels} channels"
    return f"images of {height}×{width} pixels with {many}"
