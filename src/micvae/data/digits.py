"""Handwritten digits that come with scikit-learn: small real images with classes."""

from __future__ import annotations

import numpy as np

from micvae.data.dataset import FactorDataset
from micvae.data.grid import count, seeded
from micvae.errors import DataError

EVERY = 1797
_WHITE = np.float32(16)  # counts of dark pixels in 4×4 blocks


def digits(n: int = EVERY, *, seed: int = 0) -> FactorDataset:
    """Handwritten digits from scikit-learn: 1,797 images of 8×8 pixels, ten classes.

    Args:
        n: number of images, at most 1,797.
        seed: determines which images are drawn and their order; no global random state is touched.

    Returns:
        `images` float32 (n, 1, 8, 8) in [0, 1]; `factors` (n, 1), the `digit` from 0 to 9.

    Raises:
        DataError: on an `n` above 1,797, and on an `n` or `seed` that is not a whole number.

    References:
        *Optical Recognition of Handwritten Digits*, Ethem Alpaydin, Cenk Kaynak, 1998.

    Examples:
        >>> from micvae.data import digits
        >>> data = digits(100, seed=0)
        >>> data.images.shape, data.factor_names
        ((100, 1, 8, 8), ('digit',))
    """
    from sklearn.datasets import load_digits

    if count(n) > EVERY:
        raise DataError(f"n is {n}; there are {EVERY:,} digits.")
    known = load_digits()
    order = seeded(seed).permutation(EVERY)[:n]
    images = known.images[order].astype(np.float32) / _WHITE
    return FactorDataset(
        name="digits",
        images=images[:, None],
        factors=known.target[order, None].astype(np.float64),
        factor_names=("digit",),
        factor_kinds=("categorical",),
        factor_values=(np.arange(10.0),),
        source={"data": "digits", "n": int(n), "seed": int(seed)},
    )
