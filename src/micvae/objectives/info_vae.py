"""InfoVAE: maximum mean discrepancy between aggregate posterior and prior."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from micvae.distributions import Trait
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Schedule


@dataclass(frozen=True)
class InfoVAE(Objective):
    r"""−E[log p(x|z)] + (1 − α) KL(q(z|x) ‖ p(z)) + (α + λ − 1) MMD²(q(z), p(z)), per sample.

    .. math:: \mathrm{MMD}^2 = E\,k(z, z') + E\,k(p, p') - 2 E\,k(z, p),
        \qquad k(a, b) = \exp(-\lVert a - b \rVert^2 / D)

    α = 1 removes the KL of single posteriors (MMD-VAE): the latents may hold any information as
    long as their aggregate matches the prior. The mean discrepancy has no unit.

    The estimate from B samples is noisy: between two samples of one normal distribution MMD² has a
    standard deviation of about 0.009 at B = 64 and D = 3, so that λ = 1000 adds noise of about 9
    nats to every step. The default is therefore smaller than the paper's.

    References:
        *InfoVAE: Balancing Learning and Inference in Variational Autoencoders*, Zhao, Song &
        Ermon, 2019.

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train("info-vae", data=data, mmd_weight=100, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'mmd']
    """

    summary: ClassVar[str] = "matches the aggregate posterior to the prior by kernels (MMD)"
    reference: ClassVar[str] = "Zhao et al. 2019"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"vector_code"})
    """To compare latents with samples of the prior."""
    strength: ClassVar[str] = "mmd_weight"

    alpha: Schedule = Constant(0.0)
    """α: 0 keeps the KL term, 1 removes it; values above 1 reward it."""

    mmd_weight: Schedule = Constant(100.0)
    """λ; the mean discrepancy has the weight λ − (1 − α). λ = 1 − α is a VAE with a weaker KL;
    smaller values reward discrepancy."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: α = 0, λ = 1000, as for MNIST. `mmd-vae`: α = 1, λ = 100."""
        return {
            "paper": cls(mmd_weight=Constant(1000.0)),
            "mmd-vae": cls(alpha=Constant(1.0)),
        }

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        prior = model.space.sample(len(elbo.z), step.generator)
        discrepancy = mmd(elbo.z, prior)
        alpha, weight = self.alpha(step.number), self.mmd_weight(step.number)
        loss = elbo.reconstruction + (1 - alpha) * elbo.kl + (alpha + weight - 1) * discrepancy
        return elbo.losses(loss, mmd=discrepancy)


def mmd(a: Tensor, b: Tensor) -> Tensor:
    """Squared maximum mean discrepancy of samples (B, D) and (B, D): no sample meets itself.

    References:
        *A Kernel Two-Sample Test*, Gretton et al., 2012, Equation 3.
    """
    count, latents = a.shape
    everyone = torch.cat([a, b])
    kernel = (-(torch.cdist(everyone, everyone) ** 2) / latents).exp()
    within = kernel[:count, :count].sum() + kernel[count:, count:].sum() - 2 * count
    across = kernel[:count, count:].mean()
    return within / (count * (count - 1)) - 2 * across
