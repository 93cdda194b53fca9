"""Factors of any data set rendered as images."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.dsprites import render as render_shapes
from micvae.data.problems.problem import Problem
from micvae.data.squares import render as render_squares
from micvae.data.wrapping import inner
from micvae.errors import DataError

Array = NDArray[np.float64]


class _Scene(NamedTuple):
    names: tuple[str, ...]
    low: Array
    high: Array
    render: Callable[[Array], NDArray[np.float32]]


def _heart(factors: Array) -> NDArray[np.float32]:
    hearts = np.full((len(factors), 1), 3.0)
    x, y, scale, turn = (factors[:, [i]] for i in range(4))
    return render_shapes(np.concatenate([hearts, scale, turn, x, y], axis=1))


# Angles end before the image repeats itself: a square after 90°, a heart after 360°.
SCENES = {
    "squares": _Scene(
        ("size", "intensity", "rotation"),
        np.asarray([6.0, 0.2, 0.0]),
        np.asarray([22.0, 1.0, 67.5]),
        render_squares,
    ),
    "dsprites": _Scene(
        ("posX", "posY", "scale", "orientation"),
        np.asarray([0.0, 0.0, 0.5, 0.0]),
        np.asarray([1.0, 1.0, 1.0, 1.75 * np.pi]),
        _heart,
    ),
}


def rendered(data: DataLike, *, scene: str = "squares") -> FactorDataset:
    """Render the factors of another data set as images of squares or hearts.

    Factor k is scaled from its range in the data to the range of the scene's property k: `size`,
    `intensity`, `rotation` of a square; `posX`, `posY`, `scale`, `orientation` of a heart.
    Properties without a factor keep the middle of their range. Auxiliary variables and sequences
    stay; partners are rendered where their sources are known, as in `sharing_pairs`. Images have no
    noise.

    Args:
        data: with at most as many factors as the scene has properties; a data set, or its name or
            path in quotes as for `load`.
        scene: `squares` (32×32) or `dsprites` (64×64).

    Returns:
        A data set of images with the factors, their names, kinds and values of `data`. Its
        renderer takes factors outside of the range for the end of it.

    Raises:
        DataError: for an unknown scene, too many factors, and partners of unknown sources.

    Examples:
        >>> from micvae.data import rendered
        >>> data = rendered("independent(n=100, sources=2)")
        >>> data.images.shape
        (100, 1, 32, 32)
    """
    dataset = inner(data)
    if scene not in SCENES:
        raise DataError(f"scene is {scene!r}; choose from {', '.join(SCENES)}.")
    to, k = SCENES[scene], dataset.n_factors
    if k > len(to.names):
        raise DataError(
            f"{dataset.name} has {k} factors, but {scene} shows {len(to.names)}: "
            f"{', '.join(to.names)}; give fewer (sources={len(to.names)})."
        )
    hidden = dataset.hidden if isinstance(dataset, Problem) else {}
    if dataset.partners is not None and "partners" not in hidden:
        raise DataError(
            f"the factors of the partners of {dataset.name} are not known, so they cannot be "
            "rendered; use sharing_pairs, or make pairs of the rendered data."
        )
    drawn = dataset.factors
    if "partners" in hidden:
        drawn = np.concatenate([drawn, hidden["partners"]])
    low, span = drawn.min(0), np.ptp(drawn, axis=0)

    def render(factors: Array) -> NDArray[np.float32]:
        at = np.full((len(factors), len(to.names)), 0.5)
        at[:, :k] = np.clip((factors - low) / np.where(span > 0, span, 1), 0, 1)
        return to.render(to.low + at * (to.high - to.low))

    notes = dataset.notes
    if isinstance(dataset, Problem):  # whose theory may rest on the mixing that is left out here
        before = f"Of the vectors, before rendering: {dataset.theory}"
        notes = tuple(before if note == dataset.theory else note for note in notes)
    shown = ", ".join(
        f"{name} as {prop}" for name, prop in zip(dataset.factor_names, to.names, strict=False)
    )
    return FactorDataset(
        name=f"{dataset.name}, rendered",
        images=render(dataset.factors),
        factors=dataset.factors,
        factor_names=dataset.factor_names,
        factor_kinds=dataset.factor_kinds,
        factor_values=dataset.factor_values,
        renderer=render,
        notes=(*notes, f"Shown as images of {scene}: {shown}."),
        source={"data": "rendered", "of": dict(dataset.source), "scene": scene},
        partners=render(hidden["partners"]) if "partners" in hidden else None,
        auxiliary=dataset.auxiliary,
        sequence=dataset.sequence,
    )
