"""The paper's method: a VAE that penalises the mutual information of every pair of latents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from micvae.distributions import Trait
from micvae.information import ESTIMATORS, PairwiseEstimator
from micvae.information.latents import known_offset, latent_pairwise_information
from micvae.models.vae import VAEModel
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.schedules import Constant, Ramp, Schedule

ADVERSARY = "density_ratio"


@dataclass(frozen=True)
class MIConstrained(Objective):
    r"""−E[log p(x|z)] + β · KL(q(z|x) ‖ p(z)) + λ · R_MI, in nats per sample.

    .. math:: R_{MI} = \sum_{i \ne j} I(z_i; z_j)

    under the aggregate posterior q(z), over **ordered** pairs: each unordered pair counts twice.

    Note:
        R_MI = 0 means pairwise independence. It implies neither joint independence nor identified
        factors. A latent that ignores the image has R_MI = 0, too, so a large λ may collapse
        latents.

    References:
        *Mutual Information Constrained Variational Framework for Identifiable Representation
        Disentangling*, Section 4.2 (β = 1, λ = 10, Section 5.3).

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train("mi-constrained", data=data, mi_weight=3, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'r_mi']
    """

    summary: ClassVar[str] = "the paper's method: penalises the MI of every pair of latents"
    reference: ClassVar[str] = "the paper, Section 4.2"
    strength: ClassVar[str] = "mi_weight"

    beta: Schedule = Constant(1.0)
    """Weight of the KL term: a number, or a schedule such as "ramp(0, 1, steps=1000)"."""

    mi_weight: Schedule = Constant(3.0)
    """λ, the weight of the sum of pairwise mutual informations; a number or a schedule."""

    category_cost: Schedule = Constant(1.0)
    """Factor on the KL of categorical latents, if there are any. A large initial value keeps them
    inactive until the numbers encode what is continuous."""

    estimator: PairwiseEstimator = ESTIMATORS["mixture"]()  # noqa: RUF009, frozen
    """How mutual information is estimated on a batch; see `micvae list estimators`."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """Named settings.

        `paper`: Section 5.3. `recommended`: our tuning, the default. `categories`: for joint
        latents; categories become active over 3,000 steps.
        """
        return {
            "paper": cls(beta=Constant(1.0), mi_weight=Constant(10.0)),
            "recommended": cls(),
            "categories": cls(category_cost=Ramp(6.0, 1.0, steps=3000)),
        }

    @property
    def required_traits(self) -> frozenset[Trait]:  # type: ignore[override]
        """Posteriors that the estimator can read; discrete latents need no estimator."""
        return frozenset({"vector_code" if self.estimator.reads_samples_alone else "densities"})

    def networks(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The estimator's adversary, where it has one."""
        network = self.estimator.network(context.latent_dim, generator)
        return {} if network is None else {ADVERSARY: network}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        priced = elbo.kl
        discrete = [kind == "discrete" for kind in model.space.kinds]
        if any(discrete):
            extra = self.category_cost(step.number) - 1
            priced = priced + extra * elbo.latent_kl[torch.tensor(discrete, device=x.device)].sum()
        network = step.networks.get(ADVERSARY)
        information = latent_pairwise_information(
            self.estimator,
            elbo.posterior,
            elbo.z,
            dataset_size=step.dataset_size,
            network=network,
        ).sum()
        weight = self.mi_weight(step.number)
        loss = elbo.reconstruction + self.beta(step.number) * priced + weight * information
        offset = known_offset(self.estimator, elbo.posterior, step.dataset_size)
        losses = elbo.losses(loss, r_mi=information - offset)
        losses.terms["loss"] = loss - weight * offset
        own = self.estimator.network_loss(elbo.z, network=network, generator=step.generator)
        if own is not None:
            losses.minimised[ADVERSARY] = losses.terms[ADVERSARY + "_loss"] = own
        return losses
