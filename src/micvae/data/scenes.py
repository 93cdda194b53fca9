"""Scenes similar to 3D Shapes: one solid in the corner of a coloured room."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.grid import drawn, on_grid
from micvae.data.solids import SOLIDS, Floats

RESOLUTION = 64
NAMES = ("floor hue", "wall hue", "object hue", "scale", "shape", "orientation")
KINDS: tuple[FactorKind, ...] = (
    "angular",
    "angular",
    "angular",
    "ordinal",
    "categorical",
    "ordinal",
)
VALUES = (
    *(np.arange(10) / 10,) * 3,
    np.linspace(0.75, 1.25, 8),
    np.arange(4.0),
    np.linspace(-30, 30, 15),
)

_LIGHT = np.asarray([0.33, 0.75, 0.57], dtype=np.float32)  # of length 1, towards the light
_AMBIENT, _GLOSS, _SHADOW = 0.45, 0.4, 0.6
_SATURATION, _BRIGHTNESS = (0.6, 0.6, 0.8), (0.85, 0.95, 1.0)  # of floor, walls, object
_DISTANCE, _HEIGHT, _AIM, _ZOOM = 5.5, 2.8, 0.7, 2.9  # of the camera
_ROOM = 2.4  # from the solid's axis to either wall
_WALLS = np.asarray([[0.5**0.5, 0, 0.5**0.5], [-(0.5**0.5), 0, 0.5**0.5]], dtype=np.float32)
_FINE = (-0.375, -0.125, 0.125, 0.375)  # sub-pixels along either axis
_CHUNK = 256  # scenes traced, and images coloured, at once: some 30 MB


def scenes(n: int = 10_240, *, seed: int = 0) -> FactorDataset:
    """Colour 64×64 scenes in the manner of Shapes3D: a solid in the corner of a room.

    These are not the published images (see `shapes3d` for those) but scenes of the same six
    factors, each drawn uniformly and independently: `floor hue`, `wall hue` and `object hue` 10
    values each, 0 to 0.9 of the colour circle; `scale` 8 values, 0.75 to 1.25; `shape` 0 cube,
    1 cylinder, 2 sphere, 3 capsule; `orientation` 15 values, −30° to 30°, of the camera around
    the room, whose corner and light stay where they are.

    Rays through 4×4 points of every pixel meet floor, walls and solid exactly; surfaces are
    shaded by Lambert's law with a highlight on the solid and its shadow on the floor. What a scene
    looks like without colour depends on scale, shape and orientation only, so each of their 480
    combinations is traced once however many images show it.

    Args:
        n: number of images.
        seed: determines the factors to the bit; no global random state is touched.

    Returns:
        `images` float32 (n, 3, 64, 64) in [0, 1]; `factors` (n, 6) in the units above.

    Raises:
        DataError: on an `n` or `seed` that is not a whole number.

    References:
        *Disentangling by Factorising*, Hyunjik Kim, Andriy Mnih, 2018, for the factors;
        *3D Shapes Dataset*, Chris Burgess, Hyunjik Kim, 2018.

    Examples:
        >>> from micvae.data import scenes
        >>> data = scenes(4, seed=0)
        >>> data.images.shape, data.factor_names[-2:]
        ((4, 3, 64, 64), ('shape', 'orientation'))
    """
    factors = drawn(VALUES, n, seed, (3, RESOLUTION, RESOLUTION))
    return FactorDataset(
        name="scenes",
        images=render(factors),
        factors=factors,
        factor_names=NAMES,
        factor_kinds=KINDS,
        factor_values=VALUES,
        renderer=render,
        source={"data": "scenes", "n": int(n), "seed": int(seed)},
    )


def render(factors: NDArray[np.float64]) -> NDArray[np.float32]:
    """Render scenes for factors `(M, 6)`: three hues, scale, shape, orientation in degrees.

    Hues are taken modulo 1.

    Raises:
        DataError: for a scale, shape or orientation outside the ranges of `scenes`.
    """
    factors = np.asarray(factors, dtype=np.float64)
    on_grid(factors[:, 3:], VALUES[3:], NAMES[3:], KINDS[3:])
    shown, which = np.unique(factors[:, 3:], axis=0, return_inverse=True)
    which = which.reshape(-1)
    colours = _colours(factors[:, :3])
    images = np.empty((len(factors), 3, RESOLUTION, RESOLUTION), dtype=np.float32)
    for start in range(0, len(shown), _CHUNK):
        layers = np.stack([_layers(*scene) for scene in shown[start : start + _CHUNK]])
        theirs = np.flatnonzero((which >= start) & (which < start + _CHUNK))
        for first in range(0, len(theirs), _CHUNK):
            these = theirs[first : first + _CHUNK]
            light = layers[which[these] - start]
            part = np.repeat(light[:, 3:], 3, axis=1)  # the highlight is white
            for surface in range(3):
                part += colours[these, surface, :, None, None] * light[:, surface, None]
            images[these] = np.minimum(part, 1)
    return images


def _colours(hues: NDArray[np.float64]) -> Floats:
    """RGB `(M, 3 surfaces, 3)` of hues `(M, 3)`."""
    sector = (6 * (hues[:, :, None] % 1) + np.asarray([5.0, 3.0, 1.0])) % 6
    ramp = np.clip(np.minimum(sector, 4 - sector), 0, 1)
    rgb = np.asarray(_BRIGHTNESS)[:, None] * (1 - np.asarray(_SATURATION)[:, None] * ramp)
    return np.asarray(rgb, dtype=np.float32)


def _layers(scale: float, shape: float, orientation: float) -> Floats:
    """The light `(4, 64, 64)` that a pixel gets from floor, walls, solid, and highlight.

    A surface's layer is its brightness times the share of the pixel that it fills.
    """
    eye, rays = _camera(np.deg2rad(orientation))
    meet, normal_at = SOLIDS[int(shape)]
    # The floor is y = 0, the walls are n·p = −room for both n.
    background = np.where(rays[1] < 0, -eye[1] / np.minimum(rays[1], -1e-6), np.inf)
    shade = np.full(rays.shape[1:], _lit(_LIGHT[1]), dtype=np.float32)
    on_floor = np.ones(rays.shape[1:], dtype=bool)
    for n in _WALLS:
        towards = n[0] * rays[0] + n[2] * rays[2]
        ahead = np.where(towards < 0, -(_ROOM + n @ eye) / np.minimum(towards, -1e-6), np.inf)
        nearer = ahead < background
        background = np.where(nearer, ahead, background)
        shade[nearer], on_floor[nearer] = _lit(n @ _LIGHT), False
    behind = np.asarray((eye[:, None, None] + background * rays) / scale, dtype=np.float32)
    shadowed = np.isfinite(meet(behind, _LIGHT[:, None, None]))
    shade *= np.where(shadowed, np.float32(_SHADOW), np.float32(1))

    origin: Floats = eye / np.float32(scale)
    distance = meet(origin[:, None, None], rays)
    solid = np.isfinite(distance)
    seen = rays[:, solid]
    normal = normal_at(origin[:, None] + distance[solid] * seen)
    halfway = _LIGHT[:, None] - seen / np.sqrt((seen**2).sum(0))
    gloss = np.maximum((normal * halfway).sum(0) / np.sqrt((halfway**2).sum(0)), 0) ** 40
    layers = np.zeros((4, *rays.shape[1:]), dtype=np.float32)
    layers[0], layers[1] = shade * (on_floor & ~solid), shade * ~(on_floor | solid)
    layers[2, solid], layers[3, solid] = _lit((normal * _LIGHT[:, None]).sum(0)), _GLOSS * gloss
    fine = len(_FINE)
    pixels: Floats = layers.reshape(4, RESOLUTION, fine, RESOLUTION, fine).mean((2, 4))
    return pixels


def _lit(cosine: Floats | float) -> Floats:
    return np.asarray(_AMBIENT + (1 - _AMBIENT) * np.maximum(cosine, 0), dtype=np.float32)


def _camera(turn: float) -> tuple[Floats, Floats]:
    """The eye `(3,)` and the directions `(3, H, W)` of its rays, in the room's own axes."""
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x, y, z = _straight_rays()
    eye = np.asarray([_DISTANCE * sin, _HEIGHT, _DISTANCE * cos], dtype=np.float32)
    return eye, np.stack([cos * x + sin * z, y, cos * z - sin * x])


@cache
def _straight_rays() -> Floats:
    """The directions of the rays at orientation 0, where the camera looks along −z."""
    at = ((np.arange(RESOLUTION)[:, None] + 0.5 + np.asarray(_FINE)) / (RESOLUTION / 2) - 1).ravel()
    right, up = np.broadcast_arrays(at[None, :], -at[:, None])
    fall = np.arctan2(_HEIGHT - _AIM, _DISTANCE)
    cos, sin = np.cos(fall), np.sin(fall)
    rays = np.stack([right, cos * up - sin * _ZOOM, -sin * up - cos * _ZOOM])
    return rays.astype(np.float32)
