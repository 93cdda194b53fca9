"""Mutual information of a continuous code and a discrete factor from nearest neighbours."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def local_information(x: Floats, labels: Ints, k: int) -> tuple[Floats, NDArray[np.bool_]]:
    r"""Terms whose mean over samples is Ross's estimate of I(x; label), in nats.

    .. math:: t_i = \psi(N) + \psi(k_i) - \psi(N_{v_i}) - \psi(m_i)

    with $N_v$ the samples of label v, $k_i = \min(k, N_{v_i} - 1)$ and $m_i$ how many samples of
    any label, the sample itself included, are strictly nearer to sample i than the $k_i$-th
    nearest of its own label. Samples that are alone with their label are left out.

    On sorted codes the k nearest of a sample form a window, so that nothing is searched.

    Args:
        x: (N,) codes, ties already broken.
        labels: (N,) integers.
        k: At least 1.

    Returns:
        (N,) terms, 0 for samples left out, and (N,) which are kept.

    References:
        *Mutual Information between Discrete and Continuous Data Sets*, Brian C. Ross, 2014.
    """
    counts = np.bincount(labels)
    kept = counts[labels] > 1
    terms = np.zeros(len(x))
    if not kept.any():
        return terms, kept
    some, group = x[kept], labels[kept]
    nearest = np.minimum(k, counts[group] - 1)
    distance = np.empty(len(some))
    order = np.lexsort((some, group))
    for size in np.unique(nearest):
        rows = order[nearest[order] == size]
        distance[rows] = _kth_in_group(some[rows], group[rows], int(size))
    ranked = np.sort(some)
    # The k-th neighbour lies at the distance itself and must not be counted, however it is rounded.
    rounding = 4 * np.finfo(np.float64).eps * (np.abs(some) + distance)
    reach = np.maximum(distance - rounding, 0)
    within = ranked.searchsorted(some + reach, "right") - ranked.searchsorted(some - reach, "left")
    terms[kept] = digamma(len(some)) + digamma(nearest) - digamma(counts[group]) - digamma(within)
    return terms, kept


def _kth_in_group(x: Floats, group: Ints, k: int) -> Floats:
    """Distance to the k-th nearest of the own group; sorted by group, then by x."""
    n = len(x)
    best = np.full(n, np.inf)
    index = np.arange(n)
    for left in range(k + 1):  # the window holds `left` samples below and k - left above
        low, high = index - left, index + k - left
        inside = (low >= 0) & (high < n)
        inside[inside] = group[low[inside]] == group[high[inside]]
        a, b = low[inside], high[inside]
        here = x[inside]
        best[inside] = np.minimum(best[inside], np.maximum(here - x[a], x[b] - here))
    return best
