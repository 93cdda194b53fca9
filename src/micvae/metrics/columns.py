"""Columns of matrices from arrays, tensors, data frames and tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.data.dataset import FactorKind
from micvae.metrics.score import MetricError


@dataclass(frozen=True)
class Columns:
    """A matrix (N, C) column by column, each in the type it had.

    Attributes:
        values: C arrays (N,) of booleans, integers or floats.
        names: C names where the container has them, else ().
        kinds: Per column the kind that its type implies (text is `categorical`, ordered categories
            are `ordinal`), or None.
    """

    values: tuple[NDArray[Any], ...]
    names: tuple[str, ...]
    kinds: tuple[FactorKind | None, ...]


def read_columns(given: Any, what: str, shape: str, *, text: bool) -> Columns:
    """Read a matrix from a NumPy array, a list, a tensor, a sparse matrix, or a data frame.

    Data frames of any library that narwhals knows (pandas, polars, pyarrow and others) keep the
    names of their columns.

    Args:
        given: The matrix.
        what: The argument's name, for messages.
        shape: Its shape in words, for messages.
        text: Whether columns of text and categories of a data frame are numbered; else they are
            refused by name.

    Raises:
        MetricError: For anything but a matrix of real numbers, masked entries, or missing values.
    """
    if _is_frame(given):
        return _of_frame(given, what, text)
    array = _dense(given, what, shape)
    if array.dtype.kind not in "biuf":
        raise MetricError(f"{what} must be real numbers, not {array.dtype}: {_remedy(given, what)}")
    if array.ndim != 2:
        raise MetricError(
            f"{what} must have two dimensions {shape}, not shape {array.shape}"
            + (": use values[:, None] for a single column" if array.ndim == 1 else "")
        )
    if array.size == 0:
        raise MetricError(f"{what} are empty: shape {array.shape}")
    return Columns(tuple(array.T), (), (None,) * array.shape[1])


def _dense(given: Any, what: str, shape: str) -> NDArray[Any]:
    """Convert an array-like object to an array."""
    given = unmasked(given, what, MetricError)
    try:
        if hasattr(given, "tocsr"):  # a sparse matrix of SciPy
            given = given.toarray()
        elif hasattr(given, "detach") and hasattr(given, "cpu"):  # a tensor, on any device
            given = given.detach().cpu()
            if "bfloat16" in str(given.dtype):  # NumPy has no such type
                given = given.float()
        return np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise MetricError(f"{what} cannot be read as an array of shape {shape}: {reason}") from None


def _remedy(given: Any, what: str) -> str:
    if hasattr(given, "data_vars"):
        return "give one array of the data set, with samples as its first dimension"
    if hasattr(given, "collect"):
        return "call .collect() first"
    if hasattr(given, "obs_names"):
        return f"give its matrix, {what}.X"
    if not isinstance(given, np.ndarray | list | tuple) and not hasattr(given, "__array__"):
        return f"a {type(given).__name__} is none of the containers that are read: arrays, " + (
            "tensors and data frames"
        )
    return "number the categories first, for instance by np.unique(column, return_inverse=True)[1]"


def _is_frame(given: Any) -> bool:
    """Whether the type has columns. A lazy frame is not asked, which would run its query."""
    named = hasattr(type(given), "columns") or hasattr(type(given), "column_names")
    return named and not isinstance(given, np.ndarray)


def _of_frame(given: Any, what: str, text: bool) -> Columns:
    import narwhals  # only data frames need it

    try:
        frame = narwhals.from_native(given, eager_only=True)
    except TypeError:
        raise MetricError(
            f"{what} cannot be read: a {type(given).__name__} is no data frame in memory; "
            f"{_remedy(given, what)}"
        ) from None
    names = tuple(map(str, frame.columns))
    if not names or not len(frame):
        raise MetricError(f"{what} are empty: shape {frame.shape}")
    values: list[NDArray[Any]] = []
    kinds: list[FactorKind | None] = []
    for name, column in zip(names, frame.iter_columns(), strict=True):
        place = f"column {name!r} of {what}"
        if missing := int(column.null_count()):
            raise MetricError(
                f"{place} has no value in {missing} of {len(column)} rows: leave these rows out"
            )
        array = column.to_numpy()
        if isinstance(column.dtype, narwhals.Categorical) and array.dtype.kind in "biuf" and text:
            values.append(np.unique(array, return_inverse=True)[1])
            kinds.append("categorical")
        elif array.dtype.kind in "biuf":
            values.append(array)
            kinds.append(None)
        elif isinstance(column.dtype, narwhals.Enum) and text:
            order = {label: place for place, label in enumerate(column.dtype.categories)}
            values.append(np.array([order[label] for label in column.to_list()]))
            kinds.append("ordinal")
        elif text and all(isinstance(entry, str) for entry in column.to_list()):
            values.append(np.unique(np.array(column.to_list(), str), return_inverse=True)[1])
            kinds.append("categorical")
        else:
            values.append(_numbers(array, place, str(column.dtype), text))
            kinds.append(None)
    return Columns(tuple(values), names, tuple(kinds))


def _numbers(column: NDArray[Any], place: str, dtype: str, text: bool) -> NDArray[Any]:
    """Convert a column of Python numbers, such as decimals; refuse anything else."""
    numeric: Callable[[Any], bool] = lambda entry: hasattr(entry, "__float__")  # noqa: E731
    if column.dtype.kind == "O" and all(map(numeric, column)):
        return column.astype(np.float64)
    wanted = "numbers or text" if text else "numbers"
    raise MetricError(f"{place} holds {dtype}: give {wanted}, or leave the column out")
