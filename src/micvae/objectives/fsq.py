"""FSQ: an autoencoder whose latents are rounded to a fixed grid."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from micvae.checks import NonNegative
from micvae.distributions import FSQLatents, Latents
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.hooks import AdamSettings


@dataclass(frozen=True)
class FSQ(Objective):
    """−log p(x|z), in nats per sample, without further terms: the grid bounds what z encodes.

    References:
        *Finite Scalar Quantization: VQ-VAE Made Simple*, Mentzer, Minnen, Agustsson & Tschannen,
        2024.

    Examples:
        >>> import micvae
        >>> run = micvae.train("fsq", data="squares(n=128)", epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl']
    """

    summary: ClassVar[str] = "rounds every latent to a fixed grid; no other term"
    reference: ClassVar[str] = "Mentzer et al. 2024"
    latents: ClassVar[Latents] = FSQLatents()

    weight_decay: NonNegative = 0.0
    """Decoupled decay of the weights of encoder and decoder, as in `qlae`; the paper has none."""

    def adam(self, group: str) -> AdamSettings:
        """Decoupled weight decay."""
        return AdamSettings(weight_decay=self.weight_decay)

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        return elbo.losses(elbo.reconstruction)
