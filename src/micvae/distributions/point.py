"""Latents without a distribution: the features of a deterministic encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from micvae.distributions.base import Latents, LatentSpace, Posterior


@dataclass(frozen=True, eq=False)
class Point(Posterior, trait="point"):
    """All mass at one place.

    Args:
        features: where, `(B, D)`.
    """

    features: Tensor

    @property
    def mean(self) -> Tensor:
        """The features."""
        return self.features

    @property
    def scale(self) -> Tensor:
        """0: the encoder is deterministic."""
        return torch.zeros_like(self.features)

    def sample(self, generator: torch.Generator) -> Tensor:
        """The features."""
        return self.features


class PointSpace(LatentSpace[Point]):
    """Features h, and codes W (h − m): an affine map, the identity before it is set."""

    distribution: ClassVar[type[Posterior]] = Point
    offset: Tensor
    unmixing: Tensor

    def __init__(self, latent_dim: int, absolute: bool) -> None:
        super().__init__(latent_dim, latent_dim, latent_dim)
        self.absolute = absolute
        self.register_buffer("offset", torch.zeros(latent_dim))
        self.register_buffer("unmixing", torch.eye(latent_dim))

    def posterior(self, parameters: Tensor) -> Point:
        """The encoder's output, or its absolute values."""
        return Point(parameters.abs() if self.absolute else parameters)

    def draw(self, posterior: Point, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """There is no prior, and the KL is reported as 0."""
        return posterior.features, torch.zeros_like(posterior.features)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Latents of standard normal codes, since there is no prior."""
        shape = (n, self.latent_dim)
        return self.latents(torch.randn(shape, generator=generator, device=generator.device))

    def code(self, posterior: Point) -> tuple[Tensor, Tensor]:
        """W (h − m), and 0."""
        return self.codes_of(posterior.features), posterior.scale

    def codes_of(self, z: Tensor) -> Tensor:
        """W (h − m)."""
        return (z - self.offset) @ self.unmixing.T

    def latents(self, codes: Tensor) -> Tensor:
        """W⁺ c + m."""
        return self.reader()(codes)

    def reader(self) -> Callable[[Tensor], Tensor]:
        """W⁺ c + m, with W⁺ computed before."""
        mixing = torch.linalg.pinv(self.unmixing)
        return lambda codes: codes @ mixing.T + self.offset


@dataclass(frozen=True)
class PointLatents(Latents):
    """The features of a deterministic encoder, unmixed by an affine map after training.

    The code is W (h − m): W is the identity and m is 0 unless the method sets them after training,
    for instance by linear independent component analysis.

    Examples:
        >>> import torch
        >>> from micvae.distributions import PointLatents
        >>> space = PointLatents(absolute=True).build(2, torch.Generator().manual_seed(0))
        >>> space.posterior(torch.tensor([[-1.0, 2.0]])).mean
        tensor([[1., 2.]])
    """

    summary: ClassVar[str] = "features of a deterministic encoder, unmixed linearly"
    reference: ClassVar[str] = "Hyvärinen & Morioka 2016"
    space: ClassVar[type[PointSpace]] = PointSpace

    absolute: bool = False
    """Whether features are absolute values of the encoder's output."""

    def build(self, latent_dim: int, generator: torch.Generator) -> PointSpace:
        """Build the space."""
        return PointSpace(latent_dim, self.absolute)
