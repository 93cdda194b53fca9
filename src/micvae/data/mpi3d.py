"""The published MPI3D files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from micvae.data.archives import located, npz_array, readable, verified
from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.grid import picked
from micvae.errors import DataError

NAMES = (
    "object color",
    "object shape",
    "object size",
    "camera height",
    "background color",
    "horizontal axis",
    "vertical axis",
)
KINDS: tuple[FactorKind, ...] = (
    "categorical",
    "categorical",
    "ordinal",
    "ordinal",
    "categorical",
    "ordinal",
    "ordinal",
)
SIZES = (6, 6, 2, 3, 3, 40, 40)
COMPLEX = (4, 4, 2, 3, 3, 40, 40)

_OFFICIAL = "the repository rr-learning/disentanglement_dataset on GitHub"
_MD5 = (
    "55889cb7c7dfc655d6e0277beee88868",  # mpi3d_toy.npz
    "59a6225b88b635365f70c91b3e52f70f",  # mpi3d_realistic.npz
    "0f33f609918fb5c97996692f91129802",  # mpi3d_real.npz
)


def mpi3d(
    path: str | Path, n: int | None = 40_960, *, seed: int = 0, verify: bool = True
) -> FactorDataset:
    """MPI3D as published: a robot arm that holds an object, photographed or rendered, 64×64.

    The file is mpi3d_toy.npz, mpi3d_realistic.npz or mpi3d_real.npz with `images`
    (1,036,800, 64, 64, 3) in the order of the grid of factors, object color, object shape, object
    size, camera height, background color, horizontal axis, vertical axis, of 6×6×2×3×3×40×40
    values, the last one first to change; or the real images of complex shapes with 460,800, of
    4×4×2×3×3×40×40. The factors are the indices of these values. Which number is which colour or
    shape says the source.

    Args:
        path: the .npz file.
        n: how many images to draw without replacement, at most; None for all of them, which as
            floats take 51 GB (complex shapes: 23 GB).
        seed: determines which are drawn; no global random state is touched.
        verify: compare the file's MD5 with those published; it takes a while for 12 GB. Of the
            file of complex shapes none is known.

    Returns:
        `images` float32 (n, 3, 64, 64) in [0, 1]; `factors` (n, 7), indices 0, 1, ….

    Warns:
        MicvaeWarning: where the file is not a published one.

    Raises:
        DataError: for a file that is missing, broken or of another format.

    References:
        *On the Transfer of Inductive Bias from Simulation to the Real World: a New Disentanglement
        Dataset*, Muhammad Waleed Gondal, Manuel Wüthrich, Đorđe Miladinović, Francesco Locatello,
        Martin Breidt, Valentin Volchkov, Joel Akpo, Olivier Bachem, Bernhard Schölkopf,
        Stefan Bauer, 2019.

    Examples:
        >>> from micvae.data import mpi3d
        >>> data = mpi3d("mpi3d_toy.npz", n=1000)  # doctest: +SKIP
    """
    file = located(path, "MPI3D", _OFFICIAL)
    with readable(file, "an MPI3D .npz file"), npz_array(file, "images") as stored:
        sizes = {math.prod(grid): grid for grid in (SIZES, COMPLEX)}.get(stored.shape[0])
        if sizes is None or stored.shape[3:] != (3,):
            raise DataError(
                f"{file}: images has shape {stored.shape}; expected (1036800, H, W, 3), or "
                "(460800, H, W, 3) for complex shapes."
            )
        rows = picked(stored.shape[0], n, seed)
        images = stored.images(rows)
    if verify and sizes == SIZES:
        verified(file, "MPI3D", "md5", _MD5)
    return FactorDataset(
        name="mpi3d",
        images=images,
        factors=np.stack(np.unravel_index(rows, sizes), axis=1).astype(np.float64),
        factor_names=NAMES,
        factor_kinds=KINDS,
        factor_values=tuple(np.arange(float(size)) for size in sizes),
        source={"data": "mpi3d", "path": str(path), "n": n, "seed": seed},
    )
