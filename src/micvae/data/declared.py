"""What a file says of its size, checked before memory is taken."""

from __future__ import annotations

import math
import os
import warnings
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO

import numpy as np

from micvae.errors import DataError


def memory() -> int:
    """Bytes of this machine's memory; a terabyte where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 2**40


def check_size(size: int, what: str) -> None:
    """Refuse what cannot be held in memory.

    Raises:
        DataError: names what it is.
    """
    if size > memory():
        raise DataError(
            f"{what} declares {size:,} bytes, and this machine has {memory():,}; give a part of it."
        )


def check_npz(path: Path, names: Collection[str] | None = None) -> None:
    """Compare what arrays of an .npz file declare with what is stored; nothing is unpacked.

    Args:
        path: the file.
        names: arrays that will be read; all where left out.

    Raises:
        DataError: where an array is pickled, too large, or of another size than it declares.
    """
    total = 0
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if (names is None or name in names) and info.filename.endswith(".npy"):
                with archive.open(info) as member:
                    _check_header(member, info.file_size, f"array {name} of {path}")
                total += info.file_size
    check_size(total, str(path))


def check_npy(path: Path) -> None:
    """The same for an .npy file.

    Raises:
        DataError: as `check_npz`.
    """
    with path.open("rb") as file:
        _check_header(file, path.stat().st_size, str(path))
    check_size(path.stat().st_size, str(path))


def _check_header(file: IO[bytes], stored: int, what: str) -> None:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise DataError(f"{what} is of the unknown version {version}.")
    first = version == (1, 0)
    header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():  # files written by Python 2 are read, and warned of
        warnings.simplefilter("ignore", UserWarning)
        shape, _, dtype = header(file)
    if dtype.hasobject:
        raise DataError(
            f"{what} is pickled, which could run code; refused; save plain arrays of numbers."
        )
    if min(shape, default=0) < 0:
        raise DataError(f"{what} declares the shape {shape}.")
    declared = file.tell() + math.prod(shape) * dtype.itemsize
    if stored != declared:
        raise DataError(
            f"{what} has {stored:,} bytes, not the {declared:,} that its shape {shape} needs; it "
            "may be cut short."
        )
