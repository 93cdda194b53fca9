"""What is trained: modules that turn images into latents and back."""

import torch

from micvae.distributions import Likelihood
from micvae.models.vae import VAE
from micvae.networks import Network, initialise
from micvae.networks.base import ImageShape

__all__ = ["VAE", "build_vae"]


def build_vae(
    network: Network,
    likelihood: Likelihood,
    latent_dim: int,
    image_shape: ImageShape,
    generator: torch.Generator,
    device: torch.device,
) -> VAE:
    """Build a VAE for images `(C, H, W)`, its weights drawn from a CPU generator.

    The weights are drawn on the CPU, so that a seed starts from the same weights on any device.
    """
    with torch.device("meta"):
        encoder = network.encoder(image_shape, 2 * latent_dim)
        decoder = network.decoder(latent_dim, image_shape)
    model = VAE(
        encoder.to_empty(device="cpu"),
        decoder.to_empty(device="cpu"),
        likelihood.build(),
        latent_dim,
    )
    initialise(model, generator)
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
