"""Perceptrons."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import torch
from torch import nn

from micvae.checks import PositiveInt
from micvae.networks.base import Depth, ImageShape, Network, filled


@dataclass(frozen=True)
class MLP(Network):
    """Perceptrons with leaky rectifiers, for vectors `(B, F)`; images are flattened.

    Args:
        hidden: units of each hidden layer.
        depth: hidden layers of the encoder, and of the decoder; 0 for a linear map.
        slope: of the rectifiers for negative numbers.

    Examples:
        >>> import torch
        >>> from micvae.networks import MLP, filled
        >>> with torch.device("meta"):
        ...     decoder = MLP(hidden=32, depth=2).decoder(latent_dim=3, image_shape=(5,))
        >>> decoder = filled(decoder, torch.Generator().manual_seed(0))
        >>> decoder(torch.zeros(8, 3)).shape
        torch.Size([8, 5])
    """

    hidden: PositiveInt = 64
    depth: Depth = 3
    slope: float = 0.1

    def encoder(self, image_shape: ImageShape, outputs: int) -> nn.Module:
        """Map vectors to `(B, outputs)`."""
        layers = self._layers(prod(image_shape), outputs)
        return nn.Sequential(*([nn.Flatten()] if len(image_shape) > 1 else []), *layers)

    def decoder(self, latent_dim: int, image_shape: ImageShape) -> nn.Module:
        """Map latents to vectors, the encoder mirrored."""
        layers = self._layers(latent_dim, prod(image_shape))
        return nn.Sequential(
            *layers, *([nn.Unflatten(1, image_shape)] if len(image_shape) > 1 else [])
        )

    def _layers(self, inputs: int, outputs: int) -> list[nn.Module]:
        return _perceptron(inputs, [self.hidden] * self.depth, outputs, self.slope)


def dense(
    inputs: int, hidden: Sequence[int], outputs: int, generator: torch.Generator
) -> nn.Module:
    """Build a perceptron with leaky rectifiers, its weights drawn from a CPU generator.

    Examples:
        >>> import torch
        >>> from micvae.networks import dense
        >>> network = dense(4, [16, 16], 2, torch.Generator().manual_seed(0))
        >>> network(torch.zeros(8, 4)).shape
        torch.Size([8, 2])
    """
    with torch.device("meta"):
        network = nn.Sequential(*_perceptron(inputs, hidden, outputs, slope=0.2))
    return filled(network, generator)


def _perceptron(inputs: int, hidden: Sequence[int], outputs: int, slope: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    sizes = [inputs, *hidden]
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.LeakyReLU(slope)]
    return [*layers, nn.Linear(sizes[-1], outputs)]
