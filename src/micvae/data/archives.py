"""Published files: located, verified by digest, and read in blocks of rows."""

from __future__ import annotations

import hashlib
import math
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.array_header import RATIO, check_ratio, check_size, few, header
from micvae.errors import DataError, MicvaeWarning
from micvae.files import expanded

BLOCK = 2**22  # bytes read at once


def located(path: str | Path, what: str, official: str, *, folder: bool = False) -> Path:
    """Return the path of a published data set's file; the error says where to get the file.

    Args:
        path: what the user gave.
        what: the data set's name, for the message.
        official: its official source, in words.
        folder: whether a folder will do, too.

    Raises:
        DataError: where there is no such file.
    """
    if not isinstance(path, str | Path):
        raise DataError(f"path is {path!r}; give the path of the {what} file as text.")
    found = expanded(path)
    if not (found.is_file() or (folder and found.is_dir())):
        raise DataError(
            f"there is no {what} file {path}; micvae downloads nothing: get it from {official} "
            "and give its path."
        )
    return found


@contextmanager
def readable(path: Path, what: str) -> Iterator[None]:
    """Raise every error of reading a damaged file as one line that names the file."""
    try:
        yield
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{path} does not fit into memory: {error}; give a smaller n.") from None
    except Exception as error:  # zipfile, HDF5 and MATLAB readers raise a dozen kinds of their own
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path} cannot be read as {what}: {reason}; it may be truncated; get it again."
        ) from None


def verified(path: Path, what: str, algorithm: str, known: tuple[str, ...]) -> None:
    """Warn if the digest of a file is none of the `known` digests of the published files."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with readable(path, what), path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    if digest.hexdigest() not in known:
        warnings.warn(
            f"{path} is not the published {what} file: its {algorithm} is {digest.hexdigest()}, "
            f"that of the published one {' or '.join(known)}. It is read anyway; give "
            "verify=False to omit this check.",
            MicvaeWarning,
            stacklevel=3,
        )


@dataclass(frozen=True)
class Records:
    """Rows of an array that begins at byte `start` of a stream; seeking backwards may be slow."""

    name: str
    stream: IO[bytes]
    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    random_access: bool

    def read(self, rows: NDArray[np.int64], put: Callable[[Any, NDArray[Any]], None]) -> None:
        """Pass the requested rows to `put`, one block at a time, with their places in `rows`."""
        size = max(math.prod(self.shape[1:]) * self.dtype.itemsize, 1)
        together = 1 if self.random_access and size >= 512 else max(1, BLOCK // size)
        for places, block in blocks(rows, together):
            first, count = block * together, min(together, self.shape[0] - block * together)
            self.stream.seek(self.start + first * size)
            held = self.stream.read(count * size)
            if len(held) < count * size:
                raise DataError(
                    f"{self.name} ends within row {first + len(held) // size:,} of "
                    f"{self.shape[0]:,}; it was truncated; get it again."
                )
            values = np.frombuffer(held, self.dtype).reshape(count, *self.shape[1:])
            put(places, values[rows[places] - first])

    def all(self) -> NDArray[Any]:
        """Read every row: for small arrays."""
        check_size(math.prod(self.shape) * self.dtype.itemsize, self.name)
        whole = np.empty(self.shape, self.dtype)
        self.read(np.arange(self.shape[0]), whole.__setitem__)
        return whole

    def images(self, rows: NDArray[np.int64], white: float = 255) -> NDArray[np.float32]:
        """Read images of shape (H, W) or (H, W, C) as floats `(n, C, H, W)`, divided by `white`."""
        if self.dtype != np.uint8 or len(self.shape) not in (3, 4):
            raise DataError(
                f"{self.name} holds images of shape {self.shape} and dtype {self.dtype}; expected "
                "uint8 and (N, H, W) or (N, H, W, C)."
            )
        h, w, c = (*self.shape[1:], 1)[:3]
        check_size(4 * len(rows) * c * h * w, f"{len(rows):,} images of {self.name} as floats")
        images = np.empty((len(rows), c, h, w), np.float32)

        def put(places: Any, values: NDArray[Any]) -> None:
            images[places] = np.moveaxis(values.reshape(-1, h, w, c), 3, 1) / np.float32(white)

        self.read(rows, put)
        return images


def blocks(rows: NDArray[np.int64], together: int) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Group `rows` by the block of `together` rows that they lie in, in the order of the file.

    Yields the places in `rows` and the number of the block.
    """
    order = np.argsort(rows, kind="stable")
    block = rows[order] // together
    cuts = np.flatnonzero(np.diff(block)) + 1
    for places in np.split(order, cuts) if len(rows) else []:
        yield places, int(rows[places[0]] // together)


def array_header(file: IO[bytes], what: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read an array's shape and dtype; what follows in the file are its rows."""
    shape, fortran, dtype = header(file, what)
    if not shape or (fortran and len(shape) > 1):
        raise DataError(f"{what} is a scalar, or not stored row by row.")
    return shape, dtype


@contextmanager
def npz_array(path: Path, name: str) -> Iterator[Records]:
    """Open one array of an .npz file for reading rows; a pickled one is refused, never loaded."""
    with path.open("rb") as raw, zipfile.ZipFile(raw) as archive:
        members = [m.removesuffix(".npy") for m in archive.namelist() if m.endswith(".npy")]
        if name not in members:
            raise DataError(
                f"{path} has no array named {name}; it has {few(members) or 'nothing'}."
            )
        if members.count(name) > 1:
            raise DataError(f"{path} has two arrays named {name}; save it again with one.")
        with archive.open(f"{name}.npy") as member:
            shape, dtype = array_header(member, f"{path}: array {name}")
            info = archive.getinfo(f"{name}.npy")
            expected = member.tell() + math.prod(shape) * dtype.itemsize
            if info.file_size != expected:
                raise DataError(
                    f"{path}: array {name} has {info.file_size:,} bytes, not the {expected:,} that "
                    f"its shape {shape} needs."
                )
            check_ratio(expected, info.compress_size, f"array {name} of {path}")
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                yield Records(
                    f"{name} in {path}", member, member.tell(), shape, dtype, random_access=False
                )
                return
            raw.seek(info.header_offset + 26)  # stored as it is: rows can be gone to directly
            lengths = struct.unpack("<HH", raw.read(4))
            begin = info.header_offset + 30 + sum(lengths) + member.tell()
            yield Records(f"{name} in {path}", raw, begin, shape, dtype, random_access=True)


def hdf5_array(file: Any, name: str, path: Path) -> Any:
    """A data set of an HDF5 file, or None where there is none; no element of it is read.

    Args:
        file: the file, opened by h5py.
        name: of the data set.
        path: of the file, for messages.

    Raises:
        DataError: where it lies in another file, declares more than is stored of it (a data set
            that was declared and never written takes no bytes), or is compressed twice.
    """
    import h5py

    link = file.get(name, getlink=True)
    if link is None:
        return None
    stored = file[name] if isinstance(link, h5py.HardLink) else None
    if not isinstance(stored, h5py.Dataset) or stored.external or stored.is_virtual:
        raise DataError(f"{name} in {path} is stored outside of this file; copy it in.")
    what = f"{name} in {path}"
    if stored.shape is None:
        raise DataError(f"{what} is empty.")
    held = min(stored.id.get_storage_size(), path.stat().st_size)
    check_ratio(math.prod(stored.shape) * stored.dtype.itemsize, held, what)
    settings = stored.id.get_create_plist()
    filters = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    if len(set(filters)) < len(filters):
        raise DataError(f"{what} is compressed more than once; store it again.")
    if stored.chunks and math.prod(stored.chunks) * stored.dtype.itemsize > RATIO * max(
        held, BLOCK
    ):
        raise DataError(f"{what} has chunks of {stored.chunks}, larger than what is stored.")
    return stored
