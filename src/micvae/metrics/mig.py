"""Mutual information gap."""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.tables import Tables, gaps, ratio


def mig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    bins: int = 20,
    factor_bins: int = 20,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""Mutual information gap: does a single latent inform about each factor?

    .. math::
        \mathrm{MIG} = \frac{1}{K} \sum_{k=1}^{K}
            \frac{I(z_{j_k}; v_k) - \max_{j \ne j_k} I(z_j; v_k)}{H(v_k)},
        \qquad j_k = \arg\max_j I(z_j; v_k)

    with the plug-in mutual information and entropy of binned codes, in nats (the unit cancels).
    Range 0 to 1, higher is better; nothing is clamped.

    Codes are cut into equally wide bins over their range. Discrete factors are used as they are;
    a continuous factor is cut into `factor_bins` equally wide bins and named in
    `details["binned_factors"]`. The score is invariant to permuting, flipping and rescaling
    latents and to the order of samples, but not to monotone maps: a perfect code of a uniform
    factor loses points where its own distribution is far from uniform; see `mig_rank`.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: Per factor `continuous`, `ordinal`, `categorical` or `angular`; `None`
            infers them: continuous if all values are distinct or more than 50 are, ordinal if at
            most 20 are, and between the two ordinal if there are at least ten samples per value
            on average.
        bins: Bins per latent. 20 in Locatello et al.
        factor_bins: Bins per continuous factor.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `mig` and details `gaps` (K,), `mutual_information` (D, K) and
        `entropies` (K,) in nats, `binned_factors` (indices), `bins` and `factor_bins`.

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer samples than bins, or fewer than 2 bins.

    Degenerate inputs: a constant latent has mutual information 0. With D = 1 there is no second
    latent and the gap is taken to 0. With D < K some factors share a latent, which is allowed.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mig
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(mig(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.86, 0.02]

    References:
        *Isolating Sources of Disentanglement in Variational Autoencoders*, Ricky T. Q. Chen,
        Xuechen Li, Roger Grosse, David Duvenaud, 2018.
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (binning).
    """
    tables = Tables.of(codes, factors, factor_kinds, bins, factor_bins)
    return gap_score("mig", tables, bins, factor_bins, resamples, seed)


def gap_score(
    name: str, tables: Tables, bins: int, factor_bins: int, resamples: int, seed: int
) -> Score:
    """The gap over the entropy, averaged over factors, under the key `name`."""

    def statistic(weights: Weights) -> Score:
        information, entropies = tables.information(weights), tables.entropies(weights)
        each = ratio(gaps(information), entropies)
        details = {
            "gaps": each,
            "mutual_information": information,
            "entropies": entropies,
            "binned_factors": tables.binned_factors,
            "bins": bins,
            "factor_bins": factor_bins,
        }
        return Score({name: float(each.mean())}, details)

    return scored(statistic, len(tables.given), resamples, seed)
