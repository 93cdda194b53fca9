"""A Gaussian posterior whose latents may be correlated given the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from micvae.distributions.base import Density, Latents, LatentSpace, Posterior, VectorCode
from micvae.distributions.priors import (
    LOG_TWO_PI,
    NORMAL,
    Prior,
    PriorModule,
    StandardNormal,
    gaussian_kl,
)


@dataclass(frozen=True, eq=False)
class CorrelatedGaussian(VectorCode, Density):
    """N(loc, L Lᵀ), one per row.

    Args:
        loc: means, `(B, D)`.
        factor: lower triangular L, `(B, D, D)`, its diagonal positive.
    """

    loc: Tensor
    factor: Tensor

    @property
    def mean(self) -> Tensor:
        """Mean."""
        return self.loc

    @property
    def scale(self) -> Tensor:
        """Standard deviation of each latent on its own."""
        return self.factor.square().sum(2).sqrt()

    def sample(self, generator: torch.Generator) -> Tensor:
        """μ + L ε."""
        noise = torch.empty_like(self.loc).normal_(generator=generator)
        return self.loc + (self.factor @ noise[:, :, None])[:, :, 0]

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z_d | z_{<d}, x) per latent, `(B, D)`; the sum is the log-density of z."""
        apart = (z - self.loc)[:, :, None]
        noise = torch.linalg.solve_triangular(self.factor, apart, upper=False)[:, :, 0]
        diagonal = self.factor.diagonal(dim1=1, dim2=2)
        log_prob: Tensor = -0.5 * (noise**2 + LOG_TWO_PI) - diagonal.log()
        return log_prob


class CorrelatedSpace(LatentSpace[CorrelatedGaussian]):
    """The encoder gives means, logarithms of L's squared diagonal, and the entries below it."""

    distribution: ClassVar[type[Posterior]] = CorrelatedGaussian

    def __init__(self, latent_dim: int, prior: PriorModule) -> None:
        below = latent_dim * (latent_dim - 1) // 2
        super().__init__(latent_dim, 2 * latent_dim + below, latent_dim)
        self.prior = prior

    def posterior(self, parameters: Tensor) -> CorrelatedGaussian:
        """Assemble the triangle."""
        d = self.latent_dim
        loc, log_variance, below = torch.split(parameters, [d, d, self.outputs - 2 * d], dim=1)
        row, column = torch.tril_indices(d, d, -1, device=parameters.device)
        factor = torch.diag_embed((0.5 * log_variance).exp())
        factor[:, row, column] = below
        return CorrelatedGaussian(loc, factor)

    def draw(
        self, posterior: CorrelatedGaussian, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """KL by the chain rule: the terms E KL(q(z_d | z_{<d}, x) ‖ p(z_d)) add up to the KL."""
        z = posterior.sample(generator)
        if not isinstance(self.prior, StandardNormal):
            return z, posterior.log_prob(z) - self.prior.log_prob(z)
        log_variance = 2 * posterior.factor.diagonal(dim1=1, dim2=2).log()
        variance = posterior.factor.square().sum(2)
        return z, gaussian_kl(posterior.loc**2, variance, log_variance)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Samples of the prior."""
        return self.prior.sample(n, self.latent_dim, generator)


@dataclass(frozen=True)
class FullGaussianLatents(Latents):
    """Real numbers; q(z|x) is a Gaussian with any covariance.

    References:
        *Improving Variational Inference with Inverse Autoregressive Flow*, Kingma et al., 2016,
        Appendix A: the linear case.

    Examples:
        >>> import torch
        >>> from micvae.distributions import FullGaussianLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = FullGaussianLatents().build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (9, torch.Size([8, 3]))
    """

    summary: ClassVar[str] = "real numbers, a Gaussian posterior with covariances"
    reference: ClassVar[str] = "Kingma et al. 2016"
    space: ClassVar[type[CorrelatedSpace]] = CorrelatedSpace

    prior: Prior = NORMAL
    """p(z): normal, learned or "mixture(components=10)"."""

    @property
    def normal_prior(self) -> bool:
        """Whether the prior is the default one."""
        return self.prior == NORMAL

    def build(self, latent_dim: int, generator: torch.Generator) -> CorrelatedSpace:
        """Build the space."""
        return CorrelatedSpace(latent_dim, self.prior.build(latent_dim, generator))
