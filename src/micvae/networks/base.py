"""`Network`: a frozen description that builds an encoder and a decoder."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from micvae.checks import Between, Checked
from micvae.errors import DataError

ImageShape = tuple[int, ...]
"""`(C, H, W)`; or `(F,)` for vectors."""

MOST_LAYERS = 1000
"""More layers are a mistake, or come from a file that is meant to exhaust the memory."""
Depth = Annotated[int, Between(0, MOST_LAYERS)]
"""Number of hidden layers."""

Built = TypeVar("Built", bound=nn.Module)


@dataclass(frozen=True)
class Network(Checked, ABC):
    """A pair of encoder and decoder for one shape of images `(C, H, W)` or vectors `(F,)`.

    Modules are created on the meta device, and `initialise` sets their values, so that no global
    random state is read or changed.
    """

    @abstractmethod
    def encoder(self, image_shape: ImageShape, outputs: int) -> nn.Module:
        """Map images `(B, C, H, W)` to `(B, outputs)`."""

    @abstractmethod
    def decoder(self, latent_dim: int, image_shape: ImageShape) -> nn.Module:
        """Map latents `(B, latent_dim)` to `(B, C, H, W)`."""


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight and bias uniformly within ±1/√fan_in, as PyTorch does by default.

    Examples:
        >>> import torch
        >>> from micvae.networks import initialise
        >>> layer = torch.nn.utils.skip_init(torch.nn.Linear, 4, 2)
        >>> initialise(layer, torch.Generator().manual_seed(0))
        >>> bool((layer.weight.abs() <= 0.5).all())
        True
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            bound = layer.weight[0].numel() ** -0.5
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)
                if layer.bias is not None:
                    layer.bias.uniform_(-bound, bound, generator=generator)


def filled(module: Built, generator: torch.Generator) -> Built:
    """Allocate a module of the meta device on the CPU, and set its values.

    Within `torch.device("meta")` it stays as it is: shapes only, and no memory.

    Examples:
        >>> import torch
        >>> from micvae.networks import filled
        >>> layer = torch.nn.Linear(4, 2, device="meta")
        >>> filled(layer, torch.Generator().manual_seed(0)).weight.device
        device(type='cpu')
    """
    if torch.get_default_device().type == "meta":
        return module
    module.to_empty(device="cpu")
    initialise(module, generator)
    return module


@dataclass(frozen=True)
class Fitted:
    """The padding that fits an image to a network which halves its sides.

    Args:
        halvings: number of times that both sides are halved.
        height: rows with the border, a multiple of `2 ** halvings`.
        width: columns likewise.
        border: pixels added on the left, on the right, above and below.
    """

    halvings: int
    height: int
    width: int
    border: tuple[int, int, int, int]

    def padding(self) -> list[nn.Module]:
        """Layers before an encoder: a black border, if one is needed."""
        return [nn.ZeroPad2d(self.border)] if any(self.border) else []

    def cropping(self) -> list[nn.Module]:
        """Layers after a decoder: the border is removed."""
        return [Crop(self.border)] if any(self.border) else []


class Crop(nn.Module):
    """Remove the border of images `(B, C, H, W)`.

    Args:
        border: pixels on the left, on the right, above and below.
    """

    def __init__(self, border: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.border = border

    def forward(self, x: Tensor) -> Tensor:
        """The inner part."""
        left, right, above, below = self.border
        return x[:, :, above : x.shape[2] - below, left : x.shape[3] - right]


def fitted(image_shape: ImageShape, grid: int, at_least: int = 0) -> Fitted:
    """Count how often both sides can be halved before the shorter one falls below `grid`.

    Sides that cannot be divided that often get a border, as even as possible.

    Raises:
        DataError: for vectors, and if the image is too small for `at_least` halvings.
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
    down, across = (-side % 2**count for side in (height, width))
    border = (across // 2, across - across // 2, down // 2, down - down // 2)
    return Fitted(count, height + down, width + across, border)


def frozen_call(module: nn.Module, x: Tensor | tuple[Tensor, ...]) -> Tensor:
    """Apply a module whose parameters get no gradient; gradients flow to the input only.

    The loss of an encoder against an adversary must not train the adversary.

    Examples:
        >>> import torch
        >>> from micvae.networks import dense, frozen_call
        >>> network = dense(3, [8], 1, torch.Generator().manual_seed(0))
        >>> x = torch.ones(2, 3, requires_grad=True)
        >>> frozen_call(network, x).sum().backward()
        >>> x.grad is not None, [p.grad for p in network.parameters()]
        (True, [None, None, None, None])
    """
    constants = {name: value.detach() for name, value in module.named_parameters()}
    output: Tensor = functional_call(module, constants, x)
    return output
