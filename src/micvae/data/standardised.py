"""Vectors standardised to mean 0 and variance 1 per feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.arrays import unmasked
from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.lazy import Images, LazyImages, Transformed, parts
from micvae.data.problems.problem import without_mixing
from micvae.data.vectors import CONSTANT, rounds_first, warn_of_rounding
from micvae.data.wrapping import inner
from micvae.errors import DataError

FLAT: dict[np.dtype[Any], float] = {np.dtype(np.float32): 1e-7, np.dtype(np.float64): CONSTANT}
"""Largest standard deviation over mean of a constant feature: the effect of rounding."""


def standardised(
    data: DataLike,
    mean: ArrayLike | None = None,
    scale: ArrayLike | None = None,
) -> FactorDataset:
    """Subtract from each feature its mean and divide it by its standard deviation.

    x' = (x − mean) / scale per feature, and partners likewise; a feature that does not vary keeps
    its scale. A Gaussian likelihood of one scale then weighs every feature alike, and the step
    size of training fits whatever units the features had. Everything is computed in float64, in
    which x is read, and the result is float32.

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

    Warns:
        MicvaeWarning: where a feature is float32 and so far from 0 that float32 has rounded it.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import standardised
        >>> data = standardised("independent(n=1000, sources=2, mixing='linear')")
        >>> np.round(data.images.std(axis=0), 3)
        array([1., 1.], dtype=float32)
    """
    dataset = inner(data, factors=False)
    if len(dataset.image_shape) != 1:
        raise DataError(f"{dataset.name} has images, and standardised takes vectors (N, F).")
    if rounds_first():
        dataset = replace(dataset)  # rounds values that were read before
    x = dataset.images
    centre = None if mean is None else np.asarray(unmasked(mean, "mean"), dtype=np.float64)
    spread = None if scale is None else np.asarray(unmasked(scale, "scale"), dtype=np.float64)
    if centre is None or spread is None:
        own_mean, own_spread = moments(x, centre)
        if not rounds_first():
            warn_of_rounding(own_mean, own_spread, dataset.name, dataset.feature_names, x.dtype)
        tiny = FLAT[x.dtype] * np.abs(own_mean)
        centre = own_mean if centre is None else centre
        spread = np.where(own_spread > tiny, own_spread, 1.0) if spread is None else spread
    if not centre.shape == spread.shape == x.shape[1:] or not (spread > 0).all():
        raise DataError(
            f"mean has shape {centre.shape} and scale {spread.shape}; give a finite number and a "
            f"positive one for each of the {x.shape[1]} features."
        )
    of = dataset.renderer

    def move(vectors: NDArray[Any]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):  # infinite results are refused
            return ((vectors.astype(np.float64) - centre) / spread).astype(np.float32)

    def moved(vectors: Images) -> Images:
        return Transformed(vectors, move) if isinstance(vectors, LazyImages) else move(vectors)

    return replace(
        without_mixing(dataset),
        name=f"{dataset.name}, standardised",
        images=moved(x),
        partners=None if dataset.partners is None else moved(dataset.partners),
        renderer=None if of is None else lambda factors: move(of(factors)),
        notes=(*dataset.notes, "Standardised: every feature has mean 0 and variance 1."),
        source={
            "data": "standardised",
            "of": dict(dataset.source),
            "mean": centre.tolist(),
            "scale": spread.tolist(),
        },
    )


def own_vectors(source: Mapping[str, Any], shape: Sequence[int]) -> bool:
    """Whether data consists of the user's own vectors, not yet scaled: commands standardise them.

    False for generated vectors, and for vectors that were standardised or whitened before.

    Args:
        source: of a `FactorDataset`, or of a run's record.
        shape: of a sample.
    """
    from micvae.data import DATASETS  # which offers this module's function by name

    step: Any = source
    while isinstance(step.get("of"), Mapping):
        if step.get("data") in ("standardised", "whitened"):
            return False
        step = step["of"]
    return len(shape) == 1 and step.get("data") not in DATASETS


def moments(
    x: Images, mean: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of every feature, each `(F,)`, computed in float64.

    Args:
        x: vectors `(N, F)`.
        mean: to measure deviations from, instead of the mean of `x`.
    """
    centre = _mean(x) if mean is None else mean
    spread = _deviation(x, centre)
    if mean is None and x.dtype == np.float64 and (np.abs(centre) > 1e4 * spread).any():
        far = np.abs(centre) > 1e4 * spread  # here the rounding of the sum is not negligible
        rest = sum(((block - centre).sum(0) for block in parts(x)), np.zeros(x.shape[1:]))
        centre = np.where(far, centre + rest / len(x), centre)
        spread = _deviation(x, centre)
    return centre, spread


def _mean(x: Images) -> NDArray[np.float64]:
    total = sum((block.sum(0, dtype=np.float64) for block in parts(x)), np.zeros(x.shape[1:]))
    return np.asarray(total / len(x))


def _deviation(x: Images, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", under="ignore"):
        squares = (((block - mean) ** 2).sum(0) for block in parts(x))
        spread: NDArray[np.float64] = np.sqrt(sum(squares, np.zeros(x.shape[1:])) / len(x))
    if x.dtype == np.float32 or ((spread > 1e-140) & (spread < 1e140)).all():
        return spread
    # Squares of very small or very large numbers are not float64: in units of the largest.
    largest = np.max([np.abs(block - mean).max(axis=0) for block in parts(x)], axis=0)
    unit = np.where(largest > 0, largest, 1.0)
    squares = ((((block - mean) / unit) ** 2).sum(0) for block in parts(x))
    return np.asarray(unit * np.sqrt(sum(squares, np.zeros(x.shape[1:])) / len(x)))
