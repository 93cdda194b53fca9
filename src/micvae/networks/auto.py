"""The default network, chosen by the shape of the data."""

from dataclasses import dataclass

from torch import nn

from micvae.networks.base import ImageShape, Network
from micvae.networks.mlp import MLP
from micvae.networks.patch import Patch


@dataclass(frozen=True)
class Auto(Network):
    """`Patch` with its defaults for images, `MLP` with its defaults for vectors.

    Examples:
        >>> import torch
        >>> from micvae.networks import Auto, filled
        >>> with torch.device("meta"):
        ...     encoder = Auto().encoder(image_shape=(1, 32, 32), outputs=6)
        >>> encoder = filled(encoder, torch.Generator().manual_seed(0))
        >>> encoder(torch.zeros(8, 1, 32, 32)).shape
        torch.Size([8, 6])
    """

    def encoder(self, image_shape: ImageShape, outputs: int) -> nn.Module:
        """The encoder or decoder of the network that fits."""
        return _fitting(image_shape).encoder(image_shape, outputs)

    def decoder(self, latent_dim: int, image_shape: ImageShape) -> nn.Module:
        """The encoder or decoder of the network that fits."""
        return _fitting(image_shape).decoder(latent_dim, image_shape)


def _fitting(image_shape: ImageShape) -> Network:
    return Patch() if len(image_shape) == 3 else MLP()
