"""Networks with the activation tanh(h) + slope · h: smooth, and inverted by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micvae.data.problems.checks import number
from micvae.data.problems.mixings.base import Array, Ball
from micvae.data.problems.mixings.leaky import Leaky, layers_of

_ITERATIONS = 100  # bisection alone needs about 60 for the digits of float64
_TOLERANCE = 4e-16


@dataclass(frozen=True, eq=False)
class LeakyTanh(Leaky):
    r"""h₁ = s W₁, hₗ = a(hₗ₋₁) Wₗ, x = h_L, with a(h) = tanh(h) + slope · h.

    Args:
        weights: one matrix per layer, `(D, F)` and then `(F, F)`.
        slope: of the activation far from 0, above 0, so that it can be inverted.
    """

    @property
    def law(self) -> str:
        """`linear` with one layer, `smooth` with several."""
        return "linear" if len(self.weights) == 1 else "smooth"

    def activation(self, h: Array) -> Array:
        """tanh(h) + slope · h."""
        activated: Array = np.tanh(h) + self.slope * h
        return activated

    def steepness(self, h: Array) -> Array:
        """The derivative of the activation."""
        steep: Array = 1 - np.tanh(h) ** 2 + self.slope
        return steep

    def deactivation(self, y: Array) -> Array:
        """The inverse of the activation: Newton's steps, kept inside a shrinking interval."""
        low, high = (y - 1) / self.slope, (y + 1) / self.slope  # |tanh| < 1
        h = y / (1 + self.slope)
        for _ in range(_ITERATIONS):
            error = self.activation(h) - y
            low, high = np.where(error < 0, h, low), np.where(error > 0, h, high)
            following = h - error / self.steepness(h)
            inside = (following > low) & (following < high)
            following = np.where(inside, following, (low + high) / 2)
            following = np.where(error == 0, h, following)
            if (np.abs(following - h) <= _TOLERANCE * np.abs(h)).all():
                return following
            h = following
        return h


def leaky_tanh(
    ball: Ball,
    generator: np.random.Generator,
    *,
    layers: int = 2,
    slope: float = 0.1,
    condition: float = 25.0,
    features: int | None = None,
    tied: bool = False,
) -> LeakyTanh:
    """Draw an invertible network of `layers` linear maps with tanh(h) + slope · h in between.

    This is the mixing of the published simulations of iVAE and SNICA, with slope = 0.1. For iVAE
    all layers share one square matrix (`tied=True`) of a condition number that a quarter of the
    matrices obey (`condition=6.3` for 5 sources). SNICA counts nonlinear layers: its L = 1 is
    `layers=2` here.

    Args:
        ball: where the sources lie; only their number D is used.
        generator: of the draw.
        layers: number L of linear maps; there is no activation after the last.
        slope: of the activation far from 0, above 0 and at most 1.
        condition: bound on every matrix's condition number, as for `leaky`.
        features: number F of observed features, at least D; None for D. The first layer widens.
        tied: whether all layers have the same matrix.

    Raises:
        DataError: on an impossible option.

    References:
        *Variational Autoencoders and Nonlinear ICA: A Unifying Framework*, Ilyes Khemakhem,
        Diederik P. Kingma, Ricardo Pio Monti, Aapo Hyvärinen, 2020.
        *Disentangling Identifiable Features from Noisy Data with Structured Nonlinear ICA*,
        Hermanni Hälvä et al., 2021.
    """
    number(slope, "slope", 0, 1, open_low=True)
    return LeakyTanh(layers_of(ball, generator, layers, condition, features, tied), float(slope))
