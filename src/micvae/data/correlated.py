"""Data sets in which two factors are correlated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.grid import check_images, count, seeded
from micvae.data.wrapping import column, inner, positions, rendered_freely
from micvae.errors import DataError

_BATCH, _RAREST = 2**18, 1e-4


def correlated(
    data: DataLike,
    *,
    factors: tuple[int | str, int | str] = (0, 1),
    strength: float = 0.2,
    n: int | None = None,
    seed: int = 0,
) -> FactorDataset:
    r"""Another data set with two of its factors correlated.

    With both factors scaled to [0, 1] (finitely many values by their rank),

    .. math:: p(f_i, f_j) \propto \exp\left(-\frac{(f_i - f_j)^2}{2 \sigma^2}\right)

    times what it was before, σ being `strength`: 0.1 is strong, 0.2 and 0.4 are in between, 0.7 is
    weak, 10 is none. This is the published form with α = 1, which scaling both amounts to.

    Generated data is drawn anew: every factor independently from the data's own column, kept
    with the probability above, and rendered. Other data, and data that is itself selected out of
    another set, is resampled: rows are drawn with replacement and that weight.

    Args:
        data: with factors; a data set, or its name or path in quotes as for `load`.
        factors: the two, by name or by number from 0.
        strength: σ, on the scale of [0, 1]. The smaller, the stronger.
        n: number of images; None for as many as `data` has.
        seed: determines the draw to the bit; no global random state is touched.

    Returns:
        A data set of `n` images with the names, kinds, values and renderer of `data`.

    Raises:
        DataError: for unknown or constant factors, an impossible number, or a `strength` so small
            that hardly any combination is left.

    References:
        *On Disentangled Representations Learned From Correlated Data*, Frederik Träuble,
        Elliot Creager, Niki Kilbertus, Francesco Locatello, Andrea Dittadi, Anirudh Goyal,
        Bernhard Schölkopf, Stefan Bauer, 2021.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import correlated
        >>> data = correlated("squares(n=500)", factors=("size", "intensity"), strength=0.2)
        >>> bool(np.corrcoef(data.factors[:, 0], data.factors[:, 1])[0, 1] > 0.5)
        True
    """
    dataset = inner(data)
    if not isinstance(factors, tuple | list) or len(factors) != 2:
        raise DataError(f"factors is {factors!r}; give two, such as (0, 1) or their names.")
    i, j = (column(dataset, factor) for factor in factors)
    if i == j:
        raise DataError(f"factors is {factors!r}; give two different ones.")
    if not isinstance(strength, int | float) or not 0 < strength < np.inf:
        raise DataError(f"strength is {strength!r}; it must be a finite number above 0.")
    n = len(dataset) if n is None else count(n)
    generator = seeded(seed)
    check_images(n, dataset.image_shape, dataset.n_factors)
    both = np.stack([positions(dataset, i), positions(dataset, j)], axis=1)
    if rendered_freely(dataset):
        rows = generator.integers(0, len(dataset), (n, dataset.n_factors))
        rows[:, [i, j]] = _accepted(both, strength, n, generator)
        drawn = np.take_along_axis(dataset.factors, rows, axis=0)
        made = replace(dataset, images=dataset.images_of(drawn), factors=drawn)
        both = np.take_along_axis(both, rows[:, [i, j]], axis=0)
        how = ""
    else:
        weight = _weight(both[:, 0], both[:, 1], strength)
        if weight.mean() < _RAREST:
            raise _too_strong(strength)
        rows = generator.choice(len(dataset), n, p=weight / weight.sum())
        # Frames drawn with replacement have no order in time.
        made, both = replace(dataset, sequence=None).subset(rows), both[rows]
        how = f" Images are drawn with replacement: {len(np.unique(rows)):,} different ones."
    names = [dataset.factor_names[k] for k in (i, j)]
    r = f"{np.asarray(np.corrcoef(both.T))[0, 1]:.2f}" if np.ptp(both, axis=0).all() else "1"
    return replace(
        made,
        name=f"{dataset.name}, correlated",
        notes=(
            *dataset.notes,
            f"{names[0]} and {names[1]} are correlated by design (r = {r}): latents that are "
            f"independent of one another cannot equal them.{how}",
        ),
        source={
            "data": "correlated",
            "of": dict(dataset.source),
            "factors": names,
            "strength": float(strength),
            "n": n,
            "seed": int(seed),
        },
    )


def _weight(
    one: NDArray[np.float64], other: NDArray[np.float64], strength: float
) -> NDArray[np.float64]:
    return np.exp(-0.5 * ((one - other) / strength) ** 2)


def _accepted(
    both: NDArray[np.float64], strength: float, n: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Rows `(n, 2)` to take the two factors from, drawn by rejection."""
    found: list[NDArray[np.int64]] = []
    have = tried = 0
    while have < n:
        rows = generator.integers(0, len(both), (_BATCH, 2))
        weight = _weight(both[rows[:, 0], 0], both[rows[:, 1], 1], strength)
        rows = rows[generator.random(_BATCH) < weight]
        found.append(rows)
        have, tried = have + len(rows), tried + _BATCH
        if have < _RAREST * tried:
            raise _too_strong(strength)
    return np.concatenate(found)[:n]


def _too_strong(strength: float) -> DataError:
    return DataError(
        f"strength is {strength!r}: less than one sample in {1 / _RAREST:,.0f} is left; give more."
    )
