"""Vectors whose features have mean 0 and variance 1: sensors in units of their own compare."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.lazy import Images, LazyImages, Mapped, parts
from micvae.data.problems.problem import Problem
from micvae.data.wrapping import inner
from micvae.errors import DataError


def standardised(
    data: FactorDataset | str | Path,
    mean: ArrayLike | None = None,
    scale: ArrayLike | None = None,
) -> FactorDataset:
    """Subtract from each feature its mean and divide it by its standard deviation.

    x' = (x − mean) / scale per feature, and partners likewise; a feature that does not vary keeps
    its scale. A Gaussian likelihood of one scale then weighs every feature alike, and the step
    size of training fits whatever units the features had.

    Args:
        data: vectors `(N, F)`; a data set, or its name or path in quotes as for `load`.
        mean: what to subtract, `(F,)`, instead of the data's own: for samples beside those that a
            model was trained on.
        scale: what to divide by, `(F,)`, likewise.

    Returns:
        `data` with other images, and `mean` and `scale` in its `source`. Its renderer mixes and
        standardises; it is no `Problem`, whose mixing would be another.

    Raises:
        DataError: for images, and numbers that do not fit the features.
    """
    dataset = inner(data, factors=False)
    if len(dataset.image_shape) != 1:
        raise DataError(f"{dataset.name} has images, and standardised takes vectors (N, F).")
    x = dataset.images
    centre = _mean(x) if mean is None else np.asarray(mean, dtype=np.float64)
    spread = _spread(x, centre) if scale is None else np.asarray(scale, dtype=np.float64)
    if not centre.shape == spread.shape == x.shape[1:] or not (spread > 0).all():
        raise DataError(
            f"mean has shape {centre.shape} and scale {spread.shape}; give a finite number and a "
            f"positive one for each of the {x.shape[1]} features."
        )
    of = dataset.renderer

    def move(vectors: NDArray[Any]) -> NDArray[np.float32]:
        return ((vectors.astype(np.float64) - centre) / spread).astype(np.float32)

    def moved(vectors: Images) -> Images:
        return Mapped(vectors, move) if isinstance(vectors, LazyImages) else move(vectors)

    given: dict[str, Any] = {
        "name": f"{dataset.name}, standardised",
        "images": moved(x),
        "partners": None if dataset.partners is None else moved(dataset.partners),
        "renderer": None if of is None else lambda factors: move(of(factors)),
        "notes": (*dataset.notes, "Standardised: every feature has mean 0 and variance 1."),
        "source": {
            "data": "standardised",
            "of": dict(dataset.source),
            "mean": centre.tolist(),
            "scale": spread.tolist(),
        },
    }
    if not isinstance(dataset, Problem):
        return replace(dataset, **given)
    kept = {f.name: getattr(dataset, f.name) for f in fields(FactorDataset)}
    return FactorDataset(**(kept | given))


def _mean(x: Images) -> NDArray[np.float64]:
    total = sum((block.sum(0, dtype=np.float64) for block in parts(x)), np.zeros(x.shape[1:]))
    return np.asarray(total / len(x))


def _spread(x: Images, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviations; 1 where a feature varies by no more than float32 rounds its mean."""
    squares = (((block - mean) ** 2).sum(0) for block in parts(x))
    spread = np.sqrt(sum(squares, np.zeros(x.shape[1:])) / len(x))
    return np.where(spread > 1e-7 * np.abs(mean), spread, 1.0)
