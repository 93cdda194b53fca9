"""Checks that every array of numbers passes before anything is computed from it."""

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
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask: NDArray[np.bool_] = np.atleast_1d(np.ma.getmaskarray(values))
    if mask.any():
        rows: NDArray[np.bool_] = np.asarray(mask.reshape(len(mask), -1).any(axis=1))
        raise error(
            f"{what} is a masked array with {int(rows.sum())} of {len(rows)} rows masked; leave "
            f"these rows out, for instance keep = ~numpy.ma.getmaskarray({what}).any(axis=1)."
            if values.ndim > 1
            else f"{what} is a masked array with {int(rows.sum())} of {len(rows)} entries masked; "
            f"leave these out, for instance keep = ~numpy.ma.getmaskarray({what})."
        )
    return values.data
