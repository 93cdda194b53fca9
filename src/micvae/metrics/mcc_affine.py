"""Mean correlation coefficient after the best affine map of all latents."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.metrics.inputs import check_inputs
from micvae.metrics.logistic import standardised
from micvae.metrics.mcc import correlations, matched
from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.splits import train_test_split

MIN_SAMPLES = 10


def mcc_affine(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    seed: int = 0,
    resamples: int = 0,
) -> Score:
    r"""Weak MCC: correlation after the best affine map, for identifiability up to one.

    .. math:: \frac{1}{K} \max_\pi \sum_k |\rho((A z + b)_{\pi(k)}, v_k)|

    with A (K, D) and b fitted by least squares on the training samples, and the correlation over
    the test samples. A rotation of the factors scores 1: it measures whether the factors
    are linearly readable, not whether they are separated. Range 0 to 1, higher is better.

    Every factor is judged as numbers on a line: it suits neither angles nor categories.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`; used for warnings only.
        seed: Decides which ⌈2N/3⌉ samples train and which test.
        resamples: Bootstrap resamples of the test samples for `Score.deviations`; 0 for none. The
            map is fitted once.

    Returns:
        `Score` with key `mcc_affine` and details of `mcc_pearson`, rows standing for the K
        coordinates of the mapped codes, and `map` (K, D + 1), b in the last column, for
        standardised codes.

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, or fewer than 10 samples.

    Degenerate inputs: constant latents have coefficient 0; codes that are all constant score 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mcc_affine
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> curved = factors**4
        >>> [round(float(mcc_affine(codes, factors)), 2) for codes in (-factors, curved)]
        [1.0, 0.87]

    References:
        *Variational Autoencoders and Nonlinear ICA: A Unifying Framework*, Ilyes Khemakhem,
        Diederik P. Kingma, Ricardo Pio Monti, Aapo Hyvärinen, 2020 (weak identifiability).
    """
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES, kinds_matter=False)
    fit, test = train_test_split(len(given), seed)
    x = np.column_stack([standardised(given.codes), np.ones(len(given))])
    found = np.linalg.lstsq(x[fit], given.factors[fit], rcond=None)[0]
    found[:-1][np.ptp(x[:, :-1], axis=0) == 0] = 0
    mapped = x[test] @ found
    if not found[:-1].any():
        mapped = np.zeros_like(mapped)

    def statistic(weights: Weights) -> Score:
        score = matched("mcc_affine", correlations(mapped, given.factors[test], weights[test]))
        return Score(score.values, {**score.details, "map": found.T})

    return scored(statistic, len(given), resamples, seed, (fit, test))
