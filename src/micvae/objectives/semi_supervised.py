"""A few labelled images that steer any objective."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from micvae.data import FactorDataset
from micvae.distributions import Latents, Trait
from micvae.errors import DataError, MicvaeError
from micvae.models import VAEModel, laid_out
from micvae.networks import Network
from micvae.objectives.base import MODEL, Losses, Objective, ObjectiveContext, Shape, Step
from micvae.objectives.beta_vae import BetaVAE
from micvae.objectives.identifiability import Identifiability
from micvae.objectives.schedules import Constant, Schedule
from micvae.representation import Encoded

IMAGES, TARGETS = "labelled images", "their factors"
BASE = BetaVAE()


@dataclass(frozen=True)
class SemiSupervised(Objective):
    r"""Any objective, plus γ Σ_k H(y_k, σ(E[z_k|x])) on a few labelled images, in nats per image.

    H is the binary cross-entropy and y_k the k-th factor, scaled to [0, 1]: the k-th latent is
    told to follow the k-th factor; further latents are free. Labels are drawn once, at random.

    References:
        *Disentangling Factors of Variation Using Few Labels*, Locatello, Tschannen, Bauer, Rätsch,
        Schölkopf & Bachem, 2020.
    """

    summary: ClassVar[str] = "steers any objective by a few labelled images"
    reference: ClassVar[str] = "Locatello et al. 2020"

    base: Objective = BASE
    """What is steered, e.g. "beta-tcvae(beta=4)"."""

    labels: int = 100
    """How many images have labels."""

    label_weight: Schedule = Constant(10.0)
    """γ, the weight of the labels."""

    def __post_init__(self) -> None:
        if self.labels < 1:
            raise MicvaeError(f"labels is {self.labels}; at least one image needs a label.")
        if isinstance(self.base, SemiSupervised):
            raise MicvaeError("base is semi-supervised itself; name what it steers.")

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`few` and `many`: 100 and 1,000 labels, as in the paper."""
        return {"few": cls(), "many": cls(labels=1000)}

    @property
    def identifiability(self) -> Identifiability | None:  # type: ignore[override]
        """As the base."""
        return self.base.identifiability

    @property
    def second_batch(self) -> bool:
        """As the base."""
        return self.base.second_batch

    @property
    def latents(self) -> Latents:
        """As the base."""
        return self.base.latents

    @property
    def finishes(self) -> bool:
        """As the base."""
        return self.base.finishes

    @property
    def closed_form(self) -> bool:
        """As the base."""
        return self.base.closed_form

    @property
    def one_by_one(self) -> bool:
        """As the base."""
        return self.base.one_by_one

    @property
    def own_prior(self) -> str:
        """As the base."""
        return self.base.own_prior

    @property
    def network(self) -> Network:
        """As the base."""
        return self.base.network

    def needs(self) -> frozenset[Trait]:
        """One number per factor, and what the base needs."""
        return self.base.needs() | {"columns"}

    def networks(
        self, setting: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The base's."""
        return self.base.networks(setting, generator)

    def companions(
        self, setting: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The base's."""
        return self.base.companions(setting, generator)

    def rebuilt(
        self, setting: ObjectiveContext, shapes: Mapping[str, Shape]
    ) -> dict[str, nn.Module]:
        """The base's."""
        return self.base.rebuilt(setting, shapes)

    def finish(self, model: VAEModel, dataset: FactorDataset, generator: torch.Generator) -> None:
        """As the base."""
        self.base.finish(model, dataset, generator)

    def represent(self, model: VAEModel, dataset: FactorDataset) -> Encoded:
        """As the base."""
        return self.base.represent(model, dataset)

    def adam(self, group: str) -> dict[str, Any]:
        """The base's."""
        return self.base.adam(group)

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray]:
        """Draw the labelled images, and scale their factors to [0, 1].

        Raises:
            DataError: where there are no factors, or fewer images than labels.
        """
        if dataset.n_factors == 0 or self.labels > len(dataset):
            raise DataError(
                f"semi-supervised needs {self.labels} images with factors; {dataset.name} has "
                f"{len(dataset)} images with {dataset.n_factors} factors."
            )
        chosen = torch.randperm(len(dataset), generator=generator)[: self.labels].numpy()
        low, high = dataset.factors.min(0), dataset.factors.max(0)
        scaled = (dataset.factors[chosen] - low) / np.where(high > low, high - low, 1.0)
        own = {IMAGES: dataset.images[chosen], TARGETS: scaled.astype(np.float32)}
        return own | dict(self.base.prepare(dataset, generator))

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch, and as many of the labelled images; see `Objective`."""
        losses = self.base(model, x, step)
        images, targets = step.given[IMAGES], step.given[TARGETS]
        if targets.shape[1] > model.latent_dim:
            raise MicvaeError(
                f"latent_dim is {model.latent_dim}, but there are {targets.shape[1]} factors to "
                "follow; raise latent_dim."
            )
        if len(images) > len(x):
            device = step.generator.device
            keys = torch.rand(len(images), generator=step.generator, device=device)
            rows = keys.argsort()[: len(x)].to(images.device)
            images, targets = images[rows], targets[rows]
        batch = laid_out(images, x.device)
        codes = model.encode(batch).trained_mean[:, : targets.shape[1]]
        wrong = binary_cross_entropy_with_logits(codes, targets.to(x.device), reduction="none")
        supervised = wrong.sum(1).mean()
        loss = losses.minimised[MODEL] + self.label_weight(step.number) * supervised
        terms = {**losses.terms, "loss": loss, "label_loss": supervised}
        return replace(losses, minimised={**losses.minimised, MODEL: loss}, terms=terms)
