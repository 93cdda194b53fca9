"""FactorVAE: the total correlation, estimated by an adversary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from micvae.checks import Positive, PositiveInt
from micvae.distributions import Trait
from micvae.models.vae import VAEModel
from micvae.networks import dense, frozen_call
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.hooks import AdamSettings, ObjectiveContext
from micvae.objectives.schedules import Constant, Schedule

DISCRIMINATOR = "discriminator"


@dataclass(frozen=True)
class FactorVAE(Objective):
    r"""−E[log p(x|z)] + β · KL(q(z|x) ‖ p(z)) + γ · TC(z), in nats per sample.

    .. math:: \mathrm{TC}(z) \approx E_{q(z)}\, T(z), \qquad
        \min_T \tfrac12 E_{q(z)} \operatorname{softplus}(-T)
        + \tfrac12 E_{\prod q(z_d)} \operatorname{softplus}(T)

    The discriminator T distinguishes latents of one batch from latents of *another* batch whose
    dimensions are permuted independently; its logit is the log-density ratio. Its loss does not
    reach the encoder, and the loss of the encoder does not reach it.

    References:
        *Disentangling by Factorising*, Kim & Mnih, 2018.

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train("factor-vae", data=data, tc_weight=10, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'total_correlation_estimate', 'discriminator_loss']
    """

    summary: ClassVar[str] = "penalises the total correlation, estimated by an adversary"
    reference: ClassVar[str] = "Kim & Mnih 2018"
    needs_second_batch: ClassVar[bool] = True
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"vector_code"})
    """To permute latents one by one."""
    strength: ClassVar[str] = "tc_weight"

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    tc_weight: Schedule = Constant(10.0)
    """γ, the weight of the total correlation."""

    width: PositiveInt = 256
    """Units of each of the discriminator's hidden layers."""

    depth: PositiveInt = 3
    """Hidden layers of the discriminator."""

    discriminator_rate: Positive = 1e-4
    """Step size of the discriminator's Adam, whose moments decay by 0.5 and 0.9."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: γ = 35 and six layers of 1,000 units, as for 2D shapes; slow on a CPU."""
        return {"paper": cls(tc_weight=Constant(35.0), width=1000, depth=6)}

    def networks(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The discriminator: a perceptron with leaky rectifiers, one logit per sample."""
        return {DISCRIMINATOR: dense(context.latent_dim, [self.width] * self.depth, 1, generator)}

    def adam(self, group: str) -> AdamSettings:
        """A separate learning rate for the discriminator."""
        if group == DISCRIMINATOR:
            return AdamSettings(lr=self.discriminator_rate, betas=(0.5, 0.9))
        return AdamSettings()

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        discriminator = step.networks[DISCRIMINATOR]
        elbo = ELBO.of(model, x, step.generator)
        correlation = frozen_call(discriminator, elbo.z).mean()
        loss = (
            elbo.reconstruction
            + self.beta(step.number) * elbo.kl
            + self.tc_weight(step.number) * correlation
        )
        with torch.no_grad():
            other = model.encode(step.other_batch()).sample(step.generator)
            shuffled = permuted(other, step.generator)
        adversary = discriminator_loss(discriminator, elbo.z.detach(), shuffled)
        losses = elbo.losses(
            loss, total_correlation_estimate=correlation, discriminator_loss=adversary
        )
        losses.minimised[DISCRIMINATOR] = adversary
        return losses


def discriminator_loss(discriminator: nn.Module, joint: Tensor, shuffled: Tensor) -> Tensor:
    """Logistic loss of a discriminator, nats; log 2 is chance."""
    right, wrong = discriminator(joint), discriminator(shuffled)
    return 0.5 * (softplus(-right).mean() + softplus(wrong).mean())


def permuted(z: Tensor, generator: torch.Generator) -> Tensor:
    """Permute each column of (B, D) independently: samples of the product of the marginals."""
    keys = torch.rand(z.shape, generator=generator, device=generator.device).to(z.device)
    return z.gather(0, keys.argsort(0))
