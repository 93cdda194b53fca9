"""The user's own files: by path, or with options as `arrays` and `pictures`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

from micvae import spelling
from micvae.data.dataset import FactorDataset
from micvae.data.description import DataDescription, expanded, what_is
from micvae.data.factor_table import FACTORS_CSV
from micvae.data.formats import format_of, suffixes
from micvae.data.layout import Layout
from micvae.data.pictures import Background, from_folder, picture_files
from micvae.data.value_range import Range
from micvae.errors import DataError, nearest
from micvae.paths import checked_file


def arrays(
    path: str | Path, value_range: Range | None = None, layout: Layout = "auto"
) -> FactorDataset:
    """Read a file of your own arrays, with options.

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
    found, known = format_of(file), ", ".join(suffixes(options=True))
    if found is None or not found.options:
        raise DataError(f"arrays: {str(path)!r} ends in none of {known}.")
    if not file.is_file():
        raise DataError(
            f"arrays: there is no file {str(path)!r}; give the path of an {known} file."
        )
    if layout not in get_args(Layout):
        raise DataError(f"layout is {layout!r}; use {', '.join(get_args(Layout))}.")
    return found.read(file, value_range, layout)


def pictures(
    path: str | Path, value_range: Range | None = None, background: Background | None = None
) -> FactorDataset:
    """Read a folder of your own pictures, with options.

    Args:
        path: the folder.
        value_range: the values of black and white, such as (0, 4095); found by the values of the
            pictures where it is left out.
        background: black or white, which shows through transparent pixels; where it is left out,
            pictures that have some are refused.

    Raises:
        DataError: where there is no such folder, or it cannot be read so.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from PIL import Image
        >>> from micvae.data import pictures
        >>> Path("photos").mkdir()
        >>> for i in range(3):
        ...     Image.fromarray(np.full((8, 8), 100 * i, np.uint8)).save(f"photos/{i}.png")
        ...
        >>> float(pictures("photos", value_range=(0, 200)).images.max())
        1.0
    """
    folder = expanded(path)
    if not folder.is_dir():
        raise DataError(f"pictures: there is no folder {str(path)!r}.")
    return from_folder(folder, value_range, background)


def own(path: str | Path) -> FactorDataset:
    """Read a file by its suffix, or a folder of pictures, without options."""
    file = expanded(path)
    there = what_is(file)
    if there == "folder":
        return from_folder(file)
    if there == "file":
        return _read(file)
    if os.path.lexists(file):
        checked_file(file)  # says that it is a pipe or a device
    raise DataError(_nothing_there(str(path), file))


def _read(path: Path) -> FactorDataset:
    if path.name == FACTORS_CSV and picture_files(path.parent):
        raise DataError(
            f"{path} is the table of the pictures beside it; give their folder: {path.parent}."
        )
    found = format_of(path)
    if found is not None:
        return found.read(path)
    from micvae.data import PUBLISHED  # which imports this module

    raise DataError(
        f"{path} ends in none of {', '.join(suffixes())}, and is not a folder of images; save the "
        "images as np.savez('data.npz', images=…, factors=…), or name the data set that the "
        f"file is of: {', '.join(PUBLISHED)}, as in shapes3d('3dshapes.h5')."
    )


def _nothing_there(given: str, path: Path) -> str:
    """The message for a path that does not exist, with similar names."""
    files = f"file ({', '.join(suffixes())}) or of a folder of images"
    if not given.rstrip().endswith(")") and (path.suffix or len(path.parts) > 1):
        folder = path.parent
        beside = [one.name for one in folder.iterdir()] if folder.is_dir() else []
        near = nearest(path.name, beside) if folder.is_dir() else f": there is no folder {folder}"
        return f"there is no data set or file {given!r}{near}; give the path of a {files}."
    names = spelling.kinds_of(DataDescription)
    near = nearest(spelling.name_in(given), names)
    return (
        f"there is no data set or file {given!r}{near}; use {', '.join(names)}, or the path of a "
        f"{files}."
    )
