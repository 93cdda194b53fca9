"""What each latent does to the features of a vector: one varies, the others are held."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from micvae.data import FactorDataset
from micvae.models import VAE
from micvae.reports.matrices import heat_map
from micvae.reports.style import by_kl, styled
from micvae.reports.traversals import MOST, decoded_along
from micvae.representation import Representation

FEATURES = 24
"""At most so many features are shown, those that latents move most."""

SAMPLES = 10_000
"""Whose spread is the unit."""


@dataclass(frozen=True, eq=False)
class Effects:
    """How far features move with latents.

    Args:
        latents: at most 12, by falling KL.
        features: the numbers of those shown, at most 24.
        names: what these are called.
        moved: `(latents, features)`, in standard deviations of each feature.
    """

    latents: list[int]
    features: NDArray[np.int64]
    names: list[str]
    moved: NDArray[np.float64]


def effects(model: VAE, representation: Representation, dataset: FactorDataset) -> Effects:
    r"""Measure how far each feature moves along the traversal of each latent.

    .. math:: e_{df} = \pm \frac{\max_v \hat x_f(v) - \min_v \hat x_f(v)}{s_f}

    where the decoder's mean x̂ is followed over the values v of latent d, the others held, s_f is
    the standard deviation of feature f over the data, and the sign that of x̂_f at the last value
    minus that at the first.
    """
    latents = by_kl(representation.latent_kl)[:MOST]
    along = decoded_along(model, representation, latents)[2].astype(np.float64)
    rows = np.random.default_rng(0).permutation(len(dataset))[:SAMPLES]
    spread = np.asarray(dataset.images[np.sort(rows)], dtype=np.float64).std(0)
    sign = np.where(along[:, -1] < along[:, 0], -1.0, 1.0)
    moved = sign * np.ptp(along, axis=1) / np.where(spread > 0, spread, 1.0)
    most = np.argsort(-np.abs(moved).max(0), kind="stable")[:FEATURES]
    features = np.sort(most)
    names = dataset.feature_names or tuple(map(str, range(dataset.image_shape[0])))
    return Effects(latents, features, [names[f] for f in features], moved[:, features])


@styled
def effects_matrix(found: Effects, active: NDArray[np.bool_]) -> Figure:
    """Draw them as a heat map: red where a feature rises with a latent, blue where it falls."""
    title = "change of the feature, standard deviations"
    return heat_map(
        found.moved, found.latents, found.names, list(active), "feature", title, signed=True
    )
