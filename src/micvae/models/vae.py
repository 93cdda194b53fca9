"""The variational autoencoder: encoder, latents, decoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from micvae.distributions import LatentSpace, Posterior
from micvae.distributions.likelihood import ImageDistribution
from micvae.models.finite import check_finite

STORED = "companions"
"""Name of the auxiliary modules in files of weights; it is part of the file format."""


class VAEModel(nn.Module):
    """q(z|x), p(z) and p(x|z).

    Args:
        encoder: maps images `(B, C, H, W)` to the parameters of the posterior.
        space: the latents: builds posteriors, samples from them and contains the prior.
        decoder: maps the space's features of latents to `(B, C, H, W)`.
        likelihood: maps the decoder's output to an `ImageDistribution`.
    """

    def __init__(
        self, encoder: nn.Module, space: LatentSpace[Any], decoder: nn.Module, likelihood: nn.Module
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.space = space
        self.add_module(STORED, nn.ModuleDict())

    @property
    def auxiliary_modules(self) -> nn.ModuleDict:
        """Modules that a method trains together with the model, such as a conditional prior."""
        modules: nn.ModuleDict = getattr(self, STORED)
        return modules

    @property
    def latent_dim(self) -> int:
        """D, the number of latents."""
        return self.space.latent_dim

    def encode(self, x: Tensor) -> Posterior:
        """q(z|x) for images `(B, C, H, W)` or vectors `(B, F)`."""
        posterior: Posterior = self.space.posterior(self.encoder(x))
        return posterior

    def decode(self, z: Tensor) -> ImageDistribution:
        """p(x|z) for latents `(B, W)`, such as samples of a posterior.

        Raises:
            NotFiniteError: in inference mode, if the decoder's output is NaN or infinite.
        """
        numbers = self.decoder(self.space.features(z))
        if torch.is_inference_mode_enabled():  # in training, the log of steps does it
            check_finite(numbers, "decoded samples")
        image: ImageDistribution = self.likelihood(numbers)
        return image

    def decode_codes(self, codes: Tensor) -> ImageDistribution:
        """p(x|z) for codes `(B, D)`, which metrics see."""
        return self.decode(self.space.latents(codes))

    def codes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Codes of images and their standard deviations, both `(B, D)`."""
        code, scale = self.space.code(self.encode(x))
        return code, scale

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Expected images `(n, C, H, W)` of latents drawn from the prior."""
        return self.decode(self.space.sample(n, generator)).mean
