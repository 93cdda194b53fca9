"""Sequences of frames, numbered by a factor; the successor of each frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.wrapping import column as column_of
from micvae.data.wrapping import inner, without_factors
from micvae.errors import DataError


def sequences(
    data: DataLike,
    *,
    column: int | str,
    time: int | str | None = None,
    keep: bool = True,
) -> FactorDataset:
    """Use a factor as the number of the sequence that each image belongs to.

    Rows are sorted so that those of one value stand together, in the order of `time` or, without
    it, as they were. Sequences are numbered from 0 in the order of the factor's values.

    Args:
        data: with factors; a data set, or its name or path in quotes as for `load`.
        column: the factor that numbers the sequences, by name or by number from 0.
        time: the factor that orders the frames of a sequence, or None.
        keep: whether `column` and `time` stay among the factors. Without them, images of chosen
            factors can no longer be rendered.

    Returns:
        `data` with `sequence` (N,).

    Raises:
        DataError: for unknown factors, and where every image would be a sequence of its own.

    Examples:
        >>> from micvae.data import sequences
        >>> data = sequences("squares(n=100)", column="rotation", time="size")
        >>> data.sequence.shape, data.factor_names
        ((100,), ('size', 'intensity', 'rotation'))
    """
    dataset = inner(data)
    k = column_of(dataset, column)
    at = None if time is None else column_of(dataset, time)
    number = np.unique(dataset.factors[:, k], return_inverse=True)[1]
    if len(number) > 1 and number.max() == len(number) - 1:
        raise DataError(
            f"{dataset.factor_names[k]} of {dataset.name} has a different value for every image; "
            "choose a factor that numbers the sequences."
        )
    moment = np.zeros(len(dataset)) if at is None else dataset.factors[:, at]
    order = np.lexsort((moment, number))  # stable: what is equal keeps its order
    made = replace(replace(dataset, sequence=None).subset(order), sequence=number[order])
    named = [dataset.factor_names[i] for i in (k, at) if i is not None]
    if not keep:
        made = without_factors(made, [i for i in (k, at) if i is not None])
    return replace(
        made,
        name=f"{dataset.name}, in sequences",
        source={
            "data": "sequences",
            "of": dict(dataset.source),
            "column": named[0],
            "time": named[1] if at is not None else None,
            "keep": keep,
        },
    )


def successors(sequence: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Find the next frame of every frame.

    Args:
        sequence: which sequence each frame belongs to, `(N,)`, as in `FactorDataset`.

    Returns:
        Per row the index of the next frame in its sequence, `(N,)`, and whether there is one,
        `(N,)`; the last frame of a sequence points to itself.

    Raises:
        DataError: where `sequence` is not `(N,)`.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import successors
        >>> successors(np.array([0, 0, 0, 1, 1]))
        (array([1, 2, 2, 4, 4]), array([ True,  True, False,  True, False]))
    """
    numbers = np.asarray(sequence)
    if numbers.ndim != 1:
        raise DataError(f"sequence has shape {numbers.shape}; expected one number per frame, (N,).")
    rows = np.arange(len(numbers), dtype=np.int64)
    there = np.zeros(len(numbers), dtype=bool)
    there[:-1] = numbers[1:] == numbers[:-1]
    return rows + there, there
