"""β-TCVAE: the KL term decomposed, with a weight on its total correlation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from micvae.distributions import DiagonalGaussian, StandardNormal, Trait
from micvae.information.decomposition import Decomposition, Sampling, decompose
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Schedule

NORMAL = StandardNormal()


@dataclass(frozen=True)
class BetaTCVAE(Objective):
    r"""−E[log p(x|z)] + α · I(x; z) + β · TC(z) + γ · Σ_d KL(q(z_d) ‖ p(z_d)), nats per sample.

    The three terms add up to the KL term, which is not added again. TC is joint dependence, while
    `mi-constrained` penalises pairs: for z₃ = z₁ + z₂ mod 1 TC is positive and no pair depends.

    Logged are the three parts of the batch's own aggregate posterior, without the constant in
    log N that minibatch weighted sampling adds, and the loss without it. I(x; z) is then at most
    log B, and the total correlation of narrow posteriors is too high.

    References:
        *Isolating Sources of Disentanglement in Variational Autoencoders*, Chen et al., 2018.

    Examples:
        >>> import micvae
        >>> run = micvae.train("beta-tcvae", data="squares(n=128)", beta=4, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'index_code_mi', 'total_correlation', 'dimension_wise_kl']
    """

    summary: ClassVar[str] = "penalises the total correlation, estimated on the batch"
    reference: ClassVar[str] = "Chen et al. 2018"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"gaussian", "normal prior"})
    """To estimate the density of the aggregate posterior latent by latent."""
    strength: ClassVar[str] = "beta"

    alpha: Schedule = Constant(1.0)
    """Weight of the index-code mutual information I(x; z)."""

    beta: Schedule = Constant(6.0)
    """Weight of the total correlation."""

    gamma: Schedule = Constant(1.0)
    """Weight of the dimension-wise KL."""

    sampling: Literal["mws", "mss"] = "mws"
    """How the aggregate posterior's density is estimated on a batch."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: α = γ = 1, β = 6, minibatch weighted sampling, as for 2D shapes."""
        return {"paper": cls()}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        sampling: Sampling = self.sampling
        posterior = DiagonalGaussian.require(elbo.posterior)
        parts = decompose(posterior, elbo.z, NORMAL, step.dataset_size, sampling)
        loss = (
            elbo.reconstruction
            + self.alpha(step.number) * parts.index_code_mi
            + self.beta(step.number) * parts.total_correlation
            + self.gamma(step.number) * parts.dimension_wise_kl
        )
        shown = self._shown(parts, elbo, step)
        losses = elbo.losses(loss, **shown._asdict())
        losses.terms["loss"] = loss - self._offset(model.latent_dim, step)
        return losses

    def _shown(self, parts: Decomposition, elbo: ELBO, step: Step) -> Decomposition:
        """The parts for the aggregate posterior of the batch: values that are possible."""
        if self.sampling == "mws":
            return parts.without_offset(elbo.z.shape[1], step.dataset_size)
        with torch.no_grad():
            return decompose(
                DiagonalGaussian.require(elbo.posterior), elbo.z, NORMAL, step.dataset_size, "batch"
            )

    def _offset(self, latents: int, step: Step) -> float:
        """The share of log N in the weighted parts, nats; it does not depend on parameters."""
        if self.sampling == "mss":
            return 0.0
        weights = (self.alpha, self.beta, self.gamma)
        counts = (1, latents - 1, -latents)
        total = sum(w(step.number) * c for w, c in zip(weights, counts, strict=True))
        return total * math.log(step.dataset_size)
