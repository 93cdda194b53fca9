"""FSQ: an autoencoder whose latents are rounded to a fixed grid."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from micvae.distributions import FSQLatents, Latents
from micvae.errors import MicvaeError
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, MODEL, Losses, Objective, Step

GRID = FSQLatents()


@dataclass(frozen=True)
class FSQ(Objective):
    """−log p(x|z), in nats per sample, and nothing else: the grid alone bounds what z can say.

    References:
        *Finite Scalar Quantization: VQ-VAE Made Simple*, Mentzer, Minnen, Agustsson & Tschannen,
        2024.
    """

    summary: ClassVar[str] = "rounds every latent to a fixed grid; no other term"
    reference: ClassVar[str] = "Mentzer et al. 2024"

    weight_decay: float = 0.0
    """Decoupled decay of the weights of encoder and decoder, as in `qlae`; the paper has none."""

    def __post_init__(self) -> None:
        if not 0 <= self.weight_decay < float("inf"):
            raise MicvaeError(f"weight_decay is {self.weight_decay}; give a number ≥ 0.")

    @property
    def latents(self) -> Latents:
        """Ten values on [−1, 1]."""
        return GRID

    def adam(self, group: str) -> dict[str, Any]:
        """Decoupled weight decay."""
        return {"weight_decay": self.weight_decay}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        loss = elbo.reconstruction
        terms = {"loss": loss, "reconstruction": loss, "kl": elbo.latent_kl.sum()}
        return Losses({MODEL: loss}, terms, elbo.latent_kl)
