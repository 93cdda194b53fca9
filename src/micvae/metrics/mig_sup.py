"""MIG-sup: the gap seen from the latents."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.tables import Tables, gaps, ratio


def mig_sup(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    bins: int = 20,
    factor_bins: int = 20,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""MIG-sup: does each latent know one factor only?

    .. math::
        \mathrm{MIG\text{-}sup} = \frac{1}{|J|} \sum_{j \in J}
            \Bigl( U_{j k_j} - \max_{k \ne k_j} U_{jk} \Bigr),
        \qquad U_{jk} = \frac{I(z_j; v_k)}{H(v_k)}, \quad k_j = \arg\max_k U_{jk}

    over the set J of latents that vary; bins and estimates as in `mig`. MIG asks each factor for
    one latent, MIG-sup each latent for one factor. Range 0 to 1, higher is better.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        bins: Bins per latent.
        factor_bins: Bins per continuous factor.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `mig_sup` and details `gaps` (D,), 0 for constant latents, `normalised`
        (D, K) and `binned_factors`.

    Raises:
        MetricError: As `mig` does.

    Degenerate inputs: a constant latent has no vote; if all are constant the score is 0. A latent
    that varies but knows nothing votes 0. With K = 1 there is no second factor and the gap is
    taken to 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mig_sup
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(mig_sup(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.86, 0.01]

    References:
        *Progressive Learning and Disentanglement of Hierarchical Representations*, Zhiyuan Li,
        Jaideep Vitthal Murkute, Prashnna Kumar Gyawali, Linwei Wang, 2020.
    """
    tables = Tables.of(codes, factors, factor_kinds, bins, factor_bins)
    varies = np.array([column.any() for column in tables.codes])

    def statistic(weights: Weights) -> Score:
        normalised = ratio(tables.information(weights), tables.entropies(weights))
        each = gaps(normalised.T)
        details = {
            "gaps": each,
            "normalised": normalised,
            "binned_factors": tables.binned_factors,
        }
        return Score({"mig_sup": float(each[varies].mean()) if varies.any() else 0.0}, details)

    return scored(statistic, len(tables.given), resamples, seed)
