"""What the evaluation functions accept."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.errors import MicvaeError


def finite_matrix(name: str, values: ArrayLike, *, least: int) -> NDArray[np.float64]:
    """Return `values` as a float64 array of shape `(N, columns)`.

    Raises:
        MicvaeError: not numeric, not two-dimensional, no column, fewer than `least` rows, or a
            value that is NaN or infinite.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MicvaeError(
            f"{name}: must be a numeric array, got {type(values).__name__}"
        ) from error
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
