"""HFS: latents whose support, not whose distribution, factorises."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from micvae.distributions import Trait
from micvae.models.vae import VAE
from micvae.objectives.base import MODEL, Elbo, Losses, Objective, Step
from micvae.objectives.schedules import Constant, Schedule

_BLOCK = 1 << 24  # distances that are held at a time


@dataclass(frozen=True)
class Hfs(Objective):
    r"""ELBO with β, plus γ Σ_{i<j} d_H(S_ij, S_i × S_j): Hausdorff-factorised support.

    .. math:: d_H = \max_{a, b} \min_c \; (z_{ai} - z_{ci})^2 + (z_{bj} - z_{cj})^2

    over the samples a, b, c of a batch, scaled to unit variance: how far the worst combination of
    two observed values is from any that was observed together. Unlike penalties on dependence it
    allows correlated factors, as long as every combination of their values can occur.

    References:
        *Disentanglement of Correlated Factors via Hausdorff Factorized Support*, Roth, Ibrahim,
        Akata, Vincent & Bouchacourt, 2023.
    """

    summary: ClassVar[str] = "factorised support: for correlated factors"
    reference: ClassVar[str] = "Roth et al. 2023"
    strength: ClassVar[str] = "support_weight"

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    support_weight: Schedule = Constant(10.0)
    """γ, the weight of the distance between the support and its factorised hull."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`support-only`: no KL term, as the paper's plain HFS."""
        return {"support-only": cls(beta=Constant(0.0))}

    def needs(self) -> frozenset[Trait]:
        """Latents are compared one by one."""
        return frozenset({"columns"})

    def __call__(self, model: VAE, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = Elbo.of(model, x, step.generator)
        kl = elbo.latent_kl.sum()
        distance = hausdorff(elbo.z)
        loss = (
            elbo.reconstruction
            + self.beta(step.number) * kl
            + self.support_weight(step.number) * distance
        )
        terms = {
            "loss": loss,
            "reconstruction": elbo.reconstruction,
            "kl": kl,
            "support_distance": distance,
        }
        return Losses({MODEL: loss}, terms, elbo.latent_kl)


def hausdorff(z: Tensor) -> Tensor:
    """Sum over pairs of latents of the squared distance to the factorised support, (B, D)."""
    scaled = z / z.std(0, correction=0).clamp_min(1e-6)
    apart = (scaled.T[:, :, None] - scaled.T[:, None, :]) ** 2  # (D, B values, B samples)
    total = z.new_zeros(())
    for i in range(z.shape[1]):
        for j in range(i):
            a, b, c = farthest(apart[i].detach(), apart[j].detach())
            total = total + (apart[i, a, c] + apart[j, b, c])
    return total


def farthest(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Values a of one latent and b of another whose nearest sample c is farthest, as indices.

    Only this one distance has a gradient, so that nothing of size B³ is kept for it.

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
