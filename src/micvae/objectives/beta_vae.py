"""β-VAE: the evidence lower bound with a heavier KL term."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from micvae.objectives.base import Objective
from micvae.objectives.schedules import Constant, Schedule
from micvae.objectives.vae import VAEObjective


@dataclass(frozen=True)
class BetaVAE(VAEObjective):
    r"""−E[log p(x|z)] + β · KL(q(z|x) ‖ p(z)) with β > 1, in nats per sample.

    β is per sample, as everywhere here: code that divides the reconstruction by the number of
    pixels uses β in another unit.

    References:
        *beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework*,
        Higgins et al., 2017.

    Examples:
        >>> import micvae
        >>> run = micvae.train("beta-vae", data="squares(n=128)", beta=4, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl']
    """

    summary: ClassVar[str] = "a heavier KL term: fewer, more independent latents, blurrier images"
    reference: ClassVar[str] = "Higgins et al. 2017"
    strength: ClassVar[str] = "beta"

    beta: Schedule = Constant(4.0)
    """Weight of the KL term; the paper's 2D shapes take 4, its 3D chairs 5."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: β = 4."""
        return {"paper": cls(beta=Constant(4.0))}
