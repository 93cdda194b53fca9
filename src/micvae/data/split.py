"""Random splits into training samples and held-out samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from micvae.checks import Between, number, whole_number
from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.wrapping import inner, without_factors
from micvae.errors import DataError


def split(
    data: DataLike,
    *,
    share: float = 0.1,
    train: bool = True,
    factors: bool = True,
    seed: int = 0,
) -> FactorDataset:
    """A random part of another data set: the training samples, or the held-out samples.

    If the samples are frames of several sequences, whole sequences are held out; of a single
    sequence, its end is held out, since neighbouring frames are nearly equal.

    Args:
        data: a data set, or its name or path in quotes as for `load`; it need not have factors.
        share: the share of held-out samples, between 0 and 1.
        train: True for all the rest, False for what is kept aside.
        factors: whether the factors stay. Without them nothing that is trained, scored or shown
            can have used them; the renderer, which needs them, goes with them.
        seed: determines which samples.

    Returns:
        The samples, in their order, with partners, auxiliary variable and sequences.

    Raises:
        DataError: for a share outside (0, 1), and where a part would be left empty.

    Examples:
        >>> from micvae.data import split
        >>> train, test = split("squares(n=100)"), split("squares(n=100)", train=False)
        >>> len(train), len(test)
        (90, 10)
    """
    dataset = inner(data, factors=False)
    share = number("share", share, Between(0, 1, above=True, below=True), DataError)
    seed = whole_number("seed", seed, error=DataError)
    aside = _aside(dataset, share, seed)
    if not 0 < aside.sum() < len(aside):
        raise DataError(
            f"share = {share:g} of the {len(dataset):,} samples of {dataset.name} holds "
            f"out {'all' if aside.any() else 'none'} of them; choose another share."
        )
    part = dataset.subset(np.flatnonzero(~aside if train else aside))
    if not factors and part.n_factors:
        part = without_factors(part, range(part.n_factors))
    what = "rest" if train else "kept aside"
    return replace(
        part,
        name=f"{dataset.name}, {what}",
        source={
            "data": "split",
            "of": dict(dataset.source),
            "share": share,
            "train": train,
            "factors": factors,
            "seed": seed,
        },
    )


def _aside(data: FactorDataset, share: float, seed: int) -> NDArray[np.bool_]:
    """Which samples are held out, `(N,)`."""
    n, generator = len(data), np.random.default_rng(seed)
    aside = np.zeros(n, dtype=bool)
    if data.sequence is None:
        aside[generator.choice(n, round(share * n), replace=False)] = True
        return aside
    names = np.unique(data.sequence)
    if len(names) == 1:
        aside[n - round(share * n) :] = True
        return aside
    drawn = generator.choice(names, round(share * len(names)), replace=False)
    aside[np.isin(data.sequence, drawn)] = True
    return aside
