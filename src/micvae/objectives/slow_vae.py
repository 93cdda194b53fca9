"""SlowVAE: latents with sparse changes from frame to frame."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from micvae.checks import Positive
from micvae.data import FactorDataset, LazyImages
from micvae.distributions import DiagonalGaussian, Trait
from micvae.models import VAEModel, laid_out
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.contrast import contrast
from micvae.objectives.identifiability import Identifiability
from micvae.objectives.observed import next_frames
from micvae.objectives.schedules import NONE, Constant, Schedule

NEIGHBOURS = "neighbours"


@dataclass(frozen=True)
class SlowVAE(Objective):
    r"""A VAE on pairs of neighbouring frames whose latents move by Laplace steps, nats per frame.

    .. math:: E[-\log p(x|z)] + \tfrac12 \big[ \beta\, KL(q(z_{t-1}|x_{t-1}) \| N(0, I))
        + \gamma\, E_{q(z_{t-1}|x_{t-1})} KL(q(z_t|x_t) \| p(z_t|z_{t-1})) \big] + c\, L_t

    with p(z_t|z_{t−1}) = ∏_d (λ/2) exp(−λ \|z_{t,d} − z_{t−1,d}\|), averaged over both directions
    of time; ½ because the paper's loss is that of a pair, with two reconstructions. The last term
    is −H(q(z_t)) − Σ log(λ/2) + λ Σ E\|z_{t,d} − z_{t−1,d}\|, in closed form since the difference
    is Gaussian.

    `as_in_code` selects the loss of the authors' code: the Laplace distribution is centred at
    the other frame's posterior mean, not averaged over its posterior; the cross-entropies of both
    directions are added and the entropy is subtracted once, so that the cross-entropy weighs twice
    as much against the entropy. The preset `paper` uses it, since the paper's results come from
    that code.

    L_t = −E log p(z_t|z_{t−1}) / mean_j p(z_t|z_{j−1}), over the frames j of the batch, is ours and
    not in the paper, whose c is 0. −L_t is a lower bound of I(z_t; z_{t−1}), which no latents
    can raise above that of the sources. It trains the encoder from the start towards coordinates
    that move by Laplace steps, before training settles in others that merely reconstruct.

    References:
        *Towards Nonlinear Disentanglement in Natural Data with Temporal Sparse Coding*, Klindt,
        Schott, Sharma, Ustyuzhaninov, Brendel, Bethge & Paiton, 2021.

    Examples:
        >>> import micvae
        >>> data = "sparse_transitions(n=400, sources=2)"
        >>> run = micvae.train(
        ...     "slow-vae", data=data, slowness=10, latent_dim=2, epochs=1, out="run"
        ... )
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'transition_kl']
    """

    summary: ClassVar[str] = "latents with sparse changes from frame to frame; identifiable"
    reference: ClassVar[str] = "Klindt et al. 2021"
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"gaussian", "normal prior"})
    """For the closed form."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to="permutation, sign, scale and shift",
        given=(
            "sources move by independent, equally sparse steps (generalised Laplace, exponent "
            "below 2), the mixing is invertible, and the model has the right form"
        ),
        source="Klindt et al. 2021",
    )

    beta: Schedule = Constant(1.0)
    """Weight of the KL to the normal prior."""

    slowness: Schedule = Constant(10.0)
    """γ, the weight of the KL to the steps' prior."""

    contrast: Schedule = NONE
    """c, the weight of L_t."""

    rate: Positive = 6.0
    """λ of the Laplace steps: they are 1/λ wide."""

    as_in_code: bool = False
    """Whether the term of the authors' code replaces the KL to the prior of the steps."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`paper`: γ = 10, λ = 6, as in the authors' code. `contrastive`: c = 50, for vectors."""
        return {
            "paper": cls(as_in_code=True),
            "contrastive": cls(beta=Constant(2.0), slowness=Constant(2.0), contrast=Constant(50.0)),
        }

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray | LazyImages]:
        """A neighbour in time of every image; a frame alone is its own."""
        return {NEIGHBOURS: next_frames(dataset, "slow-vae", either=True)[0]}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        both = torch.cat([x, laid_out(step.prepared_rows(NEIGHBOURS, x), x.device)])
        posterior = DiagonalGaussian.require(model.encode(both))
        elbo = ELBO.of(model, both, step.generator, posterior)
        transition = transition_in_code if self.as_in_code else transition_kl
        slow = transition(posterior, self.rate).sum(1).mean()
        loss = (
            elbo.reconstruction
            + 0.5 * self.beta(step.number) * elbo.kl
            + 0.5 * self.slowness(step.number) * slow
        )
        terms = {"transition_kl": slow}
        if self.contrast != NONE:  # logged even at weight 0
            earlier, later = elbo.z.chunk(2)
            terms["contrast"] = contrast_of(earlier, later, self.rate)
            loss = loss + self.contrast(step.number) * terms["contrast"]
        return elbo.losses(loss, **terms)


def contrast_of(earlier: Tensor, later: Tensor, rate: float) -> Tensor:
    """−log p(z_t|z_{t−1}) / mean_j p(z_t|z_{j−1}), averaged over the batch, nats; −log B at least.

    Args:
        earlier: latents `(B, D)` of one frame of each pair.
        later: those of the other.
        rate: λ.
    """
    log_density = -rate * torch.cdist(later, earlier, p=1)  # (B, B), rows z_t, columns z_{j−1}
    return contrast(log_density)


def transition_kl(posterior: DiagonalGaussian, rate: float) -> Tensor:
    """E_{q(z'|x')} KL(q(z|x) ‖ Laplace(z', 1/λ)), nats, `(B, D)`, the mean of both directions.

    Args:
        posterior: of 2 B images, partners B rows apart.
        rate: λ.
    """
    (first, second), (log_one, log_two) = posterior.loc.chunk(2), posterior.log_variance.chunk(2)
    distance = mean_distance(first - second, (log_one.exp() + log_two.exp()).sqrt())
    entropy = 0.5 * (math.log(2 * math.pi * math.e) + 0.5 * (log_one + log_two))
    return rate * distance - math.log(rate / 2) - entropy


def transition_in_code(posterior: DiagonalGaussian, rate: float) -> Tensor:
    """The authors' term: cross-entropies of both directions less one entropy, nats, `(B, D)`.

    Args:
        posterior: of 2 B images, partners B rows apart.
        rate: λ of Laplace distributions about the other frame's mean.
    """
    (first, second), (log_one, log_two) = posterior.loc.chunk(2), posterior.log_variance.chunk(2)
    apart = first - second
    distance = mean_distance(apart, (0.5 * log_one).exp())
    distance = distance + mean_distance(apart, (0.5 * log_two).exp())
    entropy = 0.5 * (math.log(2 * math.pi * math.e) + 0.5 * (log_one + log_two))
    return rate * distance - 2 * math.log(rate / 2) - entropy


def mean_distance(mean: Tensor, spread: Tensor) -> Tensor:
    """E|z| of z ~ N(mean, spread²)."""
    distance = spread * math.sqrt(2 / math.pi) * (-0.5 * (mean / spread) ** 2).exp()
    return distance + mean * torch.erf(mean / (spread * math.sqrt(2)))
