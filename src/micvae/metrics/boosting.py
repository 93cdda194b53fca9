"""Gradient-boosted trees that say how much each code matters to one factor.

Two backends compute the same algorithm (Friedman 2001: 100 trees of depth 3, learning rate 0.1,
least-squares splits, one Newton step per leaf; importance = total reduction of squared error):
scikit-learn's (`predictors.fit_sklearn`), and this one, in which LightGBM searches the splits.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.metrics.predictors import Fit, Floats
from micvae.metrics.score import MetricError

TREES = 100
DEPTH = 3
LEARNING_RATE = 0.1


def fit_lightgbm(
    train: NDArray[Any], target: Floats, test: NDArray[Any], test_target: Floats, *, discrete: bool
) -> Fit:
    """Fit the same trees with LightGBM's split search.

    LightGBM's own objectives split on second-order gain; here it is given the residuals and unit
    weights, so that its gain *is* the reduction of squared error, and the leaves' Newton steps
    are taken outside it. Codes enter as ranks, one bin per distinct value: no split is lost.
    Codes with the same ranks, up to a flip, split alike; they are fitted once and share their
    importance equally, which is what breaking ties at random gives on average.
    """
    groups, ranks, test_ranks = _ranked(train, test)
    loss = _Loss.of(target, discrete)
    gain, scores = _boost(loss, ranks, test_ranks)
    importance = np.zeros(train.shape[1])
    for group, share in zip(groups, gain, strict=True):
        importance[group] = share / len(group)
    return Fit.of(importance, loss.predict(scores), test_target, discrete)


def _ranked(train: NDArray[Any], test: NDArray[Any]) -> tuple[list[list[int]], Floats, Floats]:
    """Dense ranks of each non-constant code, in an order and orientation of their own.

    Columns are oriented and sorted by content, so that permuting or flipping latents changes
    nothing, ties included. Returns which columns each rank column stands for, and ranks of the
    training (N, G) and test (M, G) sets; a test value between two training values takes the
    nearer one's rank.
    """
    found: dict[bytes, tuple[list[int], Floats, Floats]] = {}
    for d in range(train.shape[1]):
        values, rank = np.unique(train[:, d].astype(np.float32), return_inverse=True)
        if len(values) == 1:
            continue
        middle = (values[1:].astype(np.float64) + values[:-1]) / 2
        test_rank = np.searchsorted(middle, test[:, d].astype(np.float32), side="left")
        top = len(values) - 1
        off_centre = np.flatnonzero(2 * rank != top)
        if 2 * rank[off_centre[0]] > top:
            rank, test_rank = top - rank, top - test_rank
        key = rank.astype(np.int64).tobytes()
        found.setdefault(key, ([], rank.astype(np.float64), test_rank.astype(np.float64)))
        found[key][0].append(d)
    columns = [found[key] for key in sorted(found)]
    if not columns:
        return [], np.empty((len(train), 0)), np.empty((len(test), 0))
    groups, ranks, test_ranks = zip(*columns, strict=True)
    return list(groups), np.stack(ranks, axis=1), np.stack(test_ranks, axis=1)


@dataclass(frozen=True)
class _Loss:
    """Squared error, or log loss over two or more classes, in Friedman's form.

    Attributes:
        targets: (S, N) what the S scores per sample (1, or one per class if there are more than
            2) are to become.
        start: (S,) the best constant scores.
        classes: Class values, or none for squared error.
    """

    targets: Floats
    start: Floats
    classes: Floats | None

    @classmethod
    def of(cls, target: Floats, discrete: bool) -> "_Loss":
        if not discrete:
            return cls(target[None], np.array([target.mean()]), None)
        classes, labels = np.unique(target, return_inverse=True)
        hot = (labels[None] == np.arange(len(classes))[:, None]).astype(np.float64)
        share = hot.mean(axis=1)
        if len(classes) == 2:
            return cls(hot[1:], np.log(share[1:] / share[:1]), classes)
        return cls(hot, np.log(share), classes)

    def residuals(self, scores: Floats) -> tuple[Floats, Floats]:
        """Negative gradient and Newton weight, (S, N) each."""
        if self.classes is None:
            return self.targets - scores, np.ones_like(scores)
        if len(scores) == 1:
            p = 0.5 * (1 + np.tanh(scores / 2))
            return self.targets - p, p * (1 - p)
        p = np.exp(scores - scores.max(axis=0))
        p /= p.sum(axis=0)
        # The factor multiplies every leaf's step by (S - 1) / S, as in Friedman's algorithm.
        return self.targets - p, p * (1 - p) * (len(scores) / (len(scores) - 1))

    def predict(self, scores: Floats) -> Floats:
        if self.classes is None:
            line: Floats = scores[0]
            return line
        best = scores[0] > 0 if len(scores) == 1 else scores.argmax(axis=0)
        predicted: Floats = self.classes[np.asarray(best, dtype=np.int64)]
        return predicted


def _boost(loss: _Loss, ranks: Floats, test_ranks: Floats) -> tuple[Floats, Floats]:
    """Return each rank column's total gain (G,) and the test set's scores (S, M)."""
    n, outputs = len(ranks), len(loss.start)
    everything = np.concatenate([ranks, test_ranks])
    scores = np.repeat(loss.start[:, None], len(everything), axis=1)
    if ranks.shape[1] == 0:
        return np.zeros(0), scores[:, n:]
    lightgbm = _lightgbm()
    parameters = {
        "objective": "none",
        "num_class": outputs,
        "learning_rate": 1.0,
        "max_depth": DEPTH,
        "num_leaves": 2**DEPTH,
        "min_data_in_leaf": 1,
        "min_sum_hessian_in_leaf": 0.0,
        "min_data_in_bin": 1,
        "max_bin": int(ranks.max()) + 2,
        "bin_construct_sample_cnt": max(n, 1000),
        "feature_pre_filter": False,
        "enable_bundle": False,
        "boost_from_average": False,
        "use_missing": False,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,  # trees this small gain nothing from OpenMP, and lose much on a busy core
        "verbose": -1,
    }
    data = lightgbm.Dataset(ranks, label=np.zeros(n), params=parameters)
    booster = lightgbm.Booster(parameters, data)
    tree = 2**DEPTH * np.arange(outputs)[:, None]
    for step in range(TREES):
        gradient, weight = loss.residuals(scores[:, :n])

        def residuals(_: Any, __: Any, gradient: Floats = gradient) -> tuple[Any, Any]:
            slope = np.squeeze(-gradient.T.astype(np.float32))
            return slope, np.ones_like(slope)

        if booster.update(fobj=residuals):
            break  # no split reduces the error any further
        leaf = booster.predict(
            everything, pred_leaf=True, start_iteration=step, num_iteration=1, num_threads=1
        )
        leaf = tree + np.asarray(leaf, dtype=np.int64).reshape(len(everything), outputs).T
        fitted = leaf[:, :n].ravel()
        slots = 2**DEPTH * outputs
        numerator = np.bincount(fitted, gradient.ravel(), minlength=slots)
        denominator = np.bincount(fitted, weight.ravel(), minlength=slots)
        step_size = np.zeros(slots)
        np.divide(numerator, denominator, out=step_size, where=denominator > 1e-150)
        scores = scores + LEARNING_RATE * step_size[leaf]
    return np.asarray(booster.feature_importance("gain"), dtype=np.float64), scores[:, n:]


def _lightgbm() -> Any:
    """LightGBM, which needs the system's OpenMP runtime, or the one that torch brings."""
    try:
        return import_module("lightgbm")
    except OSError as missing:
        try:
            import_module("torch")  # loads the missing library under the name looked for
            return import_module("lightgbm")
        except (OSError, ImportError):
            raise MetricError(
                f"LightGBM cannot be loaded ({missing}): install an OpenMP runtime (libgomp1 on "
                "Debian and Ubuntu, libomp on macOS), or use predictor='sklearn'"
            ) from None
