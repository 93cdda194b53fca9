"""Means that never stand without their interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from micvae.errors import MicvaeError


class Interval(NamedTuple):
    """A mean and the bounds of its confidence interval; no bounds from a single value."""

    mean: float
    low: float | None
    high: float | None


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """The mean over seeds and its percentile-bootstrap interval.

    Seeds are resampled with replacement; the interval is between the quantiles of the resampled
    means. With few seeds it is too narrow (at 5 seeds, by roughly a tenth to a quarter).

    Args:
        values: one number per seed, at least one.
        confidence: coverage, between 0 and 1.
        resamples: how many bootstrap samples.
        seed: determines the resampling.

    Raises:
        MicvaeError: without values, or with one that is not finite.

    References:
        *An Introduction to the Bootstrap*, Efron & Tibshirani, 1993, Section 13.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or len(given) == 0 or not np.isfinite(given).all():
        raise MicvaeError(f"values is {values!r}; give one finite number per seed.")
    mean = float(given.mean())
    if len(given) == 1:
        return Interval(mean, None, None)
    index = np.random.default_rng(seed).integers(len(given), size=(resamples, len(given)))
    tails = np.asarray([(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.quantile(given[index].mean(1), tails)
    return Interval(mean, float(low), float(high))
