"""What every network is: a frozen description that builds an encoder and a decoder."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from micvae.errors import DataError

ImageShape = tuple[int, ...]
"""`(C, H, W)`; or `(F,)` for vectors."""

MOST_LAYERS = 1000
"""More are a slip, or a stranger's file that is to fill the memory."""

Built = TypeVar("Built", bound=nn.Module)


@dataclass(frozen=True)
class Network(ABC):
    """A pair of encoder and decoder for one shape of images `(C, H, W)` or vectors `(F,)`.

    Modules are laid out on the meta device and given their values by `initialise`, so that no
    global random state is read or changed.
    """

    @abstractmethod
    def encoder(self, image_shape: ImageShape, outputs: int) -> nn.Module:
        """Map images `(B, C, H, W)` to `(B, outputs)`."""

    @abstractmethod
    def decoder(self, latent_dim: int, image_shape: ImageShape) -> nn.Module:
        """Map latents `(B, latent_dim)` to `(B, C, H, W)`."""


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight and bias uniformly within ±1/√fan_in, as PyTorch does by default."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            bound = layer.weight[0].numel() ** -0.5
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)
                if layer.bias is not None:
                    layer.bias.uniform_(-bound, bound, generator=generator)


def filled(module: Built, generator: torch.Generator) -> Built:
    """Give a module laid out on the meta device its memory, on the CPU, and its values.

    Within `torch.device("meta")` it stays as it is: its shapes are known, and nothing is allocated.
    """
    if torch.get_default_device().type == "meta":
        return module
    module.to_empty(device="cpu")
    initialise(module, generator)
    return module


def halvings(image_shape: ImageShape, grid: int, at_least: int = 0) -> int:
    """Count how often both sides can be halved before the shorter one falls below `grid`.

    Raises:
        DataError: for vectors, where the image is too small for `at_least` halvings, or a side
            cannot be divided that often; the message names sizes that work.
    """
    if len(image_shape) != 3:
        raise DataError(
            f"this network reads images, and the data has vectors of {image_shape[0]} numbers; "
            "use --network mlp."
        )
    _, height, width = image_shape
    smallest = grid * 2**at_least
    if min(height, width) < smallest:
        raise DataError(
            f"images of {height}×{width} pixels are too small for this network; each side needs "
            f"at least {smallest}. Enlarge or pad them."
        )
    count = (min(height, width) // grid).bit_length() - 1
    unit = 2**count
    if height % unit or width % unit:
        near = tuple(max(unit, round(side / unit) * unit) for side in (height, width))
        raise DataError(
            f"images of {height}×{width} pixels cannot be halved {count} times; "
            f"resize or pad them to multiples of {unit}, e.g. {near[0]}×{near[1]}."
        )
    return count
