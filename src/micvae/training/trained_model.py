"""`TrainedModel`: a trained model with what is needed to use it without its run folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.checks import whole_number
from micvae.data import FactorDataset
from micvae.data.array_header import few
from micvae.data.value_range import TrainedScale
from micvae.errors import DataError
from micvae.models import VAEModel, check_finite, elbo
from micvae.representation import Encoded
from micvae.torch_state import with_torch_defaults
from micvae.training.config import RunConfig
from micvae.training.units import Units

BATCH_SIZE = 1000
"""Samples that are decoded at a time."""

Samples = NDArray[np.float32 | np.float64]


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained model that encodes, decodes and scores in the units of the training data.

    `Run.trained_model`, `micvae.sharing.load_model.open_trained` and
    `micvae.sharing.hub.from_pretrained` return one, and `Disentangler` holds one.

    Args:
        name: what messages call it.
        config: the configuration of its training.
        image_shape: `(C, H, W)` of the images, or `(F,)` of the vectors, that it takes.
        model: the networks, in evaluation mode.
        feature_names: F names of the features of vectors; empty where they are not known.
        units: how vectors are transformed before the model reads them.
        pixel_scale: which pixel values were black and white in training.

    Examples:
        >>> import micvae
        >>> from micvae.data import squares
        >>> run = micvae.train("vae", data="squares(n=128)", epochs=1, out="runs/vae")
        >>> trained = run.trained_model()
        >>> trained.encode(squares(8, seed=1)).codes.shape, trained.sample(2).shape
        ((8, 3), (2, 1, 32, 32))
    """

    name: str
    config: RunConfig
    image_shape: tuple[int, ...]
    model: VAEModel
    feature_names: tuple[str, ...] = ()
    units: Units = Units()  # noqa: RUF009, frozen
    pixel_scale: TrainedScale = TrainedScale()  # noqa: RUF009, frozen

    @property
    def latent_names(self) -> tuple[str, ...]:
        """D names of columns: z0, z1, …"""
        return tuple(f"z{d}" for d in range(self.config.latent_dim))

    @property
    def decoded_dtype(self) -> np.dtype[Any]:
        """Type of the numbers that `decode` returns: float64 where vectors are standardised."""
        return np.dtype(np.float64 if self.units.standardised else np.float32)

    def prepared(self, dataset: FactorDataset, called: str | None = None) -> FactorDataset:
        """Samples as the model reads them, in its units.

        Args:
            dataset: images or vectors, in the units of the training data or standardised.
            called: what messages call the samples; the data set's own name where left out.

        Raises:
            DataError: where the samples have another shape than those it was trained on, other
                features, or were read on another scale; where they are not whitened as those were.
        """
        called = called or dataset.name
        if dataset.image_shape != self.image_shape:
            raise DataError(
                f"{called} has {shown_shape(dataset.image_shape)}, and {self.name} takes "
                f"{shown_shape(self.image_shape)}; resize or convert the data to that."
            )
        if dataset.pictures:
            self.pixel_scale.check(dataset.source, called)
        names, given = self.feature_names, dataset.feature_names
        if names and given and given != names:
            at = next(i for i, (a, b) in enumerate(zip(given, names, strict=True)) if a != b)
            how = "in another order" if sorted(given) == sorted(names) else "with other names"
            raise DataError(
                f"{called} has features {how} than the training data of {self.name}: number {at} "
                f"is {given[at]!r} instead of {names[at]!r}; give {few(names)}."
            )
        return self.units.to_model(dataset, self.name)

    def encode(self, dataset: FactorDataset) -> Encoded:
        """Codes of a data set, as its method computes them.

        Raises:
            DataError: see `prepared`.
            NotFiniteError: where a code is NaN or infinite.
        """
        return self.encode_prepared(self.prepared(dataset))

    @with_torch_defaults
    def encode_prepared(self, dataset: FactorDataset) -> Encoded:
        """Codes of samples that `prepared` returned, or that the model was trained on."""
        return self.config.objective.encode_dataset(self.model, dataset)

    @with_torch_defaults
    def decode(self, codes: NDArray[Any]) -> Samples:
        """Expected images `(N, C, H, W)` in [0, 1], or vectors `(N, F)`, of codes `(N, D)`.

        Vectors are in the units of the data before it was standardised, and then float64;
        everything else is float32.

        Raises:
            DataError: where codes are not finite numbers, D of them per row.
            NotFiniteError: where a decoded value is NaN or infinite.
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
        parts = [np.empty((0, *self.image_shape), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(codes), BATCH_SIZE):
                batch = np.asarray(codes[start : start + BATCH_SIZE], np.float32)
                mean = self.model.decode_codes(torch.from_numpy(batch).to(self._device)).mean
                parts.append(mean.cpu().numpy())
        decoded = self.units.from_model(np.concatenate(parts))
        check_finite(decoded, "decoded samples")
        return decoded

    def reconstruct(self, dataset: FactorDataset) -> Samples:
        """Samples decoded from their own codes, `(N, C, H, W)` or `(N, F)`; see `decode`.

        Raises:
            DataError: see `prepared`.
        """
        return self.decode(self.encode(dataset).codes)

    @with_torch_defaults
    def sample(self, n: int = 1, seed: int = 0) -> Samples:
        """Decode `n` latents that are drawn from the prior; see `decode` for units and shapes."""
        noise = torch.Generator(self._device).manual_seed(whole_number("seed", seed))
        with torch.inference_mode():
            return self.units.from_model(self.model.sample(n, noise).cpu().numpy())

    def score_samples(self, dataset: FactorDataset) -> NDArray[np.float64]:
        """Evidence lower bound of log p(x) per sample, `(N,)`, nats; see `micvae.models.elbo`.

        Densities of vectors are in the units of the data before it was standardised.

        Raises:
            DataError: see `prepared`.
        """
        return self.score_prepared(self.prepared(dataset))

    def score_prepared(self, dataset: FactorDataset) -> NDArray[np.float64]:
        """The bounds of samples that `prepared` returned."""
        return elbo(self.model, dataset.images) - self.units.log_scale

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def shown_shape(image_shape: tuple[int, ...]) -> str:
    """A shape in words."""
    if len(image_shape) == 1:
        return f"vectors of {image_shape[0]} numbers"
    channels, height, width = image_shape
    many = "1 channel" if channels == 1 else f"{channels} channels"
    return f"images of {height}×{width} pixels with {many}"
