"""FactorQVAE: scalar quantisation on one codebook, and FactorVAE's adversary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from micvae.distributions import Latents, SharedCodebookLatents
from micvae.objectives.base import Objective
from micvae.objectives.factor_vae import FactorVAE
from micvae.objectives.schedules import Constant, Schedule


@dataclass(frozen=True)
class FactorQVAE(FactorVAE):
    r"""−E[log p(x|z)] + β · KL(q(k|x) ‖ uniform) + γ · TC(z), in nats per sample.

    All latents take their values from one learned codebook of numbers; q(k|x) ∝ exp(−(e − v_k)²)
    is drawn by the Gumbel-softmax. The adversary reads the values of the latents, in the
    paper their one-hot vectors: both determine each other, so the total correlation is the same.

    The published code takes the mean of squared differences over pixels, plus 0.001 times the mean
    of the KL over latents, plus 0.0001 times the total correlation. Summed over the pixels of
    colour 64×64 images, with 12 latents, these weights are 1.024 and 1.2288 beside a sum of
    squares, which is what `--likelihood "gaussian(scale=0.7071)"` gives up to a constant.

    References:
        *Disentanglement with Factor Quantized Variational Autoencoders*, Baykal, Kandemir & Unal,
        2024.

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train("factor-qvae", data=data, tc_weight=1, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'total_correlation_estimate', 'discriminator_loss']
    """

    summary: ClassVar[str] = "one codebook of numbers for all latents, and FactorVAE's adversary"
    reference: ClassVar[str] = "Baykal et al. 2024"
    latents: ClassVar[Latents] = SharedCodebookLatents()

    beta: Schedule = Constant(0.1)
    """Weight of the KL to equal probabilities."""

    tc_weight: Schedule = Constant(1.0)
    """γ, the weight of the total correlation."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`shapes3d`: the published weights of colour 64×64 images and 12 latents."""
        return {
            "shapes3d": cls(
                beta=Constant(1.024),
                tc_weight=Constant(1.2288),
                width=1000,
                depth=5,
                discriminator_rate=1e-3,
            )
        }
