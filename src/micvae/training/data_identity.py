"""Whether data is the data that a run was trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from micvae.data import FactorDataset, LazyImages, parts
from micvae.data.vectors import rounded_first
from micvae.errors import DataError

IN_MEMORY = "in memory"
"""What a run stores as its data where an array was given."""


def fingerprint(dataset: FactorDataset) -> str:
    """A digest of images and factors; the same for images that are read in parts."""
    digest = hashlib.blake2b(digest_size=16)
    more = [a for a in (dataset.partners, dataset.auxiliary, dataset.sequence) if a is not None]
    for array in (dataset.images, dataset.factors, *more):
        digest.update(repr((array.shape, str(array.dtype))).encode())
        for block in parts(array) if isinstance(array, LazyImages) else [array]:
            digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()


def as_trained_on(
    dataset: FactorDataset, wanted: str, reload: Callable[[], FactorDataset]
) -> FactorDataset | None:
    """The data set as networks read it; None where its fingerprint is not the one of the run.

    Args:
        dataset: the data as it is now.
        wanted: the fingerprint that the run stores.
        reload: makes `dataset` once more. micvae 0.1 rounded vectors to float32 before anything
            else; the data of its runs is read so again.
    """
    now = dataset.as_float32()
    if fingerprint(now) == wanted:
        return now
    if dataset.pictures:
        return None
    try:
        with rounded_first():
            before = reload()
    except DataError:  # beyond float32: no run of micvae 0.1 was trained on it
        return None
    return before if fingerprint(before) == wanted else None
