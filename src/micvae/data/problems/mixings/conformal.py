"""Conformal mixings: angles are preserved, lengths scaled equally, JᵀJ = c(s)·I."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micvae.data.problems.checks import number, one_of
from micvae.data.problems.mixings.base import Array, Ball, Mixing, checked_bend, rotation
from micvae.errors import DataError

_LIMITS = {"exp": np.pi, "square": 1.0}


@dataclass(frozen=True, eq=False)
class Mobius(Mixing):
    """x = k · Q (s − p) / |s − p|²: inversion in a sphere about the pole p, then a rotation Q.

    Args:
        pole: p, `(D,)`: the one point that goes to infinity.
        scale: k, the squared radius of the sphere.
        turn: Q, orthogonal `(D, D)`.
    """

    pole: Array
    scale: float
    turn: Array

    @property
    def law(self) -> str:
        """`conformal`, with c(s) = k² / |s − p|⁴."""
        return "conformal"

    def forward(self, sources: Array) -> Array:
        """Mix sources `(N, D)` into observations `(N, D)`."""
        away = sources - self.pole
        mixed: Array = self.scale * (away @ self.turn.T) / (away**2).sum(1, keepdims=True)
        return mixed

    def inverse(self, observations: Array) -> Array:
        """Invert in the same sphere: an inversion undoes itself."""
        back = observations @ self.turn
        sources: Array = self.pole + self.scale * back / (back**2).sum(1, keepdims=True)
        return sources

    def jacobian(self, sources: Array) -> Array:
        """Derivatives k · Q (I − 2 n nᵀ) / |s − p|², `(N, D, D)`; n points from p to s."""
        away = sources - self.pole
        squared = (away**2).sum(1)[:, None, None]
        mirror = np.eye(len(self.pole)) - 2 * away[:, :, None] * away[:, None, :] / squared
        j: Array = self.scale * (self.turn @ mirror) / squared
        return j


def mobius(ball: Ball, generator: np.random.Generator, *, pole: float = 1.5) -> Mobius:
    """Draw a Möbius transform; in three dimensions and more every conformal map is one.

    Args:
        ball: where the sources lie; at its centre lengths do not change.
        generator: of the direction of the pole and of the rotation.
        pole: distance of the pole from the centre, in radii, above 1. The nearer, the stronger:
            within the ball, c(s) runs from (pole / (pole + 1))⁴ to (pole / (pole − 1))⁴.

    Raises:
        DataError: with fewer than two sources, or a pole inside the ball.
    """
    d = len(ball.centre)
    if d < 2:
        raise DataError(f"sources is {d}; a Möbius transform mixes 2 or more.")
    distance = number(pole, "pole", 1, np.inf, open_low=True) * ball.radius
    direction = generator.standard_normal(d)
    at = ball.centre + distance * direction / np.linalg.norm(direction)
    return Mobius(at, distance**2, rotation(d, generator))


@dataclass(frozen=True, eq=False)
class Holomorphic(Mixing):
    """Two sources as one complex number z = s₁ + i s₂, mapped by a holomorphic function.

    With t = b (z − c) / ρ: x₁ + i x₂ = e^{iφ} (ρ / b) · eᵗ for `exp`, and
    e^{iφ} (ρ / 2b) · ((1 + t)² − 1) for `square`.

    Args:
        function: `exp` or `square`.
        centre: c.
        radius: ρ.
        bend: b.
        turn: φ, in radians.
    """

    function: str
    centre: complex
    radius: float
    bend: float
    turn: float

    @property
    def law(self) -> str:
        """`conformal`."""
        return "conformal"

    def forward(self, sources: Array) -> Array:
        """Mix sources `(N, 2)` into observations `(N, 2)`."""
        t = (_complex(sources) - self.centre) * self.bend / self.radius
        w = np.exp(t) if self.function == "exp" else (t + t**2 / 2)
        w = w * np.exp(1j * self.turn) * self.radius / self.bend
        return np.stack([w.real, w.imag], axis=1)

    def inverse(self, observations: Array) -> Array:
        """Take the principal logarithm, or the principal root."""
        w = _complex(observations) * np.exp(-1j * self.turn) * self.bend / self.radius
        t = np.log(w) if self.function == "exp" else np.sqrt(1 + 2 * w) - 1
        z = self.centre + t * self.radius / self.bend
        return np.stack([z.real, z.imag], axis=1)

    def jacobian(self, sources: Array) -> Array:
        """Derivatives `(N, 2, 2)` by the equations of Cauchy and Riemann."""
        t = (_complex(sources) - self.centre) * self.bend / self.radius
        slope = (np.exp(t) if self.function == "exp" else 1 + t) * np.exp(1j * self.turn)
        rows = [[slope.real, -slope.imag], [slope.imag, slope.real]]
        return np.moveaxis(np.asarray(rows), 2, 0)


def holomorphic(
    ball: Ball, generator: np.random.Generator, *, function: str = "exp", bend: float = 0.8
) -> Holomorphic:
    """Draw a conformal map of the plane that is not a Möbius transform; two sources only.

    Args:
        ball: where the sources lie; at its centre lengths do not change.
        generator: of the angle of the rotation that follows.
        function: `exp` or `square`.
        bend: how far lengths change. Within the ball the factor √c(s) runs from e^−bend to e^bend,
            bend below π (`exp`), or from 1 − bend to 1 + bend, bend below 1 (`square`).

    Raises:
        DataError: for another number of sources, an unknown function or an impossible bend.
    """
    if len(ball.centre) != 2:
        raise DataError(f"sources is {len(ball.centre)}; a holomorphic mixing takes 2.")
    limit = _LIMITS[one_of(function, "function", tuple(_LIMITS))]
    turn = float(generator.uniform(0, 2 * np.pi))
    centre = complex(*ball.centre)
    return Holomorphic(function, centre, ball.radius, checked_bend(bend, limit), turn)


def _complex(pairs: Array) -> NDArray[np.complex128]:
    z: NDArray[np.complex128] = pairs[:, 0] + 1j * pairs[:, 1]
    return z
