"""Weak supervision by pairs of images that differ in few factors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.grid import seeded
from micvae.data.lazy import rows_of
from micvae.data.wrapping import inner, rendered_freely
from micvae.errors import DataError

_TRIES = 64  # draws of a partner among the samples that share all unchanged factors


def pairs(data: DataLike, *, changes: int | None = 1, seed: int = 0) -> FactorDataset:
    """Give every image a partner that differs from it in exactly `changes` factors.

    Which factors change is drawn uniformly for every pair; a changed factor takes another one of
    the values that it has in the data, each with the same probability. Generated data renders the
    partners. Other data, and data that is itself selected out of another set, looks for them among
    its own samples: of those that agree in all other factors one is drawn, and images without any
    are left out, which a note says.

    Args:
        data: with factors; a data set, or its name or path in quotes as for `load`.
        changes: how many factors differ, from 1 to the number K of those that vary; None for a
            number drawn uniformly from 1 to K − 1, anew for every pair.
        seed: determines the pairs to the bit; no global random state is touched.

    Returns:
        `data` with `partners`, float32 (N, C, H, W).

    Raises:
        DataError: without factors that vary, on an impossible number, and where less than one
            image in ten has a partner.

    References:
        *Weakly-Supervised Disentanglement Without Compromises*, Francesco Locatello, Ben Poole,
        Gunnar Rätsch, Bernhard Schölkopf, Olivier Bachem, Michael Tschannen, 2020.

    Examples:
        >>> from micvae.data import pairs
        >>> data = pairs("squares(n=100)", changes=1)
        >>> data.partners.shape
        (100, 1, 32, 32)
    """
    dataset, generator = inner(data), seeded(seed)
    varying = np.flatnonzero(np.ptp(dataset.factors, axis=0) > 0)
    if len(varying) == 0:
        raise DataError(f"{dataset.name} has no factors that vary, so no pairs can be made of it.")
    whole = isinstance(changes, int) and not isinstance(changes, bool)
    if changes is not None and not (whole and 1 <= changes <= len(varying)):
        raise DataError(
            f"changes is {changes!r}; give 1 to {len(varying)}, the number of factors that vary, "
            "or None for a draw."
        )
    n = len(dataset)
    most = max(1, len(varying) - 1)
    counts = generator.integers(1, most + 1, n) if changes is None else np.full(n, changes)
    rank = generator.random((n, len(varying))).argsort(1).argsort(1)
    changed = np.zeros((n, dataset.n_factors), dtype=bool)
    changed[:, varying] = rank < counts[:, None]
    source = {"data": "pairs", "of": dict(dataset.source), "changes": changes, "seed": int(seed)}
    made = replace(dataset, name=f"{dataset.name}, in pairs", source=source)
    if rendered_freely(dataset):
        other = _redrawn(dataset.factors, changed, generator)
        return replace(made, partners=dataset.images_of(other))
    partner = _looked_up(dataset.factors, changed, generator)
    there = np.flatnonzero(partner >= 0)
    if len(there) < n / 10:
        raise DataError(
            f"only {len(there):,} of {n:,} images of {dataset.name} have a partner among them that "
            f"differs in {'a drawn number of' if changes is None else changes} factors and agrees "
            "in the others; read more images (n=None reads all of a file), let more factors "
            "change, or use generated data."
        )
    notes = dataset.notes
    if len(there) < n:
        notes = (
            *notes,
            f"{n - len(there):,} of {n:,} images have no partner among the others and are left "
            "out; those with rare combinations of factors more often.",
        )
    kept = rows_of(dataset.images, partner[there])
    return replace(made.subset(there), partners=kept, notes=notes)


def _redrawn(
    factors: NDArray[np.float64], changed: NDArray[np.bool_], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Other values of the changed factors, drawn uniformly among those in the column."""
    made = factors.copy()
    for k in np.flatnonzero(changed.any(0)):
        rows = np.flatnonzero(changed[:, k])
        values, index = np.unique(factors[:, k], return_inverse=True)
        step = generator.integers(1, len(values), len(rows))
        made[rows, k] = values[(index[rows] + step) % len(values)]
    return made


def _looked_up(
    factors: NDArray[np.float64], changed: NDArray[np.bool_], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Per row another one that differs in the changed factors and in no other; −1 for none."""
    codes = np.stack([np.unique(c, return_inverse=True)[1] for c in factors.T], axis=1)
    found = np.full(len(factors), -1, dtype=np.int64)
    for pattern in np.unique(changed, axis=0):
        rows = np.flatnonzero((changed == pattern).all(1))
        group = _groups(codes[:, ~pattern])
        order = np.argsort(group, kind="stable")
        size = np.bincount(group)
        start = np.cumsum(size) - size
        rows = rows[size[group[rows]] > 1]
        for _ in range(_TRIES):
            mine = group[rows]
            guess = order[start[mine] + (generator.random(len(rows)) * size[mine]).astype(np.int64)]
            fits = (codes[guess][:, pattern] != codes[rows][:, pattern]).all(1)
            found[rows[fits]] = guess[fits]
            rows = rows[~fits]
            if len(rows) == 0:
                break
    return found


def _groups(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the distinct rows of whole numbers `(N, K)`: a group `(N,)` in 0, 1, … per row."""
    group = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T:  # below N² at every step, so that nothing overflows
        group = np.unique(group * (column.max() + 1) + column, return_inverse=True)[1]
    return group
