"""Data frames of every library, by narwhals; columns of numbers as one array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.data.vectors import check_whole, warn_of_rounding
from micvae.errors import DataError
from micvae.estimator.containers.base import Opened, is_instance_of, labels_as_names, with_article


def read(X: Any, column: str | None, fitting: bool) -> Opened | None:
    """Read a data frame with a column per feature."""
    frame = frame_of(X, "X")
    return None if frame is None else _of_frame(frame, fitting)


def frame_of(given: Any, what: str) -> Any:
    """The narwhals frame around a data frame of any library; None for anything else.

    Raises:
        DataError: for a frame that is not computed yet, and for columns of one name.
    """
    import narwhals as nw
    from narwhals.exceptions import DuplicateError

    if isinstance(given, np.ndarray | list | tuple | Mapping):
        return None
    if isinstance(given, nw.DataFrame | nw.LazyFrame):
        given = given.to_native()
    given = _of_arrow(given)
    try:
        frame = nw.from_native(given, pass_through=True)
    except DuplicateError:
        names = [str(name) for name in given.columns]
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(
            f"{what} has two columns named {twice!r}; give every column a name of its own."
        ) from None
    if isinstance(frame, nw.LazyFrame):
        raise DataError(
            f"{what} is {with_article(given)}, which is not computed yet; give it after "
            ".collect() or .compute(), or as a pandas or polars DataFrame."
        )
    return frame if isinstance(frame, nw.DataFrame) else None


def _of_arrow(given: Any) -> Any:
    """An Arrow table out of a batch, or out of what gives batches and is no frame itself."""
    batch = is_instance_of("pyarrow", ("RecordBatch",), given)
    frame = hasattr(type(given), "columns") or hasattr(given, "to_numpy")
    if not batch and (frame or not hasattr(given, "__arrow_c_stream__")):
        return given
    import pyarrow as pa

    return pa.Table.from_batches([given]) if batch else pa.table(given)


def _of_frame(frame: Any, fitting: bool) -> Opened:
    columns: dict[Any, NDArray[Any]] = {}
    missing: dict[Any, int] = {}
    for series in frame.iter_columns():
        columns[series.name] = series.to_numpy()
        missing[series.name] = series.null_count()
    if not columns:
        raise DataError("X has no columns; give a data frame with a column per feature.")
    kinds = {isinstance(name, str) for name in columns}
    if all(isinstance(name, tuple) for name in columns):  # levels of names
        names = tuple("/".join(map(str, name)) for name in columns)
    elif kinds == {False}:
        names = labels_as_names(list(columns))
    elif kinds == {True}:
        names = tuple(columns)
    else:
        wrong = next(name for name in columns if not isinstance(name, str))
        raise DataError(
            f"X has columns that are named by text and others that are not ({wrong!r}); name all "
            "by text, as by X.columns = X.columns.astype(str)."
        )
    return of_columns(columns, names, fitting, missing)


def of_columns(
    columns: Mapping[Any, NDArray[Any]],
    names: tuple[str, ...],
    fitting: bool,
    missing: Mapping[Any, int] | None = None,
) -> Opened:
    """One array of numbers out of columns; every column that is not is named at once."""
    names = names or (tuple(columns) if all(isinstance(n, str) for n in columns) else ())
    shown = names or tuple(map(str, columns))
    found: list[NDArray[Any]] = []
    wrong: list[tuple[str, str]] = []
    for name, (key, values) in zip(shown, columns.items(), strict=True):
        numbers, fault = numbers_of(values, (missing or {}).get(key, 0))
        if fault:
            wrong.append((name, fault))
        elif numbers is not None:
            if numbers.dtype.kind in "iu":
                check_whole(numbers, f"column {name!r} of X")
            found.append(numbers)
    if wrong:
        raise DataError(refused("X", wrong))
    single = all(v.dtype.kind == "f" and v.dtype.itemsize <= 4 for v in found)
    table = np.stack(found, axis=1).astype(np.float32 if single else np.float64, copy=False)
    if fitting and not single and len(table):
        _warn_of_single(found, shown)
    return Opened(table, names)


def _warn_of_single(columns: Sequence[NDArray[Any]], names: Sequence[str]) -> None:
    """Warn of float32 columns among others; where all are, `standardised` does."""
    some = [k for k, v in enumerate(columns) if v.dtype.kind == "f" and v.dtype.itemsize <= 4]
    if some:
        values = np.stack([columns[k] for k in some], axis=1).astype(np.float64)
        with np.errstate(all="ignore"):
            warn_of_rounding(values.mean(0), values.std(0), "X", [names[k] for k in some])


TEXT = "text"
DATES = "dates or times"
ENTRIES = "no numbers"
INFINITE = "infinite values"


def numbers_of(values: NDArray[Any], missing: int) -> tuple[NDArray[Any] | None, str]:
    """A column as numbers, or what is wrong with it."""
    values = unmasked(values, "X")
    if values.dtype.kind == "O":
        there = [v for v in values.tolist() if not missing_entry(v)]
        kinds = {type(v).__name__ for v in there}
        if any(isinstance(v, str | bytes) for v in there):
            return None, TEXT
        if kinds & {"date", "datetime", "time", "timedelta", "Timestamp", "Timedelta", "Period"}:
            return None, DATES
        if missing or len(there) < len(values):
            return None, _share(max(missing, len(values) - len(there)), len(values))
        try:
            return values.astype(np.float64), ""
        except (TypeError, ValueError):
            return None, ENTRIES
    if values.ndim != 1:
        return None, ENTRIES
    if values.dtype.kind in "USmMT":
        return None, DATES if values.dtype.kind in "mM" else TEXT
    if values.dtype.kind not in "fiub":
        return None, ENTRIES
    if values.dtype.kind == "f":
        missing = max(missing, int(np.isnan(values).sum()))
    if missing:
        return None, _share(missing, len(values))
    if values.dtype.kind == "f" and np.isinf(values).any():
        return None, INFINITE
    return values, ""


def _share(missing: int, of: int) -> str:
    return f"{missing} of {of} values missing"


def refused(what: str, wrong: Sequence[tuple[str, str]]) -> str:
    """A message that names columns with their faults, and what to do."""
    faults = {fault for _, fault in wrong}
    remedies = ["leave these columns out"]
    if TEXT in faults:
        remedies.append("encode text as 0, 1, …")
    if DATES in faults:
        remedies.append("give dates as a number of days or seconds")
    if faults - {TEXT, DATES, ENTRIES}:
        remedies.append("fill or leave out rows with missing or infinite values")
    named = ", ".join(f"{name!r} ({fault})" for name, fault in wrong)
    return f"{what} has columns that cannot be used as they are: {named}; {', or '.join(remedies)}."


def missing_entry(value: Any) -> bool:
    """Tell None, NaN and NaT, which do not equal themselves, and pandas' NA, which cannot say."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True
    except ValueError:  # an array, which is something
        return False
