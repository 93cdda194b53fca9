"""The user's own images in an HDF5 file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from micvae.data.archives import readable
from micvae.data.dataset import FactorDataset
from micvae.data.files import (
    BESIDE,
    IMAGES,
    KINDS_IN_FILE,
    NAMES,
    arranged,
    of_user,
    texts,
    with_kinds,
)
from micvae.data.lazy import Images, is_large
from micvae.data.on_disk import Hdf5File
from micvae.errors import DataError

PUBLISHED = "a published one is named, as in shapes3d('3dshapes.h5')"


def from_hdf5(path: Path) -> FactorDataset:
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
    for name in NAMES:
        if name in arrays:
            arrays[name] = texts(arrays[name])
    return FactorDataset(
        name=path.stem, source={"data": str(path)}, **with_kinds(arrays, KINDS_IN_FILE)
    )


def _images(path: Path, name: str, stored: Any) -> Images:
    what = f"{name} in {path}"
    if stored.dtype.kind not in "fiub" or not is_large(stored.shape):
        return of_user(stored[()], what)
    return Hdf5File(
        path, name, stored.shape, stored.dtype, arranged(stored.shape, stored.dtype, what)
    )
