"""Isometric ICA: flatten the data's manifold, then unmix it linearly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from micvae.checks import Between, NonNegativeInt
from micvae.data import FactorDataset
from micvae.distributions import Latents, Trait
from micvae.models import VAEModel
from micvae.objectives.base import Losses, Objective, Step
from micvae.objectives.chart import Chart, hessian_chart, neighbourhood
from micvae.objectives.hooks import ObjectiveContext, Shape
from micvae.objectives.identifiability import SCALED, Identifiability
from micvae.objectives.pcl import POINT
from micvae.objectives.tcl import with_pictures
from micvae.objectives.unmixing import unmix

CHART, LANDMARKS = "chart", "landmarks"


@dataclass(frozen=True)
class IsometricICA(Objective):
    r"""½ ‖h(x) − y(x)‖² of features h and coordinates y of the manifold, in nats per sample.

    Before training, Hessian locally linear embedding gives D coordinates of unit variance to a
    sample of the images, the landmarks. Any other image gets the weighted mean of the coordinates
    of its nearest landmarks, with weights that reconstruct the image. The encoder is regressed on
    these coordinates, so that a new image can be encoded without the landmarks. After training,
    linear independent component analysis of its features gives the codes. The decoder is trained
    to reconstruct the images from the features; no gradient of that reaches the encoder. Codes are
    those of the encoder, also for training images, so they contain its error of fit.

    References:
        *When Is Unsupervised Disentanglement Possible?*, Horan, Richardson & Weiss, 2021.

    Examples:
        >>> import micvae
        >>> data = "independent(n=400, sources=2, mixing='isometry')"
        >>> run = micvae.train(
        ...     "isometric-ica", data=data, landmarks=200, latent_dim=2, epochs=1, out="run"
        ... )
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl', 'embedding_loss']
    """

    summary: ClassVar[str] = "flattens the manifold of the data, then unmixes it; identifiable"
    reference: ClassVar[str] = "Horan et al. 2021"
    latents: ClassVar[Latents] = POINT
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"point"})
    """To unmix features."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to=SCALED,
        given=(
            "sources are independent, at most one is Gaussian, their support is open and "
            "connected, the mixing is a local isometry (JᵀJ = c·I), there is no noise, and there "
            "are as many latents as sources"
        ),
        source="Horan et al. 2021",
    )

    landmarks: Annotated[int, Between(2)] = 2000
    """Number of images that are embedded; time grows with its cube."""

    neighbours: NonNegativeInt = 0
    """Nearest landmarks that make a neighbourhood, more than D (D + 3) / 2; 0: four times that."""

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray]:
        """The landmarks, `(M, F)`."""
        rows = torch.randperm(len(dataset), generator=generator)[: self.landmarks].numpy()
        return {LANDMARKS: dataset.images[rows].reshape(len(rows), -1)}

    def auxiliary_modules(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """The chart of the manifold, which is not trained."""
        seed = int(torch.randint(2**31, (1,), generator=generator))
        landmarks = np.asarray(context.prepared[LANDMARKS])
        return {CHART: hessian_chart(landmarks, context.latent_dim, self.neighbours, seed)}

    def restore_auxiliary_modules(
        self, context: ObjectiveContext, shapes: Mapping[str, Shape]
    ) -> dict[str, nn.Module]:
        """An empty chart of as many landmarks."""
        landmarks = torch.empty(shapes[f"{CHART}.landmarks"])
        coordinates = torch.empty(len(landmarks), context.latent_dim)
        k = neighbourhood(self.neighbours, len(landmarks), context.latent_dim)
        return {CHART: Chart(landmarks, coordinates, k)}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        h, kl = model.space.draw(model.encode(x), step.generator)
        coordinates: Tensor = model.auxiliary_modules[CHART](x.flatten(1))
        loss = 0.5 * ((h - coordinates) ** 2).sum(1).mean()
        return with_pictures(model, x, h, kl, loss, "embedding_loss")

    def after_training(
        self, model: VAEModel, dataset: FactorDataset, generator: torch.Generator
    ) -> None:
        """Unmix the features."""
        unmix(model, dataset.images, int(torch.randint(2**31, (1,), generator=generator)))
