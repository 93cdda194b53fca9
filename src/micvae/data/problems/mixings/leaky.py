"""Linear mixings, and networks of leaky rectifiers that can be inverted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from micvae.data.memory import check_memory
from micvae.data.problems.checks import number, whole
from micvae.data.problems.mixings.base import Array, Ball, Mixing
from micvae.errors import DataError

_DRAWS = 64  # matrices of which the first well-conditioned one is taken
_ROUNDS = 1000  # of clipping singular values and normalising columns, where none is


@dataclass(frozen=True, eq=False)
class Leaky(Mixing):
    r"""h₁ = s W₁, hₗ = a(hₗ₋₁) Wₗ, x = h_L, with a(h) = h above 0 and slope · h below.

    Args:
        weights: one matrix per layer, `(D, F)` and then `(F, F)`.
        slope: of the rectifiers for negative numbers.
    """

    weights: tuple[Array, ...]
    slope: float

    @property
    def law(self) -> str:
        """`linear` with one layer, `piecewise linear` with several."""
        return "linear" if len(self.weights) == 1 or self.slope == 1 else "piecewise linear"

    def forward(self, sources: Array) -> Array:
        """Mix sources `(N, D)` into observations `(N, F)`."""
        first, *others = self.weights
        h: Array = sources @ first
        for weight in others:
            h = self.activation(h) @ weight
        return h

    def inverse(self, observations: Array) -> Array:
        """Invert the layers in reverse order, a wide first layer by least squares."""
        first, *others = self.weights
        h = observations
        for weight in reversed(others):
            h = self.deactivation(h @ np.linalg.inv(weight))
        sources: Array = h @ np.linalg.pinv(first)
        return sources

    def jacobian(self, sources: Array) -> Array:
        """Derivatives `(N, F, D)`; at a kink, those of its negative side."""
        first, *others = self.weights
        h = sources @ first
        j = np.broadcast_to(first.T, (len(sources), *first.T.shape)).copy()
        for weight in others:
            j = weight.T @ (self.steepness(h)[:, :, None] * j)
            h = self.activation(h) @ weight
        return j

    def activation(self, h: Array) -> Array:
        """The activation function between two linear maps."""
        return np.where(h > 0, h, self.slope * h)

    def deactivation(self, y: Array) -> Array:
        """The inverse of the activation."""
        return np.where(y > 0, y, y / self.slope)

    def steepness(self, h: Array) -> Array:
        """The derivative of the activation; at a kink, that of the negative side."""
        return np.where(h > 0, 1.0, self.slope)


def leaky(
    ball: Ball,
    generator: np.random.Generator,
    *,
    layers: int = 2,
    slope: float = 0.2,
    condition: float = 25.0,
    features: int | None = None,
    tied: bool = False,
) -> Leaky:
    """Draw an invertible network of `layers` linear maps with leaky rectifiers in between.

    `layers` counts the linear maps, as the simulations of iVAE and TCL do: there is a rectifier
    between two of them and none after the last, so that one layer is a linear mixing. (iVAE's
    published simulation has another activation, see `leaky_tanh`.) Entries are
    uniform on [−1, 1] and every column, the weights of one unit, is scaled to length 1.

    Args:
        ball: where the sources lie; only their number D is used.
        generator: of the draw.
        layers: number L of linear maps.
        slope: of the rectifiers for negative numbers, above 0 and at most 1.
        condition: bound on every matrix's condition number, 1 or larger. Matrices are drawn until
            one obeys it; where none of many does, the singular values of the best are clipped.
        features: number F of observed features, at least D; None for D. The first layer widens.
        tied: whether all layers have the same matrix.

    Raises:
        DataError: on an impossible option.

    References:
        *Variational Autoencoders and Nonlinear ICA: A Unifying Framework*, Ilyes Khemakhem,
        Diederik P. Kingma, Ricardo Pio Monti, Aapo Hyvärinen, 2020: the matrices, with 25 as the
        bound of the authors' code.
    """
    number(slope, "slope", 0, 1, open_low=True)
    return Leaky(layers_of(ball, generator, layers, condition, features, tied), float(slope))


def layers_of(
    ball: Ball,
    generator: np.random.Generator,
    layers: int,
    condition: float,
    features: int | None,
    tied: bool,
) -> tuple[Array, ...]:
    """Draw the matrices of a network, see `leaky`."""
    d = len(ball.centre)
    f = d if features is None else whole(features, "features", d)
    check_memory(8 * f * (f if layers != 1 else d), f"features is {f}")
    widths = [d] + [f] * whole(layers, "layers", 1)
    number(condition, "condition", 1, np.inf)
    if tied:
        if f != d:
            raise DataError(f"features is {f} and there are {d} sources; tied layers are square.")
        return (_conditioned((d, d), condition, generator),) * layers
    return tuple(_conditioned(shape, condition, generator) for shape in pairwise(widths))


def linear(
    ball: Ball,
    generator: np.random.Generator,
    *,
    condition: float = 25.0,
    features: int | None = None,
) -> Leaky:
    """Draw a linear mixing, `leaky(layers=1)`."""
    return leaky(ball, generator, layers=1, condition=condition, features=features)


def _conditioned(shape: tuple[int, int], condition: float, generator: np.random.Generator) -> Array:
    drawn = generator.uniform(-1, 1, (_DRAWS, *shape))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    found = np.linalg.cond(drawn)
    good = np.flatnonzero(found <= condition)
    if len(good):
        return np.ascontiguousarray(drawn[good[0]])
    weight: Array = drawn[found.argmin()]
    for _ in range(_ROUNDS):
        u, values, v = np.linalg.svd(weight, full_matrices=False)
        weight = u * np.maximum(values, values[0] / condition) @ v
        weight = weight / np.linalg.norm(weight, axis=0)
        if np.linalg.cond(weight) <= condition * (1 + 1e-9):
            return weight
    raise DataError(
        f"no {shape[0]}×{shape[1]} matrix of condition number {condition:g} or less was found; "
        "give a larger condition."
    )
