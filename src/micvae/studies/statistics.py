"""Means with confidence intervals, and comparisons over seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit
from scipy.stats import spearmanr

from micvae.errors import MicvaeError

Floats = NDArray[np.float64]


class MeanInterval(NamedTuple):
    """A mean and the bounds of its confidence interval; no bounds from a single value."""

    mean: float
    low: float | None
    high: float | None


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> MeanInterval:
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
        return MeanInterval(mean, None, None)
    index = np.random.default_rng(seed).integers(len(given), size=(resamples, len(given)))
    return _between(mean, given[index].mean(1), confidence)


def pair_interval(
    agreement: ArrayLike, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> MeanInterval:
    r"""The mean agreement of every two runs and its percentile-bootstrap interval over runs.

    Pairs share runs and are not independent, so runs are resampled, not pairs. With w how often
    each run was drawn, a resample's mean is over pairs of different runs:

    .. math:: \sum_{i \ne j} w_i w_j A_{ij} \Big/ \sum_{i \ne j} w_i w_j

    Args:
        agreement: (S, S), agreement of run i with run j; it is made symmetric, and the diagonal is
            ignored.
        confidence: coverage, between 0 and 1.
        resamples: number of bootstrap samples; samples of a single run are left out.
        seed: determines the resampling.

    Returns:
        No bounds from fewer than three runs, which have one pair.

    Raises:
        MicvaeError: for fewer than two runs, or an agreement that is not finite.

    References:
        *An Introduction to the Bootstrap*, Efron & Tibshirani, 1993, Section 13.
    """
    given = _agreements(agreement)
    mean = float(_over_pairs(given, np.ones((1, len(given))))[0])
    if len(given) < 3:
        return MeanInterval(mean, None, None)
    means = _over_pairs(given, _draws(len(given), resamples, seed))
    return _between(mean, means, confidence)


def paired_interval(
    first: ArrayLike,
    second: ArrayLike,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> MeanInterval:
    """The difference of two methods under the same seeds, and its percentile-bootstrap interval.

    Args:
        first: one number per seed `(S,)`, or the agreement `(S, S)` of the runs of every two
            seeds, as for `pair_interval`.
        second: the same of the other method, seeds in the same order.
        confidence: coverage, between 0 and 1.
        resamples: how many bootstrap samples; both methods are resampled alike.
        seed: determines the resampling.

    Returns:
        First minus second; no bounds from one seed, or from two where agreements are compared.

    Raises:
        MicvaeError: for other shapes, or numbers that are not finite.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape:
        raise MicvaeError(f"first has shape {a.shape}, second {b.shape}; pair them by seed.")
    if a.ndim == 1:
        return bootstrap_interval((a - b).tolist(), confidence, resamples, seed)
    return pair_interval(_agreements(a) - _agreements(b), confidence, resamples, seed)


def chance_of_one_side(seeds: int) -> float:
    """Probability that all differences of two equal methods fall on one side of 0: 2^(1 − n).

    Each of n differences is as likely above 0 as below. If all are on one side, the bootstrap
    interval of their mean excludes 0: with 3 seeds this happens in 25% of comparisons.
    """
    return float(2.0 ** (1 - seeds))


def enough_seeds(level: float = 0.95) -> int:
    """The smallest number of paired seeds that can distinguish two methods at this level.

    With fewer, `chance_of_one_side` is above 1 − level: 6 at 95%.
    """
    return max(2, math.ceil(1 - math.log2(1 - level) - 1e-9))


def distinguishable(difference: MeanInterval, seeds: int, level: float = 0.95) -> bool:
    """Whether so many seeds distinguish two methods; every page uses this criterion.

    There must be enough seeds (`enough_seeds`), and the interval must exclude 0 after it is widened
    by what the bootstrap of few values misses: Student's quantile of n − 1 degrees of freedom
    over the normal one, and √(n / (n − 1)), together 1.44 at 6 seeds. For equal methods with
    normal differences this happens in about 1 − level of comparisons; the plain interval excludes
    0 in about 12% at 6 seeds.

    Args:
        difference: mean paired difference with its interval.
        seeds: number of pairs.
        level: confidence of the interval.
    """
    if difference.low is None or difference.high is None or seeds < enough_seeds(level):
        return False
    quantile = (1 + level) / 2
    missed = float(stdtrit(seeds - 1, quantile) / ndtri(quantile)) * math.sqrt(seeds / (seeds - 1))
    mean, low, high = difference.mean, difference.low, difference.high
    return mean - missed * (mean - low) > 0 or mean + missed * (high - mean) < 0


def rank_correlation(
    first: ArrayLike, second: ArrayLike, seeds: ArrayLike, resamples: int = 2_000, seed: int = 0
) -> MeanInterval:
    """Spearman's correlation of two scores over runs, and its bootstrap interval over seeds.

    Seeds are resampled, each with all its runs: the methods compared stay the same. A resample in
    which a score does not vary has no correlation and is left out.

    Args:
        first: a score per run `(M,)`.
        second: another one `(M,)`.
        seeds: the seed of each run `(M,)`.
        resamples: how many bootstrap samples.
        seed: determines the resampling.

    Returns:
        The correlation as `mean`; without bounds where there is only one seed.

    Raises:
        MicvaeError: where a score does not vary over the runs, or shapes differ.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    of = np.asarray(seeds)
    if a.ndim != 1 or not a.shape == b.shape == of.shape:
        raise MicvaeError(f"scores of shape {a.shape} and {b.shape}: give two numbers per run.")
    value = _spearman(a, b)
    if value is None:
        raise MicvaeError("a score is the same for every run, so it has no ranks.")
    rows = [np.flatnonzero(of == name) for name in np.unique(of)]
    if len(rows) < 2:
        return MeanInterval(value, None, None)
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        chosen = np.concatenate([rows[k] for k in generator.integers(len(rows), size=len(rows))])
        drawn.append(_spearman(a[chosen], b[chosen]))
    return _between(value, np.asarray([r for r in drawn if r is not None]), 0.95)


def _spearman(a: Floats, b: Floats) -> float | None:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a, b).statistic)


def _agreements(given: ArrayLike) -> Floats:
    matrix = np.array(given, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise MicvaeError(f"agreement has shape {matrix.shape}; give (S, S) of at least two runs.")
    np.fill_diagonal(matrix, 0.0)
    if not np.isfinite(matrix).all():
        raise MicvaeError("agreement of two different runs must be a finite number.")
    return np.asarray((matrix + matrix.T) / 2)


def _draws(count: int, resamples: int, seed: int) -> Floats:
    """How often each of `count` runs is in each resample, `(R, S)`; never one run alone."""
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(count, np.full(count, 1 / count), resamples).astype(np.float64)
    return np.asarray(drawn[drawn.max(1) < count])


def _over_pairs(matrix: Floats, weights: Floats) -> Floats:
    """Weighted means `(R,)` over pairs of different runs, for weights `(R, S)`."""
    total = np.einsum("ri,ij,rj->r", weights, matrix, weights)
    return np.asarray(total / (weights.sum(1) ** 2 - (weights**2).sum(1)))


def _between(value: float, drawn: Floats, confidence: float) -> MeanInterval:
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return MeanInterval(value, float(low), float(high))
