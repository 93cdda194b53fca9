"""Data that methods with a guarantee need beside images: u, segments, next frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data import FactorDataset, Images, rows_of
from micvae.data.sequences import successors
from micvae.errors import DataError

MOST_LABELS = 1000


def conditions(dataset: FactorDataset, method: str) -> NDArray[np.float32]:
    """The auxiliary variable as numbers for a network, `(N, U)`.

    One column of at most 1,000 distinct whole numbers is a label and becomes one-hot; one-hot
    columns stay as they are; other columns are standardised to mean 0 and variance 1.

    Raises:
        DataError: if there is no auxiliary variable, or it does not vary.
    """
    auxiliary = _auxiliary(dataset, method)
    if _one_hot(auxiliary):
        return np.array(auxiliary, dtype=np.float32)
    if _label(auxiliary):
        index: NDArray[np.int64] = np.unique(auxiliary[:, 0], return_inverse=True)[1]
        hot = np.zeros((len(index), index.max() + 1), dtype=np.float32)
        hot[np.arange(len(index)), index] = 1
        return hot
    spread = auxiliary.std(0)
    scaled = (auxiliary - auxiliary.mean(0)) / np.where(spread > 0, spread, 1.0)
    return np.array(scaled, dtype=np.float32)


def segments(dataset: FactorDataset, method: str) -> NDArray[np.int64]:
    """The auxiliary variable as a label, `(N,)` in 0, 1, …

    Raises:
        DataError: if it is not a label.
    """
    auxiliary = _auxiliary(dataset, method)
    if _one_hot(auxiliary):
        auxiliary = auxiliary.argmax(1, keepdims=True).astype(np.float64)
    if not _label(auxiliary):
        raise DataError(
            f"{method} needs a label as auxiliary variable, one-hot or one column of at most "
            f"{MOST_LABELS:,} distinct whole numbers; {dataset.name} has "
            f"{auxiliary.shape[1]} column(s) of other numbers. Cut it into segments."
        )
    index: NDArray[np.int64] = np.unique(auxiliary[:, 0], return_inverse=True)[1]
    return index


def next_frames(
    dataset: FactorDataset, method: str, *, either: bool
) -> tuple[Images, NDArray[np.bool_]]:
    """A neighbour in time of every image, and whether there is one.

    Partners of the data, if it has `partners`; otherwise the next frame of the sequence. The last
    frame has no next one and gets itself, or with `either` the frame before.

    Raises:
        DataError: if the data has neither partners nor sequences.
    """
    if dataset.partners is not None:
        return dataset.partners, np.ones(len(dataset), dtype=bool)
    if dataset.sequence is None:
        raise DataError(
            f"{method} needs images in the order of time, and {dataset.name} has no sequences; "
            "give an array named sequence beside images, or use the sequences wrapper."
        )
    following, there = successors(dataset.sequence)
    if either:
        before = np.roll(there, 1)  # whether a frame is the next one of the frame above it
        before[0] = False
        following = np.where(there, following, following - before)
        there = there | before
    if not there.any():
        raise DataError(f"every sequence of {dataset.name} has one frame; {method} needs two.")
    return rows_of(dataset.images, following), there


def _auxiliary(dataset: FactorDataset, method: str) -> NDArray[np.float64]:
    auxiliary: NDArray[Any] | None = dataset.auxiliary
    if auxiliary is None:
        raise DataError(
            f"{method} needs an auxiliary variable, and {dataset.name} has none; give an array "
            "named auxiliary beside images, or use the auxiliary wrapper on a factor."
        )
    if not (np.ptp(auxiliary, axis=0) > 0).any():
        raise DataError(f"the auxiliary variable of {dataset.name} does not vary.")
    return auxiliary


def _one_hot(auxiliary: NDArray[np.float64]) -> bool:
    binary = ((auxiliary == 0) | (auxiliary == 1)).all()
    return auxiliary.shape[1] > 1 and bool(binary and (auxiliary.sum(1) == 1).all())


def _label(auxiliary: NDArray[np.float64]) -> bool:
    whole = auxiliary.shape[1] == 1 and bool((auxiliary == np.round(auxiliary)).all())
    return whole and len(np.unique(auxiliary)) <= MOST_LABELS
