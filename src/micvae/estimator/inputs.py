"""From the samples and labels that the estimator is given to a `FactorDataset`."""

from __future__ import annotations

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
from micvae.estimator.containers import ItemSource
from micvae.estimator.containers.arrays import read_array
from micvae.estimator.containers.frames import frame_of, missing_entry
from micvae.training.data_identity import IN_MEMORY


@dataclass(frozen=True, eq=False)
class Given:
    """The samples as a data set.

    Args:
        dataset: the samples.
        data: what a run stores as its `data`.
        arranged: the order of the axes of the given images.
    """

    dataset: FactorDataset
    data: str
    arranged: Arrangement


def dataset_of(
    X: Any,
    y: Any = None,
    *,
    layout: Layout = "auto",
    value_range: Range | None = None,
    trained: TrainedScale | None = None,
) -> Given:
    """Make a data set of the samples of a container.

    Args:
        X: the values of an `Opened` container: a `FactorDataset`, a path or the name of a data
            set, an array, or an `ItemSource`.
        y: factors or labels, `(N,)` or `(N, K)`, as an array, a data frame or a column of one;
            texts are categories.
        layout: the axis of channels of an array, in ambiguous cases.
        value_range: the values of black and white; None infers them.
        trained: the values in the training data of the model that reads these images.

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
    if isinstance(X, ItemSource):
        name = X.name
        of_column = {} if X.column is None else {"column": X.column}
        with expecting(value_range, trained):
            images, scale, found = _one_by_one(X, how)
    else:
        name = "array"
        array = unmasked(np.asanyarray(X), "X")
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

    Columns of text become categories 0, 1, … in alphabetical order. Names are those of a data
    frame or of its column.

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
        "specify it by fitting a FactorDataset with factor_kinds",
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
    """Names, columns and shape of labels; no columns if they are not a table."""
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
    """A number in a categorical column."""

    __slots__ = ()


def _entries(series: Any) -> NDArray[Any]:
    """Entries of a column; as objects if some are missing, which numbers would hide."""
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


def _one_by_one(source: ItemSource, how: Reading) -> tuple[Images, Scale | None, Arrangement]:
    """All images of a data set that returns them singly; many are read later, when needed."""
    if not source.count:
        raise DataError("X is empty; at least one image is needed.")
    item, first = source.item, source.item(0)
    shape = (source.count, *first.shape)
    found = arrangement(shape, "X", how.layout)
    if is_large(shape):
        items = Items(item, shape, first.dtype, found, how)
        return items, items.scale, found
    array = stacked(item, np.arange(source.count), first.shape, first.dtype, "X")
    return *of_array(array, found, how), found
