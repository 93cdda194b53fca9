"""Multinomial logistic regression, as several metrics need it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from micvae.information.precision import scaled_by, unit_exponents

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ITERATIONS = 100
TOLERANCE = 1e-4
BLOCK = 20_000  # samples times classes whose probabilities stay in a core's cache


def standardised(codes: NDArray[Any], like: NDArray[Any] | None = None) -> Floats:
    """Codes less the mean, over the standard deviation, of `like`.

    Constant codes become 0. Columns of an extreme size are scaled before their squares are taken.
    """
    exponents = unit_exponents(codes if like is None else like)
    codes, like = scaled_by(codes, exponents), scaled_by(codes if like is None else like, exponents)
    spread = like.std(axis=0, dtype=np.float64)
    constant = (like.min(axis=0) == like.max(axis=0)) | (spread == 0)
    scale = np.where(constant, 1, spread)
    z: Floats = np.where(constant, 0.0, (codes - like.mean(axis=0, dtype=np.float64)) / scale)
    return z


@dataclass(frozen=True)
class Logistic:
    """Weights (D, C) and intercepts (C,) of the classes' logits."""

    weights: Floats
    intercepts: Floats

    def log_probabilities(self, x: Floats) -> Floats:
        """Log probability (N, C) of every class."""
        logits = x @ self.weights + self.intercepts
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits

    def predict(self, x: Floats) -> Ints:
        """The most probable class (N,)."""
        return np.asarray((x @ self.weights + self.intercepts).argmax(axis=1), dtype=np.int64)


def fit_logistic(x: Floats, labels: Ints, *, C: float, balanced: bool = False) -> Logistic:
    r"""Minimise over weights W (D, C) and intercepts b

    .. math::
        \frac{1}{\sum_i s_i} \Bigl( \sum_i s_i \bigl( -\log p_{y_i}(x_i) \bigr)
            + \tfrac{1}{2 C} \lVert W \rVert^2 \Bigr),
        \qquad p(x) = \operatorname{softmax}(W^\top x + b)

    by L-BFGS to the tolerance (1e-4 on the gradient) and at most the iterations (100) that
    scikit-learn uses: the same problem, with two classes scikit-learn's single weight vector
    included. The variables are whitened first, which changes the path and not the minimum, so that
    correlated codes need a fraction of the iterations, and classes stand in rows, so that the sums
    over them run along memory.

    Args:
        x: (N, D) codes.
        labels: (N,) integers from 0 to C − 1, each present.
        C: the inverse of the L2 penalty; infinity for none.
        balanced: Weight samples by N / (classes · count of their class), not by 1.
    """
    n, classes = len(x), int(labels.max()) + 1
    counts = np.bincount(labels)
    sample = (n / (classes * counts))[labels] if balanced else np.ones(n)
    sample /= sample.sum()
    mean = sample @ x
    variances, axes = np.linalg.eigh((sample[:, None] * (x - mean)).T @ (x - mean))
    live = variances > max(1e-12 * variances.max(initial=0), 1e-300)
    to_white = axes[:, live] / np.sqrt(variances[live])
    white = np.ascontiguousarray(np.concatenate([(x - mean) @ to_white, np.ones((n, 1))], axis=1).T)
    total = n if not balanced else (n / (classes * counts))[labels].sum()
    # scikit-learn penalises one vector w = w1 - w0 for two classes: half as much as two of them.
    l2 = (1 if classes > 2 else 2) / (C * total) if np.isfinite(C) else 0.0
    shrink = np.append(l2 / variances[live], 0.0)  # |to_white u|² = Σ u² / variance
    size = max(256, BLOCK // classes)
    blocks = [
        (np.ascontiguousarray(white[:, part]), labels[part], np.arange(size)[: len(labels[part])])
        for part in (slice(start, start + size) for start in range(0, n, size))
    ]
    weights = [sample[start : start + size] for start in range(0, n, size)]

    def objective(flat: Floats) -> tuple[float, Floats]:
        u = flat.reshape(classes, -1)
        loss, gradient = 0.5 * float(np.sum(shrink * u**2)), shrink * u
        for (x_part, own, columns), s in zip(blocks, weights, strict=True):
            p = u @ x_part
            p -= p.max(axis=0)
            log_own = p[own, columns]
            np.exp(p, out=p)
            norm = p.sum(axis=0)
            loss += float(s @ (np.log(norm) - log_own))
            p *= s / norm
            p[own, columns] -= s
            gradient += p @ x_part.T
        return loss, gradient.ravel()

    found = minimize(
        objective,
        np.zeros(classes * len(white)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": ITERATIONS, "gtol": TOLERANCE, "ftol": 64 * np.finfo(float).eps},
    )
    u = found.x.reshape(classes, -1)
    weights = to_white @ u[:, :-1].T
    return Logistic(weights, u[:, -1] - mean @ weights)
