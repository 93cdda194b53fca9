"""The effect of each latent on the features of a vector, with the others fixed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from micvae.data import FactorDataset
from micvae.models import VAEModel
from micvae.reports.material import Material
from micvae.reports.matrices import SMALLEST_TOP, heat_map
from micvae.reports.page import Group
from micvae.reports.style import by_kl, names_in_full, styled
from micvae.reports.traversals import MAX_LATENTS, decoded_along
from micvae.representation import Representation

FEATURES = 24
"""Largest number of features shown: those with the largest effects."""

SAMPLES = 10_000
"""Whose spread is the unit."""

CONSTANT = 1e-6
"""Of the widest feature's spread: what varies less is beyond what a model of all can see."""


@dataclass(frozen=True, eq=False)
class Effects:
    """How far features move with latents.

    Args:
        latents: L of them, at most 12, by falling KL.
        names: what the F features are called.
        moved: `(L, F)`, in standard deviations of each feature; NaN for one that does not vary.
    """

    latents: list[int]
    names: tuple[str, ...]
    moved: NDArray[np.float64]

    @property
    def furthest(self) -> NDArray[np.float64]:
        """How far each feature is moved by the latent that moves it furthest, `(F,)`."""
        far: NDArray[np.float64] = np.abs(np.nan_to_num(self.moved)).max(0)
        return far


def effects(model: VAEModel, representation: Representation, dataset: FactorDataset) -> Effects:
    r"""Measure how far each feature moves along the traversal of each latent.

    .. math:: e_{df} = \pm \frac{\max_v \hat x_f(v) - \min_v \hat x_f(v)}{s_f}

    where the decoder's mean x̂ is followed over the values v of latent d, the others held, s_f is
    the standard deviation of feature f over the data, and the sign that of x̂_f at the last value
    minus that at the first.
    """
    latents = by_kl(representation.latent_kl)[:MAX_LATENTS]
    along = decoded_along(model, representation, latents)[2].astype(np.float64)
    rows = np.random.default_rng(0).permutation(len(dataset))[:SAMPLES]
    seen = np.asarray(dataset.images[np.sort(rows)], dtype=np.float64)
    spread = seen.std(0)
    rounding = np.finfo(np.float32).eps * np.abs(seen.mean(0))
    varies = spread > np.maximum(rounding, CONSTANT * spread.max())
    sign = np.where(along[:, -1] < along[:, 0], -1.0, 1.0)
    moved = sign * np.ptp(along, axis=1) / np.where(varies, spread, np.nan)
    names = dataset.feature_names or tuple(map(str, range(dataset.image_shape[0])))
    return Effects(latents, names, moved)


def shown_features(found: Sequence[Effects]) -> list[NDArray[np.int64]]:
    """Which features each figure shows, at most 24: the same where all are of the same features."""
    furthest = [one.furthest for one in found]
    if len({one.names for one in found}) == 1:
        furthest = [np.max(furthest, axis=0)] * len(found)
    return [np.sort(np.argsort(-far, kind="stable")[:FEATURES]) for far in furthest]


@styled
def effects_matrix(
    found: Effects, active: NDArray[np.bool_], features: NDArray[np.int64], top: float | None = None
) -> Figure:
    """Draw them as a heat map: red where a feature rises with a latent, blue where it falls.

    Args:
        found: what was measured.
        active: per latent, whether it is.
        features: the numbers of those shown.
        top: standard deviations at the dark ends of the colours; by default the largest.
    """
    names = [found.names[f] for f in features]
    return heat_map(
        found.moved[:, features],
        found.latents,
        names,
        list(active),
        "feature",
        "change, in SD",
        top,
        signed=True,
    )


def effects_group(materials: Sequence[Material]) -> Group | None:
    """Effects on features, of every run on vectors that can be read."""
    pairs = [
        (m, effects(m.model, m.representation, m.dataset))
        for m in materials
        if m.dataset is not None and not m.pictures
    ]
    if not pairs:
        return None
    found = [one for _, one in pairs]
    top = max([SMALLEST_TOP, *(float(one.furthest.max()) for one in found)])
    shown = shown_features(found)
    plates = [
        m.plate(
            "effects",
            effects_matrix(one, m.representation.active, features, top),
            "How far every feature moves with every latent",
        )
        for (m, one), features in zip(pairs, shown, strict=True)
    ]
    caption = (
        "One row per latent, by falling KL. The latent runs through its values; the others stay at "
        "those of one sample, the one whose code is nearest to the mean code. A cell shows how far "
        "the decoder's mean of a feature moves, from its lowest to its highest value, in standard "
        "deviations (SD) of that feature over the data. Red: it ends higher than it began. Blue: "
        "it ends lower. A latent can be named by the features that it moves; its sign is "
        "arbitrary. An inactive latent moves them little and at random. A dot: the feature does "
        "not vary in the data."
    )
    every = all(len(one.names) == len(features) for one, features in zip(found, shown, strict=True))
    if not every or any(len(m.scores.latent_kl) > MAX_LATENTS for m, _ in pairs):
        caption += (
            f" At most {MAX_LATENTS} latents (highest KL) and {FEATURES} features (moved furthest) "
            "are shown."
        )
    names = dict.fromkeys(
        one.names[f] for one, features in zip(found, shown, strict=True) for f in features
    )
    return Group("What each latent moves", caption + names_in_full(names), plates)
