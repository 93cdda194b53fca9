"""Mean correlation coefficient after a nonlinear map of each latent."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.information.plug_in import Floats, Labels
from micvae.metrics.binning import checked_bins, middle_rank_bins
from micvae.metrics.inputs import check_inputs
from micvae.metrics.mcc import correlations, matched
from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.splits import train_test_split

MIN_SAMPLES = 10


def mcc_nonlinear(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    bins: int = 50,
    seed: int = 0,
    resamples: int = 0,
) -> Score:
    r"""MCC after the best map of each latent alone: what is identified up to such maps?

    .. math:: \frac{1}{K} \max_\pi \sum_k |\rho(f_{\pi(k) k}(z_{\pi(k)}), v_k)|

    where $f_{jk}(z)$ is the mean of factor k over the training samples in the same of at most 50
    bins of equal mass of latent j, and the correlation is over the test samples. The maps are step
    functions, so that neither smoothness nor monotony is assumed: $v = z^2$ is found, too.
    Invariant to strictly monotone maps of a latent. Range 0 to 1, higher is better.

    Every factor is judged as numbers on a line: it suits neither angles nor categories (see
    `block_score`).

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`; used for warnings only.
        bins: At most so many steps per map; fewer where a step would be fitted to less than 10
            samples.
        seed: Decides which ⌈2N/3⌉ samples train and which test.
        resamples: Bootstrap resamples of the test samples for `Score.deviations`; 0 for none. The
            maps are fitted once.

    Returns:
        `Score` with key `mcc_nonlinear` and the details of `mcc_pearson`.

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer than 10 samples, or fewer than 2 bins.

    Degenerate inputs: a constant latent has correlation 0, and so has a map that is constant over
    the test samples. With D < K the factors that are left without a latent count 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mcc_nonlinear
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(mcc_nonlinear(codes, factors)), 2) for codes in (-factors, mixed)]
        [1.0, 0.64]

    References:
        *On the Identifiability of Nonlinear ICA: Sparsity and Beyond*, Yujia Zheng, Ignavier Ng,
        Kun Zhang, 2022 (correlation after a componentwise regression; the step functions are
        micvae's).
    """
    checked_bins(bins=bins)
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES, kinds_matter=False)
    fit, test = train_test_split(len(given), seed)
    steps = max(2, min(bins, len(fit) // 10))
    # Bins come from all codes, whose ranks need no factor; only the means are learnt.
    mapped = [
        _step_map(middle_rank_bins(column, steps), given.factors, fit)[test]
        for column in given.codes.T
    ]
    v = given.factors[test]

    def statistic(weights: Weights) -> Score:
        w = weights[test]
        found = np.stack(
            [
                np.array([correlations(m[:, [k]], v[:, [k]], w)[0, 0] for k in range(v.shape[1])])
                for m in mapped
            ]
        )
        return matched("mcc_nonlinear", found)

    return scored(statistic, len(given), resamples, seed, (fit, test))


def _step_map(bins: Labels, factors: Floats, fit: np.ndarray) -> Floats:
    """Mean factors (N, K) of the training samples in each sample's bin."""
    count = np.bincount(bins[fit], minlength=bins.max() + 1)
    overall = factors[fit].mean(axis=0)
    sums = np.stack(
        [np.bincount(bins[fit], column, minlength=len(count)) for column in factors[fit].T], axis=1
    )
    means = np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], overall)
    mapped: Floats = means[bins]
    return mapped
