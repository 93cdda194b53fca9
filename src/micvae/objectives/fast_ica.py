"""FastICA: linear independent component analysis of the data's principal components."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from micvae.data import FactorDataset, Images
from micvae.distributions import Latents, Trait
from micvae.distributions.likelihood import BernoulliImage
from micvae.errors import MicvaeError
from micvae.models import VAEModel
from micvae.networks import MLP, Network
from micvae.objectives.base import ELBO, Losses, Objective, Step
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.identifiability import SCALED, Identifiability
from micvae.objectives.pcl import POINT
from micvae.objectives.unmixing import unmix

_DARKEST = 0.01  # log-odds of 0 and 1 are not finite: pixels are clipped to [0.01, 0.99]


@dataclass(frozen=True)
class FastICA(Objective):
    r"""Codes W (x − m): D principal components, rotated until they are independent.

    After the last step the encoder becomes the projection on the first D principal components,
    FastICA (contrast log cosh) finds the unmixing, and the decoder becomes the affine map with the
    least squared reconstruction error (of log-odds, for Bernoulli pixels). The steps before have no
    effect on either. They minimise the reconstruction error, −log p(x|z) in nats, which sets the
    scale of a learned Gaussian and shows how much D linear codes can reconstruct. One epoch is
    enough.

    References:
        *Fast and Robust Fixed-Point Algorithms for Independent Component Analysis*, Hyvärinen,
        1999.
        *Independent Component Analysis, a New Concept?*, Comon, 1994.

    Examples:
        >>> import micvae
        >>> data = "independent(n=400, sources=2, mixing='linear')"
        >>> run = micvae.train("fast-ica", data=data, latent_dim=2, epochs=1, out="run")
        >>> [term for term in run.final_terms() if not term.startswith("kl_")]
        ['loss', 'reconstruction', 'kl']
    """

    summary: ClassVar[str] = "linear: principal components made independent; identifiable"
    reference: ClassVar[str] = "Hyvärinen 1999"
    latents: ClassVar[Latents] = POINT
    network: ClassVar[Network] = MLP(depth=0)
    closed_form_fit: ClassVar[bool] = True
    required_traits: ClassVar[frozenset[Trait]] = frozenset({"point"})
    """To unmix features."""
    identifiability: ClassVar[Identifiability | None] = Identifiability(
        up_to=SCALED,
        given=(
            "sources are independent, at most one is Gaussian, and the mixing is linear with full "
            "column rank"
        ),
        source="Comon 1994; Hyvärinen 1999",
    )

    def auxiliary_modules(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """None; networks that are not linear are an error before the first step."""
        if not isinstance(context.network, MLP) or context.network.depth > 0:
            raise MicvaeError(
                f"fast-ica is linear, and network is {context.network}; leave --network out or "
                'use --network "mlp(depth=0)".'
            )
        return {}

    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate on a batch; see `Objective`."""
        elbo = ELBO.of(model, x, step.generator)
        return elbo.losses(elbo.reconstruction)

    def after_training(
        self, model: VAEModel, dataset: FactorDataset, generator: torch.Generator
    ) -> None:
        """Set encoder, unmixing and decoder."""
        seed = int(torch.randint(2**31, (1,), generator=generator))
        centre, directions = principal_components(dataset.images, model.latent_dim, seed)
        _set(model.encoder, directions, -directions @ centre)
        unmix(model, dataset.images, seed)
        _set(model.decoder, *_read_back(model, dataset.images, centre, directions))


def principal_components(
    images: Images, count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean `(F,)`, and `count` orthonormal directions of most variance, `(count, F)`.

    If there are fewer directions, the rest is 0.
    """
    from sklearn.decomposition import PCA

    flat = np.asarray(images, dtype=np.float64).reshape(len(images), -1)
    found = PCA(min(count, *flat.shape), random_state=seed).fit(flat)
    directions = np.zeros((count, flat.shape[1]))
    directions[: len(found.components_)] = found.components_
    return found.mean_, directions


def _read_back(
    model: VAEModel,
    images: Images,
    centre: NDArray[np.float64],
    directions: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The regression of images on principal components: weights `(F, D)` and bias `(F,)`."""
    origin = torch.zeros(1, model.latent_dim, device=next(model.parameters()).device)
    if not isinstance(model.decode(origin), BernoulliImage):
        return directions.T, centre
    products, squares = np.zeros(directions.T.shape), np.zeros(len(directions))
    total = np.zeros(len(centre))
    for block in _blocks(images):
        grey = np.clip(block, _DARKEST, 1 - _DARKEST)
        odds, h = np.log(grey / (1 - grey)), (block - centre) @ directions.T
        products += odds.T @ h
        squares += (h**2).sum(0)
        total += odds.sum(0)
    return products / np.where(squares > 0, squares, 1.0), total / len(images)


def _blocks(images: Images, size: int = 1000) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(images), size):
        block = images[start : start + size].astype(np.float64)
        yield block.reshape(len(block), -1)


def _set(network: nn.Module, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> None:
    (layer,) = (m for m in network.modules() if isinstance(m, nn.Linear))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        layer.bias.copy_(torch.from_numpy(bias))
