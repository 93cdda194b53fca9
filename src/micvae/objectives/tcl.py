"""TCL: features that classify the segments of a time series, unmixed linearly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from micvae.data import FactorDataset
from micvae.distributions import Latents, PointLatents, Trait
from micvae.models import VAEModel
from micvae.networks import dense
from micvae.objectives.base import MODEL, Losses, Objective, Step
from micvae.objectives.hooks import ObjectiveContext, Shape
from micvae.objectives.identifiability import Identifiability
from micvae.objectives.observed import segments
from micvae.objectives.unmixing import unmix

CLASSIFIER, SEGMENTS = "classifier", "segments"


@dataclass(frozen=True)
class TCL(Objective):
    r"""−log p(segment | h(x)), softmax regression on features h, in nats per sample.

    After training, linear independent component analysis of the features gives the codes. The
    encoder's last layer returns absolute values, since within a segment the log-density of a
    Laplace source is −\|s\| over its scale.

    The decoder is trained to reconstruct the images from the features, for pictures only; no
    gradient of that reaches the encoder.

    References:
        *Unsupervised Feature Extraction by Time-Contrastive Learning and Nonlinear ICA*,
        Hyvärinen & Morioka, 2016.

    Examples:
        >>> import micvae
        >>> data = "segments(n=400, sources=2)"
        >>> run = micvae.train("tcl", data=data, latent_dim=2, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'segment_loss']
    """

    summary: ClassVar[str] = "classifies segments; sources up to q(s), such as |s|"
    reference: ClassVar[str] = "Hyvärinen & Morioka 2016"
    latents: ClassVar[Latents] = PointLatents(absolute=True)
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"point"})
    """To unmix features."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to="permutation, scale and shift of q(s), such as |s| or s²",
        given=(
            "sources are independent given the segment, each with a density exp(q(s) λ(segment)) "
            "up to a constant, the λ of all segments have full rank, the mixing is invertible, "
            "and there is no noise"
        ),
        source="Hyvärinen & Morioka 2016",
        remark="The codes are q(s), not s: a sign is not identified.",
    )

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray]:
        """The segment of every image."""
        return {SEGMENTS: segments(dataset, "tcl")}

    def auxiliary_modules(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """Softmax regression."""
        count = int(np.max(context.prepared[SEGMENTS])) + 1
        return {CLASSIFIER: dense(context.latent_dim, [], count, generator)}

    def restore_auxiliary_modules(
        self, context: ObjectiveContext, shapes: Mapping[str, Shape]
    ) -> dict[str, nn.Module]:
        """Softmax regression with the number of segments of its stored bias."""
        count = shapes[f"{CLASSIFIER}.0.bias"][0]
        return {CLASSIFIER: dense(context.latent_dim, [], count, torch.Generator())}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        h, kl = model.space.draw(model.encode(x), step.generator)
        loss = cross_entropy(
            model.auxiliary_modules[CLASSIFIER](h), step.prepared_rows(SEGMENTS, x)
        )
        return with_pictures(model, x, h, kl, loss, "segment_loss")

    def after_training(
        self, model: VAEModel, dataset: FactorDataset, generator: torch.Generator
    ) -> None:
        """Unmix the features."""
        unmix(model, dataset.images, int(torch.randint(2**31, (1,), generator=generator)))


def with_pictures(
    model: VAEModel, x: Tensor, h: Tensor, kl: Tensor, minimised: Tensor, name: str
) -> Losses:
    """A loss of features h `(B, D)`, and of a decoder without gradient to the features."""
    reconstruction = -model.decode(h.detach()).log_prob(x).mean()
    latent_kl = kl.mean(0)
    terms = {
        "loss": minimised,
        "reconstruction": reconstruction,
        "kl": latent_kl.sum(),
        name: minimised,
    }
    return Losses({MODEL: minimised + reconstruction}, terms, latent_kl)
