"""Interventional robustness score."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.information.plug_in import as_labels
from micvae.metrics.binning import checked_bins, equal_width_bins
from micvae.metrics.inputs import check_inputs
from micvae.metrics.score import Score, Weights, check_setting, scored


def irs(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    quantile: float = 0.99,
    factor_bins: int = 20,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""IRS: how little does each latent move while its own factor is held fixed?

    .. math::
        \mathrm{IRS} = \frac{\sum_j m_j \max_k (1 - d_{jk} / m_j)}{\sum_j m_j},
        \qquad m_j = \max_n |z_{nj} - \bar z_j|,
        \qquad d_{jk} = \operatorname{mean}_v \, Q_{n : v_{nk} = v} |z_{nj} - \bar z_{j|v}|

    with Q the 0.99 quantile over the samples that share the value v of factor k, and $\bar z$ the
    means over all samples and over those. Range 0 to 1, higher is better.

    Ordinal and continuous factors are cut into 20 equally wide bins first, as in the reference;
    categories are used as they are. Latents are weighted by how far they reach, so that the score
    is not invariant to rescaling one of them. A latent that follows a coarse part of a factor, or
    nothing but rare outliers, scores well.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        quantile: Of the deviations; 1 is the paper's maximum, 0.99 the published study's.
        factor_bins: Bins per factor that is not categorical.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `irs` and details `per_code` (D,), 0 for constant latents, `parents` (D,)
        the factor of each latent, and `matrix` (D, K).

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer samples than bins, or a quantile outside (0, 1].

    Degenerate inputs: constant latents have no vote; if all are constant the score is 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import irs
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(irs(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.95, 0.5]

    References:
        *Robustly Disentangled Causal Mechanisms: Validating Deep Representations for
        Interventional Robustness*, Raphael Suter, Đorđe Miladinović, Bernhard Schölkopf, Stefan
        Bauer, 2019.
    """
    check_setting("quantile", quantile, lambda v: 0 < v <= 1, "give a number above 0, at most 1")
    least = checked_bins(factor_bins=factor_bins)
    given = check_inputs(codes, factors, factor_kinds, min_samples=least)
    z = given.codes.astype(np.float64)
    groups = [
        as_labels(column) if kind == "categorical" else equal_width_bins(column, factor_bins)
        for column, kind in zip(given.factors.T, given.kinds, strict=True)
    ]

    def statistic(weights: Weights) -> Score:
        rows = np.repeat(np.arange(len(z)), weights.astype(np.int64))
        some = z[rows]
        reach = np.abs(some - some.mean(axis=0)).max(axis=0)
        reach[some.min(axis=0) == some.max(axis=0)] = 0
        moved = np.stack([_moved(some, group[rows], quantile) for group in groups], axis=1)
        live = reach > 0
        matrix = np.zeros_like(moved)
        matrix[live] = 1 - moved[live] / reach[live, None]
        each = matrix.max(axis=1)
        score = float(np.average(each[live], weights=reach[live])) if live.any() else 0.0
        details = {"per_code": each, "parents": matrix.argmax(axis=1), "matrix": matrix}
        return Score({"irs": score}, details)

    return scored(statistic, len(given), resamples, seed)


def _moved(z: np.ndarray, group: np.ndarray, quantile: float) -> np.ndarray:
    """Mean over groups of the quantile of deviations within one, (D,)."""
    order = np.argsort(group, kind="stable")
    parts = np.split(z[order], np.flatnonzero(np.diff(group[order])) + 1)
    within = [np.quantile(np.abs(part - part.mean(axis=0)), quantile, axis=0) for part in parts]
    return np.asarray(np.mean(within, axis=0))
