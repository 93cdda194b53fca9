"""The variational autoencoder: encoder, prior, decoder."""

from __future__ import annotations

from torch import Tensor, nn

from micvae.distributions import DiagonalGaussian, StandardNormal
from micvae.distributions.likelihood import ImageDistribution


class VAE(nn.Module):
    """q(z|x), p(z) and p(x|z).

    Args:
        encoder: maps images `(B, C, H, W)` to `(B, 2D)`: means, then log-variances.
        decoder: maps latents `(B, D)` to `(B, C, H, W)`.
        likelihood: maps the decoder's output to an `ImageDistribution`.
        latent_dim: D, the number of latents.
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, likelihood: nn.Module, latent_dim: int
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.latent_dim = latent_dim
        self.prior = StandardNormal()

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """q(z|x) for images `(B, C, H, W)`."""
        loc, log_variance = self.encoder(x).chunk(2, dim=1)
        return DiagonalGaussian(loc, log_variance)

    def decode(self, z: Tensor) -> ImageDistribution:
        """p(x|z) for latents `(B, D)`."""
        image: ImageDistribution = self.likelihood(self.decoder(z))
        return image
