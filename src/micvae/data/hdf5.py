"""The user's own images in an HDF5 file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.archives import readable
from micvae.data.dataset import FactorDataset
from micvae.data.files import BESIDE, IMAGES, NAMES, Opener, arranged, of_arrays
from micvae.data.layout import Layout
from micvae.data.lazy import is_large
from micvae.data.on_disk import Hdf5File
from micvae.data.value_range import Range
from micvae.errors import DataError

PUBLISHED = "a published one is named, as in shapes3d('3dshapes.h5')"


def from_hdf5(
    path: Path, value_range: Range | None = None, layout: Layout = "auto"
) -> FactorDataset:
    """Read the data sets that `from_npz` reads as arrays, by the same names.

    Images that would take more than 1 GiB as floats stay in the file and are read in parts; in
    chunks that hold one image each they are read fastest. Links to other files are refused.

    Raises:
        DataError: without h5py, for a file that cannot be read, or data sets that do not fit.
    """
    try:
        import h5py  # only these files need it
    except ImportError:
        raise DataError(
            'reading .h5 files needs h5py, which is not there: pip install "micvae[files]".'
        ) from None
    arrays: dict[str, Any] = {}
    with readable(path, f"an HDF5 file of one's own ({PUBLISHED})"), h5py.File(path, "r") as file:
        for name in (*IMAGES, *BESIDE, *NAMES):
            link = file.get(name, getlink=True)
            if link is None:
                continue
            stored = file[name] if isinstance(link, h5py.HardLink) else None
            if not isinstance(stored, h5py.Dataset) or stored.external or stored.is_virtual:
                raise DataError(f"{name} in {path} is no data set that lies in this file itself.")
            arrays[name] = _images(path, name, stored) if name in IMAGES else stored[()]
        found = ", ".join(file)
    if "images" not in arrays:
        raise DataError(
            f"{path} has no data set named images; it has {found or 'nothing'}; {PUBLISHED}."
        )
    return of_arrays(path, arrays, value_range, layout)


def _images(path: Path, name: str, stored: Any) -> NDArray[Any] | Opener:
    shape, dtype = stored.shape, stored.dtype
    if dtype.kind not in "fiub" or not is_large(shape):
        return np.asarray(stored[()])
    return lambda how: Hdf5File(path, name, shape, dtype, arranged(shape, dtype, how), how)
