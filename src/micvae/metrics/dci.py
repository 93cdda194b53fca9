"""Disentanglement, completeness and informativeness."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.information.plug_in import as_labels
from micvae.information.precision import kept_by_float32, unit_scaled
from micvae.metrics.boosting import fit_trees
from micvae.metrics.inputs import CheckedInputs, check_inputs
from micvae.metrics.predictors import Fit, fit_forest, fit_lasso, fit_sklearn
from micvae.metrics.score import MetricError, Score, Weights, check_whole, scored
from micvae.metrics.splits import check_split, train_test_split

Predictor = Literal["trees", "sklearn", "forest", "lasso"]
_SKLEARN: dict[str, Callable[..., Fit]] = {
    "sklearn": fit_sklearn,
    "forest": fit_forest,
    "lasso": fit_lasso,
}

MIN_SAMPLES = 10


def dci(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    predictor: Predictor = "trees",
    seed: int = 0,
    n_jobs: int = 1,
    resamples: int = 0,
) -> Score:
    r"""DCI: is each latent about one factor, each factor in one latent, and is it there at all?

    By default gradient-boosted trees (100 of depth 3, learning rate 0.1) predict each factor from
    all codes; their importances R (D, K), each column summing to 1, give

    .. math::
        D = \sum_j \frac{\sum_k R_{jk}}{\sum_{jk} R_{jk}} \bigl(1 - H_K(R_{j\cdot})\bigr),
        \qquad
        C = \sum_k \frac{\sum_j R_{jk}}{\sum_{jk} R_{jk}} \bigl(1 - H_D(R_{\cdot k})\bigr)

    where $H_b$ is the entropy, to base b, of a row or column normalised after 1e-11 is added to
    every entry. Informativeness is the mean over factors of the test set's accuracy for discrete
    factors and of its coefficient of determination R² for continuous ones.

    Ranges: D and C 0 to 1; informativeness below or at 1, and it can be negative for continuous
    factors (worse than predicting the mean). Higher is better for all three.

    Samples are permuted by `numpy.random.default_rng(seed)`; the first ⌈2N/3⌉ are trained on and
    the rest tested. An `angular` factor is judged as classes or as a line, never as a circle.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: Per factor `continuous`, `ordinal`, `categorical` or `angular`; `None`
            infers them: continuous if all values are distinct or more than 50 are, ordinal if at
            most 20 are, and between the two ordinal if there are at least ten samples per value
            on average.
        predictor: `trees` (default; the reference's algorithm, the trees of all classes grown
            together by a compiled search) or `sklearn`, scikit-learn's gradient boosting with its
            defaults as in Locatello et al.: the reference itself, and some 40 times slower. They
            differ in the draw of ties, each code that splits equally well being as likely as the
            others: by about 0.001 in D and C. The choice of trees matters more: histograms of 255
            bins, as fast libraries use them, lower D by 0.01 to 0.025, because part of the
            importance is in splits that isolate few samples; random forests lowered it by 0.044 on
            trained VAEs. `forest`
            is scikit-learn's random forest, `lasso` a linear one with penalty 0.01 (codes and
            targets of unit variance, discrete factors one-hot).
        seed: Decides the split, ties between codes that split equally well, and the draws of
            scikit-learn's predictors.
        n_jobs: Factors that `trees` fits at a time, each on one thread; no effect on scores.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none. Every one fits anew, so
            each costs as much as the score. Training and test samples are resampled separately: no
            sample is ever on both sides.

    Returns:
        `Score` with keys `dci_disentanglement`, `dci_completeness`, `dci_informativeness`, and
        details `importance` (D, K), `disentanglement_per_code` (D,), `completeness_per_factor`
        (K,), `informativeness_per_factor` (K,), `informativeness_measure` (per factor
        `accuracy` or `r2`), `predictor`, `train_samples` and `test_samples`.

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer than 10 samples, a discrete factor with fewer than two samples
            per class on average, a factor with only one value in the training part (or, if
            continuous, in the test part), a seed outside 0 to 2³² − 1, or an unknown predictor.

    Degenerate inputs: a constant latent has importance 0 and no vote. If no code has any
    importance, D = C = 0. Entropy to base 1 is undefined: with K = 1 every latent of any
    importance is about that one factor, so D = 1, and with D = 1 every factor is in that one
    latent, so C = 1.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import dci
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> scores = dci(factors @ [[1, 0.2], [0.2, 1]], factors)
        >>> {name: round(value, 2) for name, value in scores.to_dict().items()}
        {'dci_disentanglement': 0.82, 'dci_completeness': 0.82, 'dci_informativeness': 1.0}

    References:
        *A Framework for the Quantitative Evaluation of Disentangled Representations*,
        Cian Eastwood, Christopher K. I. Williams, 2018.
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (boosted trees).
        *Greedy Function Approximation: A Gradient Boosting Machine*, Jerome H. Friedman, 2001.
    """
    if predictor not in get_args(Predictor):
        raise MetricError(
            f"unknown predictor {predictor!r}: choose from {', '.join(get_args(Predictor))}"
        )
    check_whole("n_jobs", n_jobs, 1)
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES)
    z = unit_scaled(given.codes) if predictor == "lasso" else kept_by_float32(given.codes)
    fit, test = train_test_split(len(given), seed)
    check_split(given, fit, test)
    targets = [
        as_labels(column).astype(np.float64)
        if discrete
        else (column - column.mean()) / column.std()
        for column, discrete in zip(given.factors.T, given.discrete, strict=True)
    ]

    def statistic(weights: Weights) -> Score:
        times = weights.astype(np.int64)
        rows = np.repeat(fit, times[fit]), np.repeat(test, times[test])
        return _score(
            _fits(z, given, targets, *rows, predictor, seed, n_jobs), given, predictor, rows
        )

    return scored(statistic, len(given), resamples, seed, (fit, test))


def _fits(
    z: NDArray[Any],
    given: CheckedInputs,
    targets: list[NDArray[np.float64]],
    fit: NDArray[np.int64],
    test: NDArray[np.int64],
    predictor: Predictor,
    seed: int,
    n_jobs: int,
) -> list[Fit]:
    random = np.random.RandomState(seed)

    def fitted(k: int) -> Fit:
        discrete, target = given.discrete[k], targets[k]
        data = z[fit], target[fit], z[test], target[test]
        if np.ptp(target[fit]) == 0:  # a resample can miss a rare value
            nothing = np.zeros(z.shape[1])
            return Fit.of(nothing, np.full(len(test), target[fit[0]]), target[test], discrete)
        if predictor == "trees":
            return fit_trees(*data, discrete=discrete, seed=seed)
        return _SKLEARN[predictor](*data, discrete=discrete, random=random)

    everyone = range(len(targets))
    most_first = sorted(everyone, key=lambda k: -len(np.unique(targets[k])) * given.discrete[k])
    if predictor == "trees" and n_jobs > 1:
        with ThreadPoolExecutor(n_jobs) as pool:
            found = dict(zip(most_first, pool.map(fitted, most_first), strict=True))
        return [found[k] for k in everyone]
    return [fitted(k) for k in everyone]


def _score(
    fits: list[Fit], given: CheckedInputs, predictor: Predictor, rows: tuple[Any, Any]
) -> Score:
    importance = np.stack([found.importance for found in fits], axis=1)
    informativeness = np.array([found.quality for found in fits])
    per_code = _concentration(importance)
    per_factor = _concentration(importance.T)
    return Score(
        {
            "dci_disentanglement": _weighted(per_code, importance.sum(axis=1)),
            "dci_completeness": _weighted(per_factor, importance.sum(axis=0)),
            "dci_informativeness": float(informativeness.mean()),
        },
        {
            "importance": importance,
            "disentanglement_per_code": per_code,
            "completeness_per_factor": per_factor,
            "informativeness_per_factor": informativeness,
            "informativeness_measure": tuple("accuracy" if d else "r2" for d in given.discrete),
            "predictor": predictor,
            "train_samples": len(rows[0]),
            "test_samples": len(rows[1]),
        },
    )


def _concentration(importance: NDArray[np.float64]) -> NDArray[np.float64]:
    """One minus the normalised entropy of each row of (A, B): 1 if in one entry, 0 if uniform."""
    if importance.shape[1] == 1:
        return (importance[:, 0] > 0).astype(np.float64)
    p = importance + 1e-11
    p /= p.sum(axis=1, keepdims=True)
    concentration: NDArray[np.float64] = 1 + np.sum(p * np.log(p), axis=1) / np.log(p.shape[1])
    return concentration


def _weighted(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    if weights.sum() == 0:
        weights = np.ones_like(weights)
    return float(np.sum(values * (weights / weights.sum())))
