"""The distributions of independent sources, each of mean 0 and variance 1."""

from __future__ import annotations

import numpy as np

from micvae.data.memory import check_memory
from micvae.data.problems.checks import one_of, whole
from micvae.data.problems.mixings.base import Array

MARGINALS = ("gaussian", "uniform", "laplace", "discrete")


def drawn(
    marginal: str, levels: int, shape: tuple[int, ...], generator: np.random.Generator
) -> Array:
    """Draw independent numbers: N(0, 1), uniform on ±√3, Laplace of rate √2, or `levels` values.

    The discrete values are equally likely and equally far apart.

    Raises:
        DataError: for another marginal, or fewer than 2 levels.
    """
    one_of(marginal, "marginal", MARGINALS)
    if marginal == "gaussian":
        return generator.standard_normal(shape)
    if marginal == "uniform":
        return generator.uniform(-np.sqrt(3), np.sqrt(3), shape)
    if marginal == "laplace":
        return generator.laplace(0, np.sqrt(0.5), shape)
    chosen: Array = values_of(levels)[generator.integers(0, levels, shape)]
    return chosen


def values_of(levels: int) -> Array:
    """`levels` equidistant values of mean 0 and variance 1."""
    check_memory(24 * whole(levels, "levels", 2), f"levels is {levels}")
    steps = np.arange(levels, dtype=np.float64)
    values: Array = (steps - steps.mean()) / steps.std()
    return values
