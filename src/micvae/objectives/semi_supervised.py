"""A few labelled images that supervise any objective."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from micvae.checks import PositiveInt
from micvae.data import FactorDataset, LazyImages
from micvae.distributions import Trait
from micvae.errors import DataError, MicvaeError
from micvae.models import VAEModel, laid_out
from micvae.objectives.base import MODEL, Losses, Objective, Step
from micvae.objectives.beta_vae import BetaVAE
from micvae.objectives.hooks import ForwardedHooks
from micvae.objectives.schedules import Constant, Schedule

IMAGES, TARGETS = "labelled images", "their factors"
BASE = BetaVAE()


@dataclass(frozen=True)
class SemiSupervised(ForwardedHooks, Objective):
    r"""Any objective, plus γ Σ_k H(y_k, σ(E[z_k|x])) on a few labelled images, in nats per image.

    H is the binary cross-entropy and y_k the k-th factor, scaled to [0, 1]. The loss makes the
    k-th latent predict the k-th factor; further latents are free. The labelled images are drawn
    once, at random.

    References:
        *Disentangling Factors of Variation Using Few Labels*, Locatello, Tschannen, Bauer, Rätsch,
        Schölkopf & Bachem, 2020.

    Examples:
        >>> import micvae
        >>> data = "squares(n=128)"
        >>> run = micvae.train("semi-supervised", data=data, labels=32, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'label_loss']
    """

    summary: ClassVar[str] = "supervises any objective by a few labelled images"
    reference: ClassVar[str] = "Locatello et al. 2020"

    base: Objective = BASE
    """The objective to supervise, e.g. "beta-tcvae(beta=4)"."""

    labels: PositiveInt = 100
    """Number of labelled images."""

    label_weight: Schedule = Constant(10.0)
    """γ, the weight of the labels."""

    def validate(self) -> None:
        """Refuse a base that is semi-supervised itself."""
        super().validate()
        if isinstance(self.base, SemiSupervised):
            raise MicvaeError("base is semi-supervised itself; name the objective it supervises.")

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """`few` and `many`: 100 and 1,000 labels, as in the paper."""
        return {"few": cls(), "many": cls(labels=1000)}

    @property
    def required_traits(self) -> frozenset[Trait]:  # type: ignore[override]
        """Those of the base, and one number per latent."""
        return self.base.required_traits | {"vector_code"}

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray | LazyImages]:
        """Draw the labelled images, and scale their factors to [0, 1].

        Raises:
            DataError: if there are no factors, or fewer images than labels.
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
        return {**own, **self.base.prepare(dataset, generator)}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch, and as many of the labelled images; see `Objective`."""
        losses = self.base(model, x, step)
        images, targets = step.prepared[IMAGES], step.prepared[TARGETS]
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
        entropies = binary_cross_entropy_with_logits(codes, targets.to(x.device), reduction="none")
        supervised = entropies.sum(1).mean()
        loss = losses.minimised[MODEL] + self.label_weight(step.number) * supervised
        terms = {**losses.terms, "loss": loss, "label_loss": supervised}
        return replace(losses, minimised={**losses.minimised, MODEL: loss}, terms=terms)
