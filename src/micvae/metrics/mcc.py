"""Mean correlation coefficient."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from micvae.information.plug_in import Floats
from micvae.information.precision import unit_scaled
from micvae.metrics.inputs import check_inputs
from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.tables import ratio

MIN_SAMPLES = 3


def mcc_pearson(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""MCC: correlation of every factor with a latent of its own, averaged.

    .. math:: \mathrm{MCC} = \frac{1}{K} \max_\pi \sum_k |\rho(z_{\pi(k)}, v_k)|

    with Pearson's correlation ρ and π assigning different latents to different factors, found
    exactly (Hungarian method, rectangular where D ≠ K). Range 0 to 1, higher is better. Invariant
    to permuting, flipping, shifting and scaling latents.

    Every factor is judged as numbers on a line: it suits neither angles nor categories (see
    `block_score`).

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`; used for warnings only.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `mcc_pearson` and details `correlation` (D, K), absolute, `assignment`
        (K,) latent of every factor, −1 where there is none, and `per_factor` (K,).

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, or fewer than 3 samples.

    Degenerate inputs: a constant latent has correlation 0. With D < K the factors that are left
    without a latent count 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mcc_pearson
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(mcc_pearson(codes, factors)), 2) for codes in (-factors, mixed)]
        [1.0, 0.71]

    References:
        *Unsupervised Feature Extraction by Time-Contrastive Learning and Nonlinear ICA*, Aapo
        Hyvärinen, Hiroshi Morioka, 2016.
        *Variational Autoencoders and Nonlinear ICA: A Unifying Framework*, Ilyes Khemakhem,
        Diederik P. Kingma, Ricardo Pio Monti, Aapo Hyvärinen, 2020.
    """
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES, kinds_matter=False)
    z = unit_scaled(given.codes.astype(np.float64))

    def statistic(weights: Weights) -> Score:
        return matched("mcc_pearson", correlations(z, given.factors, weights))

    return scored(statistic, len(given), resamples, seed)


def mcc_spearman(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""MCC with Spearman's correlation: `mcc_pearson` of the ranks.

    .. math:: \frac{1}{K} \max_\pi \sum_k |\rho_S(z_{\pi(k)}, v_k)|

    Invariant to every strictly monotone map of a latent as well. Range 0 to 1, higher is better;
    equal values share their mean rank. Arguments, details, errors, degenerate inputs and what it
    is unfair to are as in `mcc_pearson`.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`; used for warnings only.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none. Ranks are found once.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `mcc_spearman` and the details of `mcc_pearson`.

    Raises:
        MetricError: As `mcc_pearson` does.

    Degenerate inputs: as in `mcc_pearson`.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mcc_spearman
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(mcc_spearman(codes, factors)), 2) for codes in (-factors, mixed)]
        [1.0, 0.7]

    References:
        *Unsupervised Feature Extraction by Time-Contrastive Learning and Nonlinear ICA*, Aapo
        Hyvärinen, Hiroshi Morioka, 2016.
    """
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES, kinds_matter=False)
    z, v = rankdata(given.codes, axis=0), rankdata(given.factors, axis=0)

    def statistic(weights: Weights) -> Score:
        return matched("mcc_spearman", correlations(z, v, weights))

    return scored(statistic, len(given), resamples, seed)


def correlations(z: Floats, v: Floats, weights: Weights) -> Floats:
    """Absolute Pearson correlations (D, K) of columns (N, D) and (N, K).

    A column that is constant among the samples that count has correlation 0.
    """
    counted = weights > 0
    varies = np.multiply.outer(*(x.min(axis=0) < x.max(axis=0) for x in (z[counted], v[counted])))
    w = weights / weights.sum()
    z, v = z - w @ z, v - w @ v
    z_size, v_size = np.sqrt(w @ z**2), np.sqrt(w @ v**2)
    product = np.abs((w[:, None] * z).T @ v)
    found = ratio(product, z_size[:, None] * v_size) * varies
    return np.asarray(np.minimum(found, 1.0))


def matched(name: str, correlation: Floats) -> Score:
    """Assign latents to factors so that the sum of (D, K) entries is largest."""
    assignment = assign(correlation)
    has = assignment >= 0
    per_factor = np.where(has, correlation[assignment, np.arange(len(assignment))], 0.0)
    details = {"correlation": correlation, "assignment": assignment, "per_factor": per_factor}
    return Score({name: float(per_factor.mean())}, details)


def assign(values: Floats) -> NDArray[np.int64]:
    """The latent (row) of every factor (column) that makes the sum largest; −1 for none."""
    rows, columns = linear_sum_assignment(values, maximize=True)
    assignment = np.full(values.shape[1], -1, np.int64)
    assignment[columns] = rows
    return assignment
