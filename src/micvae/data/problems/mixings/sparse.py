"""Sparse decoding: each observed feature depends on few sources, and some on only one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micvae.data.memory import check_memory
from micvae.data.problems.checks import whole
from micvae.data.problems.mixings.base import Array, Ball, Mixing
from micvae.errors import DataError


@dataclass(frozen=True, eq=False)
class Sparse(Mixing):
    """x_f = arsinh(Σ_d V_fd s_d) + tanh(Σ_d U_fd s_d); the second term is 0 for anchors.

    Args:
        arch: V, `(F, D)`.
        wave: U, `(F, D)`, 0 wherever V is 0. Row d·A to d·A + A − 1 of both belong to the A anchor
            features of source d, which depend on it alone and all in the same way.
        anchors: A.
    """

    arch: Array
    wave: Array
    anchors: int

    @property
    def law(self) -> str:
        """`sparse`, with the pattern `depends`."""
        return "sparse"

    @property
    def depends(self) -> NDArray[np.bool_]:
        """Whether each feature depends on each source, `(F, D)`."""
        pattern: NDArray[np.bool_] = self.arch != 0
        return pattern

    def forward(self, sources: Array) -> Array:
        """Mix sources `(N, D)` into observations `(N, F)`."""
        mixed: Array = np.arcsinh(sources @ self.arch.T) + np.tanh(sources @ self.wave.T)
        return mixed

    def inverse(self, observations: Array) -> Array:
        """Compute every source from its anchors; other features are not needed."""
        d = self.arch.shape[1]
        seen = observations[:, : d * self.anchors].reshape(-1, d, self.anchors).mean(2)
        slopes = self.arch[:: self.anchors][:d].diagonal()
        sources: Array = np.sinh(seen) / slopes
        return sources

    def jacobian(self, sources: Array) -> Array:
        """Derivatives `(N, F, D)`."""
        arch = 1 / np.hypot(1, sources @ self.arch.T)
        wave = 1 - np.tanh(sources @ self.wave.T) ** 2
        j: Array = arch[:, :, None] * self.arch + wave[:, :, None] * self.wave
        return j


def sparse(
    ball: Ball,
    generator: np.random.Generator,
    *,
    features: int | None = None,
    parents: int = 2,
    anchors: int = 2,
) -> Sparse:
    """Draw a sparse mixing with anchor features.

    Args:
        ball: where the sources lie; only their number D is used.
        generator: of which sources each other feature depends on, and of the slopes.
        features: number F of features, at least anchors · D; None for (anchors + 2) · D.
        parents: of how many sources each feature but the anchors is made, 1 to D.
        anchors: how many anchor features each source has; the theorem asks for 2.

    Raises:
        DataError: on an impossible number.

    References:
        *Identifiable Deep Generative Models via Sparse Decoding*, Gemma E. Moran, Dhanya Sridhar,
        Yixin Wang, David M. Blei, 2022.
    """
    d, a = len(ball.centre), whole(anchors, "anchors", 1)
    f = (a + 2) * d if features is None else whole(features, "features", a * d)
    check_memory(32 * f * d, f"features is {f} and there are {d} sources")
    if whole(parents, "parents", 1) > d:
        raise DataError(f"parents is {parents}, but there are only {d} sources; give 1 to {d}.")
    arch, wave = (_slopes(generator, (f, d)) for _ in range(2))
    own = np.repeat(np.eye(d, dtype=bool), a, axis=0)
    rank = generator.random((f, d)).argsort(1).argsort(1)
    depends = np.concatenate([own, rank[len(own) :] < parents])
    arch[: len(own)] = np.repeat(arch[: len(own) : a], a, axis=0)  # anchors of a source are alike
    wave[: len(own)] = 0
    return Sparse(np.where(depends, arch, 0), np.where(depends, wave, 0), a)


def _slopes(generator: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw numbers of size 0.5 to 1.5 and either sign: never 0, which would cut a dependence."""
    sign = 2 * generator.integers(0, 2, shape) - 1
    return sign * generator.uniform(0.5, 1.5, shape)
