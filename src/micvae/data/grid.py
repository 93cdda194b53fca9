"""Sampling and checks for data sets on a grid of factor values."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from micvae.checks import whole_number
from micvae.data.memory import check_memory
from micvae.errors import DataError


def drawn(
    values: Sequence[NDArray[np.float64]], n: int, seed: int, image_shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Draw `n` rows of factors `(n, K)`, each uniform on its `values` and independent.

    Raises:
        DataError: for an `n` or `seed` that is no whole number, or too small; and for an `n` of
            which factors and images do not fit into memory.
    """
    number, generator = count(n), seeded(seed)
    check_images(number, image_shape, len(values))
    return np.stack([generator.choice(each, number) for each in values], axis=1)


def picked(total: int, n: int | None, seed: int) -> NDArray[np.int64]:
    """Pick at most `n` of `total` rows, uniformly without replacement and in random order.

    Where n is None, all rows in their own order.

    Raises:
        DataError: for an `n` or `seed` that is no whole number, or too small.
    """
    generator = seeded(seed)
    if n is None:
        return np.arange(total)
    rows: NDArray[np.int64] = generator.permutation(total)[: count(n)]
    return rows


def count(n: int) -> int:
    """Check a number of images."""
    return whole_number("n", n, least=1, error=DataError)


def check_images(n: int, image_shape: tuple[int, ...], factors: int) -> None:
    """Refuse a number of images that does not fit into memory with its factors."""
    check_memory(n * (4 * math.prod(image_shape) + 16 * factors), f"n is {n}")


def seeded(seed: int) -> np.random.Generator:
    """Make the generator of a seed; no global random state is touched."""
    return np.random.default_rng(whole_number("seed", seed, error=DataError))


def on_grid(
    factors: NDArray[np.float64],
    values: Sequence[NDArray[np.float64]],
    names: Sequence[str],
    kinds: Sequence[str],
) -> None:
    """Refuse factors `(M, K)` that cannot be rendered.

    Categorical factors take one of their `values`; the others, anything from the first to the last.

    Raises:
        DataError: naming the factor, what was given and what would work.
    """
    for column, each, name, kind in zip(factors.T, values, names, kinds, strict=True):
        if kind == "categorical":
            wrong = column[~np.isin(column, each)]
            expected = "one of " + ", ".join(f"{value:g}" for value in each)
        else:
            wrong = column[(column < each[0]) | (column > each[-1])]
            expected = f"{each[0]:g} to {each[-1]:g}"
        if len(wrong):
            raise DataError(f"factor {name} is {wrong[0]:g}; expected {expected}.")
