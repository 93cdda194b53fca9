"""Histograms and the discrete information measures over them, in nats."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def equal_width_bins(values: NDArray[Any], bins: int = 20) -> NDArray[np.int64]:
    """Assign each value of a column to one of `bins` equally wide intervals over its range.

    Interval b covers [lo + b·w, lo + (b + 1)·w) with w = (hi − lo) / bins; the largest value
    belongs to the last. These are the edges of `numpy.histogram`, in the values' own precision.
    A constant column fills one bin.

    Args:
        values: (N,) finite floats.
        bins: Number of intervals.

    Returns:
        (N,) integers from 0 to bins − 1.
    """
    lo, hi = values.min(), values.max()
    if lo == hi:
        return np.zeros(len(values), np.int64)
    edges = np.linspace(lo, hi, bins + 1, dtype=values.dtype)
    if not np.all(np.diff(edges) > 0):  # a range of a few units in the last place
        exact = values.astype(np.float64) - np.float64(lo)
        values, edges = exact, np.linspace(0.0, exact.max(), bins + 1)
    return np.searchsorted(edges[:-1], values, side="right").astype(np.int64) - 1


def as_labels(values: NDArray[Any]) -> NDArray[np.int64]:
    """Number the distinct values of a column 0, 1, … in increasing order."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def entropy(labels: NDArray[np.int64]) -> float:
    r"""Empirical entropy −Σ p log p of non-negative integer labels (N,), in nats."""
    p = np.bincount(labels) / len(labels)
    p = p[p > 0]
    return max(0.0, float(-np.sum(p * np.log(p))))


def mutual_information(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    r"""Empirical mutual information of two label columns (N,), in nats.

    $I(a; b) = \sum_{ij} p_{ij} \log \frac{p_{ij}}{p_i p_j}$, the plug-in estimate: biased upwards
    by about (|a| − 1)(|b| − 1) / 2N for independent labels.
    """
    rows, columns = int(a.max()) + 1, int(b.max()) + 1
    joint = np.bincount(a * columns + b, minlength=rows * columns).reshape(rows, columns) / len(a)
    i, j = np.nonzero(joint)
    p = joint[i, j]
    expected = joint.sum(axis=1)[i] * joint.sum(axis=0)[j]
    return max(0.0, float(np.sum(p * np.log(p / expected))))
