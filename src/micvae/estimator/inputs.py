"""What the estimator takes: arrays, tensors, data sets of PyTorch and Hugging Face, paths."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.data import OWN_PATH, DataDescription, FactorDataset, FactorKind, Images, describe, load
from micvae.data.dataset import guess_kind, warn_of_guesses
from micvae.data.description import described_as, what_is
from micvae.data.formats import format_of
from micvae.data.layout import Arrangement, Layout, arrangement
from micvae.data.lazy import is_large
from micvae.data.on_disk import Items, of_array, stacked
from micvae.data.pictures import opened, pixels
from micvae.data.value_range import (
    Range,
    Reading,
    Scale,
    TrainedScale,
    checked_range,
    expecting,
)
from micvae.data.vectors import check_whole
from micvae.errors import DataError
from micvae.estimator.containers import frame_of, hugging_face, missing_entry, read_array
from micvae.training.data_identity import IN_MEMORY


@dataclass(frozen=True, eq=False)
class Given:
    """Samples that were given, as the data set that is trained on.

    Args:
        dataset: the samples.
        data: what a run stores as its `data`.
        arranged: how images lay in what was given.
    """

    dataset: FactorDataset
    data: str
    arranged: Arrangement


def taken(
    X: Any,
    y: Any = None,
    *,
    layout: Layout = "auto",
    column: str | None = None,
    value_range: Range | None = None,
    trained: TrainedScale | None = None,
) -> Given:
    """Read whatever holds samples.

    Args:
        X: a `FactorDataset`; a path or the name of a data set; an array or tensor; a map-style
            `torch.utils.data.Dataset` whose items are an image or begin with one; a
            `datasets.Dataset` of Hugging Face.
        y: factors or labels, `(N,)` or `(N, K)`, as an array, a data frame or a column of one;
            texts are categories.
        layout: where the channels of an array are, in case of doubt.
        column: which column of a Hugging Face data set has the images.
        value_range: the values of black and white; None finds them.
        trained: those of the pictures that a model was fitted to, which is to read these.

    Raises:
        DataError: for anything else, and what does not fit.
    """
    if layout not in ("auto", "channels_first", "channels_last"):
        raise DataError(f"layout is {layout!r}; use auto, channels_first or channels_last.")
    value_range = checked_range(value_range)
    if isinstance(X, str | Path | FactorDataset):
        named = None if isinstance(X, FactorDataset) else _described(X, value_range, layout)
        with expecting(value_range, trained):
            dataset = X if isinstance(X, FactorDataset) else load(X if named is None else named)
        data = str(named) if named is not None and y is None else IN_MEMORY
        found: Arrangement = "NCHW" if dataset.pictures else "NF"
        return Given(dataset if y is None else with_factors(dataset, y), data, found)
    of_column = {}
    how = Reading("X", value_range=value_range, layout=layout)
    if isinstance(X, torch.utils.data.Dataset) or hugging_face(X):
        name = type(X).__name__
        if hugging_face(X) and column is not None:
            of_column = {"column": column}
        count, item = _column(X, column) if hugging_face(X) else _items(X)
        with expecting(value_range, trained):
            images, scale, found = _one_by_one(count, item, how)
    else:
        name = "array"
        array = X.detach().cpu().numpy() if isinstance(X, torch.Tensor) else np.asanyarray(X)
        array = unmasked(array, "X")
        found = arrangement(array.shape, "X", layout)
        with expecting(value_range, trained):
            images, scale = of_array(array, found, how)
    of_scale = {} if scale is None else scale.to_json()
    source = {"data": IN_MEMORY, "layout": found} | of_column | of_scale
    notes = () if scale is None else scale.notes("the images that were given")
    dataset = FactorDataset(name, images, source=source, notes=notes)
    return Given(dataset if y is None else with_factors(dataset, y), IN_MEMORY, found)


def _described(data: str | Path, value_range: Range | None, layout: Layout) -> DataDescription:
    """What a text describes; a path with the options of the data set that takes them."""
    found = describe(data)
    path = found.own_path
    if path is None or type(found) is not OWN_PATH:
        return found
    form, there = format_of(Path(path)), what_is(path)
    arrays = there == "file" and form is not None and form.options
    options: dict[str, Range | str] = {}
    if value_range is not None and (arrays or there == "folder"):
        options["value_range"] = value_range
    if layout != "auto" and arrays:
        options["layout"] = layout
    kind = "arrays" if arrays else "pictures"
    return described_as(kind, {"path": path}, **options) if options else found


def with_factors(dataset: FactorDataset, y: Any) -> FactorDataset:
    """The data set with other factors: labels `(N,)` or a table `(N, K)`.

    Columns of text become categories 0, 1, … in alphabetical order; names are those of a
    data frame or a column of one, of any library.

    Raises:
        DataError: for another number of samples, and where a value is missing.
    """
    names, columns, shape = _labels(y)
    if not columns or shape[0] != len(dataset):
        raise DataError(
            f"y has shape {shape}, but X has {len(dataset)} samples; give a label each, or a row "
            "of factors."
        )
    read = [_numbers(column, f"y[:, {k}]") for k, column in enumerate(columns)]
    numbers = [k for k, (_, kind) in enumerate(read) if kind != "categorical"]
    warn_of_guesses(
        [read[k][0] for k in numbers],
        [repr(str(names[k])) for k in numbers],
        "say which it is by fitting a FactorDataset with factor_kinds",
    )
    return replace(
        dataset,
        factors=np.stack([values for values, _ in read], axis=1),
        factor_names=tuple(map(str, names)),
        factor_kinds=tuple(kind for _, kind in read),
        factor_values=(),
        renderer=None,
    )


def _labels(y: Any) -> tuple[tuple[str, ...], list[NDArray[Any]], tuple[int, ...]]:
    """Names and columns of labels, and their shape; no column where they are no table."""
    import narwhals as nw

    frame = frame_of(y, "y")
    if frame is not None:
        found = list(frame.iter_columns())
        names = tuple(_label(series.name) for series in frame.iter_columns())
        return names, [_entries(series) for series in found], frame.shape
    name = getattr(y, "name", None)
    name = name if isinstance(name, str) and name else "label"
    series = nw.from_native(y, allow_series=True, pass_through=True)
    if isinstance(series, nw.Series):
        return (name,), [_entries(series)], (len(series),)
    given = y.detach().cpu() if isinstance(y, torch.Tensor) else y
    table = read_array(given, "y")
    if table.dtype.names:
        return tuple(table.dtype.names), [table[n] for n in table.dtype.names], table.shape
    shape = table.shape
    table = table[:, None] if table.ndim == 1 else table
    columns = list(table.T) if table.ndim == 2 else []
    names = (name,) if len(columns) == 1 else tuple(f"factor {k}" for k in range(len(columns)))
    return names, columns, shape


def _label(name: Any) -> str:
    return "/".join(map(str, name)) if isinstance(name, tuple) else str(name)


class _Category(str):
    """A number that its frame calls a category."""

    __slots__ = ()


def _entries(series: Any) -> NDArray[Any]:
    """The entries of a column; as objects where some are missing, which numbers would hide."""
    import narwhals as nw

    if not series.null_count():
        entries = np.asarray(series.to_numpy())
        if isinstance(series.dtype, nw.Categorical) and entries.dtype.kind in "biuf":
            return np.asarray([_Category(entry) for entry in entries.tolist()], dtype=object)
        return entries
    entries = np.empty(len(series), dtype=object)
    entries[:] = series.to_list()
    return entries


def _numbers(column: NDArray[Any], name: str) -> tuple[NDArray[np.float64], FactorKind]:
    column = unmasked(column, name)
    if column.dtype.kind in "iu":
        check_whole(column, name)
    if column.dtype.kind in "fiub":
        values = column.astype(np.float64)
        return values, guess_kind(values)
    if column.dtype.kind == "O" and isinstance(column[0], _Category):
        return np.unique(column.astype(np.float64), return_inverse=True)[1].astype(
            np.float64
        ), "categorical"
    missing = [i for i, value in enumerate(column) if missing_entry(value)]
    if missing:
        raise DataError(
            f"{name} has no value for {len(missing)} of {len(column)} samples, the first of them "
            f"sample {missing[0]}; leave those out of X and y, or give what is missing a name."
        )
    try:
        values = column.astype(np.float64)
        return values, guess_kind(values)
    except (TypeError, ValueError):
        text = column.astype(str)
    return np.unique(text, return_inverse=True)[1].astype(np.float64), "categorical"


Item = Callable[[int], NDArray[Any]]


def _items(given: Any) -> tuple[int, Item]:
    if not hasattr(given, "__len__") or not hasattr(given, "__getitem__"):
        raise DataError(
            f"X is a {type(given).__name__}, which has no length or no items; give a map-style "
            "data set, with __len__ and __getitem__, or an array."
        )
    return len(given), lambda i: _first(given[i])


def _first(item: Any) -> NDArray[Any]:
    """The image of an item, which may have labels behind it."""
    if isinstance(item, dict):
        raise DataError(
            f"the items of X are dictionaries ({', '.join(map(str, item))}); give a data set whose "
            "items are an image, or begin with one."
        )
    return _image(item[0] if isinstance(item, tuple | list) else item)


def _image(image: Any) -> NDArray[Any]:
    if isinstance(image, torch.Tensor):
        return image.detach().cpu().numpy()
    if hasattr(image, "getbands"):
        return pixels(image, "a picture of X")
    return np.asarray(unmasked(image, "an item of X"))


def _one_by_one(count: int, item: Item, how: Reading) -> tuple[Images, Scale | None, Arrangement]:
    """All images of a data set that gives them singly, read now or, where they are many, later."""
    if not count:
        raise DataError("X is empty; at least one image is needed.")
    first = item(0)
    shape = (count, *first.shape)
    found = arrangement(shape, "X", how.layout)
    if is_large(shape):
        items = Items(item, shape, first.dtype, found, how)
        return items, items.scale, found
    array = stacked(item, np.arange(count), first.shape, first.dtype, "X")
    return *of_array(array, found, how), found


def _column(given: Any, column: str | None) -> tuple[int, Item]:
    if column is None:
        kinds = {name: type(kind).__name__ for name, kind in given.features.items()}
        images = [n for n, k in kinds.items() if k in ("Image", "Array2D", "Array3D")]
        if len(images) != 1:
            raise DataError(
                f"X has {len(images) or 'no'} columns of images among {', '.join(kinds)}; name "
                "the one that is meant, column='…'."
            )
        column = images[0]
    elif column not in given.column_names:
        raise DataError(f"X has no column {column!r}; it has {', '.join(given.column_names)}.")
    rows = given.select_columns([column])
    kind = given.features.get(column)
    if type(kind).__name__ != "Image" or given.format["type"] == "custom":
        return len(given), lambda i: _image(rows[i][column])
    encoded = rows.with_format(None).cast_column(column, type(kind)(decode=False))
    return len(given), lambda i: _encoded(encoded[i][column], kind.mode, f"X[{i}]")


def _encoded(stored: Any, mode: str | None, name: str) -> NDArray[Any]:
    """A picture as its file has it; decoded here, since `datasets` decodes every format."""
    content = stored["bytes"] if stored else None
    if content is None and not (stored and stored["path"] and Path(stored["path"]).is_file()):
        raise DataError(f"{name} has no picture, or one that does not lie on this machine.")
    with opened(Path(stored["path"]) if content is None else io.BytesIO(content), name) as picture:
        return pixels(picture.convert(mode) if mode else picture, name)
