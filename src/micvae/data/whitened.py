"""Vectors whitened to mean 0 and covariance I."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.lazy import Images
from micvae.data.problems.problem import without_mixing
from micvae.data.wrapping import inner
from micvae.errors import DataError

_SMALLEST = 1e-8  # of a direction's share in the variance


def whitened(data: DataLike) -> FactorDataset:
    """Map vectors linearly so that their features are uncorrelated and of variance 1.

    x' = W (x − mean) with W the symmetric inverse root of the covariance, and partners likewise.
    A linear map, so that whatever is identifiable of the sources stays so. A Gaussian likelihood
    of one scale then weighs every direction alike, and a linear mixing becomes a rotation.

    Args:
        data: vectors `(N, F)` with known factors; a data set, or its name or path in quotes as
            for `load`.

    Returns:
        `data` with other images. Its renderer mixes and whitens; it is no `Problem`, whose mixing
        would be another.

    Raises:
        DataError: for images, and where the covariance of the features is singular.

    References:
        *Independent Component Analysis: Algorithms and Applications*, Aapo Hyvärinen, Erkki Oja,
        2000, Section 5.2.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import whitened
        >>> data = whitened("independent(n=1000, sources=2, mixing='linear')")
        >>> np.abs(np.round(np.cov(data.images.T), 2))
        array([[1., 0.],
               [0., 1.]])
    """
    dataset = inner(data)
    if len(dataset.image_shape) != 1:
        raise DataError(f"{dataset.name} has images, and whitened takes vectors (N, F).")
    x = np.asarray(dataset.images, dtype=np.float64)
    mean = x.mean(0)
    mean += (x - mean).mean(0) if dataset.images.dtype == np.float64 else 0  # the sum was rounded
    values, directions = np.linalg.eigh(np.cov(x.T, bias=True).reshape(x.shape[1], -1))
    if not values[0] > _SMALLEST * values[-1]:
        if _of_different_scales(x - mean):
            raise DataError(
                f"the features of {dataset.name} differ so much in their standard deviations that "
                "they cannot be whitened together; standardise them first: "
                "whitened(\"standardised('…')\")."
            )
        raise DataError(
            f"the features of {dataset.name} depend on one another linearly, or do not vary, and "
            "cannot be whitened; leave some of them out."
        )
    root = directions / np.sqrt(values) @ directions.T

    def white(images: Images) -> NDArray[np.float32]:
        centred = np.asarray(images, dtype=np.float64) - mean
        turned: NDArray[np.float32] = (centred @ root).astype(np.float32)
        return turned

    of = dataset.renderer
    return replace(
        without_mixing(dataset),
        name=f"{dataset.name}, whitened",
        images=white(dataset.images),
        partners=None if dataset.partners is None else white(dataset.partners),
        renderer=None if of is None else lambda factors: white(of(factors)),
        notes=(*dataset.notes, "Whitened: uncorrelated features of variance 1."),
        source={"data": "whitened", "of": dict(dataset.source)},
        feature_names=(),  # each is a mixture of all
    )


def _of_different_scales(centred: NDArray[np.float64]) -> bool:
    """Whether features could be whitened once each had variance 1."""
    spread = centred.std(0)
    if not (spread > 0).all():
        return False
    values = np.linalg.eigvalsh(np.corrcoef(centred.T).reshape(centred.shape[1], -1))
    return bool(values[0] > _SMALLEST * values[-1])
