"""Mutual information from nearest neighbours."""

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.information.checks import finite_matrix, varying


def ksg(
    samples: ArrayLike, *, k: int = 3, jitter: float = 1e-10, seed: int = 0
) -> NDArray[np.float64]:
    r"""Estimate pairwise mutual information by Kraskov, Stögbauer and Grassberger's algorithm 1.

    $$ \hat I_{ij} = \psi(k) + \psi(N) - \langle \psi(n_i + 1) + \psi(n_j + 1) \rangle $$

    where $n_i$ counts the other samples whose coordinate i is strictly nearer than the k-th
    neighbour is in the maximum norm of the plane (i, j). Every column is first scaled to unit
    variance.

    Nearly unbiased for smooth densities, and zero on average for independent ones; not clamped, so
    small negative values occur. A dependence on a scale finer than the sampling is underestimated.

    **Ties.** To every scaled column normal noise of standard deviation `jitter` is added, from
    `seed`, so that repeated values have neighbours too. For two discrete variables the estimate
    then tends to their discrete mutual information when every observed combination holds many more
    than k samples. A constant column has mutual information 0.

    Args:
        samples: shape `(N, D)`, N ≥ k + 2.
        k: which neighbour sets the distance, at least 1; a larger k trades bias for variance.
        jitter: relative size of the noise; 0 for none.
        seed: of the noise.

    Returns:
        Shape `(D, D)`, nats, symmetric, zero diagonal.

    Raises:
        MicvaeError: samples that are not a finite matrix of k + 2 rows or more; k < 1; jitter < 0.

    References:
        "Estimating mutual information", A. Kraskov, H. Stögbauer and P. Grassberger, 2004.
    """
    k = whole_number("k", k, least=1)
    columns, active = scaled_columns(samples, k, jitter, seed)
    total = np.shape(samples)[1]
    information = np.zeros((total, total))
    ordered = np.sort(columns, axis=0)
    constant = digamma(k) + digamma(columns.shape[0])
    for a, b in combinations(range(len(active)), 2):
        plane = columns[:, [a, b]]
        distance = cKDTree(plane).query(plane, k=[k + 1], p=np.inf)[0][:, 0]
        neighbours = digamma(strictly_within(columns[:, a], ordered[:, a], distance))
        neighbours += digamma(strictly_within(columns[:, b], ordered[:, b], distance))
        information[active[a], active[b]] = constant - neighbours.mean()
    return information + information.T


def scaled_columns(
    samples: ArrayLike, k: int, jitter: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Scale the columns that vary to unit variance and add the noise that breaks ties.

    Returns:
        Those columns, shape `(N, A)`, and their places among all D, shape `(A,)`.

    Raises:
        MicvaeError: see `ksg`.
    """
    if not 0 <= jitter < 1:
        raise MicvaeError(f"jitter: must lie in [0, 1), got {jitter}")
    values = finite_matrix("samples", samples, least=k + 2, shifted=True)
    active = np.flatnonzero(varying(values))
    columns = values[:, active] / np.abs(values[:, active]).max(axis=0)  # squares cannot overflow
    columns = columns - columns.mean(axis=0)
    columns /= columns.std(axis=0)
    noise = np.random.default_rng(whole_number("seed", seed)).standard_normal(values.shape)[
        :, active
    ]
    return columns + jitter * noise, active


def strictly_within(
    centres: NDArray[np.float64], ordered: NDArray[np.float64], distance: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count the values nearer than `distance` to each centre, the centre itself included.

    The k-th neighbour lies at exactly `distance` in one coordinate and must not be counted there,
    however the sum is rounded: the interval is drawn in by a few units in the last place.
    """
    rounding = 4 * np.finfo(np.float64).eps * (np.abs(centres) + distance)
    reach = np.maximum(distance - rounding, 0.0)
    upper = np.searchsorted(ordered, centres + reach, side="right")
    lower = np.searchsorted(ordered, centres - reach, side="left")
    counted: NDArray[np.int64] = np.maximum(upper - lower, 1)
    return counted
