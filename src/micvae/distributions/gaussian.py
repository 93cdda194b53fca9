"""The diagonal Gaussian: the posterior of most VAEs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from micvae.distributions.base import (
    Density,
    Factorised,
    LatentKind,
    Latents,
    LatentSpace,
    Posterior,
    VectorCode,
)
from micvae.distributions.priors import LOG_TWO_PI, NORMAL, Prior, PriorModule, kl_between


@dataclass(frozen=True, eq=False)
class DiagonalGaussian(VectorCode, Density, Factorised, trait="gaussian"):
    """N(loc, diag(exp(log_variance))), one per row.

    Args:
        loc: mean of each latent, `(B, D)`.
        log_variance: logarithm of its variance, `(B, D)`.

    Examples:
        >>> import torch
        >>> from micvae.distributions import DiagonalGaussian
        >>> posterior = DiagonalGaussian(torch.zeros(8, 3), torch.zeros(8, 3))
        >>> posterior.sample(torch.Generator().manual_seed(0)).shape, posterior.scale[0]
        (torch.Size([8, 3]), tensor([1., 1., 1.]))
    """

    kind: ClassVar[LatentKind] = "gaussian"
    loc: Tensor
    log_variance: Tensor

    @property
    def scale(self) -> Tensor:
        """Standard deviation, `(B, D)`."""
        return (0.5 * self.log_variance).exp()

    @property
    def mean(self) -> Tensor:
        """Mean, `(B, D)`: the code that metrics see."""
        return self.loc

    @property
    def gaussian(self) -> DiagonalGaussian:
        """All latents."""
        return self

    def sample(self, generator: torch.Generator) -> Tensor:
        """One reparametrised sample per row, `(B, D)`; gradients flow to both parameters."""
        noise = torch.empty_like(self.loc).normal_(generator=generator)
        return self.loc + noise * self.scale

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density per latent in nats, shaped like `z`."""
        deviation = (z - self.loc) ** 2 * (-self.log_variance).exp()
        return -0.5 * (deviation + self.log_variance + LOG_TWO_PI)

    def kl_to(self, prior: DiagonalGaussian) -> Tensor:
        """KL to another Gaussian per row and latent, `(B, D)`, nats."""
        return kl_between(self.loc, self.log_variance, prior.loc, prior.log_variance)


class GaussianSpace(LatentSpace[DiagonalGaussian]):
    """A diagonal Gaussian posterior and a prior; the encoder gives means, then log-variances."""

    distribution: ClassVar[type[Posterior]] = DiagonalGaussian

    def __init__(self, latent_dim: int, prior: PriorModule) -> None:
        super().__init__(latent_dim, 2 * latent_dim, latent_dim)
        self.prior = prior

    def posterior(self, parameters: Tensor) -> DiagonalGaussian:
        """Means, then log-variances."""
        loc, log_variance = parameters.chunk(2, dim=1)
        return DiagonalGaussian(loc, log_variance)

    def draw(
        self, posterior: DiagonalGaussian, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The KL is in closed form for Gaussian priors."""
        z = posterior.sample(generator)
        closed: Tensor | None = self.prior.kl_from(posterior.loc, posterior.log_variance)
        return z, posterior.log_prob(z) - self.prior.log_prob(z) if closed is None else closed

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Samples of the prior."""
        return self.prior.sample(n, self.latent_dim, generator)


@dataclass(frozen=True)
class GaussianLatents(Latents):
    """Real numbers; q(z|x) is a diagonal Gaussian.

    References:
        *Auto-Encoding Variational Bayes*, Kingma & Welling, 2013.

    Examples:
        >>> import torch
        >>> from micvae.distributions import GaussianLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = GaussianLatents().build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (6, torch.Size([8, 3]))
    """

    summary: ClassVar[str] = "real numbers, a diagonal Gaussian posterior"
    reference: ClassVar[str] = "Kingma & Welling 2013"
    space: ClassVar[type[GaussianSpace]] = GaussianSpace

    prior: Prior = NORMAL
    """p(z): normal, learned or "mixture(components=10)"."""

    @property
    def normal_prior(self) -> bool:
        """Whether the prior is the default one."""
        return self.prior == NORMAL

    def build(self, latent_dim: int, generator: torch.Generator) -> GaussianSpace:
        """Build the space."""
        return GaussianSpace(latent_dim, self.prior.build(latent_dim, generator))
