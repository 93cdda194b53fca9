"""Lazy images: data larger than memory, read in parts."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.data.layout import Arrangement, channels_first
from micvae.data.value_range import Reading, Scale, chosen_scale, measured, scaled, value_range_of
from micvae.data.vectors import Vectors, precise
from micvae.errors import DataError

LARGE = 2**30  # bytes as float32: what is larger is read in parts, what is smaller at once
BLOCK = 2**24  # bytes as float32 of what is read at a time, where all of it passes by


class LazyImages(ABC):
    """Images `(N, C, H, W)` or vectors `(N, F)` that are read when they are asked for.

    Indexing works along the first axis, as for arrays, and returns a float32 array; vectors that
    are float64 in their file are returned as float64. Nothing is cached. `np.asarray` reads
    everything.

    Args:
        shape: of the whole.
        bounded: whether every value is known to lie in [0, 1] before it is read.
    """

    dtype: np.dtype[Any] = np.dtype(np.float32)

    def __init__(self, shape: tuple[int, ...], bounded: bool) -> None:
        self.shape = shape
        self.bounded = bounded

    @abstractmethod
    def read(self, rows: NDArray[np.int64]) -> Vectors:
        """The samples at `rows`, which ascend and may repeat."""

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        """Return N."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> Vectors:
        """Read the samples of a slice, an array of numbers or a mask; or one, without its axis."""
        numbers = np.arange(len(self))[index]  # negative ones counted from the end, bounds checked
        if numbers.ndim == 0:
            one: Vectors = self.read(numbers[None])[0]
            return one
        order = np.argsort(numbers, kind="stable")  # adjacent rows are read together
        found = self.read(numbers[order])
        if (order[1:] > order[:-1]).all():
            return found
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return found[back]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        return self[:].astype(dtype or self.dtype, copy=False)


Images = Vectors | LazyImages


def is_large(shape: tuple[int, ...]) -> bool:
    """Whether samples of this shape are to be read in parts."""
    return math.prod(shape) * 4 > LARGE


def parts(images: Images) -> Iterator[Vectors]:
    """All samples in their order, in parts of at most 16 MB: the same parts for any source.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import parts
        >>> sum(len(block) for block in parts(np.zeros((100, 1, 8, 8), np.float32)))
        100
    """
    rows = max(1, BLOCK // max(1, math.prod(images.shape[1:]) * 4))
    for start in range(0, len(images), rows):
        yield images[start : start + rows]


def rows_of(images: Images, index: ArrayLike) -> Images:
    """The samples at `index`, in that order: an array, or where they are many, still unread.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import rows_of
        >>> rows_of(np.arange(20.0).reshape(10, 2), np.array([3, 1]))
        array([[6., 7.],
               [2., 3.]])
    """
    numbers = np.arange(len(images))[np.asarray(index)]
    if isinstance(images, LazyImages) and is_large((len(numbers), *images.shape[1:])):
        return Subset(images, numbers)
    return images[numbers]


class Subset(LazyImages):
    """A selection of rows of lazy images.

    Args:
        images: the images to select from.
        rows: the selected rows in their order, `(M,)`.
    """

    def __init__(self, images: LazyImages, rows: NDArray[np.int64]) -> None:
        super().__init__((len(rows), *images.shape[1:]), images.bounded)
        self.images = images
        self.rows = rows
        self.dtype = images.dtype

    def read(self, rows: NDArray[np.int64]) -> Vectors:
        """Read the selected rows."""
        return self.images[self.rows[rows]]


class Transformed(LazyImages):
    """Lazy images with a function applied to each block that is read.

    Args:
        images: the images to transform.
        change: maps a block `(n, …)` to a float32 array of the same shape.
    """

    def __init__(
        self, images: LazyImages, change: Callable[[NDArray[Any]], NDArray[np.float32]]
    ) -> None:
        super().__init__(images.shape, bounded=False)
        self.images = images
        self.change = change

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read rows and transform them."""
        return self.change(self.images.read(rows))


class ArrayBacked(LazyImages):
    """Images stored as the rows of an array, in the array's own layout and dtype.

    Subclasses set the attributes that `rows` needs before they call this initialiser, which reads
    rows until the values of black and white are certain.

    Args:
        shape: of the array.
        dtype: of the array.
        found: how it is arranged.
        how: its name and what was said of how to read it.

    Attributes:
        scale: which values are black and white; None for vectors.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], found: Arrangement, how: Reading
    ) -> None:
        turned = channels_first(np.broadcast_to(np.zeros((), dtype), shape), found).shape
        super().__init__(turned, bounded=found != "NF")
        self.stored = shape
        self.stored_dtype = dtype
        self.found = found
        self.what = how.what
        self.scale: Scale | None = None
        if found == "NF":
            refuse_range(how)
            self.dtype = precise(np.empty((0, 1), dtype), how.what).dtype
        else:
            self.scale = chosen_scale(dtype, measured(self._blocks()), how)

    @abstractmethod
    def rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The array's rows at `rows`, which ascend."""

    def read(self, rows: NDArray[np.int64]) -> Vectors:
        """Rows as floats `(n, C, H, W)`, or vectors in their own precision."""
        return as_floats(channels_first(self.rows(rows), self.found), self.scale, self.what)

    def _blocks(self) -> Iterator[NDArray[Any]]:
        together = max(1, BLOCK // max(1, math.prod(self.stored[1:]) * 4))
        for start in range(0, self.stored[0], together):
            yield self.rows(np.arange(start, min(start + together, self.stored[0])))


def refuse_range(how: Reading) -> None:
    """Refuse a range of values for vectors.

    Raises:
        DataError: where one was given.
    """
    if value_range_of(how) is not None:
        raise DataError(f"{how.what}: vectors, not pictures; leave value_range out.")


def as_floats(images: NDArray[Any], scale: Scale | None, what: str) -> Vectors:
    """Images scaled to [0, 1]; vectors in their own precision."""
    return precise(images, what) if scale is None else scaled(images, scale)


class InMemory(ArrayBacked):
    """An array in memory that is converted to floats in parts, as a full copy would be large.

    Args:
        array: in any arrangement, of any dtype.
        found: how it is arranged.
        how: its name and what was said of how to read it.
    """

    def __init__(self, array: NDArray[Any], found: Arrangement, how: Reading) -> None:
        self.array = array
        super().__init__(array.shape, array.dtype, found, how)

    def rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Select rows of the array."""
        return self.array[rows]


def runs(rows: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Split ascending numbers into runs without gaps: place in `rows`, first number, length."""
    bounds = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
    for start, end in pairwise(bounds):
        if end > start:
            yield start, int(rows[start]), end - start
