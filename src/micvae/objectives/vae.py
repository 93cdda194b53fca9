"""The variational autoencoder, and β-VAE where β is not 1."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Schedule


@dataclass(frozen=True)
class VAEObjective(Objective):
    r"""−E[log p(x|z)] + β · KL(q(z|x) ‖ p(z)), in nats per sample.

    References:
        *Auto-Encoding Variational Bayes*, Kingma & Welling, 2013.

    Examples:
        >>> import micvae
        >>> run = micvae.train("vae", data="squares(n=128)", beta=2, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl']
    """

    summary: ClassVar[str] = "the evidence lower bound, the baseline of every comparison"
    reference: ClassVar[str] = "Kingma & Welling 2013"

    beta: Schedule = Constant(1.0)
    """Weight of the KL term: a number, or a schedule such as "ramp(0, 1, steps=1000)"."""

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        return elbo.losses(elbo.reconstruction + self.beta(step.number) * elbo.kl)
