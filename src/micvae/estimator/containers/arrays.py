"""Arrays, tensors and sparse matrices of every library; lists of numbers, rows or images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.data.lazy import LARGE, is_large
from micvae.data.vectors import WHOLE, beyond_float64
from micvae.errors import DataError
from micvae.estimator.containers.base import WANTED, Opened, listed, top_module, with_article
from micvae.estimator.containers.frames import ENTRIES, numbers_of, of_columns, refused


def read(X: Any, column: str | None, fitting: bool) -> Opened | None:
    """Read an array or a list; a structured array has named columns."""
    if X is None or isinstance(X, bytes | bytearray | set | frozenset):
        return None
    if isinstance(X, torch.Tensor):
        return Opened(of_tensor(X))
    if top_module(X) == "anndata":
        raise DataError(
            "X is an AnnData, which holds several matrices; give X.X, or X.to_df() with the names "
            "of its variables."
        )
    if top_module(X) == "scipy" and hasattr(X, "toarray"):
        _check_dense_size(X.shape)
        return Opened(np.asarray(X.toarray()))
    if isinstance(X, Mapping):
        raise DataError(
            f"X is {with_article(X)} with the keys {listed(X)}; give an array, or a data frame of "
            "it, such as pandas.DataFrame(X)."
        )
    array = read_array(X, "X")
    if array.dtype.names:
        return of_columns({name: array[name] for name in array.dtype.names}, (), fitting)
    return Opened(usable(array))


def of_tensor(tensor: torch.Tensor) -> NDArray[Any]:
    """A dense array on the CPU; bfloat16, which NumPy lacks, becomes float32."""
    tensor = tensor.detach().cpu()
    if tensor.layout is not torch.strided:
        _check_dense_size(tuple(tensor.shape))
        tensor = tensor.to_dense()
    if tensor.dtype is torch.bfloat16:
        tensor = tensor.float()
    return tensor.numpy()


def _check_dense_size(shape: tuple[int, ...]) -> None:
    """Refuse a sparse array that is too large as a dense one.

    Raises:
        DataError: where it would take more than `LARGE` bytes.
    """
    if is_large(shape):
        raise DataError(
            f"X is sparse with shape {shape}, and would be larger than {LARGE // 2**30} GiB as a "
            "dense array of float32; reduce its columns first, for instance by "
            "sklearn.decomposition.TruncatedSVD."
        )


def read_array(given: Any, what: str) -> NDArray[Any]:
    """An array out of an array of any library, or lists of numbers.

    Raises:
        DataError: for rows of different lengths, masked entries, and what is no array.
    """
    given = unmasked(given, what)
    if isinstance(given, np.ndarray):
        return np.asarray(given) if isinstance(given, np.matrix) else given
    if isinstance(given, list | tuple):
        return _of_list(given, what)
    if not hasattr(given, "__array__") and hasattr(given, "__dlpack__"):
        try:
            return np.from_dlpack(given)
        except Exception as error:  # every library raises kinds of its own
            raise DataError(_elsewhere(given, what, error)) from None
    try:
        array = np.asarray(given)
    except Exception as error:  # likewise
        raise DataError(_elsewhere(given, what, error)) from None
    if array.ndim == 0:
        listed = ", such as list(X)" if hasattr(given, "__iter__") else ""
        raise DataError(f"{what} is {with_article(given)}; {WANTED}{listed}.")
    return array


def usable(array: NDArray[Any]) -> NDArray[Any]:
    """Refuse arrays of text and dates; of objects, the columns that are not numbers."""
    if array.dtype.kind in "USTmM":
        how = (
            "give dates as a number of days or seconds, as by (X - X.min()) / "
            "numpy.timedelta64(1, 'D')"
            if array.dtype.kind in "mM"
            else "use X.astype(float) where the texts are numbers, or encode categories as 0, 1, …"
        )
        raise DataError(f"X is an array of dtype {array.dtype}, which is not numeric; {how}.")
    if array.dtype.kind != "O" or array.ndim != 2:
        return array
    columns = {str(k): column for k, column in enumerate(array.T)}
    wrong = [
        (name, fault)
        for name, column in columns.items()
        if (fault := numbers_of(column, 0)[1]) and fault != ENTRIES and not _spelled(column)
    ]
    if wrong:
        raise DataError(refused("X", wrong))
    _check_integers(array.tolist(), "X")
    return array


def _of_list(given: Sequence[Any], what: str) -> NDArray[Any]:
    """An array out of a list of numbers, rows or images."""
    if given and all(isinstance(row, torch.Tensor) for row in given):
        given = [of_tensor(row) for row in given]
    if given and isinstance(given[0], Mapping):
        raise DataError(
            f"{what} is a list of dictionaries with the keys {listed(given[0])}; give a data frame "
            f"of it, such as pandas.DataFrame({what})."
        )
    try:
        array = np.asarray(given)
    except Exception as error:  # NumPy on rows of different lengths, other libraries on their own
        lengths = {np.shape(row) for row in given if _has_shape(row)}
        if len(lengths) > 1:
            a, b = sorted(lengths)[:2]
            raise DataError(
                f"{what} is a list of rows of different shapes ({a} and {b}); make all equal."
            ) from None
        raise DataError(_elsewhere(given, what, error)) from None
    if array.dtype.kind == "f" and array.size and np.abs(array).max() >= WHOLE:
        _check_integers(given, what)
    return np.asarray(given, dtype=object) if array.dtype.kind in "US" else array


def _has_shape(row: Any) -> bool:
    try:
        np.shape(row)
    except Exception:
        return False
    return True


def _elsewhere(given: Any, what: str, error: Exception) -> str:
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    return (
        f"{what} is {with_article(given)} that cannot be read as an array ({reason}); copy it "
        "to the CPU and to NumPy first."
    )


def _check_integers(rows: Sequence[Any], what: str) -> None:
    """Refuse Python's integers beyond 2^53, which NumPy makes floats of beside other floats."""
    for row in rows:
        if isinstance(row, list | tuple):
            _check_integers(row, what)
        elif isinstance(row, int) and abs(row) > WHOLE:
            raise beyond_float64(what, row)


def _spelled(column: NDArray[Any]) -> bool:
    """Whether numbers are written as text, which scikit-learn reads."""
    try:
        return bool(np.isfinite(column.astype(np.float64)).all())
    except (TypeError, ValueError):
        return False
