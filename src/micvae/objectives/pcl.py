"""PCL: features that distinguish consecutive frames from others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from micvae.data import FactorDataset, LazyImages
from micvae.distributions import Latents, PointLatents, Trait
from micvae.models import VAEModel, laid_out
from micvae.objectives.base import Losses, Objective, Step
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.identifiability import ELEMENTWISE, Identifiability
from micvae.objectives.observed import next_frames
from micvae.objectives.tcl import with_pictures

SCORE, FOLLOWING, THERE = "score", "following", "there"
POINT = PointLatents()


class PairScore(nn.Module):
    """Σ_d −\\|a_d h_d(later) + b_d h_d(earlier) + c_d\\| + (e_d h_d(later) + f_d)² + g.

    The first term is the log-density of a Laplace source given the one before; the second term
    approximates the log-density of the source alone.
    """

    def __init__(self, latent_dim: int, generator: torch.Generator) -> None:
        super().__init__()
        sign = torch.where(torch.rand(latent_dim, generator=generator) < 0.5, -1.0, 1.0)
        self.later = nn.Parameter(sign.clone())
        self.earlier = nn.Parameter(-0.5 * sign)
        self.shift = nn.Parameter(torch.zeros(latent_dim))
        self.own = nn.Parameter(0.1 * torch.randn(latent_dim, generator=generator))
        self.own_shift = nn.Parameter(torch.zeros(latent_dim))
        self.constant = nn.Parameter(torch.zeros(()))

    def forward(self, later: Tensor, earlier: Tensor) -> Tensor:
        """Logits `(B,)` of "this follows that", from features `(B, D)` each."""
        moved = (self.later * later + self.earlier * earlier + self.shift).abs()
        own = (self.own * later + self.own_shift) ** 2
        return (own - moved).sum(1) + self.constant


@dataclass(frozen=True)
class PCL(Objective):
    r"""Logistic loss of distinguishing (x_t, x_{t−1}) from (x_t, x_{t*}) by features h, in nats.

    t* is another time, drawn by shuffling the batch. The score of a pair is a sum over features,
    see `PairScore`.

    References:
        *Nonlinear ICA of Temporally Dependent Stationary Sources*, Hyvärinen & Morioka, 2017.

    Examples:
        >>> import micvae
        >>> data = "autoregressive(n=400, sources=2)"
        >>> run = micvae.train("pcl", data=data, latent_dim=2, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'pair_loss']
    """

    summary: ClassVar[str] = "distinguishes consecutive frames from others; identifiable"
    reference: ClassVar[str] = "Hyvärinen & Morioka 2017"
    latents: ClassVar[Latents] = POINT
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"point"})
    """For features of a deterministic encoder."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to=ELEMENTWISE,
        given=(
            "sources are independent and stationary, each depends on its own past in a way that "
            "is not Gaussian-like, the mixing is invertible, and there is no noise"
        ),
        source="Hyvärinen & Morioka 2017",
        remark="For Gaussian autoregressive sources a linear mixing may remain.",
    )

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray | LazyImages]:
        """The next frame of every image, and whether there is one."""
        following, there = next_frames(dataset, "pcl", either=False)
        return {FOLLOWING: following, THERE: there}

    def auxiliary_modules(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The score of pairs."""
        return {SCORE: PairScore(context.latent_dim, generator)}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        following = laid_out(step.prepared_rows(FOLLOWING, x), x.device)
        there = step.prepared_rows(THERE, x).float()
        h, kl = model.space.draw(model.encode(torch.cat([x, following])), step.generator)
        earlier, later = h.chunk(2)
        loss = pair_loss(model.auxiliary_modules[SCORE], later, earlier, there, step.generator)
        return with_pictures(model, x, earlier, kl[: len(x)], loss, "pair_loss")


def pair_loss(
    score: nn.Module, later: Tensor, earlier: Tensor, there: Tensor, generator: torch.Generator
) -> Tensor:
    """Logistic loss, nats, of pairs `(B, D)` against pairs with another row's `earlier`.

    Args:
        score: such as `PairScore`.
        later: features h(x_t).
        earlier: features h(x_{t−1}).
        there: 1 for pairs that exist, 0 for others, which do not count, `(B,)`.
        generator: of the shuffling.
    """
    keys = torch.rand(len(later), generator=generator, device=generator.device)
    other = earlier[keys.argsort().to(later.device)]
    each = softplus(-score(later, earlier)) + softplus(score(later, other))
    return (each * there).sum() / there.sum().clamp_min(1.0)
