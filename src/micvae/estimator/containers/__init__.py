"""Containers of samples: arrays, data frames and data sets of other libraries.

A new kind of container is a function like those in `READERS`, and a line there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from micvae.data import FactorDataset
from micvae.errors import DataError
from micvae.estimator.containers import arrays, datasets, frames, xarray
from micvae.estimator.containers.base import WANTED, ItemSource, Opened, with_article

__all__ = ["READERS", "ItemSource", "Opened", "open_container"]

READERS = (
    datasets.read_hugging_face,
    datasets.read_pytorch,
    xarray.read,
    frames.read,
    arrays.read,
)
"""Tried in this order; each returns None for a container of another kind."""


def open_container(X: Any, *, column: str | None = None, fitting: bool = False) -> Opened:
    """Read numbers and names from a container of samples.

    Args:
        X: see `Disentangler`.
        column: the column of images of a Hugging Face data set, where the user named it.
        fitting: whether a model is fitted to X; the precision of its columns is checked then.

    Raises:
        DataError: in one sentence, with what to give instead.
    """
    if isinstance(X, str | Path | FactorDataset):
        return Opened(X)
    for read in READERS:
        if (found := read(X, column, fitting)) is not None:
            return found
    raise DataError(f"X is {with_article(X)}; {WANTED}.")
