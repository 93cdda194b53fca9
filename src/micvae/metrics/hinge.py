"""Linear support vector machines on one code, solved exactly and for all classes at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ITERATIONS = 100


@dataclass(frozen=True)
class Lines:
    """One line w·x + b per class (one in all if there are two classes)."""

    w: Floats
    b: Floats

    def predict(self, x: Floats) -> Ints:
        """The class (N,) whose line is highest at each x (N,)."""
        if len(self.w) == 1:
            return np.asarray(self.w[0] * x + self.b[0] > 0, dtype=np.int64)
        return np.asarray((np.multiply.outer(x, self.w) + self.b).argmax(axis=1), dtype=np.int64)


def fit_lines(x: Floats, labels: Ints, classes: int, C: float) -> Lines:
    r"""Minimise, for every class against the others,

    .. math::
        \tfrac12 (w^2 + b^2) + C \sum_i c_i \max(0, 1 - y_i (w x_i + b))^2

    the problem that liblinear solves for an L2-regularised squared-hinge machine whose intercept
    is regularised too. Class weights are N / (classes · count): with two classes for both sides,
    with more for the class in question only, the others weighing 1, as in liblinear.

    In one dimension the samples inside the margin form a range of the sorted codes, so that every
    Newton step needs differences of running sums only: no loop over samples, classes side by side.

    Args:
        x: (N,) codes.
        labels: (N,) integers from 0 to classes − 1, each present.
        classes: At least 2.
        C: weight of the losses against the penalty, as in scikit-learn.

    References:
        *LIBLINEAR: A Library for Large Linear Classification*, Rong-En Fan et al., 2008.
    """
    balance = len(x) / (classes * np.bincount(labels, minlength=classes))
    if classes == 2:
        positive = np.array([1])
        costs = C * balance[1:], C * balance[:1]
    else:
        positive = np.arange(classes)
        costs = C * balance, np.full(classes, C)
    problem = _Problem.of(x, labels, positive, *costs)
    w, b = np.zeros(len(positive)), np.zeros(len(positive))
    value, gradient, hessian = problem.at(w, b)
    enough = 1e-10 * np.maximum(np.abs(gradient).max(axis=0), 1)
    for _ in range(ITERATIONS):
        if np.all(np.abs(gradient).max(axis=0) <= enough):
            break
        (g_w, g_b), (h_ww, h_wb, h_bb) = gradient, hessian
        determinant = h_ww * h_bb - h_wb**2
        d_w = -(h_bb * g_w - h_wb * g_b) / determinant
        d_b = -(h_ww * g_b - h_wb * g_w) / determinant
        slope = g_w * d_w + g_b * d_b
        step = np.ones_like(w)
        for _ in range(30):
            new = problem.at(w + step * d_w, b + step * d_b)
            worse = new[0] > value + 1e-4 * step * slope + 1e-14 * np.abs(value)
            if not worse.any():
                break
            step[worse] /= 2
        w, b = w + step * d_w, b + step * d_b
        value, gradient, hessian = new
    return Lines(w, b)


@dataclass(frozen=True)
class _Problem:
    """Running sums over the sorted codes, of all samples and of each class."""

    x: Floats
    everybody: Floats
    of_class: Floats
    keys: Ints
    positive: Ints
    costs: tuple[Floats, Floats]

    @classmethod
    def of(
        cls, x: Floats, labels: Ints, positive: Ints, cost: Floats, other_cost: Floats
    ) -> "_Problem":
        order = np.argsort(x, kind="stable")
        x, labels = x[order], labels[order]
        powers = np.stack([np.ones_like(x), x, x * x])
        grouped = np.argsort(labels, kind="stable")
        keys = labels[grouped] * (len(x) + 1) + grouped
        start = ((0, 0), (1, 0))
        return cls(
            x,
            np.pad(np.cumsum(powers, axis=1), start),
            np.pad(np.cumsum(powers[:, grouped], axis=1), start),
            keys,
            positive,
            (cost, other_cost),
        )

    def at(self, w: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
        """Objective (S,), gradient (2, S) and Hessian (3, S: ww, wb, bb) of S machines."""
        low, high = self._range(w, 1 - b)  # w x < 1 - b: own samples inside the margin
        m0, m1, m2 = self._own(low, high)
        low, high = self._range(-w, 1 + b)  # -w x < 1 + b: the others
        n0, n1, n2 = self.everybody[:, high] - self.everybody[:, low] - self._own(low, high)
        cost, other = self.costs
        u, v = 1 - b, 1 + b
        value = 0.5 * (w**2 + b**2)
        value = value + cost * (u**2 * m0 - 2 * u * w * m1 + w**2 * m2)
        value = value + other * (v**2 * n0 + 2 * v * w * n1 + w**2 * n2)
        g_w = w + 2 * cost * (w * m2 - u * m1) + 2 * other * (w * n2 + v * n1)
        g_b = b + 2 * cost * (w * m1 - u * m0) + 2 * other * (w * n1 + v * n0)
        h_ww = 1 + 2 * cost * m2 + 2 * other * n2
        h_wb = 2 * cost * m1 + 2 * other * n1
        h_bb = 1 + 2 * cost * m0 + 2 * other * n0
        return value, np.stack([g_w, g_b]), np.stack([h_ww, h_wb, h_bb])

    def _range(self, w: Floats, limit: Floats) -> tuple[Ints, Ints]:
        """Ranks [low, high) of the codes with w x < limit."""
        n = len(self.x)
        at = np.divide(limit, w, out=np.zeros_like(w), where=w != 0)
        below, above = self.x.searchsorted(at, "left"), self.x.searchsorted(at, "right")
        everything = np.where(limit > 0, n, 0)
        low = np.where(w < 0, above, 0)
        high = np.where(w > 0, below, np.where(w < 0, n, everything))
        return low, high

    def _own(self, low: Ints, high: Ints) -> Floats:
        """Moments (3, S) of each machine's own class over ranks [low, high)."""
        base = self.positive * (len(self.x) + 1)
        first = self.keys.searchsorted(base + low)
        last = self.keys.searchsorted(base + high)
        moments: Floats = self.of_class[:, last] - self.of_class[:, first]
        return moments
