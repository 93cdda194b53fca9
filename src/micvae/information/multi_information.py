"""Total correlation of samples from nearest neighbours."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree
from scipy.special import digamma

from micvae.checks import whole_number
from micvae.information.ksg import scaled_columns, strictly_within


def total_correlation(
    samples: ArrayLike, *, k: int = 3, jitter: float = 1e-10, seed: int = 0
) -> float:
    r"""Estimate the total correlation (multi-information) by Kraskov's algorithm 1.

    $$ \hat C = \psi(k) + (D - 1)\, \psi(N) - \Bigl\langle \sum_{i=1}^{D} \psi(n_i + 1) \Bigr\rangle
       \quad\text{for}\quad C = \sum_i h(z_i) - h(z) $$

    where $n_i$ counts the other samples whose coordinate i is strictly nearer than the k-th
    neighbour is in the maximum norm of all D coordinates. Every column is first scaled to unit
    variance, and `jitter` breaks ties as in `micvae.information.ksg.ksg`. For D = 2 it is `ksg`.

    Zero on average for independent columns, and not clamped: small negative values occur. What is
    dependent is underestimated, the more so the larger D and C, because the cube about a sample
    is not small; samples on a lower-dimensional surface (C infinite) give a finite value that
    grows with N. Constant columns are left out.

    Args:
        samples: shape `(N, D)`, N ≥ k + 2.
        k: which neighbour sets the distance, at least 1; a larger k trades bias for variance.
        jitter: relative size of the noise; 0 for none.
        seed: of the noise.

    Returns:
        Nats. 0 where fewer than two columns vary.

    Raises:
        MicvaeError: samples that are not a finite matrix of k + 2 rows or more; k < 1; jitter
            outside [0, 1).

    References:
        "Estimating mutual information", A. Kraskov, H. Stögbauer and P. Grassberger, 2004.
        "Information theoretical analysis of multivariate correlation", S. Watanabe, 1960.

    Examples:
        >>> import numpy as np
        >>> from micvae.information import total_correlation
        >>> z = np.random.default_rng(0).normal(size=(1000, 3))
        >>> abs(total_correlation(z)) < 0.1
        True
    """
    k = whole_number("k", k, least=1)
    columns, active = scaled_columns(samples, k, jitter, seed)
    rows, count = columns.shape
    if len(active) < 2:
        return 0.0
    distance = cKDTree(columns).query(columns, k=[k + 1], p=np.inf)[0][:, 0]
    neighbours = np.zeros(rows)
    for column in columns.T:
        neighbours += digamma(strictly_within(column, np.sort(column), distance))
    return float(digamma(k) + (count - 1) * digamma(rows) - neighbours.mean())
