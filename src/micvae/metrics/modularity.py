"""Modularity."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.information.plug_in import Floats
from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.tables import Tables, ratio


def modularity(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    bins: int = 20,
    factor_bins: int = 20,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""Modularity: does each latent depend on at most one factor?

    .. math::
        \frac{1}{D} \sum_j \Bigl( 1 - \frac{\sum_{k \ne k_j} I(z_j; v_k)^2}
            {(K - 1)\, I(z_j; v_{k_j})^2} \Bigr),
        \qquad k_j = \arg\max_k I(z_j; v_k)

    with bins and estimates as in `mig`. Range 0 to 1, higher is better. It says nothing of
    how much a latent knows: one that knows a single factor a little scores high, and so can noise,
    whose spurious information is largest about the factor with the most values.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        bins: Bins per latent. 20 in Locatello et al.
        factor_bins: Bins per continuous factor.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `modularity` and details `per_code` (D,), `mutual_information` (D, K) in
        nats and `binned_factors`.

    Raises:
        MetricError: As `mig` does.

    Degenerate inputs: a latent with no information about any factor (a dead one) scores 0 and
    stays in the mean, as in the reference. With K = 1 a latent that knows the factor scores 1
    (the reference divides 0 by 0).

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import modularity
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(modularity(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.98, 0.09]

    References:
        *Learning Deep Disentangled Embeddings with the F-Statistic Loss*, Karl Ridgeway, Michael
        C. Mozer, 2018.
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (dead latents).
    """
    tables = Tables.of(codes, factors, factor_kinds, bins, factor_bins)

    def statistic(weights: Weights) -> Score:
        information = tables.information(weights)
        each = modularity_of(information)
        details = {
            "per_code": each,
            "mutual_information": information,
            "binned_factors": tables.binned_factors,
        }
        return Score({"modularity": float(each.mean())}, details)

    return scored(statistic, len(tables.given), resamples, seed)


def modularity_of(information: Floats) -> Floats:
    """Modularity of every latent, (D,), from mutual informations (D, K)."""
    squared = information**2
    best = squared.max(axis=1)
    others = squared.sum(axis=1) - best
    each: Floats = np.where(best > 0, 1 - ratio(others, best * (squared.shape[1] - 1)), 0.0)
    return each
