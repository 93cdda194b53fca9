"""DCIMIG: the information that is in latents of one factor only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.tables import Tables, gaps, ratio


def dcimig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    bins: int = 20,
    factor_bins: int = 20,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""DCIMIG (3CharM): how much of every factor lies in a latent that knows no other?

    Every latent j is assigned to the factor $k_j$ it knows best and has the gap
    $D_j = I(z_j; v_{k_j}) - \max_{k \ne k_j} I(z_j; v_k)$; every factor takes the largest gap among
    its latents, or 0 if it has none:

    .. math::
        \mathrm{DCIMIG} = \frac{\sum_k S_k}{\sum_k H(v_k)},
        \qquad S_k = \max_{j : k_j = k} D_j

    with bins and estimates as in `mig`. Range 0 to 1, higher is better. Unlike `mig` it forgives a
    second latent that knows the same factor, and punishes one that knows two.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        bins: Bins per latent.
        factor_bins: Bins per continuous factor.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `dcimig` and details `gaps` (D,) in nats, `assigned` (D,) factor of every
        latent, `kept` (K,) S in nats, `entropies` (K,) in nats and `binned_factors`.

    Raises:
        MetricError: As `mig` does.

    Degenerate inputs: a constant latent has gap 0. With K = 1 the gap is taken to 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import dcimig
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(dcimig(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.86, 0.01]

    References:
        *How to Not Measure Disentanglement*, Anna Sepliarskaia, Julia Kiseleva, Maarten de Rijke,
        2019.
    """
    tables = Tables.of(codes, factors, factor_kinds, bins, factor_bins)

    def statistic(weights: Weights) -> Score:
        information, entropies = tables.information(weights), tables.entropies(weights)
        each, assigned = gaps(information.T), information.argmax(axis=1)
        kept = np.zeros(len(entropies))
        np.maximum.at(kept, assigned, each)
        details = {
            "gaps": each,
            "assigned": assigned,
            "kept": kept,
            "entropies": entropies,
            "binned_factors": tables.binned_factors,
        }
        return Score({"dcimig": float(ratio(kept.sum(), entropies.sum()))}, details)

    return scored(statistic, len(tables.given), resamples, seed)
