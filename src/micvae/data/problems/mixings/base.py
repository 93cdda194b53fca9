"""`Mixing`: a map from sources to observations with known inverse and Jacobian."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from micvae.errors import DataError

Array = NDArray[np.float64]


class Ball(NamedTuple):
    """The smallest ball about the middle of their ranges that holds all sources drawn."""

    centre: Array
    radius: float

    @classmethod
    def of(cls, sources: Array) -> Ball:
        """Enclose sources `(N, D)`; the radius is 1 where they do not vary."""
        centre = (sources.min(0) + sources.max(0)) / 2
        radius = float(np.sqrt(((sources - centre) ** 2).sum(1).max()))
        return cls(centre, radius if radius > 0 else 1.0)


class Mixing(ABC):
    """A map from D sources to F observed features, one to one on the sources that it was drawn for.

    All arithmetic is in float64.
    """

    @property
    @abstractmethod
    def law(self) -> str:
        """The constraint on its Jacobian J.

        `linear`: J is constant; `piecewise linear`: J is constant on pieces; `smooth`: J is
        continuous; `conformal`: JᵀJ = c(s)·I; `isometric`: JᵀJ = I; `orthogonal`: JᵀJ is diagonal;
        `sparse`: fixed entries of J are 0.
        """

    @abstractmethod
    def forward(self, sources: Array) -> Array:
        """Mix sources `(N, D)` into observations `(N, F)`, without noise."""

    @abstractmethod
    def inverse(self, observations: Array) -> Array:
        """Find the sources `(N, D)` of observations `(N, F)`.

        Exact for what `forward` returns; where F > D, other points give the sources of a point of
        the mixing's image near them.
        """

    @abstractmethod
    def jacobian(self, sources: Array) -> Array:
        """Derivatives `(N, F, D)`: how fast feature f changes with source d, at every sample."""

    def __call__(self, sources: Array) -> NDArray[np.float32]:
        """Mix into float32, as data sets store it."""
        return self.forward(np.asarray(sources, dtype=np.float64)).astype(np.float32)


def rotation(dimension: int, generator: np.random.Generator) -> Array:
    """Draw an orthogonal matrix `(dimension, dimension)` uniformly (by Haar's measure)."""
    q, r = np.linalg.qr(generator.standard_normal((dimension, dimension)))
    turned: Array = q * np.sign(np.diag(r))
    return turned


def checked_bend(bend: float, limit: float) -> float:
    """Check the bend of a mixing that is one to one only below `limit`."""
    number = isinstance(bend, int | float) and not isinstance(bend, bool)
    if not number or not 0 < bend < limit:
        raise DataError(
            f"bend is {bend!r}; it must lie above 0 and below {limit:.4g}, since the mixing is "
            "otherwise not one to one."
        )
    return float(bend)
