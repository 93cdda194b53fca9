"""Explicitness."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micvae.information.plug_in import Floats, as_labels
from micvae.metrics.binning import checked_bins
from micvae.metrics.inputs import check_inputs
from micvae.metrics.logistic import fit_logistic, standardised
from micvae.metrics.score import Score, Weights, check_setting, scored
from micvae.metrics.splits import check_split, train_test_split
from micvae.metrics.tables import factor_labels

MIN_SAMPLES = 10


def explicitness(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    factor_bins: int = 20,
    C: float = 1.0,
    seed: int = 0,
    resamples: int = 0,
) -> Score:
    r"""Explicitness: can a linear classifier separate the values of every factor?

    .. math::
        \frac{1}{K} \sum_k \frac{1}{|V_k|} \sum_{v \in V_k}
            \mathrm{AUC}\bigl( p(v_k = v \mid z) \bigr)

    the area under the ROC curve on the test samples, one value against the rest, of a multinomial
    logistic regression of factor k on all standardised codes (L2 penalty, C = 1). All latents are
    used together, so that rotations change nothing: it measures whether the factors are linearly
    readable, not whether they are separated. Range 0 to 1, 0.5 is chance, higher is better.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        factor_bins: Equally wide bins per continuous factor.
        C: Inverse of the L2 penalty, as in scikit-learn. 1 in Locatello et al.
        seed: Decides which ⌈2N/3⌉ samples train and which test.
        resamples: Bootstrap resamples of the test samples for `Score.deviations`; 0 for none. The
            regressions are fitted once.

    Returns:
        `Score` with key `explicitness` and details `per_factor` (K,) and `binned_factors`.

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer than 10 samples or fewer than bins, a discrete factor with
            fewer than two samples per class on average or one value in the training part, or a
            C that is not positive.

    Degenerate inputs: a constant latent changes nothing. Values that are missing in the training or
    test samples are left out of the mean; where none is left the score is 0.5.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import explicitness
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(explicitness(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.91, 0.91]

    References:
        *Learning Deep Disentangled Embeddings with the F-Statistic Loss*, Karl Ridgeway, Michael
        C. Mozer, 2018.
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (settings).
    """
    check_setting("C", C, lambda v: 0 < v < np.inf, "give a positive number")
    least = max(MIN_SAMPLES, checked_bins(factor_bins=factor_bins))
    given = check_inputs(codes, factors, factor_kinds, min_samples=least)
    fit, test = train_test_split(len(given), seed)
    check_split(given, fit, test)
    x = standardised(given.codes, given.codes[fit])
    curves = []
    for labels in factor_labels(given, factor_bins):
        seen, known = np.unique(labels[fit], return_inverse=True)
        model = fit_logistic(x[fit], as_labels(known), C=C)
        logged = model.log_probabilities(x[test])
        curves.append(
            [_Curve.of(p, labels[test] == c) for c, p in zip(seen, logged.T, strict=True)]
        )

    def statistic(weights: Weights) -> Score:
        per_factor = []
        for of_factor in curves:
            areas = [area for c in of_factor if (area := c.area(weights[test])) is not None]
            per_factor.append(float(np.mean(areas)) if areas else 0.5)
        details = {
            "per_factor": np.array(per_factor),
            "binned_factors": tuple(k for k, d in enumerate(given.discrete) if not d),
        }
        return Score({"explicitness": float(np.mean(per_factor))}, details)

    return scored(statistic, len(given), resamples, seed, (fit, test))


@dataclass(frozen=True)
class _Curve:
    """Test samples sorted by the probability of one class; ties share a number."""

    order: np.ndarray
    tied: np.ndarray
    positive: np.ndarray

    @classmethod
    def of(cls, probability: Floats, positive: np.ndarray) -> "_Curve":
        order = np.argsort(probability, kind="stable")
        ranked = probability[order]
        tied = np.concatenate([[0], np.cumsum(ranked[1:] != ranked[:-1])])
        return cls(order, tied, positive[order])

    def area(self, weights: Weights) -> float | None:
        """Weighted area under the ROC curve, or None if a side is empty."""
        w = weights[self.order]
        positive = np.bincount(self.tied, w * self.positive)
        negative = np.bincount(self.tied, w * ~self.positive)
        both = positive.sum() * negative.sum()
        if both == 0:
            return None
        below = np.cumsum(negative) - negative
        return float(np.sum(positive * (below + negative / 2)) / both)
