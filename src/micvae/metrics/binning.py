"""Histograms and the discrete information measures over them, in nats."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.information.plug_in import (
    Floats,
    Labels,
    as_labels,
    contingency,
    plug_in_information,
)
from micvae.metrics.score import check_whole

_ROUNDING = 1e-14  # nats


def equal_width_bins(values: NDArray[Any], bins: int = 20) -> Labels:
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


def middle_rank_bins(values: NDArray[Any], bins: int = 20) -> Labels:
    """Assign each value of a column to one of at most `bins` bins by its rank.

    A column of at most `bins` distinct values keeps them. Otherwise equal values share the
    middle of their ranks, and the ranks are cut into `bins` equal parts: the bins depend on the
    order of the values only, and flipping the column mirrors them. For that, values exactly in
    the middle of an even number of bins get a bin of their own.

    Args:
        values: (N,) finite floats.
        bins: Number of bins.

    Returns:
        (N,) integers from 0 to bins; some may be empty where values are tied.
    """
    labels = as_labels(values)
    counts = np.bincount(labels)
    if len(counts) <= bins:
        return labels
    last = np.cumsum(counts)
    # Twice the middle rank of every distinct value, out of 2N: whole numbers, no rounding. One
    # that lies on a cut goes to the outer side, so that flipping mirrors it.
    twice = 2 * last - counts
    n = len(values)
    bin_of, remainder = np.divmod(twice * bins, 2 * n)
    on_cut = remainder == 0
    bin_of[on_cut & (twice < n)] -= 1
    bin_of[on_cut & (twice == n)] = bins
    binned: Labels = bin_of[labels].astype(np.int64)
    return binned


def entropy(labels: Labels, weights: Floats | None = None) -> float:
    r"""Empirical entropy −Σ p log p of non-negative integer labels (N,), in nats."""
    return entropy_of(np.bincount(labels, weights))


def entropy_of(counts: NDArray[Any]) -> float:
    """Entropy in nats of counts or weights of any shape."""
    p = counts[counts > 0] / counts.sum()
    return max(0.0, float(-np.sum(p * np.log(p))))


def mutual_information(a: Labels, b: Labels, weights: Floats | None = None) -> float:
    r"""Empirical mutual information of two label columns (N,), in nats.

    $I(a; b) = \sum_{ij} p_{ij} \log \frac{p_{ij}}{p_i p_j}$, the plug-in estimate: biased upwards
    by about (|a| − 1)(|b| − 1) / 2N for independent labels.
    """
    return information_of(contingency(a, b, weights))


def information_of(table: Floats) -> float:
    """Mutual information in nats of rows and columns of a table of counts or weights.

    Values within rounding are 0, so that ratios of informations do not compare rounding errors.
    """
    information = plug_in_information(table)
    return information if information > _ROUNDING else 0.0


def checked_bins(**counts: int) -> int:
    """Return the largest of the numbers of bins, or raise by the argument's name."""
    for name, count in counts.items():
        check_whole(name, count, 2)
    return max(counts.values())
