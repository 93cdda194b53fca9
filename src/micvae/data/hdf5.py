"""The user's own images in an HDF5 file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.archives import hdf5_array, readable
from micvae.data.array_header import FREE, check_size, few
from micvae.data.dataset import FactorDataset
from micvae.data.files import (
    BESIDE,
    IMAGES,
    NAMES,
    FileArrays,
    Opener,
    arranged,
    check_beside,
    of_arrays,
)
from micvae.data.layout import Layout
from micvae.data.lazy import is_large
from micvae.data.on_disk import Hdf5File
from micvae.data.value_range import Range
from micvae.errors import DataError
from micvae.paths import checked_file

TOGETHER = 16
"""Names that are read at once."""

PUBLISHED = "a published one is named, as in shapes3d('3dshapes.h5')"


def from_hdf5(
    path: Path, value_range: Range | None = None, layout: Layout = "auto"
) -> FactorDataset:
    """Read the data sets that `from_npz` reads as arrays, by the same names.

    Images that would take more than 1 GiB as floats stay in the file and are read in parts; in
    chunks that hold one image each they are read fastest. Links to other files are refused.

    Raises:
        DataError: without h5py, for a file that cannot be read, or data sets that do not fit.

    Examples:
        >>> from pathlib import Path
        >>> import h5py
        >>> import numpy as np
        >>> from micvae.data import from_hdf5
        >>> with h5py.File("digits.h5", "w") as file:
        ...     file["images"] = np.full((10, 8, 8), 255, np.uint8)
        ...
        >>> from_hdf5(Path("digits.h5")).images.shape
        (10, 1, 8, 8)
    """
    try:
        import h5py  # only these files need it
    except ImportError:
        raise DataError(
            'reading .h5 files needs h5py, which is not installed: pip install "micvae[files]".'
        ) from None
    arrays = FileArrays()
    checked_file(path)
    with readable(path, f"an HDF5 file of one's own ({PUBLISHED})"), h5py.File(path, "r") as file:
        every = {name: hdf5_array(file, name, path) for name in (*IMAGES, *BESIDE, *NAMES)}
        there = {name: stored for name, stored in every.items() if stored is not None}
        if "images" not in there:
            raise DataError(
                f"{path} has no data set named images; it has {few(list(file)) or 'nothing'}; "
                f"{PUBLISHED}."
            )
        shapes = {name: stored.shape for name, stored in there.items()}
        for name, stored in there.items():
            check_beside(name, shapes, stored.dtype)
            if name in IMAGES:
                arrays.add(name, _images(path, name, stored))
            elif name in NAMES:
                arrays.add(name, _names(path, name, stored))
            elif stored.dtype.kind in "fiub":
                arrays.add(name, np.asarray(stored[()]))
            else:
                raise DataError(f"{name} in {path} has dtype {stored.dtype}; expected numbers.")
    return of_arrays(path, arrays, value_range, layout)


def _images(path: Path, name: str, stored: Any) -> NDArray[Any] | Opener:
    what = f"{name} in {path}"
    shape, dtype = stored.shape, stored.dtype
    if dtype.kind not in "fiub":
        raise DataError(f"{what}: dtype {dtype}; expected integers, floats or booleans.")
    if not is_large(shape):
        check_size(math.prod(shape) * dtype.itemsize, what)
        return np.asarray(stored[()])
    if stored.chunks and math.prod(stored.chunks) * dtype.itemsize > FREE:
        raise DataError(
            f"{what} has chunks of {stored.chunks}, which are unpacked as a whole for every image; "
            f"store it in chunks of at most {FREE:,} bytes."
        )
    return lambda how: Hdf5File(path, name, shape, dtype, arranged(shape, dtype, how), how)


def _names(path: Path, name: str, stored: Any) -> NDArray[Any]:
    """Texts, a few at a time: in this format many names may refer to the same long text."""
    import h5py

    if stored.dtype.kind not in "SO" or (
        stored.dtype.kind == "O" and h5py.check_string_dtype(stored.dtype) is None
    ):
        raise DataError(f"{name} in {path} has dtype {stored.dtype}; expected texts.")
    if stored.shape == ():
        return np.asarray([stored[()]], dtype=object)
    found: list[Any] = []
    left = max(2**24, path.stat().st_size)
    for start in range(0, len(stored), TOGETHER):
        part = stored[start : start + TOGETHER].tolist()
        left -= sum(map(len, part))
        if left < 0:
            raise DataError(f"{name} in {path} has texts longer than the file; it is damaged.")
        found += part
    return np.asarray(found, dtype=object)
