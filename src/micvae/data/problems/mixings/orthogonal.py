"""Orthogonal coordinates: the sources move along curves that cross at right angles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micvae.data.problems.checks import one_of
from micvae.data.problems.mixings.base import Array, Ball, Mixing, checked_bend, rotation
from micvae.errors import DataError


@dataclass(frozen=True, eq=False)
class Spherical(Mixing):
    """The radius and the D − 1 angles of a point, x = Q · point; D = 2 is polar coordinates.

    With t = (s − c) / ρ: radius ρ (1 + b t₁), angles π/2 + b t_d · π/2, the last one b t_D · π.

    Args:
        ball: c and ρ.
        bend: b.
        turn: Q, orthogonal `(D, D)`.
    """

    ball: Ball
    bend: float
    turn: Array

    @property
    def law(self) -> str:
        """`orthogonal`: the columns' lengths are those of spherical coordinates."""
        return "orthogonal"

    def forward(self, sources: Array) -> Array:
        """Mix sources `(N, D)` into observations `(N, D)`."""
        radius, angles = self._coordinates(sources)
        point = np.ones((len(sources), 1))
        for angle in angles[:, ::-1].T:
            point = _prepended(np.cos(angle), np.sin(angle), point)
        return radius[:, None] * point @ self.turn.T

    def inverse(self, observations: Array) -> Array:
        """Compute the radius and the angles."""
        rest = observations @ self.turn
        radius = np.linalg.norm(rest, axis=1)
        angles = []
        for _ in range(rest.shape[1] - 2):
            angles.append(np.arctan2(np.linalg.norm(rest[:, 1:], axis=1), rest[:, 0]))
            rest = rest[:, 1:]
        angles.append(np.arctan2(rest[:, 1], rest[:, 0]))
        middle, width = self._angles()
        t = [(radius / self.ball.radius - 1) / self.bend]
        t += [(a - m) / w for a, m, w in zip(angles, middle, width, strict=True)]
        return self.ball.centre + self.ball.radius * np.stack(t, axis=1)

    def jacobian(self, sources: Array) -> Array:
        """Derivatives `(N, D, D)`."""
        radius, angles = self._coordinates(sources)
        n, d = sources.shape
        j = np.zeros((n, d, d))
        tail = np.ones((n, 1))  # of the unit vector: its last entries, the product before them left
        _, width = self._angles()
        for k in range(d - 2, -1, -1):
            before = radius * np.sin(angles[:, :k]).prod(1) * width[k] / self.ball.radius
            cos, sin = np.cos(angles[:, k]), np.sin(angles[:, k])
            j[:, k:, k + 1] = before[:, None] * _prepended(-sin, cos, tail)
            tail = _prepended(cos, sin, tail)
        j[:, :, 0] = self.bend * tail
        return self.turn @ j

    def _angles(self) -> tuple[Array, Array]:
        """Where each angle is for the centre, and how far it turns on the way to the rim."""
        k = len(self.ball.centre) - 1
        last = np.arange(k) == k - 1
        return np.where(last, 0, np.pi / 2), self.bend * np.where(last, np.pi, np.pi / 2)

    def _coordinates(self, sources: Array) -> tuple[Array, Array]:
        t = (sources - self.ball.centre) / self.ball.radius
        middle, width = self._angles()
        return self.ball.radius * (1 + self.bend * t[:, 0]), middle + width * t[:, 1:]


@dataclass(frozen=True, eq=False)
class Bipolar(Mixing):
    """Two sources as bipolar coordinates σ, τ, which run at different speeds.

    x = ρ sinh τ / (cosh τ − cos σ), y = ρ sin σ / (cosh τ − cos σ), with σ = π + b t₁ · π/2 and
    τ = b t₂, t = (s − c) / ρ.

    Args:
        ball: c and ρ.
        bend: b.
        turn: orthogonal `(2, 2)`, applied last.
    """

    ball: Ball
    bend: float
    turn: Array

    @property
    def law(self) -> str:
        """`orthogonal`: one column is π/2 times as long as the other."""
        return "orthogonal"

    def forward(self, sources: Array) -> Array:
        """Mix sources `(N, 2)` into observations `(N, 2)`."""
        sigma, tau = self._coordinates(sources)
        both = np.stack([np.sinh(tau), np.sin(sigma)], axis=1)
        below = (np.cosh(tau) - np.cos(sigma))[:, None]
        mixed: Array = self.ball.radius * both / below @ self.turn.T
        return mixed

    def inverse(self, observations: Array) -> Array:
        """Compute the angle between the directions to the foci, and the ratio of their
        distances."""
        x, y = (observations @ self.turn).T
        a = self.ball.radius
        tau = 0.5 * np.log(((x + a) ** 2 + y**2) / ((x - a) ** 2 + y**2))
        sigma = np.arctan2(2 * a * y, x**2 + y**2 - a**2) % (2 * np.pi)
        t = np.stack([(sigma - np.pi) * 2 / np.pi, tau], axis=1) / self.bend
        sources: Array = self.ball.centre + a * t
        return sources

    def jacobian(self, sources: Array) -> Array:
        """Derivatives `(N, 2, 2)`."""
        sigma, tau = self._coordinates(sources)
        below = (np.cosh(tau) - np.cos(sigma)) ** 2
        along = (1 - np.cosh(tau) * np.cos(sigma)) / below
        across = -np.sinh(tau) * np.sin(sigma) / below
        j = np.moveaxis(np.asarray([[across, along], [-along, across]]), 2, 0)
        turned: Array = self.turn @ j * self.bend * np.asarray([np.pi / 2, 1])
        return turned

    def _coordinates(self, sources: Array) -> tuple[Array, Array]:
        t = self.bend * (sources - self.ball.centre) / self.ball.radius
        return np.pi + t[:, 0] * np.pi / 2, t[:, 1]


_KINDS: dict[str, type[Spherical | Bipolar]] = {"spherical": Spherical, "bipolar": Bipolar}


def orthogonal(
    ball: Ball,
    generator: np.random.Generator,
    *,
    coordinates: str = "spherical",
    bend: float = 0.8,
) -> Spherical | Bipolar:
    """Draw orthogonal coordinates that are not conformal: JᵀJ is diagonal, not a multiple of I.

    Args:
        ball: where the sources lie.
        generator: of the rotation that follows.
        coordinates: `spherical` (polar with two sources), or `bipolar`, two sources only.
        bend: share of the full range of the angles that the ball takes, below 1.

    Raises:
        DataError: for a number of sources that does not fit, or an impossible option.

    References:
        *Independent Mechanism Analysis, a New Concept?*, Luigi Gresele, Julius von Kügelgen,
        Vincent Stimper, Bernhard Schölkopf, Michel Besserve, 2021.
    """
    d = len(ball.centre)
    kind = _KINDS[one_of(coordinates, "coordinates", tuple(_KINDS))]
    if d < 2 or (kind is Bipolar and d != 2):
        least = "2" if kind is Bipolar else "2 or more"
        raise DataError(f"sources is {d}; {coordinates} coordinates take {least}.")
    return kind(ball, checked_bend(bend, 1.0), rotation(d, generator))


def _prepended(first: Array, factor: Array, rest: Array) -> Array:
    return np.concatenate([first[:, None], factor[:, None] * rest], axis=1)
