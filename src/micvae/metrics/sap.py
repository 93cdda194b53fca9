"""Separated attribute predictability."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.information.plug_in import as_labels
from micvae.information.precision import LARGE
from micvae.metrics.hinge import fit_lines
from micvae.metrics.inputs import Codes, check_inputs
from micvae.metrics.score import (
    MetricError,
    Score,
    UnfairMetricWarning,
    Weights,
    check_setting,
    scored,
)
from micvae.metrics.splits import check_split, train_test_split
from micvae.metrics.tables import gaps, ratio

MIN_SAMPLES = 10
FAIR_SCALES = (0.1, 20.0)
"""Largest standard deviation of a latent, between which the penalty hardly decides the score."""
MIN_RANGE = 0.5
"""Range of a code, above which a machine of this C can predict classes from it."""


def sap(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    C: float = 0.01,
    seed: int = 0,
    resamples: int = 0,
) -> Score:
    r"""SAP: how much better does the best latent predict each factor than the second best?

    .. math::
        \mathrm{SAP} = \frac{1}{K} \sum_k \bigl( S_{(1)k} - S_{(2)k} \bigr)

    with $S_{(1)k} \ge S_{(2)k}$ the two largest scores of a latent alone for factor k: for a
    discrete factor the test accuracy of a linear support vector machine (L2 penalty, squared
    hinge, C = 0.01, balanced classes, one against the rest, intercept regularised) on the raw
    code; for a continuous one the squared correlation over all samples. Range 0 to 1, higher is
    better.

    The machine is fitted to raw codes, as in the reference. Its penalty on the weight and on the
    intercept depends on the unit and the offset of a code, so that the score is invariant neither
    to rescaling nor to shifting a latent; and a line in one code separates only the outer classes
    of a factor with many values well.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        C: Of the machine, as in scikit-learn. 0.01 in Locatello et al.
        seed: Decides which ⌈2N/3⌉ samples train and which test.
        resamples: Bootstrap resamples of the test samples (of all for continuous factors) for
            `Score.deviations`; 0 for none. The machines are fitted once.

    Returns:
        `Score` with key `sap` and details `scores` (D, K) and `gaps` (K,).

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer than 10 samples, a discrete factor with fewer than two samples
            per class on average or one value in the training part, or C not above 0. For
            a discrete factor and a latent whose mean lies farther from 0 than its range: the
            penalty on the intercept would decide the score.

    Degenerate inputs: a constant latent predicts one class; one of a variance up to 1e-12 has
    squared correlation 0. With D = 1 the gap is taken to 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import sap
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(sap(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.99, 0.07]

    References:
        *Variational Inference of Disentangled Latent Concepts from Unlabeled Observations*,
        Abhishek Kumar, Prasanna Sattigeri, Avinash Balakrishnan, 2018.
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (settings).
    """
    check_setting("C", C, lambda v: 0 < v < np.inf, "give a positive number")
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES)
    fit, test = train_test_split(len(given), seed)
    check_split(given, fit, test)
    z = given.codes.astype(np.float64)
    raw = np.asarray(given.read).astype(np.float64)
    if any(given.discrete):
        _check_offsets(given.read)
        _warn_of_units(given.read)
    right: dict[int, np.ndarray] = {}
    for k, discrete in enumerate(given.discrete):
        if discrete:
            labels = as_labels(given.factors[:, k])
            seen, known = np.unique(labels[fit], return_inverse=True)
            predicted = np.stack(
                [fit_lines(c[fit], known, len(seen), C).predict(c[test]) for c in raw.T]
            )
            right[k] = seen[predicted] == labels[test]

    def statistic(weights: Weights) -> Score:
        scores = np.zeros((z.shape[1], len(given.discrete)))
        for k in range(scores.shape[1]):
            if k in right:
                scores[:, k] = ratio(right[k] @ weights[test], weights[test].sum())
            else:
                scores[:, k] = _squared_correlation(z, given.factors[:, k], weights)
        each = gaps(scores)
        return Score({"sap": float(each.mean())}, {"scores": scores, "gaps": each})

    return scored(statistic, len(given), resamples, seed, (fit, test))


def _check_offsets(codes: Codes) -> None:
    """Refuse latents on which the penalty of the machine's intercept decides the score."""
    ranges = np.ptp(codes.values, axis=0).astype(np.float64)
    middle = codes.offsets + codes.values.mean(axis=0, dtype=np.float64)
    # A code that hardly varies predicts one class, wherever it lies, unless it lies far away.
    least = np.where(ranges > MIN_RANGE, ranges, np.maximum(LARGE, LARGE * ranges))
    for d in np.flatnonzero((np.abs(middle) > least) & (ranges > 0)):
        raise MetricError(
            f"{codes.latent(int(d))} lies at {middle[d]:.3g}, far from 0 for its range, and sap "
            "judges raw codes with a penalty on the intercept: subtract the mean from the codes "
            "first"
        )


def _warn_of_units(codes: Codes) -> None:
    """Say that the unit of the codes decides the score, where the largest is far from 1."""
    largest = float(codes.values.std(axis=0, dtype=np.float64).max())
    low, high = FAIR_SCALES
    if largest > 0 and not low <= largest <= high:
        warnings.warn(
            f"sap: not fair to codes whose standard deviation is at most {largest:.3g}: its "
            "classifier reads raw codes under a penalty, so that their unit decides the score; "
            "bring the latents to a standard deviation near 1",
            UnfairMetricWarning,
            stacklevel=3,
        )


def _squared_correlation(z: np.ndarray, v: np.ndarray, weights: Weights) -> np.ndarray:
    w = weights / weights.sum()
    z, v = z - w @ z, v - w @ v
    product = (w * v) @ z
    variances = w @ z**2
    live = variances > 1e-12
    return np.where(live, np.minimum(ratio(product**2, variances * (w @ v**2)), 1.0), 0.0)
