"""Local isometries into more dimensions: surfaces rolled without stretching, JᵀJ = I."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micvae.data.problems.checks import one_of
from micvae.data.problems.mixings.base import Array, Ball, Mixing, checked_bend, rotation

_LIMITS = {"circle": np.pi, "catenary": np.inf, "spiral": np.inf}
_INNER = 0.25  # distance from the spiral's eye to where the ball begins, in radii


@dataclass(frozen=True, eq=False)
class Isometry(Mixing):
    r"""t = R (s − c), every t_d on a plane curve of unit speed, the D planes turned by Q.

    The curves, with a = ρ / b the scale and ρ the radius of the ball:
    `circle` a (sin(t/a), 1 − cos(t/a)); `catenary` a (arsinh(t/a), √(1 + (t/a)²) − 1); `spiral`
    u (cos(b ln u), sin(b ln u)) / √(1 + b²) in units of ρ, with u = 1.25 + t/ρ.

    Args:
        curve: `circle`, `catenary` or `spiral`.
        centre: c, `(D,)`.
        radius: ρ.
        bend: b.
        inner: R, orthogonal `(D, D)`.
        outer: Q, orthogonal `(2D, 2D)`.
    """

    curve: str
    centre: Array
    radius: float
    bend: float
    inner: Array
    outer: Array

    @property
    def law(self) -> str:
        """`isometric`."""
        return "isometric"

    def forward(self, sources: Array) -> Array:
        """Mix sources `(N, D)` into observations `(N, 2D)`."""
        return self._turned(self._points((sources - self.centre) @ self.inner.T))

    def inverse(self, observations: Array) -> Array:
        """Turn back and measure the length along every curve."""
        x, y = np.moveaxis((observations @ self.outer).reshape(len(observations), -1, 2), 2, 0)
        a = self.radius / self.bend
        if self.curve == "circle":
            t = a * np.arctan2(x, a - y)
        elif self.curve == "catenary":
            t = a * np.sinh(x / a)
        else:
            t = np.hypot(x, y) * np.sqrt(1 + self.bend**2) - (1 + _INNER) * self.radius
        sources: Array = self.centre + t @ self.inner
        return sources

    def jacobian(self, sources: Array) -> Array:
        """Derivatives `(N, 2D, D)`: the curves' unit tangents, turned."""
        t = (sources - self.centre) @ self.inner.T
        tangents = self._tangents(t)
        # Plane d is reached by t_d alone, so the sum over planes is one product per plane.
        outer = self.outer.reshape(len(self.outer), -1, 2)
        j: Array = np.einsum("fdk,ndk->nfd", outer, tangents, optimize=True) @ self.inner
        return j

    def _turned(self, points: Array) -> Array:
        turned: Array = points.reshape(len(points), -1) @ self.outer.T
        return turned

    def _points(self, t: Array) -> Array:
        a = self.radius / self.bend
        if self.curve == "circle":
            x, y = a * np.sin(t / a), a * (1 - np.cos(t / a))
        elif self.curve == "catenary":
            x, y = a * np.arcsinh(t / a), a * (np.hypot(1, t / a) - 1)
        else:
            length, angle = self._wound(t)
            x, y = length * np.cos(angle), length * np.sin(angle)
        return np.stack([x, y], axis=2)

    def _tangents(self, t: Array) -> Array:
        a = self.radius / self.bend
        if self.curve == "circle":
            return np.stack([np.cos(t / a), np.sin(t / a)], axis=2)
        if self.curve == "catenary":
            return np.stack([np.ones_like(t), t / a], axis=2) / np.hypot(1, t / a)[..., None]
        turned = self._wound(t)[1] + np.arctan(self.bend)  # a spiral cuts every ray at one angle
        return np.stack([np.cos(turned), np.sin(turned)], axis=2)

    def _wound(self, t: Array) -> tuple[Array, Array]:
        """Where the spiral is after length t: the distance from its eye, and the angle."""
        u = 1 + _INNER + t / self.radius
        angle: Array = self.bend * np.log(np.maximum(np.abs(u), 1e-12))
        length: Array = self.radius * u / np.sqrt(1 + self.bend**2)
        return length, angle


def isometry(
    ball: Ball, generator: np.random.Generator, *, curve: str = "circle", bend: float = 2.0
) -> Isometry:
    """Draw a local isometry of D sources into 2D features.

    Args:
        ball: where the sources lie.
        generator: of the two rotations.
        curve: `circle`; `catenary`, which is one to one on all of space; or `spiral`, as a Swiss
            roll.
        bend: how far the curves turn: by 2·bend radians for `circle` (below π), by
            2·arctan(bend) for `catenary`, by bend · ln 9 within the ball for `spiral`.

    Raises:
        DataError: for an unknown curve or an impossible bend.

    References:
        *When Is Unsupervised Disentanglement Possible?*, Daniella Horan, Eitan Richardson,
        Yair Weiss, 2021.
    """
    limit = _LIMITS[one_of(curve, "curve", tuple(_LIMITS))]
    d = len(ball.centre)
    inner, outer = rotation(d, generator), rotation(2 * d, generator)
    return Isometry(curve, ball.centre, ball.radius, checked_bend(bend, limit), inner, outer)
