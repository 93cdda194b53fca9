"""iVAE: a VAE whose prior is told an auxiliary variable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from micvae.data import FactorDataset
from micvae.distributions import DiagonalGaussian, Trait
from micvae.errors import MicvaeError
from micvae.models import VAE
from micvae.networks import dense
from micvae.objectives.base import MODEL, Losses, Objective, Setting, Step
from micvae.objectives.observed import conditions
from micvae.objectives.schedules import Constant, Schedule

PRIOR, CONDITIONS = "prior", "conditions"


@dataclass(frozen=True)
class IVae(Objective):
    r"""−E[log p(x|z)] + β · KL(q(z|x, u) ‖ p(z|u)), in nats per sample.

    p(z|u) is Gaussian, independent over latents, its moments a network of the auxiliary variable
    u. The posterior has the form of the true one, p(z|x, u) ∝ p(x|z) p(z|u):

    .. math:: q(z|x, u) \propto q(x; z)\, p(z|u)

    where q(x; z) is the Gaussian that the encoder makes of x alone (the authors' encoder reads
    x and u instead). So images can be encoded without u, and codes are those of x alone.

    **Guarantee.** With an injective mixing, and u taking at least 2D + 1 values at which the
    variances and means of the sources vary enough (the matrix of differences of their natural
    parameters has full rank), sources are identified up to permutation and elementwise maps.

    References:
        *Variational Autoencoders and Nonlinear ICA: A Unifying Framework*, Khemakhem, Kingma,
        Monti & Hyvärinen, 2020.
    """

    summary: ClassVar[str] = "a prior that is told an auxiliary variable; identifiable"
    reference: ClassVar[str] = "Khemakhem et al. 2020"

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    centred: bool = False
    """Whether the prior's means are 0 whatever u is, as in the authors' simulations."""

    hidden: int = 50
    """Units of each hidden layer of the prior's network."""

    depth: int = 3
    """Hidden layers of the prior's network."""

    def __post_init__(self) -> None:
        if self.hidden < 1 or self.depth < 0:
            raise MicvaeError(
                f"hidden is {self.hidden} and depth {self.depth}; at least 1 unit and 0 layers."
            )

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`simulation`: the authors' artificial data, whose sources have mean 0."""
        return {"simulation": cls(centred=True)}

    def needs(self) -> frozenset[Trait]:
        """Gaussian posteriors are multiplied by a Gaussian prior."""
        return frozenset({"gaussian", "normal prior"})

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray]:
        """The auxiliary variable, one row per image."""
        return {CONDITIONS: conditions(dataset, "ivae")}

    def companions(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """The prior's network: log-variances, and means unless `centred`."""
        inputs = setting.given[CONDITIONS].shape[1]
        outputs = setting.latent_dim * (1 if self.centred else 2)
        return {PRIOR: dense(inputs, [self.hidden] * self.depth, outputs, generator)}

    def __call__(self, model: VAE, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        prior = self.prior(model.companions[PRIOR](step.of_batch(CONDITIONS, x)))
        posterior = product(model.encode(x), prior)
        z = posterior.sample(step.generator)
        reconstruction = -model.decode(z).log_prob(x).mean()
        latent_kl = kl_between(posterior, prior).mean(0)
        loss = reconstruction + self.beta(step.number) * latent_kl.sum()
        terms = {"loss": loss, "reconstruction": reconstruction, "kl": latent_kl.sum()}
        return Losses({MODEL: loss}, terms, latent_kl)

    def prior(self, moments: Tensor) -> DiagonalGaussian:
        """p(z|u) from what its network says, `(B, D)` or `(B, 2 D)`."""
        if self.centred:
            return DiagonalGaussian(torch.zeros_like(moments), moments)
        log_variance, loc = moments.chunk(2, dim=1)
        return DiagonalGaussian(loc, log_variance)


def product(a: DiagonalGaussian, b: DiagonalGaussian) -> DiagonalGaussian:
    """The normalised product of two Gaussian densities: precisions add up."""
    total = torch.logaddexp(-a.log_variance, -b.log_variance)
    share = (-a.log_variance - total).exp()
    return DiagonalGaussian(share * a.loc + (1 - share) * b.loc, -total)


def kl_between(q: DiagonalGaussian, p: DiagonalGaussian) -> Tensor:
    """KL(q ‖ p) per row and latent, `(B, D)`, nats."""
    ratio = q.log_variance - p.log_variance
    apart = (q.loc - p.loc) ** 2 * (-p.log_variance).exp()
    return 0.5 * (ratio.exp() + apart - 1 - ratio)
