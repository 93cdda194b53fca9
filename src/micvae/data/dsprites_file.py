"""The published dSprites file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from micvae.data.archives import located, npz_array, readable, verified
from micvae.data.dataset import FactorDataset
from micvae.data.dsprites import KINDS, NAMES, NOTES
from micvae.data.grid import picked
from micvae.errors import DataError

_OFFICIAL = "the repository google-deepmind/dsprites-dataset on GitHub"
_MD5 = ("7da33b31b13a06f4b04a70402ce90c2e",)


def dsprites_file(
    path: str | Path, n: int | None = 40_960, *, seed: int = 0, verify: bool = True
) -> FactorDataset:
    """dSprites as published: white squares, ellipses and hearts, 64×64.

    The file is dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz. Of it, `imgs` (N, 64, 64) and
    `latents_values` (N, 6) are read; the first of these factors, the colour, is always white and
    left out. `metadata` is a pickle, which could run code: it is never opened.

    Args:
        path: the .npz file.
        n: how many images to draw without replacement, at most; None for all of them, which as
            floats take 12 GB.
        seed: determines which are drawn; no global random state is touched.
        verify: compare the file's MD5 with that of the published one.

    Returns:
        `images` float32 (n, 1, 64, 64), 0 or 1; `factors` (n, 5) as in `dsprites`.

    Warns:
        MicvaeWarning: where the file is not the published one.

    Raises:
        DataError: for a file that is missing, broken or of another format.

    References:
        *dSprites: Disentanglement testing Sprites dataset*, Loïc Matthey, Irina Higgins,
        Demis Hassabis, Alexander Lerchner, 2017.

    Examples:
        >>> from micvae.data import dsprites_file
        >>> name = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
        >>> data = dsprites_file(name, n=1000)  # doctest: +SKIP
    """
    file = located(path, "dSprites", _OFFICIAL)
    if verify:
        verified(file, "dSprites", "md5", _MD5)
    with readable(file, "the dSprites .npz file"):
        with npz_array(file, "latents_values") as table:
            if len(table.shape) != 2 or table.shape[1] != 1 + len(NAMES):
                raise DataError(f"{file}: latents_values has shape {table.shape}; expected (N, 6).")
            factors = table.all()[:, 1:].astype(np.float64)
        rows = picked(len(factors), n, seed)
        with npz_array(file, "imgs") as imgs:
            if imgs.shape[0] != len(factors):
                raise DataError(
                    f"{file}: imgs has {imgs.shape[0]} rows, latents_values {len(factors)}."
                )
            images = imgs.images(rows, white=1)
    return FactorDataset(
        name="dsprites_file",
        images=images,
        factors=factors[rows],
        factor_names=NAMES,
        factor_kinds=KINDS,
        factor_values=tuple(map(np.unique, factors.T)),
        notes=NOTES,
        source={"data": "dsprites_file", "path": str(path), "n": n, "seed": seed},
    )
