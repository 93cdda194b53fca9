"""Gradient-boosted trees that give the importance of each code for one factor.

Two backends compute the same algorithm (Friedman 2001: 100 trees of depth 3, learning rate 0.1,
least-squares splits, one Newton step per leaf; importance = total reduction of squared error):
scikit-learn's (`predictors.fit_sklearn`), and this one, whose compiled split search grows the trees
of all classes together.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.metrics.predictors import Fit, Floats

TREES = 100
DEPTH = 3
LEARNING_RATE = 0.1

Ranks = NDArray[np.int32]


def fit_trees(
    train: NDArray[Any],
    target: Floats,
    test: NDArray[Any],
    test_target: Floats,
    *,
    discrete: bool,
    seed: int,
) -> Fit:
    """Fit the same trees, those of all classes side by side; see `tree_kernel`.

    Codes enter as ranks, and every threshold is tried, as in the reference. Codes with the same
    ranks, up to a flip, split alike; they are fitted once and share their importance equally,
    which is what breaking ties at random gives on average. Other ties are broken by `seed`.
    """
    groups, ranks, test_ranks = _ranked(train, test)
    loss = _Loss.of(target, discrete)
    gain, scores = _boost(loss, ranks, test_ranks, seed)
    importance = np.zeros(train.shape[1])
    for group, share in zip(groups, gain, strict=True):
        importance[group] = share / len(group)
    return Fit.of(importance, loss.predict(scores), test_target, discrete)


def _ranked(train: NDArray[Any], test: NDArray[Any]) -> tuple[list[list[int]], Ranks, Ranks]:
    """Dense ranks of each non-constant code, in an order and orientation of their own.

    Columns are oriented and sorted by content, so that permuting or flipping latents changes
    nothing, ties included. Returns which columns each rank column stands for, and ranks of the
    training (N, G) and test (M, G) sets; a test value between two training values takes the
    nearer one's rank.
    """
    found: dict[bytes, tuple[list[int], Ranks, Ranks]] = {}
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
        found.setdefault(key, ([], rank.astype(np.int32), test_rank.astype(np.int32)))
        found[key][0].append(d)
    columns = [found[key] for key in sorted(found)]
    if not columns:
        return [], np.empty((len(train), 0), np.int32), np.empty((len(test), 0), np.int32)
    groups, ranks, test_ranks = zip(*columns, strict=True)
    return list(groups), np.stack(ranks, axis=1), np.stack(test_ranks, axis=1)


@dataclass(frozen=True)
class _Loss:
    """Squared error, or log loss over two or more classes, in Friedman's form.

    Attributes:
        targets: (N, S) what the S scores per sample (1, or one per class if there are more than
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
            return cls(target[:, None], np.array([target.mean()]), None)
        classes, labels = np.unique(target, return_inverse=True)
        hot = (labels[:, None] == np.arange(len(classes))).astype(np.float64)
        share = hot.mean(axis=0)
        if len(classes) == 2:
            return cls(hot[:, 1:], np.log(share[1:] / share[:1]), classes)
        return cls(hot, np.log(share), classes)

    def residuals(self, scores: Floats) -> tuple[Floats, Floats]:
        """Negative gradient and Newton weight, (N, S) each."""
        if self.classes is None:
            return self.targets - scores, np.ones_like(scores)
        outputs = scores.shape[1]
        if outputs == 1:
            p = 0.5 * (1 + np.tanh(scores / 2))
            return self.targets - p, p * (1 - p)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        # The factor multiplies every leaf's step by (S - 1) / S, as in Friedman's algorithm.
        return self.targets - p, p * (1 - p) * (outputs / (outputs - 1))

    def predict(self, scores: Floats) -> Floats:
        if self.classes is None:
            line: Floats = scores[:, 0]
            return line
        best = scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)
        predicted: Floats = self.classes[np.asarray(best, dtype=np.int64)]
        return predicted


def _boost(loss: _Loss, ranks: Ranks, test_ranks: Ranks, seed: int) -> tuple[Floats, Floats]:
    """Return each rank column's total gain (G,) and the test set's scores (M, S)."""
    kernel = import_module("micvae.metrics.tree_kernel")  # compiled, or read, when first needed
    n, codes = ranks.shape
    everything = np.concatenate([ranks, test_ranks])
    scores = np.repeat(loss.start[None], len(everything), axis=0)
    order = np.ascontiguousarray(np.argsort(ranks, axis=0, kind="stable").T.astype(np.int32))
    in_order = np.take_along_axis(ranks.T, order, axis=1)
    last_of_value = np.append(in_order[:, 1:] != in_order[:, :-1], np.ones((codes, 1), bool), 1)
    gain = np.zeros(codes)
    random = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    for _ in range(TREES):
        gradient, weight = loss.residuals(scores[:n])
        leaf, splits = kernel.grow(DEPTH, order, last_of_value, everything, gradient, gain, random)
        if splits == 0:
            break  # no split reduces the error any further
        kernel.advance(scores, leaf, gradient, weight, 2**DEPTH, LEARNING_RATE)
    return gain, scores[n:]
