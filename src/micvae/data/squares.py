"""The toy data of Section 5.1: centred squares that vary in size, intensity and rotation."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.grid import check_images, count, seeded
from micvae.errors import AliasedAnglesWarning, DataError

RESOLUTION = 32
QUARTER_TURN = 90.0
_QUARTERS = (np.float32(-0.25), np.float32(0.25))
_CHUNK = 1024  # images rendered at once: bounds the temporary arrays to some 10 MB


def squares(
    n: int = 40_960,
    *,
    seed: int = 0,
    angles: tuple[float, ...] = (0.0, 22.5, 45.0, 67.5),
    size: tuple[float, float] = (6.0, 22.0),
    intensity: tuple[float, float] = (0.2, 1.0),
) -> FactorDataset:
    """Draw `n` 32×32 images of one centred, anti-aliased square each.

    The factors are independent: side length and grey value are uniform on their ranges, and the
    rotation is one of `angles` with equal probability. A square looks the same after a quarter
    turn, so angles that differ by a multiple of 90° give identical images and *no* method can
    distinguish them; the default angles are all distinct.

    Args:
        n: number of images.
        seed: determines the factors to the bit; no global random state is touched.
        angles: the values of the rotation, in degrees, counter-clockwise.
        size: range of the side length, in pixels; at most 22, so that no corner leaves the image.
        intensity: range of the grey value of the square, within (0, 1]; the background is 0.

    Returns:
        `images` float32 (n, 1, 32, 32) in [0, 1]; `factors` (n, 3) in the units above.

    Warns:
        AliasedAnglesWarning: where two of `angles` are equal under the quarter-turn symmetry.

    Raises:
        DataError: on an impossible range or number.

    References:
        *Mutual Information Constrained Variational Framework for Identifiable Representation
        Disentangling*, Section 5.1. The paper gives neither the ranges nor the angles' values.

    Examples:
        >>> from micvae.data import squares
        >>> data = squares(128, seed=0)
        >>> data.images.shape, data.factor_names
        ((128, 1, 32, 32), ('size', 'intensity', 'rotation'))
        >>> data.images_of(data.factors[:2]).shape
        (2, 1, 32, 32)
    """
    n = count(n)
    _check(angles, size, intensity)
    check_images(n, (1, RESOLUTION, RESOLUTION), 3)
    notes = tuple(_aliases(angles))
    for note in notes:
        warnings.warn(note, AliasedAnglesWarning, stacklevel=2)
    generator = seeded(seed)
    factors = np.stack(
        [
            generator.uniform(*size, n),
            generator.uniform(*intensity, n),
            generator.choice(np.asarray(angles, dtype=np.float64), n),
        ],
        axis=1,
    )
    return FactorDataset(
        name="squares",
        images=render(factors),
        factors=factors,
        factor_names=("size", "intensity", "rotation"),
        factor_kinds=("continuous", "continuous", "categorical"),
        factor_values=(None, None, np.unique(np.asarray(angles, dtype=np.float64))),
        renderer=render,
        notes=notes,
        source={
            "data": "squares",
            "n": n,
            "seed": int(seed),
            "angles": list(angles),
            "size": list(size),
            "intensity": list(intensity),
        },
    )


def render(factors: NDArray[np.float64]) -> NDArray[np.float32]:
    """Render squares for factors `(M, 3)` = side in pixels, grey value, angle in degrees.

    Every pixel is the mean of four quarters. A quarter's coverage is the product, along the
    square's own two axes, of its overlap with the side: exact for an upright square; for a
    turned one a pixel is within 0.05 and the whole area within 2% of the truth.
    """
    factors = np.asarray(factors, dtype=np.float64)
    half = RESOLUTION // 2
    images = np.empty((len(factors), 1, RESOLUTION, RESOLUTION), dtype=np.float32)
    centre = np.arange(RESOLUTION, dtype=np.float32) - (RESOLUTION - 1) / 2
    for start in range(0, len(factors), _CHUNK):
        part = factors[start : start + _CHUNK].astype(np.float32)[:, :, None, None]
        turn = np.deg2rad(part[:, 2])
        cos, sin = 2 * np.cos(turn), 2 * np.sin(turn)  # in units of a quarter's width
        edge = part[:, 0] + np.float32(0.5)
        upper = np.zeros((len(part), half, RESOLUTION), dtype=np.float32)
        for dx, dy in itertools.product(_QUARTERS, _QUARTERS):
            x, y = centre[None, None, :] + dx, -centre[None, :half, None] + dy  # y points up
            coverage = np.clip(edge - np.abs(cos * x + sin * y), 0, 1)
            coverage *= np.clip(edge - np.abs(cos * y - sin * x), 0, 1)
            upper += coverage
        upper *= part[:, 1] / 4
        images[start : start + _CHUNK, 0, :half] = upper
        images[start : start + _CHUNK, 0, half:] = upper[
            :, ::-1, ::-1
        ]  # half a turn changes nothing
    return images


def _aliases(angles: tuple[float, ...]) -> list[str]:
    """Say, in one sentence per group, which angles give identical images."""
    groups: dict[float, list[float]] = {}
    for angle in angles:
        key = round(angle % QUARTER_TURN, 9) % QUARTER_TURN
        groups.setdefault(key, []).append(angle)
    return [
        "The angles "
        + ", ".join(f"{angle:g}°" for angle in group)
        + " are indistinguishable: a square looks the same after a quarter turn. "
        "That factor is not identifiable from these images."
        for group in groups.values()
        if len(group) > 1
    ]


def _check(
    angles: tuple[float, ...], size: tuple[float, float], intensity: tuple[float, float]
) -> None:
    if len(angles) == 0 or not np.isfinite(angles).all():
        raise DataError(f"angles is {angles!r}; give at least one finite angle in degrees.")
    limit = RESOLUTION / np.sqrt(2)
    if len(size) != 2 or not 0 < size[0] <= size[1] <= limit:
        raise DataError(
            f"size is {size!r}; give (smallest, largest) side in pixels, above 0 and at most "
            f"{limit:.1f} so that the turned square stays inside the image."
        )
    if len(intensity) != 2 or not 0 < intensity[0] <= intensity[1] <= 1:
        raise DataError(f"intensity is {intensity!r}; give (lowest, highest) within (0, 1].")
