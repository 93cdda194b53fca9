"""QLAE: an autoencoder with quantised latents, each with a separate codebook."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from micvae.checks import NonNegative
from micvae.distributions import CodebookLatents, Latents, Quantised, Trait
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.hooks import AdamSettings
from micvae.objectives.schedules import Constant, Schedule


@dataclass(frozen=True)
class QLAE(Objective):
    r"""−log p(x|z) + λ_q Σ_d (sg[e_d] − v_d)² + λ_c Σ_d (e_d − sg[v_d])², in nats per sample.

    e is the output of the encoder, v the nearest value of each latent's codebook, which the decoder
    reads; sg stops the gradient. Few values per latent and a strong decay of the weights of
    encoder and decoder favour codes in which every value has one meaning.

    The paper divides the reconstruction by the number of pixels and both other terms by the
    number of latents; its weights of 0.01 are 0.01 · pixels / latents here: 1.7 for grey 32×32
    images and 6 latents, 10 for colour 64×64 ones and 12.

    References:
        *Disentanglement via Latent Quantization*, Hsu, Dorrell, Whittington, Wu & Finn, 2023.

    Examples:
        >>> import micvae
        >>> run = micvae.train("qlae", data="squares(n=128)", commitment=2, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'quantisation', 'commitment']
    """

    summary: ClassVar[str] = "quantises every latent on a learned codebook, with weight decay"
    reference: ClassVar[str] = "Hsu et al. 2023"
    latents: ClassVar[Latents] = CodebookLatents()
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"quantised"})
    """For the nearest value and the encoder output."""

    quantisation: Schedule = Constant(2.0)
    """λ_q: how fast the codebook follows the encoder."""

    commitment: Schedule = Constant(2.0)
    """λ_c: how fast the encoder follows the codebook."""

    weight_decay: NonNegative = 0.1
    """Decoupled decay of the weights of encoder and decoder, times the learning rate a step."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: the weights of colour 64×64 images and twelve latents."""
        return {"paper": cls(quantisation=Constant(10.0), commitment=Constant(10.0))}

    def adam(self, group: str) -> AdamSettings:
        """Decoupled weight decay."""
        return AdamSettings(weight_decay=self.weight_decay)

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        posterior = Quantised.require(elbo.posterior)
        encoded, value = posterior.encoded, posterior.quantised
        quantisation = ((encoded.detach() - value) ** 2).sum(1).mean()
        commitment = ((encoded - value.detach()) ** 2).sum(1).mean()
        loss = (
            elbo.reconstruction
            + self.quantisation(step.number) * quantisation
            + self.commitment(step.number) * commitment
        )
        return elbo.losses(loss, quantisation=quantisation, commitment=commitment)
