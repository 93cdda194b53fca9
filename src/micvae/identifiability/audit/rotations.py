"""A baseline of agreement: the same codes, whitened and randomly rotated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.information.checks import finite_matrix, varying

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Against:
    """A score beside those of randomly rotated codes."""

    value: float
    low: float
    """2.5% quantile over the rotations."""
    median: float
    high: float
    """97.5% quantile."""
    share: float
    """(1 + rotations that score at least as high) / (1 + rotations): a p-value."""
    above: bool = field(init=False)
    """Whether at most one rotation in twenty scores as high."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "above", self.share <= 0.05)


def whitened(codes: ArrayLike) -> Floats:
    """Codes `(N, D)` with mean 0 and covariance I; columns that do not vary are left out.

    Directions whose variance is below 1e-12 of the largest are left out as well.

    Raises:
        MicvaeError: codes that are not finite, or of which none varies.
    """
    z = finite_matrix("codes", codes, least=3)
    z = z[:, varying(z)]
    if z.shape[1] == 0:
        raise MicvaeError("codes: no column varies")
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    variance, directions = np.linalg.eigh(z.T @ z / len(z))
    kept = variance > 1e-12 * variance.max()
    return np.asarray(z @ directions[:, kept] / np.sqrt(variance[kept]))


def random_rotation(count: int, generator: np.random.Generator) -> Floats:
    """An orthogonal matrix `(count, count)`, uniform under Haar's measure.

    References:
        "How to Generate Random Matrices from the Classical Compact Groups", F. Mezzadri, 2007.
    """
    q, r = np.linalg.qr(generator.standard_normal((count, count)))
    return np.asarray(q * np.sign(np.diag(r)))


def against_rotations(
    score: Callable[[Floats], float], codes: ArrayLike, *, rotations: int = 100, seed: int = 0
) -> Against:
    """Compare a score of codes with its values for whitened and randomly rotated codes.

    Rotated codes have the same information and no preferred axes. In few dimensions a random
    rotation is often close to the identity: with two latents it is off by less than 11° in a
    quarter of draws.

    Args:
        score: of codes `(N, D)`.
        codes: shape `(N, D)`.
        rotations: how many draws.
        seed: of the rotations.

    Raises:
        MicvaeError: as `whitened` does; rotations < 1.
    """
    rotations = whole_number("rotations", rotations, least=1)
    white = whitened(codes)
    generator = np.random.default_rng(seed)
    drawn = np.asarray(
        [score(white @ random_rotation(white.shape[1], generator)) for _ in range(rotations)]
    )
    value = float(score(np.asarray(codes, dtype=np.float64)))
    low, median, high = np.quantile(drawn, [0.025, 0.5, 0.975])
    share = (1 + np.count_nonzero(drawn >= value - 1e-12)) / (1 + rotations)
    return Against(value, float(low), float(median), float(high), float(share))
