"""Random augmentations of images: they change the style and keep the content."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import radians

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from micvae import spelling
from micvae.errors import MicvaeError


@dataclass(frozen=True)
class Augmentation:
    r"""A random rotation, zoom and shift of each image, then a random contrast and brightness.

    Every strength is drawn per image, uniformly between minus and plus its largest value:

    .. math:: x' = \operatorname{clip}\big(\bar x + (1 + c)(A x - \bar x) + b,\ 0,\ 1\big)

    A is the similarity map, x̄ the mean of the moved image. Pixels moved out of the image are lost;
    new pixels repeat the border. Set to 0 what the label of an image depends on.
    """

    rotation: float = 15.0
    """Largest rotation, degrees."""

    shift: float = 0.1
    """Largest shift along each axis, as a share of that side."""

    zoom: float = 0.1
    """Largest relative change of size, below 1."""

    contrast: float = 0.2
    """Largest relative change of the contrast, at most 1."""

    brightness: float = 0.1
    """Largest change of the grey values, whose range is 1."""

    def __post_init__(self) -> None:
        most = {"rotation": 180.0, "shift": 1.0, "zoom": 0.99, "contrast": 1.0, "brightness": 1.0}
        for name, highest in most.items():
            if not 0 <= getattr(self, name) <= highest:
                raise MicvaeError(
                    f"{name} is {getattr(self, name)!r}; give a number from 0 to {highest:g}."
                )

    @property
    def strengths(self) -> int:
        """How many numbers describe one draw."""
        return len(fields(self)) + 1  # shifts along two axes

    def __call__(self, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Augment images `(B, C, H, W)` in [0, 1].

        Returns:
            The augmented images, of the same shape and range; and the draw of each, `(B, 6)`:
            rotation, shifts right and down, zoom, contrast, brightness, as shares of the largest,
            in [−1, 1].
        """
        shape = (len(x), self.strengths)
        drawn = torch.rand(shape, generator=generator, device=generator.device).to(x) * 2 - 1
        return self.apply(x, drawn), drawn

    def apply(self, x: Tensor, drawn: Tensor) -> Tensor:
        """Augment images by given draws `(B, 6)`; draws of 0 give the images back."""
        turn, right, down, zoom, contrast, brightness = drawn.unbind(1)
        turn = turn * radians(self.rotation)
        cos, sin = turn.cos(), turn.sin()
        height, width = x.shape[2:]
        aspect = height / width  # the grid's units are half sides, which differ along the axes
        # A grid holds the source of each new pixel, so it is the inverse of the map.
        inverse = torch.stack(
            [
                torch.stack([cos, sin * aspect, -2 * self.shift * right], 1),
                torch.stack([-sin / aspect, cos, -2 * self.shift * down], 1),
            ],
            1,
        ) / (1 + self.zoom * zoom).view(-1, 1, 1)
        grid = affine_grid(inverse, list(x.shape), align_corners=False)
        moved = grid_sample(x, grid, padding_mode="border", align_corners=False)
        mean = moved.mean((1, 2, 3), keepdim=True)
        scaled = mean + (1 + self.contrast * contrast).view(-1, 1, 1, 1) * (moved - mean)
        return (scaled + self.brightness * brightness.view(-1, 1, 1, 1)).clamp(0, 1)


spelling.register(Augmentation, {"style": Augmentation}, "augmentation")
