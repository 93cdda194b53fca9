"""Sparse VAE: every feature depends on few latents, and some on one alone."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from micvae.checks import OpenShare, Positive
from micvae.distributions import Trait
from micvae.errors import MicvaeError
from micvae.models import VAEModel
from micvae.networks import Network, Sparse, SparseDecoder
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.identifiability import ELEMENTWISE, Identifiability
from micvae.objectives.schedules import Constant, Schedule


@dataclass(frozen=True)
class SparseVAE(Objective):
    r"""−E[log p(x|z)] + β · KL + γ Σ_{f,d} pen(w_fd / ‖w_f‖), in nats per sample.

    Feature f is decoded from w_f ⊙ z by the `sparse` network. The penalty is the spike-and-slab
    lasso of W, less its value at 0:

    .. math:: pen(w) = -\log \bigl(\tfrac{\theta \lambda_1}{2} e^{-\lambda_1 |w|}
        + \tfrac{(1 - \theta) \lambda_0}{2} e^{-\lambda_0 |w|}\bigr) + \text{const}

    with λ_0 the `spike`, λ_1 the `slab` and θ the `share`. Two things differ from the authors':
    θ is fixed instead of learned for each latent, and each feature's weights are normalised
    to length 1 first, since otherwise W could shrink while the network grows. γ = 1/N gives the
    mode of the posterior; the default is larger.

    References:
        *Identifiable Deep Generative Models via Sparse Decoding*, Moran, Sridhar, Wang & Blei,
        2022.
        *The Spike-and-Slab LASSO*, Ročková & George, 2018.

    Examples:
        >>> import micvae
        >>> data = "independent(n=400, sources=2, mixing='sparse')"
        >>> run = micvae.train(
        ...     "sparse-vae", data=data, sparsity_weight=0.3, latent_dim=2, epochs=1, out="run"
        ... )
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'mask_penalty']
    """

    summary: ClassVar[str] = "every feature depends on few latents; identifiable with anchors"
    reference: ClassVar[str] = "Moran et al. 2022"
    network: ClassVar[Network] = Sparse()
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"vector_code"})
    """To mask latents one by one."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to=ELEMENTWISE,
        given=(
            "every source has at least two anchor features, which depend on it alone and in the "
            "same way, and the sparsest weights are found"
        ),
        source="Moran et al. 2022",
    )

    beta: Schedule = Constant(1.0)
    """Weight of the KL term."""

    sparsity_weight: Schedule = Constant(0.3)
    """γ, the weight of the penalty on W."""

    spike: Positive = 10.0
    """λ_0: weights that are off have a scale of about 1/λ_0."""

    slab: Positive = 0.1
    """λ_1: weights that are on shrink little."""

    share: OpenShare = 0.5
    """θ, the expected share of weights that are on."""

    def validate(self) -> None:
        """Refuse a spike that is not narrower than the slab."""
        super().validate()
        if not self.slab < self.spike:
            raise MicvaeError(f"spike is {self.spike} and slab {self.slab}; give 0 < slab < spike.")

    def auxiliary_modules(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """None; networks without masks are an error before the first step."""
        if not isinstance(context.network, Sparse):
            raise MicvaeError(
                f"sparse-vae penalises the masks of a decoder, and {context.network} has none; "
                "leave --network out or use --network sparse."
            )
        return {}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        assert isinstance(model.decoder, SparseDecoder)
        elbo = ELBO.of(model, x, step.generator)
        penalty = self.penalty(model.decoder.masks.weight)
        loss = (
            elbo.reconstruction
            + self.beta(step.number) * elbo.kl
            + self.sparsity_weight(step.number) * penalty
        )
        return elbo.losses(loss, mask_penalty=penalty)

    def penalty(self, masks: Tensor) -> Tensor:
        """The spike-and-slab lasso of W `(F, D)`, rows brought to length 1; 0 for W = 0."""
        size = (masks / masks.norm(dim=1, keepdim=True).clamp_min(1e-12)).abs()
        on, off = math.log(self.share * self.slab), math.log((1 - self.share) * self.spike)
        density = torch.logaddexp(on - self.slab * size, off - self.spike * size)
        at_zero = math.log(math.exp(on) + math.exp(off))
        return (at_zero - density).sum()
