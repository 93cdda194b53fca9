"""Checks of the arguments of evaluation functions."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.arrays import unmasked
from micvae.errors import MicvaeError
from micvae.information.precision import as_floats


def finite_matrix(
    name: str, values: ArrayLike, *, least: int, shifted: bool = False
) -> NDArray[np.float64]:
    """Return `values` as a float64 array of shape `(N, columns)`.

    Args:
        name: the argument's name, for messages.
        values: the matrix.
        least: how many rows it must have.
        shifted: for functions that do not depend on an offset: subtract the smallest value of
            columns whose integers exceed 2⁵³, which float64 cannot hold.

    Raises:
        MicvaeError: not real numbers, masked entries, not two-dimensional, no column, fewer than
            `least` rows, or a value that is NaN or infinite.
    """
    values = unmasked(values, name, MicvaeError)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise MicvaeError(f"{name}: cannot be read as an array: {problem}") from None
    if array.dtype.kind not in "biuf":
        raise MicvaeError(
            f"{name}: must be real numbers, got {array.dtype}; number the categories first, "
            "for instance by np.unique(column, return_inverse=True)[1]"
        )
    if shifted and array.ndim == 2 and array.size:
        array = np.stack([as_floats(column)[0] for column in array.T], axis=1)
    array = array.astype(np.float64)
    if array.ndim != 2 or array.shape[1] == 0:
        hint = "; reshape one variable to (N, 1)" if array.ndim == 1 else ""
        raise MicvaeError(f"{name}: must have shape (samples, variables), got {array.shape}{hint}")
    if array.shape[0] < least:
        raise MicvaeError(f"{name}: at least {least} samples are needed here, got {array.shape[0]}")
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise MicvaeError(
            f"{name}: every value must be finite, got {array[row, column]} at row {row}, "
            f"column {column} ({np.count_nonzero(~finite)} such values)"
        )
    return array


def varying(samples: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell per column whether its values differ at all."""
    result: NDArray[np.bool_] = np.ptp(samples, axis=0) > 0
    return result
