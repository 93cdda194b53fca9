"""What every reader of a container returns, and helpers of their messages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from micvae.data.layout import Layout
from micvae.errors import DataError

WANTED = "give an array of vectors (N, F) or images, a data frame, a map-style data set, or a path"

Item = Callable[[int], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class ItemSource:
    """Images that a data set returns one by one.

    Args:
        name: of the class of the data set.
        count: N, the number of images.
        item: returns the image of a number.
        column: the column of a Hugging Face data set, where the user named it.
    """

    name: str
    count: int
    item: Item
    column: str | None = None


@dataclass(frozen=True, eq=False)
class Opened:
    """The samples of a container.

    Args:
        values: an array, an `ItemSource`, a path or name, or a `FactorDataset`.
        names: of the columns, where the container names all of them.
        layout: the axis of channels, where the container defines it.
    """

    values: Any
    names: tuple[str, ...] = ()
    layout: Layout | None = None


def is_instance_of(module: str, names: Sequence[str], given: Any) -> bool:
    """Whether an object is of a class of a module that may not be installed."""
    kinds = [getattr(sys.modules.get(module), name, None) for name in names]
    return any(isinstance(kind, type) and isinstance(given, kind) for kind in kinds)


def top_module(given: Any) -> str:
    """The library that defines the class of an object."""
    return type(given).__module__.partition(".")[0]


def with_article(given: Any) -> str:
    """The class of an object for a message: `a DataFrame`, `an ndarray`."""
    if given is None:
        return "None"
    name = type(given).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def listed(names: Any) -> str:
    """The first names of a list, for a message."""
    shown = [repr(name) for name in names]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def labels_as_names(labels: Sequence[Any]) -> tuple[str, ...]:
    """Names from labels that are not text; none where they count from 0.

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
