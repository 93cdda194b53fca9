"""Sizes that a file declares, checked before memory is allocated."""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.memory import memory
from micvae.errors import DataError
from micvae.paths import checked_file

FREE = 2**28
"""Sizes up to this many bytes are accepted at any compression ratio."""

RATIO = 1100
"""Largest ratio of declared to stored bytes. Deflate, the usual compression, reaches 1,032."""

_HEADER = 2**16


def check_size(size: int, what: str) -> None:
    """Refuse arrays that do not fit into memory.

    Raises:
        DataError: names what it is.
    """
    if size > memory():
        raise DataError(
            f"{what} declares {_number(size)} bytes, and this machine has {memory():,} for it; "
            "give a part of it."
        )


def check_ratio(size: int, stored: int, what: str) -> None:
    """Refuse a file that would become more than 1,100 times as large as it is.

    Args:
        size: bytes that it declares. Up to 256 MB are always allowed.
        stored: bytes that it takes in the file.
        what: its name, for the message.

    Raises:
        DataError: names what it is.
    """
    if size > FREE and size > RATIO * stored:
        raise DataError(
            f"{what} declares {_number(size)} bytes, more than {RATIO:,} times the {stored:,} that "
            "are stored; it is damaged, or made to exhaust memory. If it is intended, store it "
            "without compression."
        )


def _number(size: int) -> str:
    return f"{size:,}" if size < 10**21 else f"{float(min(size, 10**300)):.0e}"


class NpzArrays:
    """Arrays of an .npz file. Each is read from the same entry whose header was checked.

    Args:
        path: of the file.
        archive: the same file, opened.

    Raises:
        DataError: where two arrays have one name.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._headers: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}
        self._total = 0
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name == info.filename:
                continue  # files with other suffixes are not arrays
            if name in self._entries:
                raise DataError(f"{path} has two arrays named {name}; save it again with one.")
            self._entries[name] = info

    @property
    def names(self) -> tuple[str, ...]:
        """Of the arrays, in the order of the file."""
        return tuple(self._entries)

    def described(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and dtype of an array; nothing but its header is unpacked.

        Raises:
            DataError: where it is not there, pickled, too large, or of another size than it
                declares.
        """
        if name not in self._entries:
            found = few(self.names) or "nothing"
            raise DataError(f"{self.path} has no array named {name}; it has {found}.")
        if name not in self._headers:
            info, what = self._entries[name], f"array {name} of {self.path}"
            with self._archive.open(info) as opened:
                shape, _, dtype = _checked_header(opened, info.file_size, what)
            check_ratio(info.file_size, info.compress_size, what)
            check_size(info.file_size, what)
            self._headers[name] = shape, dtype
        return self._headers[name]

    def read(self, name: str) -> NDArray[Any]:
        """Unpack an array.

        Raises:
            DataError: as `described`, and where all that were read are too large together.
        """
        self.described(name)
        info = self._entries[name]
        self._total += info.file_size
        check_size(self._total, str(self.path))
        with self._archive.open(info) as opened, _without_warnings():
            array: NDArray[Any] = np.lib.format.read_array(opened, allow_pickle=False)
        return array


@contextmanager
def npz_arrays(path: Path) -> Iterator[NpzArrays]:
    """Open an .npz file; errors inside it are raised as zipfile, zlib and NumPy raise them.

    Raises:
        DataError: see `NpzArrays`.
        FileError: where it is no regular file.
    """
    with checked_file(path).open("rb") as raw, zipfile.ZipFile(raw) as archive:
        yield NpzArrays(path, archive)


def check_npy(path: Path) -> None:
    """Compare what an .npy file declares with what is stored; nothing is read but its header.

    Raises:
        DataError: where it is pickled, too large, or of another size than it declares.
        FileError: where it is no regular file.
    """
    with checked_file(path).open("rb") as file:
        _checked_header(file, path.stat().st_size, str(path))
    check_size(path.stat().st_size, str(path))


def header(file: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape of an array in NumPy's format, whether it is stored column by column, and its dtype.

    Raises:
        DataError: where it is of an unknown version, pickled or of an impossible shape.
    """
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise DataError(f"{what} has the unknown format version {version}.")
    first = version == (1, 0)
    length = file.read(2 if first else 4)
    size = int.from_bytes(length, "little")
    if size > _HEADER:
        raise DataError(f"{what} has a header of {size:,} bytes; at most {_HEADER:,} are read.")
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    with _without_warnings():
        shape, fortran, dtype = read(io.BytesIO(length + file.read(size)))
    if dtype.hasobject:
        raise DataError(
            f"{what} is pickled, which could run code, so it is refused; save plain arrays."
        )
    if min(shape, default=0) < 0 or (dtype.itemsize == 0 and math.prod(shape) > 0):
        raise DataError(f"{what} declares the shape {shape} of entries of {dtype.itemsize} bytes.")
    return shape, fortran, dtype


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Suppress NumPy's warning about files written by Python 2."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _checked_header(
    file: IO[bytes], stored: int, what: str
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    shape, fortran, dtype = header(file, what)
    declared = file.tell() + math.prod(shape) * dtype.itemsize
    if stored != declared:
        raise DataError(
            f"{what} has {stored:,} bytes, not the {_number(declared)} that its shape {shape} "
            "needs; it may be truncated; get it again."
        )
    return shape, fortran, dtype


def few(names: Collection[str]) -> str:
    """Names for a message: the first ten, and how many more there are."""
    shown = ", ".join(list(names)[:10])
    return f"{shown} and {len(names) - 10:,} more" if len(names) > 10 else shown
