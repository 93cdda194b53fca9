"""HFS: latents with factorised support."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from micvae.distributions import Trait
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Schedule

_BLOCK = 1 << 24  # distances that are held at a time


@dataclass(frozen=True)
class HFS(Objective):
    r"""−E[log p(x|z)] + β · KL + γ Σ_{i<j} d_H(i, j) + δ Σ_i max(0, 1 − std(μ_i)), per sample.

    .. math:: d_H(i, j) = \max_{a, b} \min_c \; (\mu_{ai} - \mu_{ci})^2 + (\mu_{bj} - \mu_{cj})^2

    over the images a, b, c of a batch, with μ the posterior means, not rescaled: the
    distance between the worst combination of two observed values and the nearest pair observed
    together (the Hausdorff distance of the support from its factorised hull). Unlike penalties on
    dependence it allows correlated factors if every combination of their values can occur. The
    last term keeps the means from shrinking, which would make all distances small; std is over the
    batch.

    References:
        *Disentanglement of Correlated Factors via Hausdorff Factorized Support*, Roth, Ibrahim,
        Akata, Vincent & Bouchacourt, 2023.

    Differences from the authors' code: it draws 100 combinations of values for each of 25 random
    pairs of latents per batch, where here all combinations of all pairs are taken. Its term against
    shrinking is off by default, or takes minima, maxima and variances over the latents of one
    image.

    Examples:
        >>> import micvae
        >>> run = micvae.train("hfs", data="squares(n=128)", support_weight=1, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'support_distance', 'shrinkage']
    """

    summary: ClassVar[str] = "factorised support: for correlated factors"
    reference: ClassVar[str] = "Roth et al. 2023"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"vector_code"})
    """To compare latents one by one."""
    strength: ClassVar[str] = "support_weight"

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    support_weight: Schedule = Constant(1.0)
    """γ, the weight of the distance between the support and its factorised hull."""

    scale_weight: Schedule = Constant(1.0)
    """δ, the weight of the term that keeps standard deviations of means from falling below 1."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`support-only`: β = 0, γ = 300, as the authors' example for 3D Shapes."""
        return {"support-only": cls(beta=Constant(0.0), support_weight=Constant(300.0))}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        means = elbo.posterior.trained_mean
        distance, shrunk = hausdorff(means), shrinkage(means)
        loss = (
            elbo.reconstruction
            + self.beta(step.number) * elbo.kl
            + self.support_weight(step.number) * distance
            + self.scale_weight(step.number) * shrunk
        )
        return elbo.losses(loss, support_distance=distance, shrinkage=shrunk)


def hausdorff(z: Tensor) -> Tensor:
    """Sum over pairs of latents of the squared distance to the factorised support, (B, D)."""
    apart = (z.T[:, :, None] - z.T[:, None, :]) ** 2  # (D, B values, B samples)
    total = z.new_zeros(())
    for i in range(z.shape[1]):
        for j in range(i):
            a, b, c = farthest(apart[i].detach(), apart[j].detach())
            total = total + (apart[i, a, c] + apart[j, b, c])
    return total


def shrinkage(z: Tensor) -> Tensor:
    """Σ_i max(0, 1 − std(z_i)) over the samples of a batch (B, D)."""
    deviation = (z.var(0, correction=0) + 1e-6).sqrt()  # a constant latent has a gradient, too
    return (1 - deviation).clamp_min(0).sum()


def farthest(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of values a and b of two latents whose nearest sample c is farthest, and of c.

    Only this one distance has a gradient, so that no array of size B³ is stored.

    Args:
        one: squared distances of the first latent, `(B values, B samples)`.
        other: those of the second.
    """
    best = one.new_full((), -1.0)
    a = b = c = torch.zeros((), dtype=torch.long, device=one.device)
    every = torch.arange(len(one), device=one.device)
    for rows in torch.split(every, max(1, _BLOCK // len(one) ** 2)):
        both = one[rows, None] + other  # (rows, B, B): values a, values b, samples c
        nearest, sample = both.min(2)
        place = nearest.argmax()
        better = nearest.flatten()[place] > best
        best = torch.where(better, nearest.flatten()[place], best)
        a = torch.where(better, rows[place // len(one)], a)
        b = torch.where(better, place % len(one), b)
        c = torch.where(better, sample.flatten()[place], c)
    return a, b, c
