"""Mutual information of label columns, from the table of their frequencies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]


def as_labels(values: NDArray[Any]) -> Labels:
    """Number the distinct values of a column 0, 1, … in increasing order."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def contingency(a: Labels, b: Labels, weights: Floats | None = None) -> Floats:
    """Weight of every combination of two label columns `(N,)`; by default their counts."""
    rows, columns = int(a.max()) + 1, int(b.max()) + 1
    counts = np.bincount(a * columns + b, weights, minlength=rows * columns)
    return counts.reshape(rows, columns).astype(np.float64)


def plug_in_information(table: Floats) -> float:
    r"""Mutual information of the rows and columns of a table of counts or weights, nats.

    .. math:: I = \sum_{ij} p_{ij} \log \frac{p_{ij}}{p_i p_j}

    The estimate is biased upwards by about (rows − 1)(columns − 1) / 2N for independent labels.
    """
    joint = table / table.sum()
    i, j = np.nonzero(joint)
    p = joint[i, j]
    expected = joint.sum(axis=1)[i] * joint.sum(axis=0)[j]
    return float(np.sum(p * np.log(p / expected)))
