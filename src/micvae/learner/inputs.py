"""What the estimator takes: arrays, tensors, data sets of PyTorch and Hugging Face, paths."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.data import FactorDataset, FactorKind, Images, load
from micvae.data.dataset import guess_kind
from micvae.data.layout import Arrangement, Layout, arrangement
from micvae.data.lazy import is_large
from micvae.data.on_disk import Items, of_array, stacked
from micvae.data.own import ARRAYS, expanded, what_is
from micvae.data.pictures import opened, pixels
from micvae.data.value_range import (
    Range,
    Reading,
    Scale,
    TrainedScale,
    checked_range,
    expecting,
)
from micvae.errors import DataError
from micvae.training.run import IN_MEMORY


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
        y: factors or labels, `(N,)` or `(N, K)`; texts are categories.
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
        text = "" if isinstance(X, FactorDataset) else _described(str(X), value_range, layout)
        with expecting(value_range, trained):
            dataset = X if isinstance(X, FactorDataset) else load(text)
        data = text if text and y is None else IN_MEMORY
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
        if found == "NF" and array.dtype.kind in "iub":
            array = array.astype(np.float64)
        with expecting(value_range, trained):
            images, scale = of_array(array, found, how)
    of_scale = {} if scale is None else scale.to_json()
    source = {"data": IN_MEMORY, "layout": found} | of_column | of_scale
    notes = () if scale is None else scale.notes("the images that were given")
    dataset = FactorDataset(name, images, source=source, notes=notes)
    return Given(dataset if y is None else with_factors(dataset, y), IN_MEMORY, found)


def _described(text: str, value_range: Range | None, layout: Layout) -> str:
    """A path with options, as the data set that takes them; another description as it is."""
    path = expanded(text)
    options: dict[str, Any] = {} if value_range is None else {"value_range": value_range}
    there = what_is(path)
    if there == "file" and path.suffix.lower() in ARRAYS:
        options |= {} if layout == "auto" else {"layout": layout}
        kind = "arrays"
    elif there == "folder":
        kind = "pictures"
    else:
        return text
    said = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"{kind}({text!r}{said})" if options else text


def with_factors(dataset: FactorDataset, y: Any) -> FactorDataset:
    """The data set with other factors: labels `(N,)` or a table `(N, K)`.

    Columns of text become categories 0, 1, … in alphabetical order; names are those of a
    pandas object, where it is one.

    Raises:
        DataError: for another number of samples, and where a value is missing.
    """
    columns = getattr(y, "columns", None)
    name = getattr(y, "name", None)
    names = (name if isinstance(name, str) else "label",) if columns is None else columns
    table = np.asarray(y.detach().cpu() if isinstance(y, torch.Tensor) else y)
    if table.dtype.kind == "U" and not isinstance(y, np.ndarray):
        table = np.asarray(y, dtype=object)  # a NaN among a list's texts would be the text "nan"
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[0] != len(dataset) or not table.shape[1]:
        raise DataError(
            f"y has shape {np.shape(y)}, but X has {len(dataset)} samples; give a label each, or "
            "a row of factors."
        )
    read = [_numbers(column, f"y[:, {k}]") for k, column in enumerate(table.T)]
    if columns is None and len(read) != 1:
        names = tuple(f"factor {k}" for k in range(len(read)))
    return replace(
        dataset,
        factors=np.stack([values for values, _ in read], axis=1),
        factor_names=tuple(map(str, names)),
        factor_kinds=tuple(kind for _, kind in read),
        factor_values=(),
        renderer=None,
    )


def _numbers(column: NDArray[Any], name: str) -> tuple[NDArray[np.float64], FactorKind]:
    if column.dtype.kind in "fiub":
        values = column.astype(np.float64)
        return values, guess_kind(values)
    missing = [i for i, value in enumerate(column) if _missing(value)]
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


def _missing(value: Any) -> bool:
    """Tell None, NaN and NaT, which do not equal themselves, and pandas' NA, which cannot say."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True
    except ValueError:  # an array, which is something
        return False


Item = Callable[[int], NDArray[Any]]


def _items(given: Any) -> tuple[int, Item]:
    if not hasattr(given, "__len__") or not hasattr(given, "__getitem__"):
        raise DataError(
            f"X is a {type(given).__name__}, which has no length or no items; give a map-style "
            "data set, with __len__ and __getitem__."
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
    return pixels(image, "a picture of X") if hasattr(image, "getbands") else np.asarray(image)


def _one_by_one(count: int, item: Item, how: Reading) -> tuple[Images, Scale | None, Arrangement]:
    """All images of a data set that gives them singly, read now or, where they are many, later."""
    if not count:
        raise DataError("X is empty; at least one image is needed.")
    first = item(0)
    shape = (count, *first.shape)
    found = arrangement(shape, "X", how.layout)
    if found == "NF" and first.dtype.kind in "iub":
        raise DataError(f"the items of X are vectors of {first.dtype}; give floats.")
    if is_large(shape):
        items = Items(item, shape, first.dtype, found, how)
        return items, items.scale, found
    array = stacked(item, np.arange(count), first.shape, first.dtype, "X")
    return *of_array(array, found, how), found


def hugging_face(given: Any) -> bool:
    """Whether this is a `datasets.Dataset`; one that is not loaded cannot have made it."""
    kind = getattr(sys.modules.get("datasets"), "Dataset", None)  # None: a user's own module
    return isinstance(kind, type) and isinstance(given, kind)


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
