"""DIP-VAE: latents whose covariance is the identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from micvae.distributions import DiagonalGaussian, Posterior, Trait
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Schedule


@dataclass(frozen=True)
class DIPVAEI(Objective):
    r"""ELBO + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)², C = Cov_x[E[z|x]] over the batch.

    Per sample; the penalty has no unit. Version I asks the posterior *means* to be uncorrelated
    and of unit variance.

    References:
        *Variational Inference of Disentangled Latent Concepts from Unlabeled Observations*, Kumar,
        Sattigeri & Balakrishnan, 2018.

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train("dip-vae-i", data=data, diagonal=100, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'off_diagonal', 'diagonal']
    """

    summary: ClassVar[str] = "posterior means uncorrelated, of unit variance"
    reference: ClassVar[str] = "Kumar et al. 2018"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"vector_code"})
    """To compute correlations of latents."""
    strength: ClassVar[str] = "off_diagonal"

    off_diagonal: Schedule = Constant(10.0)
    """λ_od, weight of squared covariances."""

    diagonal: Schedule = Constant(100.0)
    """λ_d, weight of squared deviations of variances from 1; ten times λ_od in version I."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`study`: λ_od = 10, λ_d = 10 λ_od, one of the settings of Locatello et al. 2019."""
        return {"study": cls()}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        covariance = self.covariance(elbo.posterior)
        variances = covariance.diagonal()
        shared = ((covariance - torch.diag(variances)) ** 2).sum()
        apart = ((variances - 1) ** 2).sum()
        loss = (
            elbo.reconstruction
            + elbo.kl
            + self.off_diagonal(step.number) * shared
            + self.diagonal(step.number) * apart
        )
        return elbo.losses(loss, off_diagonal=shared, diagonal=apart)

    def covariance(self, posterior: Posterior) -> Tensor:
        """Cov_x[E[z|x]] over the batch, (D, D)."""
        mean = posterior.trained_mean
        centred = mean - mean.mean(0)
        covariance: Tensor = centred.T @ centred / len(centred)
        return covariance


@dataclass(frozen=True)
class DIPVAEII(DIPVAEI):
    r"""`DIPVAEI` with C = Cov[z] = E_x[diag σ²(x)] + Cov_x[E[z|x]].

    Version II asks the latents themselves to be uncorrelated and of unit variance: E[σ²] is added
    on the diagonal only.

    References:
        *Variational Inference of Disentangled Latent Concepts from Unlabeled Observations*, Kumar,
        Sattigeri & Balakrishnan, 2018.

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train("dip-vae-ii", data=data, diagonal=10, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'off_diagonal', 'diagonal']
    """

    summary: ClassVar[str] = "latents uncorrelated, of unit variance"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"gaussian"})
    """Given the image, the covariance is E[σ²] on the diagonal."""

    diagonal: Schedule = Constant(10.0)
    """λ_d, weight of squared deviations of variances from 1; equal to λ_od in version II."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`study`: λ_od = λ_d = 10, one of the settings of Locatello et al. 2019."""
        return {"study": cls()}

    def covariance(self, posterior: Posterior) -> Tensor:
        """Covariance of q(z) over the batch, (D, D)."""
        noise = DiagonalGaussian.require(posterior).log_variance.exp().mean(0)
        return super().covariance(posterior) + torch.diag(noise)
