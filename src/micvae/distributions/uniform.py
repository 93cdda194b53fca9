"""Latents with a uniform prior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from micvae.distributions.base import LatentKind, Latents
from micvae.distributions.gaussian import DiagonalGaussian, GaussianSpace
from micvae.distributions.priors import StandardNormal

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
_EDGE = 1e-6  # numbers nearer to 0 or 1 have no finite latent in single precision


class UniformSpace(GaussianSpace):
    """u = Φ(z), z being a Gaussian latent: the decoder reads u, and the code is E[u|x]."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim, StandardNormal())

    @property
    def kinds(self) -> tuple[LatentKind, ...]:
        """The codes are functions of Gaussian latents, not their means."""
        continuous: LatentKind = "continuous"
        return (continuous,) * self.latent_dim

    def features(self, z: Tensor) -> Tensor:
        """2 Φ(z) − 1, in (−1, 1): centred for the decoder."""
        return torch.erf(z * 0.5**0.5)

    def code(self, posterior: DiagonalGaussian) -> tuple[Tensor, Tensor]:
        """E[Φ(z)] = Φ(μ / √(1 + σ²)); its standard deviation by Gauss–Hermite quadrature."""
        mean = torch.special.ndtr(posterior.loc * (1 + posterior.scale**2).rsqrt())
        nodes = torch.as_tensor(_NODES, dtype=mean.dtype, device=mean.device)
        weights = torch.as_tensor(_WEIGHTS / _WEIGHTS.sum(), dtype=mean.dtype, device=mean.device)
        u = torch.special.ndtr(posterior.loc[..., None] + posterior.scale[..., None] * nodes)
        return mean, ((u - mean[..., None]) ** 2 @ weights).sqrt()

    def codes_of(self, z: Tensor) -> Tensor:
        """u = Φ(z)."""
        u: Tensor = torch.special.ndtr(z)
        return u

    def latents(self, codes: Tensor) -> Tensor:
        """z = Φ⁻¹(u)."""
        z: Tensor = torch.special.ndtri(codes.clamp(_EDGE, 1 - _EDGE))
        return z

    def reader(self) -> Callable[[Tensor], Tensor]:
        """2 u − 1: the normal distribution function and its inverse cancel."""
        return lambda codes: 2 * codes.clamp(_EDGE, 1 - _EDGE) - 1

    def values(self, latent: int, count: int) -> Tensor:
        """From one end of the interval to the other."""
        return torch.linspace(0.02, 0.98, count)


@dataclass(frozen=True)
class UniformLatents(Latents):
    r"""Numbers u in (0, 1), uniform under the prior; u = Φ(z) with q(z|x) a diagonal Gaussian.

    KL and mutual information are invariant to maps of single latents, so objectives work on z: the
    bound and all penalties are those of Gaussian latents. The difference is the input of the
    decoder and the distribution of the codes, which suits uniform factors. A code is
    $E[u|x] = \Phi(\mu / \sqrt{1 + \sigma^2})$.

    Examples:
        >>> import torch
        >>> from micvae.distributions import UniformLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = UniformLatents().build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (6, torch.Size([8, 3]))
    """

    summary: ClassVar[str] = "numbers in (0, 1), uniform under the prior"
    reference: ClassVar[str] = "normal latents through their distribution function"
    space: ClassVar[type[UniformSpace]] = UniformSpace

    @property
    def normal_prior(self) -> bool:
        """Always."""
        return True

    def build(self, latent_dim: int, generator: torch.Generator) -> UniformSpace:
        """Build the space."""
        return UniformSpace(latent_dim)
