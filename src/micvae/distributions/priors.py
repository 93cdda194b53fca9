"""Priors p(z)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from micvae import spelling
from micvae.checks import Checked, PositiveInt

LOG_TWO_PI = math.log(2 * math.pi)


def gaussian_kl(squared_distance: Tensor, variance_ratio: Tensor, log_ratio: Tensor) -> Tensor:
    r"""KL(q ‖ p) of Gaussians, nats: ½ (d² + r − 1 − log r).

    Args:
        squared_distance: d², of the means, in units of the variance of p.
        variance_ratio: r, the variance of q in units of that of p.
        log_ratio: log r; of the conditional variance, if q is one latent of a correlated Gaussian.
    """
    return 0.5 * (squared_distance + variance_ratio - 1 - log_ratio)


def kl_between(loc: Tensor, log_variance: Tensor, p_loc: Tensor, p_log_variance: Tensor) -> Tensor:
    """KL(N(loc, exp(log_variance)) ‖ N(p_loc, exp(p_log_variance))), elementwise, nats."""
    log_ratio = log_variance - p_log_variance
    distance = (loc - p_loc) ** 2 * (-p_log_variance).exp()
    return gaussian_kl(distance, log_ratio.exp(), log_ratio)


class PriorModule(nn.Module, ABC):
    """p(z) over D latents, as built."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """Nats per latent, `(B, D)`; the sum over latents is log p(z)."""

    @abstractmethod
    def sample(self, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
        """`n` samples, `(n, D)`, on the generator's device."""

    def kl_from(self, loc: Tensor, log_variance: Tensor) -> Tensor | None:
        """KL of N(loc, exp(log_variance)) to this, `(B, D)`, nats; None without a closed form."""
        return None


class StandardNormal(PriorModule):
    """N(0, I).

    Examples:
        >>> import torch
        >>> from micvae.distributions import StandardNormal
        >>> prior = StandardNormal()
        >>> prior.sample(8, latent_dim=3, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([8, 3])
    """

    def kl_from(self, loc: Tensor, log_variance: Tensor) -> Tensor:
        """KL = ½ (μ² + σ² − 1 − log σ²)  (Kingma & Welling 2013, Appendix B)."""
        return gaussian_kl(loc**2, log_variance.exp(), log_variance)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density."""
        return -0.5 * (z**2 + LOG_TWO_PI)

    def sample(self, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
        """Independent normal numbers."""
        return torch.randn(n, latent_dim, generator=generator, device=generator.device)


class LearnedNormal(PriorModule):
    """N(m, diag s²), both learned; the initial values are N(0, I)."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(latent_dim))
        self.log_variance = nn.Parameter(torch.zeros(latent_dim))

    def kl_from(self, loc: Tensor, log_variance: Tensor) -> Tensor:
        """KL = ½ ((σ² + (μ − m)²) / s² − 1 − log σ² + log s²)."""
        return kl_between(loc, log_variance, self.loc, self.log_variance)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density."""
        deviation = (z - self.loc) ** 2 * (-self.log_variance).exp()
        return -0.5 * (deviation + self.log_variance + LOG_TWO_PI)

    def sample(self, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
        """Scaled and shifted normal numbers."""
        noise = torch.randn(n, latent_dim, generator=generator, device=generator.device)
        return self.loc + noise * (0.5 * self.log_variance).exp()


class GaussianMixture(PriorModule):
    r"""Σ_k π_k N(m_k, diag s_k²), all learned.

    The log-density is returned per latent as $\log p(z_d \mid z_{<d})$, from the mixture's
    running marginals, so that the sum over latents is exact.
    """

    def __init__(self, latent_dim: int, components: int, generator: torch.Generator) -> None:
        super().__init__()
        spread = torch.randn(components, latent_dim, generator=generator)
        self.logits = nn.Parameter(torch.zeros(components))
        self.loc = nn.Parameter(spread)
        self.log_variance = nn.Parameter(torch.zeros(components, latent_dim))

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density."""
        deviation = (z[:, None] - self.loc) ** 2 * (-self.log_variance).exp()
        each = -0.5 * (deviation + self.log_variance + LOG_TWO_PI)  # (B, K, D)
        weights = self.logits.log_softmax(0)[:, None]
        running = (each.cumsum(2) + weights).logsumexp(1)  # log p(z_1, …, z_d)
        return running - torch.cat([running.new_zeros(len(z), 1), running[:, :-1]], 1)

    def sample(self, n: int, latent_dim: int, generator: torch.Generator) -> Tensor:
        """A component is drawn, then the sample from it."""
        chosen = torch.multinomial(self.logits.softmax(0), n, replacement=True, generator=generator)
        noise = torch.randn(n, latent_dim, generator=generator, device=generator.device)
        return self.loc[chosen] + noise * (0.5 * self.log_variance[chosen]).exp()


@dataclass(frozen=True)
class Prior(Checked, ABC):
    """A description of p(z)."""

    @abstractmethod
    def build(self, latent_dim: int, generator: torch.Generator) -> PriorModule:
        """Build it for `latent_dim` latents."""


@dataclass(frozen=True)
class Normal(Prior):
    """N(0, I)."""

    def build(self, latent_dim: int, generator: torch.Generator) -> PriorModule:
        """Nothing to learn."""
        return StandardNormal()


@dataclass(frozen=True)
class Learned(Prior):
    """N(m, diag s²) with m and s learned."""

    def build(self, latent_dim: int, generator: torch.Generator) -> PriorModule:
        """It starts at N(0, I)."""
        return LearnedNormal(latent_dim)


@dataclass(frozen=True)
class Mixture(Prior):
    """A learned mixture of diagonal Gaussians.

    References:
        *Approximate Inference for Deep Latent Gaussian Mixtures*, Nalisnick, Hertel & Smyth, 2016.
    """

    components: PositiveInt = 10
    """Number of Gaussians."""

    def build(self, latent_dim: int, generator: torch.Generator) -> PriorModule:
        """Its means are drawn from N(0, I)."""
        return GaussianMixture(latent_dim, self.components, generator)


NORMAL = Normal()
PRIORS: dict[str, type[Prior]] = {"normal": Normal, "learned": Learned, "mixture": Mixture}
spelling.register(Prior, PRIORS, "prior")
