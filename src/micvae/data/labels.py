"""A factor as the class label; instance-dependent label noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, softmax

from micvae.data.dataset import FactorDataset
from micvae.data.lazy import Images
from micvae.data.wrapping import column
from micvae.errors import DataError


def label_of(dataset: FactorDataset, name: str | None = None) -> int:
    """Which factor is the label: the named one, else the first categorical, else ordinal one.

    Raises:
        DataError: where there is none such.
    """
    if name is not None:
        return column(dataset, name)
    for kind in ("categorical", "ordinal"):
        if kind in dataset.factor_kinds:
            return dataset.factor_kinds.index(kind)
    raise DataError(
        f"{dataset.name} has no categorical or ordinal factor to be the label; set label to the "
        "name of a factor with few values."
    )


def instance_dependent(
    images: Images,
    labels: NDArray[np.int64],
    rate: float,
    generator: np.random.Generator,
    *,
    spread: float = 0.1,
) -> NDArray[np.int64]:
    r"""Replace some labels by wrong ones, with a probability that depends on the image.

    Image x of class y gets a wrong label with probability q, drawn from a normal distribution
    N(rate, spread²) truncated to [0, 1]. A random projection of its pixels determines the wrong
    label:

    .. math:: P(k \mid x, y) = q \operatorname{softmax}_{k \ne y}(x^\top W_y)_k,
        \qquad (W_y)_{pk} \sim N(0, 1)

    so that images which look alike get the same wrong label. The mean of q lies slightly above
    a small rate, as the truncation cuts off the lower tail: 0.206 for 0.2.

    Args:
        images: `(N, C, H, W)`.
        labels: the class of each, `(N,)`, whole numbers from 0.
        rate: expected share of wrong labels, from 0 (the labels as they are) to below 1.
        generator: the source of randomness.
        spread: standard deviation of q before it is truncated.

    Returns:
        The labels, `(N,)`, some of them wrong.

    Raises:
        DataError: for an impossible rate, or fewer than two classes.

    References:
        *Part-dependent Label Noise: Towards Instance-dependent Label Noise*, Xia, Liu, Han, Wang,
        Gong, Liu, Niu, Tao & Sugiyama, 2020, Algorithm 2.
    """
    if not 0 <= rate < 1:
        raise DataError(f"noise is {rate!r}; give the share of wrong labels, from 0 to below 1.")
    if rate == 0:
        return labels
    classes = int(labels.max()) + 1
    if classes < 2:
        raise DataError("there is only one class, so no label can be wrong; give two or more.")
    low, high = ndtr((0 - rate) / spread), ndtr((1 - rate) / spread)
    flip = rate + spread * ndtri(low + (high - low) * generator.random(len(labels)))
    pixels = np.asarray(images, dtype=np.float64).reshape(len(images), -1)
    noisy = labels.copy()
    for y in np.unique(labels):
        own = np.flatnonzero(labels == y)
        scores = pixels[own] @ generator.standard_normal((pixels.shape[1], classes))
        scores[:, y] = -np.inf
        reached = softmax(scores, axis=1).cumsum(1)
        # rounding may leave a draw above the sum: it counts for the last class
        other = (generator.random((len(own), 1)) * reached[:, -1:] >= reached).sum(1)
        noisy[own] = np.where(generator.random(len(own)) < flip[own], other, y)
    return noisy
