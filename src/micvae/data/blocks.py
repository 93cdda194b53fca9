"""Blocks of time as the auxiliary variable, for data with a known order and no labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.problems.checks import whole
from micvae.data.wrapping import inner
from micvae.errors import DataError


def blocks(data: DataLike, *, length: int = 200) -> FactorDataset:
    """Use the number of the time block of each frame as the auxiliary variable u.

    Every sequence is cut into blocks of `length` frames, the last one with what is left. Where
    sources change slowly, their distribution differs from block to block, as TCL asks for; where
    they change within a block, that is lost.

    Args:
        data: with `sequence`, or in the order of time as a whole; a data set, or its name or path
            in quotes as for `load`.
        length: frames in a block, at least 1.

    Returns:
        `data` with `auxiliary` (N, 1), the blocks numbered from 0 in the order of the frames.

    Raises:
        DataError: where there would be one block.

    References:
        *Unsupervised Feature Extraction by Time-Contrastive Learning and Nonlinear ICA*,
        Hyvärinen & Morioka, 2016, Section 3.

    Examples:
        >>> from micvae.data import blocks
        >>> data = blocks("autoregressive(n=1000)", length=100)
        >>> data.auxiliary[[0, 99, 100]].ravel()
        array([0., 0., 1.])
    """
    dataset, size = inner(data), whole(length, "length", 1)
    frame = np.arange(len(dataset))
    begins = frame == 0
    if dataset.sequence is not None:
        begins[1:] = dataset.sequence[1:] != dataset.sequence[:-1]
    since = frame - np.maximum.accumulate(np.where(begins, frame, 0))
    number = np.cumsum(since % size == 0) - 1
    if number[-1] == 0:
        raise DataError(
            f"{dataset.name} has {len(dataset)} frames, one block of length {size}; lower length."
        )
    return replace(
        dataset,
        auxiliary=number[:, None].astype(np.float64),
        name=f"{dataset.name}, in blocks",
        source={"data": "blocks", "of": dict(dataset.source), "length": size},
    )
