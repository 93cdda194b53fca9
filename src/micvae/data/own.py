"""One's own files with options, as data sets that are named: `arrays` and `pictures`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from micvae import files
from micvae.data.dataset import FactorDataset
from micvae.data.files import from_npy, from_npz
from micvae.data.hdf5 import from_hdf5
from micvae.data.layout import Layout
from micvae.data.pictures import Background, from_folder
from micvae.data.value_range import Range
from micvae.errors import DataError

ARRAYS = {".npz": from_npz, ".npy": from_npy, ".h5": from_hdf5, ".hdf5": from_hdf5}


def arrays(
    path: str | Path, value_range: Range | None = None, layout: Layout = "auto"
) -> FactorDataset:
    """Read an .npz, .npy or .h5 file of one's own, with options.

    Args:
        path: the file.
        value_range: the values of black and white, such as (0, 4095); found by the values of the
            images where it is left out.
        layout: channels_first or channels_last, where the shape of the images leaves a doubt.

    Raises:
        DataError: where there is no such file, or it cannot be read so.

    Examples:
        >>> import numpy as np
        >>> np.save("tiles.npy", np.full((4, 16, 16, 13), 3000, np.uint16))  # doctest: +SKIP
        >>> arrays("tiles.npy", layout="channels_last").image_shape  # doctest: +SKIP
        (13, 16, 16)
    """
    file = expanded(path)
    read = ARRAYS.get(file.suffix.lower())
    if read is None or not file.is_file():
        raise DataError(
            f"arrays: there is no file {str(path)!r}; give the path of an {', '.join(ARRAYS)} file."
            if read
            else f"arrays: {str(path)!r} ends in none of {', '.join(ARRAYS)}."
        )
    if layout not in get_args(Layout):
        raise DataError(f"layout is {layout!r}; use {', '.join(get_args(Layout))}.")
    return read(file, value_range, layout)


def pictures(
    path: str | Path, value_range: Range | None = None, background: Background | None = None
) -> FactorDataset:
    """Read a folder of pictures of one's own, with options.

    Args:
        path: the folder.
        value_range: the values of black and white, such as (0, 4095); found by the values of the
            pictures where it is left out.
        background: black or white, which shows through transparent pixels; where it is left out,
            pictures that have some are refused.

    Raises:
        DataError: where there is no such folder, or it cannot be read so.
    """
    folder = expanded(path)
    if not folder.is_dir():
        raise DataError(f"pictures: there is no folder {str(path)!r}.")
    return from_folder(folder, value_range, background)


def what_is(path: Path) -> Literal["file", "folder", ""]:
    """What lies at a path, if anything; descriptions of data may be too long for a path."""
    try:
        return "folder" if path.is_dir() else "file" if path.is_file() else ""
    except OSError:
        return ""


def expanded(path: Any) -> Path:
    """The path of a file or folder, with the home directory for a leading `~`.

    Raises:
        DataError: where it is no text.
        MicvaeError: where there is no such home directory.
    """
    if not isinstance(path, str | Path) or "\0" in str(path):
        raise DataError(f"path is {path!r}; give the path of a file or folder as text.")
    return files.expanded(path)
