"""AnnealedVAE: the KL term follows a capacity that grows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Ramp, RelativeRamp, Schedule


@dataclass(frozen=True)
class AnnealedVAE(Objective):
    r"""−E[log p(x|z)] + γ · |KL(q(z|x) ‖ p(z)) − C|, in nats per sample (CCI-VAE).

    The penalty keeps the KL term, averaged over the batch, at the capacity C, which grows over the
    steps: latents become active one by one, the most useful first.

    References:
        *Understanding disentangling in β-VAE*, Burgess et al., 2018.

    Examples:
        >>> import micvae
        >>> run = micvae.train("annealed-vae", data="squares(n=128)", gamma=10, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'capacity_gap']
    """

    summary: ClassVar[str] = "keeps the KL at a growing capacity: latents become active one by one"
    reference: ClassVar[str] = "Burgess et al. 2018"
    strength: ClassVar[str] = "gamma"

    gamma: Schedule = Constant(10.0)
    """Weight of the distance to the capacity."""

    capacity: Schedule = RelativeRamp(0.0, 7.0, share=0.75)
    """C in nats. By default it grows for three quarters of the training and then stays."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: γ = 1000, C from 0 to 25 nats over 100,000 steps, as for 2D shapes."""
        return {"paper": cls(gamma=Constant(1000.0), capacity=Ramp(0.0, 25.0, steps=100_000))}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        excess = (elbo.kl - self.capacity(step.number)).abs()
        loss = elbo.reconstruction + self.gamma(step.number) * excess
        return elbo.losses(loss, capacity_gap=excess)
