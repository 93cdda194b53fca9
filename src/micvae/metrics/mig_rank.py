"""Mutual information gap on ranks."""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from micvae.metrics.binning import middle_rank_bins
from micvae.metrics.mig import gap_score
from micvae.metrics.score import Score
from micvae.metrics.tables import Tables


def mig_rank(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    bins: int = 20,
    factor_bins: int = 20,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""MIG on ranks: the same gap with bins of equal mass instead of equal width.

    Codes, and continuous factors, are cut into bins that hold equally many samples each (equal
    values stay together), so that the score is invariant to every strictly monotone map of a
    latent: a perfect code scores 1 whether it is uniform, Gaussian-shaped or skewed. All else,
    arguments, details and errors included, is as in `mig`; range 0 to 1, higher is better.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        bins: Bins per latent; a latent of at most so many distinct values keeps them.
        factor_bins: Bins per continuous factor.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `mig_rank` and the details of `mig`.

    Raises:
        MetricError: As `mig` does.

    Degenerate inputs: as in `mig`.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mig_rank
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(mig_rank(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.85, 0.01]

    References:
        *Isolating Sources of Disentanglement in Variational Autoencoders*, Ricky T. Q. Chen,
        Xuechen Li, Roger Grosse, David Duvenaud, 2018 (the gap; the bins are micvae's).
    """
    tables = Tables.of(codes, factors, factor_kinds, bins, factor_bins, middle_rank_bins)
    return gap_score("mig_rank", tables, bins, factor_bins, resamples, seed)
