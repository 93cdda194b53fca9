"""Models: modules that encode images to latents and decode latents to images."""

import torch

from micvae.distributions import Latents, Likelihood
from micvae.models.bounds import elbo
from micvae.models.encoding import encode, laid_out
from micvae.models.finite import check_finite, finite
from micvae.models.vae import VAEModel
from micvae.networks import Network, filled
from micvae.networks.base import ImageShape

__all__ = ["VAEModel", "build_vae", "check_finite", "elbo", "encode", "finite", "laid_out"]


def build_vae(
    network: Network,
    likelihood: Likelihood,
    latents: Latents,
    latent_dim: int,
    image_shape: ImageShape,
    generator: torch.Generator,
    device: torch.device,
) -> VAEModel:
    """Build a VAE for images `(C, H, W)` or vectors `(F,)`, weights drawn from a CPU generator.

    The weights are drawn on the CPU, so that a seed starts from the same weights on any device.
    Within `torch.device("meta")`, and for that device, only their shapes are created.
    """
    space = latents.build(latent_dim, generator)
    with torch.device("meta"):
        encoder = network.encoder(image_shape, space.outputs)
        decoder = network.decoder(space.width, image_shape)
    encoder, decoder = filled(encoder, generator), filled(decoder, generator)
    model = VAEModel(encoder, space, decoder, likelihood.build(image_shape))
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
