"""One source's distribution, as the increasing map between its values and a standard normal's."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr, ndtri, ndtri_exp

from micvae.errors import MicvaeError
from micvae.information.checks import finite_matrix

Floats = NDArray[np.float64]

_KNOTS = 257
_NEEDS = ("cdf", "logcdf", "logsf", "ppf", "isf", "pdf")


class Marginal(ABC):
    r"""A continuous distribution with cumulative distribution function F, strictly increasing.

    `to_normal` is $\Phi^{-1} \circ F$ and `from_normal` its inverse $F^{-1} \circ \Phi$, with Φ the
    standard normal's. Both are elementwise on arrays of any shape.
    """

    @abstractmethod
    def to_normal(self, values: Floats) -> Floats:
        """Map values inside the support to normal scores."""

    @abstractmethod
    def from_normal(self, scores: Floats) -> Floats:
        """Map normal scores to values."""


@dataclass(frozen=True)
class Exact(Marginal):
    """A distribution with known F: probabilities below and above the median are never mixed up.

    In the upper half 1 - F is used throughout, and in both halves logarithms on the way to normal
    scores: F itself rounds to 1 eight standard deviations out.
    """

    distribution: Any
    """A frozen continuous distribution of `scipy.stats`."""

    def to_normal(self, values: Floats) -> Floats:
        """Map values to normal scores; infinite outside the support."""
        lower = self.distribution.cdf(values) <= 0.5
        with np.errstate(divide="ignore"):  # log 0: outside the support
            below = ndtri_exp(self.distribution.logcdf(values))
            above = -ndtri_exp(self.distribution.logsf(values))
        return np.asarray(np.where(lower, below, above))

    def from_normal(self, scores: Floats) -> Floats:
        """Map normal scores to values."""
        below = self.distribution.ppf(ndtr(np.minimum(scores, 0.0)))
        above = self.distribution.isf(ndtr(np.minimum(-scores, 0.0)))
        return np.asarray(np.where(scores <= 0, below, above))


@dataclass(frozen=True)
class Smoothed(Marginal):
    """A distribution known by samples: monotone cubic through their quantiles, linear outside."""

    scores: Floats
    """Normal scores of the knots, increasing."""
    values: Floats
    """Quantiles of the samples there, increasing."""

    def from_normal(self, scores: Floats) -> Floats:
        """Map normal scores to values."""
        inside = np.clip(scores, self.scores[0], self.scores[-1])
        slopes = np.diff(self.values)[[0, -1]] / np.diff(self.scores)[[0, -1]]
        slope = np.where(scores < self.scores[0], slopes[0], slopes[1])
        curve = PchipInterpolator(self.scores, self.values)
        return np.asarray(curve(inside) + slope * (scores - inside))

    def to_normal(self, values: Floats) -> Floats:
        """Map values to normal scores, by bisection down to neighbouring floats."""
        slopes = np.diff(self.scores)[[0, -1]] / np.diff(self.values)[[0, -1]]
        inside = np.clip(values, self.values[0], self.values[-1])
        slope = np.where(values < self.values[0], slopes[0], slopes[1])
        curve = PchipInterpolator(self.scores, self.values)
        place = np.clip(np.searchsorted(self.values, inside), 1, len(self.values) - 1)
        low, high = self.scores[place - 1], self.scores[place]
        for _ in range(54):  # a knot interval is halved down to float64's resolution
            middle = 0.5 * (low + high)
            less = curve(middle) < inside
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        return np.asarray(0.5 * (low + high) + slope * (values - inside))


def marginal(given: Any) -> Marginal:
    """Describe one source by its exact distribution or by samples of it.

    Args:
        given: a `Marginal`, a frozen continuous distribution of `scipy.stats`, or at least 100
            samples of a continuous distribution, shape `(N,)`. From samples F is the smooth
            interpolation of at most 257 quantiles, equally spaced in rank; the map is a bijection
            all the same, but its image is normal only as far as F is true.

    Raises:
        MicvaeError: something else; fewer samples; samples of which more than half are repeated.

    Examples:
        >>> import numpy as np
        >>> from scipy.stats import uniform
        >>> from micvae.identifiability import marginal
        >>> found = marginal(uniform())
        >>> np.round(found.to_normal(np.array([0.5, 0.975])), 3)
        array([0.  , 1.96])
    """
    if isinstance(given, Marginal):
        return given
    if all(hasattr(given, name) for name in _NEEDS):
        return Exact(given)
    if hasattr(given, "pmf"):
        raise MicvaeError("marginals: must be continuous, got a discrete distribution")
    samples = finite_matrix("marginals", _column(given), least=100)[:, 0]
    distinct = np.unique(samples)
    if len(distinct) < len(samples) / 2:
        raise MicvaeError(
            f"marginals: must be continuous, got {len(distinct)} distinct values among "
            f"{len(samples)} samples; give the distribution itself, or samples without ties"
        )
    ordered = np.sort(samples)
    ranks = np.unique(np.linspace(0, len(ordered) - 1, min(_KNOTS, len(ordered))).round())
    knots, first = np.unique(ordered[ranks.astype(np.int64)], return_index=True)
    return Smoothed(np.asarray(ndtri((ranks[first] + 0.5) / len(ordered))), knots)


def _column(given: Any) -> ArrayLike:
    array = np.asarray(given)
    if array.dtype.kind not in "biuf" or array.ndim != 1:
        raise MicvaeError(
            "marginals: one per source, each a frozen continuous scipy.stats distribution or "
            f"samples of shape (N,); got {type(given).__name__}"
            + (f" of shape {array.shape}" if array.ndim else "")
        )
    return array[:, None]
