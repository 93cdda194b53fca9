"""Data sets that return images one by one: of PyTorch and of Hugging Face."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.arrays import unmasked
from micvae.data.pictures import opened, pixels
from micvae.errors import DataError
from micvae.estimator.containers import frames
from micvae.estimator.containers.base import (
    Item,
    ItemSource,
    Opened,
    is_instance_of,
    with_article,
)


def read_pytorch(X: Any, column: str | None, fitting: bool) -> Opened | None:
    """Read a map-style data set whose items are an image, or begin with one."""
    if isinstance(X, torch.utils.data.DataLoader):
        raise DataError(
            "X is a DataLoader, which gives batches in an order of its own; give its .dataset, or "
            "an array."
        )
    if not isinstance(X, torch.utils.data.Dataset):
        return None
    if not hasattr(X, "__len__") or not hasattr(X, "__getitem__"):
        raise DataError(
            f"X is a {type(X).__name__}, which has no length or no items; give a map-style "
            "data set, with __len__ and __getitem__, or an array."
        )
    return Opened(ItemSource(type(X).__name__, len(X), lambda i: _first(X[i])))


def read_hugging_face(X: Any, column: str | None, fitting: bool) -> Opened | None:
    """Read columns of numbers, or a column of images one by one."""
    if is_instance_of("datasets", ("DatasetDict",), X):
        split = next(iter(X), "train")
        raise DataError(
            f"X is a DatasetDict of {', '.join(map(repr, X)) or 'nothing'}; choose a split, such "
            f"as X[{split!r}]."
        )
    if is_instance_of("datasets", ("IterableDataset", "IterableDatasetDict"), X):
        raise DataError(
            f"X is {with_article(X)}, which is streamed; load it without streaming=True, and "
            "choose a split."
        )
    if not is_instance_of("datasets", ("Dataset",), X):
        return None
    kinds = {name: type(kind).__name__ for name, kind in X.features.items()}
    if column is None and kinds and set(kinds.values()) <= {"Value", "ClassLabel"}:
        return frames.read(X.with_format("arrow")[:], column, fitting)
    if column is None:
        images = [n for n, k in kinds.items() if k in ("Image", "Array2D", "Array3D")]
        if len(images) != 1:
            raise DataError(
                f"X has {len(images) or 'no'} columns of images among {', '.join(kinds)}; name "
                "the one to use, column='…'."
            )
    elif column not in X.column_names:
        raise DataError(f"X has no column {column!r}; it has {', '.join(X.column_names)}.")
    item = _items(X, images[0] if column is None else column)
    return Opened(ItemSource(type(X).__name__, len(X), item, column))


def _items(dataset: Any, column: str) -> Item:
    rows = dataset.select_columns([column])
    kind = dataset.features.get(column)
    if type(kind).__name__ != "Image" or dataset.format["type"] == "custom":
        return lambda i: _image(rows[i][column])
    encoded = rows.with_format(None).cast_column(column, type(kind)(decode=False))
    return lambda i: _decoded(encoded[i][column], kind.mode, f"X[{i}]")


def _decoded(stored: Any, mode: str | None, name: str) -> NDArray[Any]:
    """A picture as its file has it; decoded here, since `datasets` decodes every format."""
    content = stored["bytes"] if stored else None
    if content is None and not (stored and stored["path"] and Path(stored["path"]).is_file()):
        raise DataError(f"{name} has no picture, or one that does not lie on this machine.")
    with opened(Path(stored["path"]) if content is None else io.BytesIO(content), name) as picture:
        return pixels(picture.convert(mode) if mode else picture, name)


def _image(image: Any) -> NDArray[Any]:
    """An array of an image: a tensor, a picture of Pillow or an array."""
    if isinstance(image, torch.Tensor):
        return image.detach().cpu().numpy()
    if hasattr(image, "getbands"):
        return pixels(image, "a picture of X")
    return np.asarray(unmasked(image, "an item of X"))


def _first(item: Any) -> NDArray[Any]:
    """The image of an item, which may have labels behind it."""
    if isinstance(item, dict):
        raise DataError(
            f"the items of X are dictionaries ({', '.join(map(str, item))}); give a data set whose "
            "items are an image, or begin with one."
        )
    return _image(item[0] if isinstance(item, tuple | list) else item)
