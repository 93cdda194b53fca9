"""Checks of arrays before anything is computed from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.errors import DataError, MicvaeError


def unmasked(values: Any, what: str, error: type[MicvaeError] = DataError) -> Any:
    """Return `values`, of a NumPy masked array the data; refuse one in which something is masked.

    Args:
        values: any object.
        what: the argument's name, for the message.
        error: the exception to raise.

    Raises:
        MicvaeError: of the type `error`, where an entry is masked.
    """
    if isinstance(values, list | tuple):
        rows = [i for i, row in enumerate(values) if _masks(row)]
        if rows:
            raise error(
                f"{what} is a list of masked arrays, {len(rows)} of {len(values)} of them with "
                f"masked entries, the first of them number {rows[0]}; leave these rows out."
            )
        return values
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask: NDArray[np.bool_] = np.atleast_1d(np.ma.getmaskarray(values))
    if mask.any():
        hit: NDArray[np.bool_] = np.asarray(mask.reshape(len(mask), -1).any(axis=1))
        raise error(
            f"{what} is a masked array with {int(hit.sum())} of {len(hit)} rows masked; leave "
            f"these rows out, for instance keep = ~numpy.ma.getmaskarray({what}).any(axis=1)."
            if values.ndim > 1
            else f"{what} is a masked array with {int(hit.sum())} of {len(hit)} entries masked; "
            f"leave these out, for instance keep = ~numpy.ma.getmaskarray({what})."
        )
    return values.data


def _masks(row: Any) -> bool:
    """Whether a row, or a row within it, is a masked array in which something is masked."""
    if isinstance(row, list | tuple):
        return any(map(_masks, row))
    return isinstance(row, np.ma.MaskedArray) and bool(np.ma.getmaskarray(row).any())
