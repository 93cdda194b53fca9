"""Conditional mutual information from nearest neighbours."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.information.ksg import scaled_columns


def conditional_information(
    x: ArrayLike,
    y: ArrayLike,
    given: ArrayLike,
    *,
    k: int = 5,
    jitter: float = 1e-10,
    seed: int = 0,
) -> float:
    r"""Estimate I(x; y | given) by Frenzel and Pompe's nearest neighbours.

    $$ \hat I = \psi(k) + \langle \psi(n_g) - \psi(n_{xg}) - \psi(n_{yg}) \rangle $$

    where the $n$ count the samples, the centre included, that are strictly nearer than the k-th
    neighbour of all columns is in the maximum norm, among the columns of `given`, of x and `given`,
    of y and `given`. Columns are scaled to unit variance and `jitter` breaks ties, as in
    `micvae.information.ksg.ksg`, so that x may be discrete.

    Biased towards zero, the more so the more columns y has; not clamped. Judge it against values
    of samples whose y was shuffled where `given` is the same.

    Args:
        x: shape `(N, A)`.
        y: shape `(N, B)`.
        given: shape `(N, C)`.
        k: which neighbour sets the distance.
        jitter: relative size of the noise.
        seed: of the noise.

    Returns:
        Nats; 0 where x or y does not vary.

    Raises:
        MicvaeError: arrays that are not finite matrices of equal length with k + 2 rows or more.

    References:
        "Partial Mutual Information for Coupling Analysis of Multivariate Time Series", S. Frenzel
        and B. Pompe, 2007.
    """
    k = whole_number("k", k, least=1)
    parts = [
        scaled_columns(values, k, jitter, seed + place)[0]
        for place, values in enumerate((x, y, given))
    ]
    if len({len(part) for part in parts}) > 1:
        rows = ", ".join(str(len(part)) for part in parts)
        raise MicvaeError(f"x, y and given must have equally many rows, got {rows}")
    a, b, c = parts
    if a.shape[1] == 0 or b.shape[1] == 0:
        return 0.0
    whole = np.concatenate([a, b, c], axis=1)
    distance = cKDTree(whole).query(whole, k=[k + 1], p=np.inf)[0][:, 0]
    reach = np.maximum(distance * (1 - 1e-12) - 1e-15, 0.0)  # strictly nearer, however rounded
    inner = _within(c, reach) if c.shape[1] else np.full(len(c), len(c))
    terms = digamma(inner)
    for part in (a, b):
        terms = terms - digamma(_within(np.concatenate([part, c], axis=1), reach))
    return float(digamma(k) + terms.mean())


def _within(points: NDArray[np.float64], reach: NDArray[np.float64]) -> NDArray[np.int64]:
    counted = cKDTree(points).query_ball_point(points, reach, p=np.inf, return_length=True)
    return np.maximum(np.asarray(counted, dtype=np.int64), 1)
