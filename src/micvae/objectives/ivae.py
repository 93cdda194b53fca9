"""iVAE: a VAE with a prior conditioned on an auxiliary variable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from micvae.checks import PositiveInt
from micvae.data import FactorDataset
from micvae.distributions import DiagonalGaussian, Trait
from micvae.models import VAEModel
from micvae.networks import dense
from micvae.networks.base import Depth
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.contrast import contrast
from micvae.objectives.hooks import ObjectiveContext, Shape
from micvae.objectives.identifiability import ELEMENTWISE, Identifiability
from micvae.objectives.observed import conditions
from micvae.objectives.schedules import NONE, Constant, Schedule

PRIOR, CONDITIONS = "prior", "conditions"


@dataclass(frozen=True)
class IVAE(Objective):
    r"""−E[log p(x|z)] + β · KL(q(z|x, u) ‖ p(z|u)) + c · L_u, in nats per sample.

    p(z|u) is Gaussian and independent over latents; a network of the auxiliary variable u gives its
    moments. The posterior is the encoder's Gaussian q(z|x), so that images can be encoded without
    u. With `posterior_uses_auxiliary` it has the form of the true posterior,
    p(z|x, u) ∝ p(x|z) p(z|u):

    .. math:: q(z|x, u) \propto q(x; z)\, p(z|u)

    where q(x; z) is the encoder's Gaussian of x alone, which gives the codes.

    The product has an optimum with collapsed latents: if the encoder's precision for a latent goes
    to 0, its posterior is the prior and its KL is exactly 0 for every u. Without the product,
    q(z|x) must match p(z|u) for every u, so that a collapsed latent still has a KL where the prior
    depends on u.

    L_u = −E log p(z|u) / mean_j p(z|u_j), over the auxiliary variables u_j of the batch and z
    drawn from the encoder's Gaussian, is ours and not in the paper, whose c is 0. −L_u is a lower
    bound of I(z; u), which no latents can raise above that of the sources. It trains the encoder
    from the start towards coordinates that the prior describes; without it training first finds
    any coordinates that reconstruct, and may stay there.

    References:
        *Variational Autoencoders and Nonlinear ICA: A Unifying Framework*, Khemakhem, Kingma,
        Monti & Hyvärinen, 2020.

    Examples:
        >>> import micvae
        >>> data = "segments(n=400, sources=2)"
        >>> run = micvae.train("ivae", data=data, beta=1, latent_dim=2, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl']
    """

    summary: ClassVar[str] = "a prior conditioned on an auxiliary variable; identifiable"
    reference: ClassVar[str] = "Khemakhem et al. 2020"
    prior_description: ClassVar[str] = "the auxiliary variable u"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"gaussian", "normal prior"})
    """To multiply Gaussian posteriors by a Gaussian prior."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to=ELEMENTWISE,
        given=(
            "the mixing is injective, sources are independent given the auxiliary variable u, and "
            "u takes at least 2D + 1 values at which the natural parameters of the sources differ "
            "with full rank"
        ),
        source="Khemakhem et al. 2020",
    )

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    contrast: Schedule = NONE
    """c, the weight of L_u."""

    posterior_uses_auxiliary: bool = False
    """Whether the posterior is the encoder's Gaussian multiplied by the prior p(z|u), and not the
    encoder's Gaussian q(z|x) alone. See the note on collapse above."""

    centred: bool = False
    """Whether the prior's means are 0 for every u, as in the authors' simulations."""

    hidden: PositiveInt = 50
    """Units of each hidden layer of the prior's network."""

    depth: Depth = 3
    """Hidden layers of the prior's network."""

    renamed: ClassVar[Mapping[str, str]] = {"told": "posterior_uses_auxiliary"}

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`simulation`: sources of mean 0; `contrastive`: c = 50, our own tuning for vectors."""
        return {
            "simulation": cls(centred=True),
            "contrastive": cls(contrast=Constant(50.0)),
        }

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray]:
        """The auxiliary variable, one row per image."""
        return {CONDITIONS: conditions(dataset, "ivae")}

    def auxiliary_modules(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The prior's network: log-variances, and means unless `centred`."""
        inputs = context.prepared[CONDITIONS].shape[1]
        return {PRIOR: self._network(inputs, context.latent_dim, generator)}

    def restore_auxiliary_modules(
        self, context: ObjectiveContext, shapes: Mapping[str, Shape]
    ) -> dict[str, nn.Module]:
        """The prior's network, with the inputs of its stored first layer."""
        inputs = shapes[f"{PRIOR}.0.weight"][1]
        return {PRIOR: self._network(inputs, context.latent_dim, torch.Generator())}

    def _network(self, inputs: int, latent_dim: int, generator: torch.Generator) -> nn.Module:
        outputs = latent_dim * (1 if self.centred else 2)
        return dense(inputs, [self.hidden] * self.depth, outputs, generator)

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        prior = self.prior(model.auxiliary_modules[PRIOR](step.prepared_rows(CONDITIONS, x)))
        own = DiagonalGaussian.require(model.encode(x))
        posterior = product(own, prior) if self.posterior_uses_auxiliary else own
        z = posterior.sample(step.generator)
        reconstruction = -model.decode(z).log_prob(x).mean()
        elbo = ELBO(posterior, z, reconstruction, posterior.kl_to(prior).mean(0))
        loss = reconstruction + self.beta(step.number) * elbo.kl
        terms = {}
        if self.contrast != NONE:  # of z that does not depend on u; logged even at weight 0
            drawn = own.sample(step.generator) if self.posterior_uses_auxiliary else z
            terms["contrast"] = contrast_of(drawn, prior)
            loss = loss + self.contrast(step.number) * terms["contrast"]
        return elbo.losses(loss, **terms)

    def prior(self, moments: Tensor) -> DiagonalGaussian:
        """p(z|u) from the output of its network, `(B, D)` or `(B, 2 D)`."""
        if self.centred:
            return DiagonalGaussian(torch.zeros_like(moments), moments)
        log_variance, loc = moments.chunk(2, dim=1)
        return DiagonalGaussian(loc, log_variance)


def product(a: DiagonalGaussian, b: DiagonalGaussian) -> DiagonalGaussian:
    """The normalised product of two Gaussian densities: precisions add up."""
    total = torch.logaddexp(-a.log_variance, -b.log_variance)
    share = (-a.log_variance - total).exp()
    return DiagonalGaussian(share * a.loc + (1 - share) * b.loc, -total)


def contrast_of(z: Tensor, prior: DiagonalGaussian) -> Tensor:
    """−log p(z_i|u_i) / mean_j p(z_i|u_j), averaged over the batch, nats; at least −log B.

    Args:
        z: latents `(B, D)`.
        prior: p(z|u_i), one row per sample.
    """
    precision = (-prior.log_variance).exp()
    constant = (prior.loc**2 * precision + prior.log_variance).sum(1)
    squares = z**2 @ precision.T - 2 * z @ (prior.loc * precision).T
    log_density = -0.5 * (squares + constant)  # (B, B), rows z, columns u
    return contrast(log_density)
