"""Lazy images on disk: array files, memory maps, HDF5, single picture files."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.layout import Arrangement, channels_first
from micvae.data.lazy import ArrayBacked, Images, InMemory, as_floats, is_large, refuse_range, runs
from micvae.data.value_range import Reading, Scale, chosen_scale, measured
from micvae.errors import DataError


class ArrayFile(ArrayBacked):
    """An uncompressed array in a file, stored row by row: an .npy file or a member of an .npz file.

    Rows are read and not mapped: mapped pages count as memory in use until the system needs it.

    Args:
        path: the file.
        start: the byte at which the array begins.
        shape: of the array.
        dtype: of the array.
        found: how it is arranged.
        how: its name and what was said of how to read it.
    """

    def __init__(
        self,
        path: Path,
        start: int,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        found: Arrangement,
        how: Reading,
    ) -> None:
        self.path = path
        self.start = start
        size, held = start + math.prod(shape) * dtype.itemsize, path.stat().st_size
        if held < size:
            raise DataError(
                f"{path} has {held:,} bytes, not the {size:,} that its shape {shape} needs; it was "
                "truncated; get it again."
            )
        super().__init__(shape, dtype, found, how)

    def rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read runs of rows, each at once."""
        size = math.prod(self.stored[1:]) * self.stored_dtype.itemsize
        found = np.empty((len(rows), *self.stored[1:]), self.stored_dtype)
        into = found.reshape(-1).view(np.uint8)
        with self.path.open("rb", buffering=0) as file:
            for place, first, count in runs(rows):
                file.seek(self.start + first * size)
                part = into[place * size : (place + count) * size]
                if file.readinto(part.data) != len(part):
                    raise DataError(
                        f"{self.path} ends within row {first:,}; it was truncated; get it again."
                    )
        return found


class Hdf5File(ArrayBacked):
    """A data set of an HDF5 file, chunked and compressed or not.

    Args:
        path: the file.
        name: of the data set.
        shape: of the data set.
        dtype: of the data set.
        found: how it is arranged.
        how: its name and what was said of how to read it.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        found: Arrangement,
        how: Reading,
    ) -> None:
        self.path = path
        self.name = name
        super().__init__(shape, dtype, found, how)

    def rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read runs of rows, each at once."""
        import h5py

        found = np.empty((len(rows), *self.stored[1:]), self.stored_dtype)
        try:
            with h5py.File(self.path, "r") as file:
                stored = file[self.name]
                for place, first, count in runs(rows):
                    found[place : place + count] = stored[first : first + count]
        except (OSError, KeyError, ValueError) as error:
            raise DataError(f"{self.what} cannot be read: {error}.") from None
        return found


class Items(ArrayBacked):
    """Images that are computed or read one at a time.

    Args:
        item: gives the array of the image of a number.
        shape: of all of them, stacked.
        dtype: of each.
        found: how the stack is arranged.
        how: their name and what was said of how to read them.
        names: what each is called in messages; image 0, image 1, … where left out.
    """

    def __init__(
        self,
        item: Callable[[int], NDArray[Any]],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        found: Arrangement,
        how: Reading,
        names: Callable[[int], str] = "image {}".format,
    ) -> None:
        self.item = item
        self.names = names
        super().__init__(shape, dtype, found, how)

    def rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read each image; refuse one of another shape or dtype than the first."""
        return stacked(self.item, rows, self.stored[1:], self.stored_dtype, self.what, self.names)


def stacked(
    item: Callable[[int], NDArray[Any]],
    rows: NDArray[np.int64],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    what: str,
    names: Callable[[int], str] = "image {}".format,
) -> NDArray[Any]:
    """The images of these numbers in one array.

    Raises:
        DataError: where one has another shape or dtype than the first.
    """
    found = np.empty((len(rows), *shape), dtype)
    for place, row in enumerate(rows.tolist()):
        image = item(row)
        if image.shape != shape or image.dtype != dtype:
            raise DataError(
                f"{what}: {names(row)} has shape {image.shape} and dtype {image.dtype}, the first "
                f"one {shape} and {dtype}; make all equal."
            )
        found[place] = image
    return found


def of_array(array: NDArray[Any], found: Arrangement, how: Reading) -> tuple[Images, Scale | None]:
    """Images `(N, C, H, W)` or vectors: an array of floats, or where that were large, unread.

    Returns:
        The images, and which values of the array are black and white; None for vectors.
    """
    mapped = _mapped(array, found, how) if is_large(array.shape) else None
    if mapped is not None:
        return mapped, mapped.scale
    if is_large(array.shape):
        held = InMemory(array, found, how)
        as_it_is = held.scale is None or held.scale.unit
        own = (np.float32, np.float64) if found == "NF" else (np.float32,)
        if array.dtype in own and array.flags.c_contiguous and found != "NHWC" and as_it_is:
            return channels_first(array, found), held.scale
        return held, held.scale
    if found == "NF":
        refuse_range(how)
        return as_floats(array, None, how.what), None
    scale = chosen_scale(array.dtype, measured(iter([array])), how)
    return as_floats(channels_first(array, found), scale, how.what), scale


def _mapped(array: NDArray[Any], found: Arrangement, how: Reading) -> ArrayFile | None:
    """The file behind a memory map, where the array lies in it row by row."""
    root: Any = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    if not isinstance(root, np.memmap) or root.mode == "c" or not array.flags.c_contiguous:
        return None
    if root.filename is None:
        return None
    start = root.offset + array.ctypes.data - root.ctypes.data
    return ArrayFile(Path(root.filename), start, array.shape, array.dtype, found, how)
