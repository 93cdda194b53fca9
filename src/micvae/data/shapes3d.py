"""The published 3D Shapes file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.archives import BLOCK, blocks, hdf5_array, located, readable, verified
from micvae.data.array_header import check_size, few
from micvae.data.dataset import FactorDataset
from micvae.data.grid import picked
from micvae.data.scenes import KINDS, NAMES
from micvae.errors import DataError

_OFFICIAL = "the repository google-deepmind/3d-shapes on GitHub, which says where 3dshapes.h5 is"
_SHA256 = ("0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",)


def shapes3d(
    path: str | Path, n: int | None = 40_960, *, seed: int = 0, verify: bool = True
) -> FactorDataset:
    """3D Shapes as published: a coloured solid in a coloured room, 64×64.

    The file is 3dshapes.h5 with `images` (N, 64, 64, 3) and `labels` (N, 6). Its factors are floor
    hue, wall hue and object hue, 0 to 0.9 of the colour circle, scale 0.75 to 1.25, shape, of which
    the file says only 0 to 3, and orientation, −30° to 30°.

    Args:
        path: the .h5 file.
        n: how many images to draw without replacement, at most; None for all of them, which as
            floats take 24 GB.
        seed: determines which are drawn; no global random state is touched.
        verify: compare the file's SHA-256 with that of the published one.

    Returns:
        `images` float32 (n, 3, 64, 64) in [0, 1]; `factors` (n, 6) as in the file's labels.

    Warns:
        MicvaeWarning: where the file is not the published one.

    Raises:
        DataError: for a file that is missing, broken or of another format, or without h5py.

    References:
        *3D Shapes Dataset*, Chris Burgess, Hyunjik Kim, 2018.

    Examples:
        >>> from micvae.data import shapes3d
        >>> data = shapes3d("3dshapes.h5", n=1000)  # doctest: +SKIP
    """
    file = located(path, "3D Shapes", _OFFICIAL)
    try:
        import h5py  # only this file needs it
    except ImportError:
        raise DataError(
            'reading .h5 files needs h5py, which is not installed: pip install "micvae[files]".'
        ) from None
    if verify:
        verified(file, "3D Shapes", "sha256", _SHA256)
    with readable(file, "the 3D Shapes .h5 file"), h5py.File(file, "r") as opened:
        arrays = [hdf5_array(opened, name, file) for name in ("images", "labels")]
        if any(array is None for array in arrays):
            raise DataError(
                f"{file} has no data sets named images and labels; it has "
                f"{few(list(opened)) or 'nothing'}."
            )
        stored, labels = arrays
        if stored.dtype != np.uint8 or stored.ndim != 4 or stored.shape[3] != 3:
            raise DataError(
                f"{file}: images has shape {stored.shape} and dtype {stored.dtype}; expected "
                "uint8 and (N, H, W, 3)."
            )
        if labels.shape != (len(stored), len(NAMES)) or labels.dtype.kind not in "iuf":
            raise DataError(
                f"{file}: labels has shape {labels.shape} and dtype {labels.dtype}; expected "
                f"numbers and ({len(stored)}, {len(NAMES)})."
            )
        check_size(8 * math.prod(labels.shape), f"labels in {file}")
        factors = labels[()].astype(np.float64)
        rows = picked(len(factors), n, seed)
        check_size(4 * len(rows) * math.prod(stored.shape[1:]), f"{len(rows):,} images of {file}")
        images = _read(stored, rows)
    return FactorDataset(
        name="shapes3d",
        images=images,
        factors=factors[rows],
        factor_names=NAMES,
        factor_kinds=KINDS,
        factor_values=tuple(map(np.unique, factors.T)),
        source={"data": "shapes3d", "path": str(path), "n": n, "seed": seed},
    )


def _read(stored: Any, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Read `rows` by blocks that follow the file's own chunks, which are unpacked as a whole."""
    total, h, w, c = stored.shape
    together = max(1, BLOCK // max(h * w * c, 1))
    if stored.chunks:
        together = max(1, min(stored.chunks[0], 64 * BLOCK // max(h * w * c, 1)))
    images = np.empty((len(rows), c, h, w), np.float32)
    for places, block in blocks(rows, together):
        first = block * together
        held = stored[first : min(first + together, total)][rows[places] - first]
        images[places] = np.moveaxis(held, 3, 1) / np.float32(255)
    return images
