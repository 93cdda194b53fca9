"""The four solids of `scenes`, upright on the floor y = 0: where rays meet them, and how they face.

Points, directions and origins are float32 `(3, …)`: x, y (up), z. A ray is o + t·d.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Meet = Callable[[Floats, Floats], Floats]
Normal = Callable[[Floats], Floats]

_CUBE, _SPHERE = 0.66, 0.8  # half a side; the radius
_CYLINDER, _CAPSULE = (0.66, 1.4), (0.52, 1.8)  # radius and height
_NEAR = 1e-3  # a ray that starts on a surface does not meet it


def _roots(a: Floats, b: Floats, c: Floats) -> Floats:
    """The smaller solution of a·t² + 2b·t + c = 0, or infinity."""
    under = b * b - a * c
    found = (-b - np.sqrt(np.maximum(under, 0))) / a
    return np.where((under > 0) & (found > _NEAR), found, np.float32(np.inf))


def _meet_ball(o: Floats, d: Floats, height: float, radius: float) -> Floats:
    x, y, z = o[0], o[1] - np.float32(height), o[2]
    b = x * d[0] + y * d[1] + z * d[2]
    return _roots((d * d).sum(0), b, x * x + y * y + z * z - np.float32(radius) ** 2)


def _meet_wall(o: Floats, d: Floats, low: float, high: float, radius: float) -> Floats:
    """Where a ray enters an upright round wall, without its ends."""
    b = o[0] * d[0] + o[2] * d[2]
    c = o[0] * o[0] + o[2] * o[2] - np.float32(radius) ** 2
    t = _roots(d[0] * d[0] + d[2] * d[2], b, c)
    height = o[1] + np.where(np.isfinite(t), t, np.float32(0)) * d[1]
    return np.where((height >= low) & (height <= high), t, np.float32(np.inf))


def _meet_cube(o: Floats, d: Floats) -> Floats:
    enter, leave = np.float32(_NEAR), np.float32(np.inf)
    for axis, middle in enumerate((0.0, _CUBE, 0.0)):
        slope = np.where(np.abs(d[axis]) < 1e-6, np.float32(1e-6), d[axis])
        one = (np.float32(middle - _CUBE) - o[axis]) / slope
        two = (np.float32(middle + _CUBE) - o[axis]) / slope
        enter, leave = (
            np.maximum(enter, np.minimum(one, two)),
            np.minimum(leave, np.maximum(one, two)),
        )
    return np.where(enter < leave, enter, np.float32(np.inf))


def _meet_cylinder(o: Floats, d: Floats) -> Floats:
    radius, height = _CYLINDER
    lid = (np.float32(height) - o[1]) / np.where(np.abs(d[1]) < 1e-6, np.float32(1e-6), d[1])
    x, z = o[0] + lid * d[0], o[2] + lid * d[2]
    through = (x * x + z * z <= radius**2) & (lid > _NEAR)
    wall = _meet_wall(o, d, 0, height, radius)
    return np.minimum(wall, np.where(through, lid, np.float32(np.inf)))


def _meet_sphere(o: Floats, d: Floats) -> Floats:
    return _meet_ball(o, d, _SPHERE, _SPHERE)


def _meet_capsule(o: Floats, d: Floats) -> Floats:
    radius, height = _CAPSULE
    wall = _meet_wall(o, d, radius, height - radius, radius)
    ends = [_meet_ball(o, d, end, radius) for end in (radius, height - radius)]
    return np.minimum(wall, np.minimum(*ends))


def _cube_normal(p: Floats) -> Floats:
    out = p - np.asarray([0, _CUBE, 0], dtype=np.float32)[:, None]
    axis = np.abs(out).argmax(0)
    return np.where(np.arange(3)[:, None] == axis, np.sign(out), np.float32(0))


def _cylinder_normal(p: Floats) -> Floats:
    radius, height = _CYLINDER
    up = np.asarray([0, 1, 0], dtype=np.float32)[:, None]
    outward: Floats = np.where(p[1] > height - 1e-4, up, p * (1 - up) / np.float32(radius))
    return outward


def _sphere_normal(p: Floats) -> Floats:
    outward: Floats = (p - np.asarray([0, _SPHERE, 0], np.float32)[:, None]) / np.float32(_SPHERE)
    return outward


def _capsule_normal(p: Floats) -> Floats:
    radius, height = _CAPSULE
    axis: Floats = np.clip(p[1], radius, height - radius).astype(np.float32)
    return np.stack([p[0], p[1] - axis, p[2]]).astype(np.float32) / np.float32(radius)


# Cube, cylinder, sphere, capsule: the first t at which a ray meets it (infinity where it does not),
# and the outward unit normal at a point of its surface.
SOLIDS: tuple[tuple[Meet, Normal], ...] = (
    (_meet_cube, _cube_normal),
    (_meet_cylinder, _cylinder_normal),
    (_meet_sphere, _sphere_normal),
    (_meet_capsule, _capsule_normal),
)
