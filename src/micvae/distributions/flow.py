"""A flexible posterior: a Gaussian transformed by an autoregressive flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from micvae.checks import Between, PositiveInt
from micvae.distributions.base import Latents, LatentSpace, Posterior, VectorCode
from micvae.distributions.priors import LOG_TWO_PI, NORMAL, Prior, PriorModule
from micvae.networks.base import MOST_LAYERS, filled

CONTEXT = 16
"""Number of encoder outputs that every step of the flow reads."""


class AutoregressiveStep(nn.Module):
    """z_d ← s_d z_d + (1 − s_d) m_d, where s_d and m_d read z_{<d} and the image only.

    A hidden unit of degree k reads the first k latents, and the outputs of latent d read hidden
    units of degree below d.
    """

    mask_in: Tensor
    mask_out: Tensor

    def __init__(self, latent_dim: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        with torch.device("meta"):
            hidden, out = nn.Linear(latent_dim + CONTEXT, width), nn.Linear(width, 2 * latent_dim)
        self.hidden, self.out = filled(hidden, generator), filled(out, generator)
        degree = torch.arange(width) % latent_dim
        latent = torch.arange(latent_dim)
        reads = torch.cat([latent[None] < degree[:, None], torch.ones(width, CONTEXT)], 1)
        self.register_buffer("mask_in", reads.float(), persistent=False)
        allowed = (degree[None] <= latent[:, None]).repeat(2, 1)
        self.register_buffer("mask_out", allowed.float(), persistent=False)

    def forward(self, z: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The new z, and log s_d, the logarithm of each latent's stretch."""
        inputs = torch.cat([z, context], 1)
        hidden = functional.linear(inputs, self.hidden.weight * self.mask_in, self.hidden.bias)
        weight = self.out.weight * self.mask_out
        gate, shift = functional.linear(hidden.relu(), weight, self.out.bias).chunk(2, dim=1)
        stretch = torch.sigmoid(gate + 2)  # near the identity at the start
        return stretch * z + (1 - stretch) * shift, functional.logsigmoid(gate + 2)


@dataclass(frozen=True, eq=False)
class FlowPosterior(VectorCode):
    """N(loc, exp(log_variance)), transformed by a flow.

    Args:
        loc: means of the Gaussian, `(B, D)`.
        log_variance: logarithms of its variances, `(B, D)`.
        context: what the steps read of the image, `(B, CONTEXT)`.
        steps: the flow.
    """

    loc: Tensor
    log_variance: Tensor
    context: Tensor
    steps: nn.ModuleList

    @property
    def mean(self) -> Tensor:
        """The transformed mean of the Gaussian."""
        return self.push(self.loc)[0]

    @property
    def scale(self) -> Tensor:
        """Standard deviation of each latent given those before it, to first order at the mean."""
        return (0.5 * self.log_variance + self.push(self.loc)[1]).exp()

    def push(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Send `(B, D)` through the flow; the second is the logarithm of each latent's stretch."""
        total = torch.zeros_like(z)
        for step in self.steps:
            z, stretch = step(z, self.context)
            total = total + stretch
        return z, total

    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A sample, and log q(z_d | z_{<d}, x) there, both `(B, D)`."""
        noise = torch.empty_like(self.loc).normal_(generator=generator)
        z, stretch = self.push(self.loc + noise * (0.5 * self.log_variance).exp())
        return z, -0.5 * (noise**2 + LOG_TWO_PI + self.log_variance) - stretch

    def sample(self, generator: torch.Generator) -> Tensor:
        """A sample."""
        return self.draw(generator)[0]


class FlowSpace(LatentSpace[FlowPosterior]):
    """The encoder gives means, log-variances and the context."""

    distribution: ClassVar[type[Posterior]] = FlowPosterior

    def __init__(self, latent_dim: int, steps: nn.ModuleList, prior: PriorModule) -> None:
        super().__init__(latent_dim, 2 * latent_dim + CONTEXT, latent_dim)
        self.steps = steps
        self.prior = prior

    def posterior(self, parameters: Tensor) -> FlowPosterior:
        """Means, log-variances, context."""
        loc, log_variance, context = torch.split(
            parameters, [self.latent_dim, self.latent_dim, CONTEXT], dim=1
        )
        return FlowPosterior(loc, log_variance, context, self.steps)

    def draw(self, posterior: FlowPosterior, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The KL is estimated at the sample, without bias; single terms can be negative."""
        z, log_q = posterior.draw(generator)
        return z, log_q - self.prior.log_prob(z)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Samples of the prior."""
        return self.prior.sample(n, self.latent_dim, generator)


@dataclass(frozen=True)
class FlowLatents(Latents):
    """Real numbers; q(z|x) is a Gaussian transformed by inverse autoregressive flow.

    All steps have one order of the latents, so that log q is a sum of log q(z_d | z_{<d}, x).

    References:
        *Improving Variational Inference with Inverse Autoregressive Flow*, Kingma et al., 2016.

    Examples:
        >>> import torch
        >>> from micvae.distributions import FlowLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = FlowLatents(steps=2).build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (22, torch.Size([8, 3]))
    """

    summary: ClassVar[str] = "real numbers, a posterior transformed by an autoregressive flow"
    reference: ClassVar[str] = "Kingma et al. 2016"
    space: ClassVar[type[FlowSpace]] = FlowSpace

    steps: Annotated[int, Between(1, MOST_LAYERS)] = 2
    """Steps of the flow."""

    width: PositiveInt = 64
    """Hidden units of each step."""

    prior: Prior = NORMAL
    """p(z): normal, learned or "mixture(components=10)"."""

    @property
    def normal_prior(self) -> bool:
        """Whether the prior is the default one."""
        return self.prior == NORMAL

    def build(self, latent_dim: int, generator: torch.Generator) -> FlowSpace:
        """Build the space; a flow needs at least as many hidden units as latents."""
        width = max(self.width, latent_dim)
        steps = [AutoregressiveStep(latent_dim, width, generator) for _ in range(self.steps)]
        return FlowSpace(latent_dim, nn.ModuleList(steps), self.prior.build(latent_dim, generator))
