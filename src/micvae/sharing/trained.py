"""`Trained`: what is left of a run once it is shared: its model, and what one must know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.data import FactorDataset
from micvae.errors import DataError
from micvae.models import VAE
from micvae.representation import Encoded
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
        facts: what is known of data, training and scores; plain JSON values.
    """

    name: str
    config: RunConfig
    image_shape: tuple[int, ...]
    model: VAE
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, run: Run, device: str = "cpu") -> Trained:
        """The model of a finished run.

        Raises:
            RunError: where training is not finished, or the folder is damaged.
        """
        return cls(str(run.path), run.config, run.image_shape, run.model(device), run.record)

    @property
    def latent_names(self) -> tuple[str, ...]:
        """D names of columns: z0, z1, …"""
        return latent_names(self.config.latent_dim)

    def encode(self, dataset: FactorDataset) -> Encoded:
        """Codes of a data set, as its method makes them.

        Raises:
            DataError: where the samples have another shape than those it was trained on.
        """
        self.check(dataset)
        return self.config.objective.represent(self.model, dataset)

    def decode(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        """Expected images `(N, C, H, W)` in [0, 1], or vectors `(N, F)`, of codes `(N, D)`.

        Raises:
            DataError: where codes are not finite numbers, D of them per row.
        """
        latents = self.config.latent_dim
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
        return np.concatenate(parts) if parts else np.empty((0, *self.image_shape), np.float32)

    def check(self, dataset: FactorDataset) -> None:
        """Refuse samples of another shape than the model takes."""
        if dataset.image_shape != self.image_shape:
            raise DataError(
                f"{dataset.name} has {shown_shape(dataset.image_shape)}, and {self.name} takes "
                f"{shown_shape(self.image_shape)}; resize or convert the data to that."
            )


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
