"""Ada-GVAE and Ada-ML-VAE: weak supervision by pairs of images that share most factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from micvae.data import FactorDataset, LazyImages, pairs
from micvae.distributions import DiagonalGaussian, Trait
from micvae.errors import DataError
from micvae.models import VAEModel, laid_out
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.identifiability import ELEMENTWISE, Identifiability
from micvae.objectives.schedules import Constant, Schedule

PARTNERS = "partners"


@dataclass(frozen=True)
class AdaGVAE(Objective):
    r"""The mean of two images' ELBOs, their posteriors made equal where the images agree.

    Per pair (x, x') and latent d, δ_d is the divergence of q(z_d|x) and q(z_d|x'). Latents with
    δ_d below the threshold ½ (max_d δ_d + min_d δ_d) are treated as shared: both images then use
    the same posterior, here with the mean of both means and of both variances (GVAE). Each image's
    loss is −E[log p(x|z)] + β · KL(q(z|x) ‖ p(z)), in nats.

    The method reads no labels, and not which or how many factors a pair shares. If the data set
    has no `partners`, they are made from its factors: one per image, which differs in `changes`
    factors.

    References:
        *Weakly-Supervised Disentanglement Without Compromises*, Locatello, Poole, Rätsch,
        Schölkopf, Bachem & Tschannen, 2020.
        *Group-based Learning of Disentangled Representations with Generalizability for Novel
        Contents*, Hosoya, 2019 (GVAE).

    Examples:
        >>> import micvae
        >>> data = "pairs('squares(n=128)')"
        >>> run = micvae.train("ada-gvae", data=data, changes=1, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'shared']
    """

    summary: ClassVar[str] = "pairs of images that share most factors; averaged posteriors"
    reference: ClassVar[str] = "Locatello et al. 2020"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"gaussian", "normal prior"})
    """To compare and average posteriors latent by latent."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to=ELEMENTWISE,
        given=(
            "sources are independent, each pair shares some of them and the others are drawn "
            "anew, every source can be the only one that two sets of shared sources have in "
            "common, and the model fits the distribution of pairs"
        ),
        source="Locatello et al. 2020",
        evidence="partly proved",
        remark=(
            "The theorem takes the number of shared sources as known; the threshold that finds "
            "them here is a heuristic."
        ),
    )

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    changes: int | None = 1
    """Number of factors in which a partner that is made here differs; None: a random number."""

    divergence: Literal["symmetric", "one-way"] = "symmetric"
    """δ: the mean of both KLs, or KL(q(z_d|x) ‖ q(z_d|x')) as in the published code."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: β = 1, one-way divergence."""
        return {"paper": cls(divergence="one-way")}

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray | LazyImages]:
        """One partner per image."""
        if dataset.partners is not None:
            return {PARTNERS: dataset.partners}
        seed = int(torch.randint(2**31, (1,), generator=generator))
        made = pairs(dataset, changes=self.changes, seed=seed)
        if made.partners is None or len(made) != len(dataset):
            raise DataError(
                f"some images of {dataset.name} have no partner that differs in {self.changes} "
                f"factors; train on --data \"pairs('NAME')\", which leaves those out."
            )
        return {PARTNERS: made.partners}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        both = torch.cat([x, laid_out(step.prepared_rows(PARTNERS, x), x.device)])
        posterior = DiagonalGaussian.require(model.encode(both))
        shared = self.shared(posterior)
        merged = torch.cat([shared, shared])
        average = self.average(posterior)
        posterior = DiagonalGaussian(
            torch.where(merged, average.loc.repeat(2, 1), posterior.loc),
            torch.where(merged, average.log_variance.repeat(2, 1), posterior.log_variance),
        )
        elbo = ELBO.of(model, both, step.generator, posterior)
        loss = elbo.reconstruction + self.beta(step.number) * elbo.kl
        return elbo.losses(loss, shared=shared.float().sum(1).mean())

    def shared(self, posterior: DiagonalGaussian) -> Tensor:
        """Latents that each pair is assumed to share, `(B, D)`, from posteriors of 2 B images."""
        locs, log_variances = posterior.loc.detach(), posterior.log_variance.detach()
        parts = zip(locs.chunk(2), log_variances.chunk(2), strict=True)
        first, second = (DiagonalGaussian(*part) for part in parts)
        delta = first.kl_to(second)
        if self.divergence == "symmetric":
            delta = 0.5 * (delta + second.kl_to(first))
        threshold = 0.5 * (delta.amax(1, keepdim=True) + delta.amin(1, keepdim=True))
        return delta < threshold

    def average(self, posterior: DiagonalGaussian) -> DiagonalGaussian:
        """The posterior of shared latents, `(B, D)`: the average of means and of variances."""
        first, second = posterior.loc.chunk(2)
        variance, other = posterior.log_variance.exp().chunk(2)
        return DiagonalGaussian(0.5 * (first + second), (0.5 * (variance + other)).log())


@dataclass(frozen=True)
class AdaMLVAE(AdaGVAE):
    """`AdaGVAE` with the normalised product of both posteriors for shared latents (ML-VAE).

    References:
        *Weakly-Supervised Disentanglement Without Compromises*, Locatello et al., 2020.
        *Multi-Level Variational Autoencoder*, Bouchacourt, Tomioka & Nowozin, 2018.

    Examples:
        >>> import micvae
        >>> data = "pairs('squares(n=128)')"
        >>> run = micvae.train("ada-ml-vae", data=data, changes=1, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'shared']
    """

    summary: ClassVar[str] = "pairs of images that share most factors; multiplied posteriors"

    def average(self, posterior: DiagonalGaussian) -> DiagonalGaussian:
        """Precisions add up, and means are weighted by them."""
        first, second = posterior.loc.chunk(2)
        precision, other = (-posterior.log_variance).exp().chunk(2)
        total = precision + other
        return DiagonalGaussian((first * precision + second * other) / total, -total.log())
