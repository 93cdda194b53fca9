"""The diagonal Gaussian: the posterior of most VAEs, and the standard normal prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

LOG_TWO_PI = math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class DiagonalGaussian:
    """N(loc, diag(exp(log_variance))), one per row.

    Args:
        loc: mean of each latent, `(B, D)`.
        log_variance: logarithm of its variance, `(B, D)`.
    """

    loc: Tensor
    log_variance: Tensor

    @property
    def scale(self) -> Tensor:
        """Standard deviation, `(B, D)`."""
        return (0.5 * self.log_variance).exp()

    @property
    def mean(self) -> Tensor:
        """Mean, `(B, D)`: what metrics see as the code."""
        return self.loc

    def sample(self, generator: torch.Generator) -> Tensor:
        """One reparametrised sample per row, `(B, D)`; gradients flow to both parameters."""
        noise = torch.empty_like(self.loc).normal_(generator=generator)
        return self.loc + noise * self.scale

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density per latent in nats, shaped like `z`."""
        deviation = (z - self.loc) ** 2 * (-self.log_variance).exp()
        return -0.5 * (deviation + self.log_variance + LOG_TWO_PI)


@dataclass(frozen=True)
class StandardNormal:
    """The prior N(0, I)."""

    def kl_from(self, posterior: DiagonalGaussian) -> Tensor:
        """KL(posterior ‖ prior) per sample and latent, `(B, D)`, nats, in closed form.

        KL = ½ (μ² + σ² − 1 − log σ²)  (Kingma & Welling 2013, Appendix B).
        """
        log_variance = posterior.log_variance
        return 0.5 * (posterior.loc**2 + log_variance.exp() - 1 - log_variance)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density per latent in nats, shaped like `z`."""
        return -0.5 * (z**2 + LOG_TWO_PI)

    def sample(
        self, n: int, latent_dim: int, generator: torch.Generator, device: torch.device
    ) -> Tensor:
        """`n` samples, `(n, D)`."""
        return torch.randn(n, latent_dim, generator=generator, device=device)
