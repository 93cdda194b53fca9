"""JointVAE: continuous and categorical latents with separate KL capacities."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from micvae.distributions import JointLatents, Latents, Trait
from micvae.distributions.joint import JointPosterior
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Ramp, RelativeRamp, Schedule


@dataclass(frozen=True)
class JointVAE(Objective):
    r"""−E[log p(x|z, c)] + γ |KL(q(z|x) ‖ p(z)) − C_z| + γ |KL(q(c|x) ‖ p(c)) − C_c|, nats.

    z are Gaussian latents, c categorical ones; both capacities grow over the steps, so that
    neither kind is ignored. The KL of c is at most Σ log(number of categories), and a capacity
    above that is the same as that.

    References:
        *Learning Disentangled Joint Continuous and Discrete Representations*, Dupont, 2018.

    Examples:
        >>> import micvae
        >>> run = micvae.train("joint-vae", data="squares(n=128)", epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl']
    """

    summary: ClassVar[str] = "numbers and categories, with separate KL capacities"
    reference: ClassVar[str] = "Dupont 2018"
    latents: ClassVar[Latents] = JointLatents()
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"categories"})
    """For Gaussian latents, then categories."""

    gamma: Schedule = RelativeRamp(3.0, 1.0, share=0.47)
    """Weight of the distance from the capacities. It falls: a category under a constant high weight
    encodes the first feature found, under a falling weight the one that helps the numbers most."""

    capacity: Schedule = RelativeRamp(0.0, 7.0, share=0.16)
    """C_z in nats, of all numbers together; it grows early, so that numbers encode what is
    continuous."""

    category_capacity: Schedule = RelativeRamp(0.0, 1.38, share=0.16, begin=0.78)
    """C_c in nats, of all categories together; it grows last."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`mnist` and `dsprites`: the paper's, for tens to hundreds of thousands of steps."""
        return {
            "mnist": cls(Constant(30.0), Ramp(0, 5, steps=25_000), Ramp(0, 5, steps=25_000)),
            "dsprites": cls(
                Constant(150.0), Ramp(0, 40, steps=300_000), Ramp(0, 1.1, steps=300_000)
            ),
        }

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        posterior = JointPosterior.require(elbo.posterior)
        numbers = posterior.numbers.loc.shape[1]
        kl_numbers = elbo.latent_kl[:numbers].sum()
        kl_categories = elbo.latent_kl[numbers:].sum()
        most = sum(math.log(one.shape[1]) for one in posterior.logits)
        capacity = min(self.category_capacity(step.number), most)
        loss = elbo.reconstruction + self.gamma(step.number) * (
            (kl_numbers - self.capacity(step.number)).abs() + (kl_categories - capacity).abs()
        )
        return elbo.losses(loss, kl_numbers=kl_numbers, kl_categories=kl_categories)
