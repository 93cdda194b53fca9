"""FactorVAE: the total correlation, estimated by an adversary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import softplus

from micvae.distributions import Trait
from micvae.errors import MicvaeError
from micvae.models.vae import VAEModel
from micvae.networks import dense
from micvae.objectives.base import ELBO, MODEL, Losses, Objective, ObjectiveContext, Step
from micvae.objectives.schedules import Constant, Schedule

DISCRIMINATOR = "discriminator"


@dataclass(frozen=True)
class FactorVAE(Objective):
    r"""−E[log p(x|z)] + β · KL(q(z|x) ‖ p(z)) + γ · TC(z), in nats per sample.

    .. math:: \mathrm{TC}(z) \approx E_{q(z)}\, T(z), \qquad
        \min_T \tfrac12 E_{q(z)} \operatorname{softplus}(-T)
        + \tfrac12 E_{\prod q(z_d)} \operatorname{softplus}(T)

    The discriminator T learns to tell latents of one batch from latents of *another* batch, each
    of whose dimensions is permuted on its own; its logit is the log-density ratio. Its loss does
    not reach the encoder, nor the encoder's loss it.

    References:
        *Disentangling by Factorising*, Kim & Mnih, 2018.
    """

    summary: ClassVar[str] = "penalises the total correlation, estimated by an adversary"
    reference: ClassVar[str] = "Kim & Mnih 2018"
    strength: ClassVar[str] = "tc_weight"

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    tc_weight: Schedule = Constant(10.0)
    """γ, the weight of the total correlation."""

    width: int = 256
    """Units of each of the discriminator's hidden layers."""

    depth: int = 3
    """Hidden layers of the discriminator."""

    discriminator_rate: float = 1e-4
    """Step size of the discriminator's Adam, whose moments decay by 0.5 and 0.9."""

    def __post_init__(self) -> None:
        for name in ("width", "depth"):
            if getattr(self, name) < 1:
                raise MicvaeError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        if not self.discriminator_rate > 0:
            raise MicvaeError(f"discriminator_rate is {self.discriminator_rate}; give a rate > 0.")

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: γ = 35 and six layers of 1,000 units, as for 2D shapes; slow on a CPU."""
        return {"paper": cls(tc_weight=Constant(35.0), width=1000, depth=6)}

    def networks(
        self, setting: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The discriminator: a perceptron with leaky rectifiers, one logit per sample."""
        return {DISCRIMINATOR: dense(setting.latent_dim, [self.width] * self.depth, 1, generator)}

    @property
    def second_batch(self) -> bool:
        """Latents of another batch are shuffled."""
        return True

    def needs(self) -> frozenset[Trait]:
        """Latents are permuted one by one."""
        return frozenset({"columns"})

    def adam(self, group: str) -> dict[str, Any]:
        """The discriminator learns at its own rate."""
        if group == DISCRIMINATOR:
            return {"lr": self.discriminator_rate, "betas": (0.5, 0.9)}
        return {}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        discriminator = step.networks[DISCRIMINATOR]
        elbo = ELBO.of(model, x, step.generator)
        frozen = {name: value.detach() for name, value in discriminator.named_parameters()}
        correlation = functional_call(discriminator, frozen, elbo.z).mean()
        kl = elbo.latent_kl.sum()
        loss = (
            elbo.reconstruction
            + self.beta(step.number) * kl
            + self.tc_weight(step.number) * correlation
        )
        with torch.no_grad():
            other = model.encode(step.second()).sample(step.generator)
            shuffled = permuted(other, step.generator)
        told = told_apart(discriminator, elbo.z.detach(), shuffled)
        terms = {
            "loss": loss,
            "reconstruction": elbo.reconstruction,
            "kl": kl,
            "total_correlation_estimate": correlation,
            "discriminator_loss": told,
        }
        return Losses({MODEL: loss, DISCRIMINATOR: told}, terms, elbo.latent_kl)


def told_apart(discriminator: nn.Module, joint: Tensor, shuffled: Tensor) -> Tensor:
    """Logistic loss of a discriminator, nats; log 2 is chance."""
    right, wrong = discriminator(joint), discriminator(shuffled)
    return 0.5 * (softplus(-right).mean() + softplus(wrong).mean())


def permuted(z: Tensor, generator: torch.Generator) -> Tensor:
    """Permute every column of (B, D) on its own: samples of the product of the marginals."""
    keys = torch.rand(z.shape, generator=generator, device=generator.device).to(z.device)
    return z.gather(0, keys.argsort(0))
