"""InfoGAN: a generator whose codes can be predicted from its images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from micvae.checks import NonNegative, Positive
from micvae.distributions import Latents, NoisyLatents, Trait
from micvae.models.vae import VAEModel
from micvae.networks import filled, frozen_call
from micvae.objectives.base import MODEL, Losses, Objective, Step
from micvae.objectives.hooks import AdamSettings, ObjectiveContext
from micvae.objectives.schedules import Constant, Schedule

DISCRIMINATOR = "discriminator"


@dataclass(frozen=True)
class InfoGAN(Objective):
    r"""softplus(−D(G(c, n))) + λ · E[−log q(c | G(c, n))], in nats per sample.

    .. math:: I(c; G(c, n)) \ge H(c) + E_{c, n}\, \log q(c \mid G(c, n))

    The decoder is the generator G: it makes images from codes c and noise n, both drawn from the
    prior. The encoder is the recognition network q(c|x), which gives the codes for metrics. The
    discriminator D is a separate network with the loss softplus(−D(x)) + softplus(D(G)), plus
    ½ γ |∇_x D(x)|² on real images (R1); without R1 it overpowers the generator on small data.

    The logged `reconstruction` is −log p(x | E[c|x]), with noise 0; it is not minimised.

    References:
        *InfoGAN: Interpretable Representation Learning by Information Maximizing Generative
        Adversarial Nets*, Chen, Duan, Houthooft, Schulman, Sutskever & Abbeel, 2016.
        *Which Training Methods for GANs do actually Converge?*, Mescheder, Geiger & Nowozin, 2018.

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train("infogan", data=data, code_weight=0.3, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'code_surprise', 'generator_loss', 'discriminator_loss']
    """

    adversarial: ClassVar[bool] = True
    summary: ClassVar[str] = "a GAN whose codes can be predicted from its images; no likelihood"
    reference: ClassVar[str] = "Chen et al. 2016"
    latents: ClassVar[Latents] = NoisyLatents()
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"log_prob"})
    """For the density of the codes of an image."""

    code_weight: Schedule = Constant(0.3)
    """λ, the weight of the bound on the codes' information."""

    gradient_penalty: NonNegative = 0.3
    """γ, the weight of the discriminator's squared gradient at real images."""

    discriminator_rate: Positive = 4e-4
    """Step size of the discriminator's Adam."""

    generator_rate: Positive = 4e-4
    """Step size of the generator's and the recognition network's Adam."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: steps of 2e-4 and 1e-3, no gradient penalty."""
        return {"paper": cls(Constant(1.0), 0.0, 2e-4, 1e-3)}

    def networks(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The discriminator: an encoder with one output."""
        with torch.device("meta"):
            network = context.network.encoder(context.image_shape, 1)
        return {DISCRIMINATOR: filled(network, generator)}

    def adam(self, group: str) -> AdamSettings:
        """Separate learning rates for both sides, and little momentum."""
        rate = self.discriminator_rate if group == DISCRIMINATOR else self.generator_rate
        return AdamSettings(lr=rate, betas=(0.5, 0.99))

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        discriminator = step.networks[DISCRIMINATOR]
        z = model.space.sample(len(x), step.generator)
        fake = model.decode(z).mean
        fooled = softplus(-frozen_call(discriminator, fake)).mean()
        surprise = -model.space.log_prob(model.encode(fake), z).sum(1).mean()
        loss = fooled + self.code_weight(step.number) * surprise

        real = x.detach().requires_grad_(self.gradient_penalty > 0)
        on_real, on_fake = discriminator(real), discriminator(fake.detach())
        adversary = softplus(-on_real).mean() + softplus(on_fake).mean()
        minimised = adversary
        if self.gradient_penalty > 0:
            (slope,) = torch.autograd.grad(on_real.sum(), real, create_graph=True)
            minimised = (
                adversary + 0.5 * self.gradient_penalty * slope.square().flatten(1).sum(1).mean()
            )
        with torch.no_grad():
            posterior = model.encode(x)
            codes, _ = model.space.code(posterior)
            reconstruction = -model.decode_codes(codes).log_prob(x).mean()
            latent_kl = model.space.draw(posterior, step.generator)[1].mean(0)
        terms = {
            "loss": loss,
            "reconstruction": reconstruction,
            "kl": latent_kl.sum(),
            "code_surprise": surprise,
            "generator_loss": fooled,
            "discriminator_loss": adversary,
        }
        return Losses({MODEL: loss, DISCRIMINATOR: minimised}, terms, latent_kl)
