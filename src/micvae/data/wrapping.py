"""Helpers shared by the data sets that are made of another one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataDescription, DataLike, describe
from micvae.errors import DataError


def inner(data: DataLike, factors: bool = True) -> FactorDataset:
    """Return the data set itself, or load it from its description.

    Args:
        data: a data set, its description, its name or its path.
        factors: whether it must have known factors.

    Raises:
        DataError: for anything else, for what cannot be loaded, and where no factor is known.
    """
    if isinstance(data, str | Path | DataDescription):
        data = describe(data).load()
    if not isinstance(data, FactorDataset):
        raise DataError(
            f"data is {data!r}; give a data set, or its name or path in quotes, such as "
            "'squares(n=4096)'."
        )
    if factors and data.n_factors == 0:
        raise DataError(f"{data.name} has no known factors; give data that has factors.")
    return data


def column(data: FactorDataset, factor: int | str) -> int:
    """Find a factor by its name, or by its number from 0.

    Raises:
        DataError: where there is none such.
    """
    names = data.factor_names
    if isinstance(factor, str) and factor in names:
        return names.index(factor)
    whole = isinstance(factor, int | np.integer) and not isinstance(factor, bool)
    if whole and 0 <= int(factor) < len(names):
        return int(factor)
    raise DataError(
        f"{data.name} has no factor {factor!r}; choose from {', '.join(names)}, or 0 to "
        f"{len(names) - 1}."
    )


def positions(data: FactorDataset, k: int) -> NDArray[np.float64]:
    """Where every sample lies on factor k, `(N,)` in [0, 1].

    A factor with finitely many values counts their ranks, from 0 for the first to 1 for the last;
    a continuous one is measured from its smallest to its largest value in the data.

    Raises:
        DataError: for a factor that does not vary.
    """
    values, known = data.factors[:, k], data.factor_values[k]
    if known is not None:
        values = np.searchsorted(np.unique(known), values).astype(np.float64)
    low, high = values.min(), values.max()
    if known is not None:
        low, high = 0.0, len(np.unique(known)) - 1.0
    if np.ptp(data.factors[:, k]) == 0 or low == high:
        raise DataError(
            f"factor {data.factor_names[k]} of {data.name} does not vary; choose another one."
        )
    at: NDArray[np.float64] = (values - low) / (high - low)
    return at


def rendered_freely(data: FactorDataset) -> bool:
    """Whether new samples may be rendered, every factor drawn independently of the others.

    Not where `data` was itself selected out of another set, whose selection that would undo, nor
    where something was observed beside the images.
    """
    return (
        data.renderer is not None
        and "of" not in data.source
        and data.partners is None
        and data.auxiliary is None
        and data.sequence is None
    )


def without_factors(data: FactorDataset, columns: Sequence[int]) -> FactorDataset:
    """Drop factors by their numbers; the renderer, which needs all of them, goes with them."""
    kept = [k for k in range(data.n_factors) if k not in columns]
    return FactorDataset(
        name=data.name,
        images=data.images,
        factors=data.factors[:, kept],
        factor_names=tuple(data.factor_names[k] for k in kept),
        factor_kinds=tuple(data.factor_kinds[k] for k in kept),
        factor_values=tuple(data.factor_values[k] for k in kept),
        notes=data.notes,
        source=data.source,
        partners=data.partners,
        auxiliary=data.auxiliary,
        sequence=data.sequence,
        feature_names=data.feature_names,
    )
