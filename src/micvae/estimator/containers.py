"""What holds samples beside arrays: frames of any library, xarray, sparse matrices, lists."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.data import FactorDataset
from micvae.data.layout import Layout
from micvae.data.lazy import LARGE, is_large
from micvae.data.vectors import WHOLE, beyond_float64, check_whole, warn_of_rounding
from micvae.errors import DataError

SAMPLES = [
    "sample",
    "samples",
    "obs",
    "observation",
    "observations",
    "row",
    "rows",
    "record",
    "records",
    "case",
    "cases",
    "index",
    "time",
    "batch",
    "n",
]
"""What the dimension of an xarray.DataArray is called that counts samples."""
CHANNELS = ["channel", "channels", "band", "bands", "c"]
WANTED = "give an array of vectors (N, F) or images, a data frame, a map-style data set, or a path"


@dataclass(frozen=True, eq=False)
class Opened:
    """Samples out of a container.

    Args:
        values: an array, or what `micvae.estimator.inputs.taken` reads by itself.
        names: of the columns, where the container names all of them.
        layout: where the channels of images are, where the container says so.
    """

    values: Any
    names: tuple[str, ...] = ()
    layout: Layout | None = None


def open_container(X: Any, *, column: str | None = None, fitting: bool = False) -> Opened:
    """Read the numbers and names out of whatever holds samples.

    Args:
        X: see `Disentangler`.
        column: the column of a Hugging Face data set that was named.
        fitting: whether a model is fitted to X, so that the precision of its columns is checked.

    Raises:
        DataError: in one sentence, with what to give instead.
    """
    if X is None or isinstance(X, bytes | bytearray | set | frozenset):
        raise DataError(f"X is {_a(X)}; {WANTED}.")
    if isinstance(X, str | Path | FactorDataset):
        return Opened(X)
    if isinstance(X, torch.utils.data.DataLoader):
        raise DataError(
            "X is a DataLoader, which gives batches in an order of its own; give its .dataset, or "
            "an array."
        )
    if _is("datasets", ("DatasetDict",), X):
        split = next(iter(X), "train")
        raise DataError(
            f"X is a DatasetDict of {', '.join(map(repr, X)) or 'nothing'}; choose a split, such "
            f"as X[{split!r}]."
        )
    if _is("datasets", ("IterableDataset", "IterableDatasetDict"), X):
        raise DataError(
            f"X is {_a(X)}, which is streamed; load it without streaming=True, and choose a split."
        )
    if isinstance(X, torch.utils.data.Dataset):
        return Opened(X)
    if hugging_face(X):
        return _of_frame(X.with_format("arrow")[:], fitting) if _plain(X, column) else Opened(X)
    if isinstance(X, torch.Tensor):
        return Opened(_of_tensor(X))
    if _module(X) == "anndata":
        raise DataError(
            "X is an AnnData, which holds several matrices; give X.X, or X.to_df() with the names "
            "of its variables."
        )
    if _is("xarray", ("Dataset", "DataTree"), X):
        raise DataError(
            f"X is an xarray {type(X).__name__} of several variables; give one, such as X['name'], "
            "or X.to_dataframe()."
        )
    if _is("xarray", ("DataArray",), X):
        return _of_xarray(X)
    if _module(X) == "scipy" and hasattr(X, "toarray"):
        return Opened(_dense(X))
    frame = frame_of(X, "X")
    if frame is not None:
        return _of_frame(frame, fitting)
    if isinstance(X, Mapping):
        raise DataError(
            f"X is {_a(X)} with the keys {_some(X)}; give an array, or a data frame of it, such as "
            "pandas.DataFrame(X)."
        )
    array = read_array(X, "X")
    if array.dtype.names:
        return _of_columns({name: array[name] for name in array.dtype.names}, (), fitting)
    return Opened(_usable(array))


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
            f"{what} is {_a(given)}, which is not computed yet; give it after .collect() or "
            ".compute(), or as a pandas or polars DataFrame."
        )
    return frame if isinstance(frame, nw.DataFrame) else None


def _of_arrow(given: Any) -> Any:
    """An Arrow table out of a batch, or out of what gives batches and is no frame itself."""
    batch = _is("pyarrow", ("RecordBatch",), given)
    frame = hasattr(type(given), "columns") or hasattr(given, "to_numpy")
    if not batch and (frame or not hasattr(given, "__arrow_c_stream__")):
        return given
    import pyarrow as pa

    return pa.Table.from_batches([given]) if batch else pa.table(given)


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
        raise DataError(f"{what} is {_a(given)}; {WANTED}{listed}.")
    return array


def hugging_face(given: Any) -> bool:
    """Whether this is a `datasets.Dataset`; one that is not loaded cannot have made it."""
    return _is("datasets", ("Dataset",), given)


def _is(module: str, names: Sequence[str], given: Any) -> bool:
    """Whether an object is of a class of a module that may not be installed."""
    kinds = [getattr(sys.modules.get(module), name, None) for name in names]
    return any(isinstance(kind, type) and isinstance(given, kind) for kind in kinds)


def _module(given: Any) -> str:
    return type(given).__module__.partition(".")[0]


def _a(given: Any) -> str:
    if given is None:
        return "None"
    name = type(given).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _some(names: Any) -> str:
    shown = [repr(name) for name in names]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _elsewhere(given: Any, what: str, error: Exception) -> str:
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    return (
        f"{what} is {_a(given)} that cannot be read as an array ({reason}); copy it to the CPU and "
        "to NumPy first."
    )


def _of_tensor(tensor: torch.Tensor) -> NDArray[Any]:
    tensor = tensor.detach().cpu()
    if tensor.layout is not torch.strided:
        if is_large(tuple(tensor.shape)):
            raise DataError(_too_large(tuple(tensor.shape)))
        tensor = tensor.to_dense()
    if tensor.dtype is torch.bfloat16:
        tensor = tensor.float()
    return tensor.numpy()


def _dense(sparse: Any) -> NDArray[Any]:
    if is_large(sparse.shape):
        raise DataError(_too_large(sparse.shape))
    return np.asarray(sparse.toarray())


def _too_large(shape: tuple[int, ...]) -> str:
    return (
        f"X is sparse with shape {shape}, and would be larger than {LARGE // 2**30} GiB as a dense "
        "array of float32; reduce its columns first, for instance by "
        "sklearn.decomposition.TruncatedSVD."
    )


def _of_xarray(X: Any) -> Opened:
    names = {str(dim): dim for dim in X.dims}
    first = [name for name in names if name.lower() in SAMPLES]
    if len(first) != 1:
        raise DataError(
            f"X is a DataArray with dimensions {', '.join(map(repr, names))}, and "
            f"{'several of them' if first else 'none of them'} may count the samples; name that "
            "one 'sample' and no other so, as in X.rename({'…': 'sample'}), or give X.values with "
            "the samples on the first axis."
        )
    rest = [name for name in names if name not in first]
    last = [name for name in rest if name.lower() in CHANNELS] if len(rest) == 3 else []
    order = [*first, *(name for name in rest if name not in last), *last]
    values = X.transpose(*(names[name] for name in order)).values
    labels: Any = X.coords[names[rest[0]]].values if len(rest) == 1 and rest[0] in X.coords else ()
    text = all(isinstance(label, str) for label in labels)
    called = tuple(labels) if text else _names_of_labels(list(np.asarray(labels).tolist()))
    layout: Layout | None = "channels_last" if last else None
    return Opened(_usable(values), tuple(map(str, called)), layout)


def _plain(X: Any, column: str | None) -> bool:
    """Whether a Hugging Face data set is a table of single values, and no column was named."""
    kinds = {type(kind).__name__ for kind in X.features.values()}
    return column is None and bool(kinds) and kinds <= {"Value", "ClassLabel"}


def _of_frame(frame: Any, fitting: bool) -> Opened:
    if not hasattr(frame, "iter_columns"):  # an Arrow table
        frame = frame_of(frame, "X")
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
        names = _names_of_labels(list(columns))
    elif kinds == {True}:
        names = tuple(columns)
    else:
        wrong = next(name for name in columns if not isinstance(name, str))
        raise DataError(
            f"X has columns that are named by text and others that are not ({wrong!r}); name all "
            "by text, as by X.columns = X.columns.astype(str)."
        )
    return _of_columns(columns, names, fitting, missing)


def _names_of_labels(labels: Sequence[Any]) -> tuple[str, ...]:
    """Names out of labels that are no text; none where they only count from 0.

    Raises:
        DataError: where they count from 0, but in another order.
    """
    numbers = list(range(len(labels)))
    if list(labels) == numbers:
        return ()
    if set(labels) == set(numbers):
        raise DataError(
            f"X has its columns in the order {', '.join(map(str, labels[:10]))}; give them in the "
            "order 0, 1, …, or name them by text."
        )
    return tuple(map(str, labels))


def _of_columns(
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
        numbers, fault = _numbers(values, (missing or {}).get(key, 0))
        if fault:
            wrong.append((name, fault))
        elif numbers is not None:
            if numbers.dtype.kind in "iu":
                check_whole(numbers, f"column {name!r} of X")
            found.append(numbers)
    if wrong:
        raise DataError(_refused("X", wrong))
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


def _numbers(values: NDArray[Any], missing: int) -> tuple[NDArray[Any] | None, str]:
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


def _refused(what: str, wrong: Sequence[tuple[str, str]]) -> str:
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


def _of_list(given: Sequence[Any], what: str) -> NDArray[Any]:
    """An array out of a list of numbers, rows or images."""
    if given and all(isinstance(row, torch.Tensor) for row in given):
        given = [_of_tensor(row) for row in given]
    if given and isinstance(given[0], Mapping):
        raise DataError(
            f"{what} is a list of dictionaries with the keys {_some(given[0])}; give a data frame "
            f"of it, such as pandas.DataFrame({what})."
        )
    try:
        array = np.asarray(given)
    except Exception as error:  # NumPy on rows of different lengths, other libraries on their own
        lengths = {np.shape(row) for row in given if _has_shape(row)}
        if len(lengths) > 1:
            a, b = sorted(lengths)[:2]
            raise DataError(
                f"{what} is a list of rows of different shapes ({a} and {b}); bring all to one."
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


def _usable(array: NDArray[Any]) -> NDArray[Any]:
    """Refuse arrays of text and dates; of objects, the columns that are no numbers."""
    if array.dtype.kind in "USTmM":
        how = (
            "give dates as a number of days or seconds, as by (X - X.min()) / "
            "numpy.timedelta64(1, 'D')"
            if array.dtype.kind in "mM"
            else "use X.astype(float) where the texts are numbers, or encode categories as 0, 1, …"
        )
        raise DataError(f"X is an array of dtype {array.dtype}, and no numbers; {how}.")
    if array.dtype.kind != "O" or array.ndim != 2:
        return array
    columns = {str(k): column for k, column in enumerate(array.T)}
    wrong = [
        (name, fault)
        for name, column in columns.items()
        if (fault := _numbers(column, 0)[1]) and fault != ENTRIES and not _spelled(column)
    ]
    if wrong:
        raise DataError(_refused("X", wrong))
    _check_integers(array.tolist(), "X")
    return array


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
