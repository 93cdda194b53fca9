"""A smooth nonlinear mixing with a closed inverse."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micvae.errors import MicvaeError
from micvae.identifiability.marginals import Floats
from micvae.information.checks import finite_matrix


@dataclass(frozen=True)
class Swirl:
    r"""Rotate every plane of neighbouring coordinates, most at its centre, then bend it.

    $$ (y_i, y_{i+1}) \leftarrow R\bigl(\alpha e^{-r^2 / 4}\bigr) (y_i, y_{i+1}), \quad
       r^2 = y_i^2 + y_{i+1}^2, \qquad
       y_{i+1} \leftarrow y_{i+1} + b\, y_i^2 $$

    for i = 0, 1, … in turn. Infinitely differentiable, with a smooth inverse, and of Jacobian
    determinant 1 everywhere: the density of x = f(s) is that of s at f⁻¹(x).

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import Swirl
        >>> mixing, s = Swirl(), np.random.default_rng(0).normal(size=(10, 2))
        >>> np.allclose(mixing.inverse(mixing(s)), s)
        True
    """

    turn: float = 150.0
    """α, degrees."""
    bend: float = 0.3
    """b, one over the unit of the coordinates."""

    def __call__(self, sources: ArrayLike) -> Floats:
        """Mix sources, shape `(N, D)`, D ≥ 2, into as many observations."""
        y = self._checked("sources", sources)
        for i in range(y.shape[1] - 1):
            self._turn(y, i, 1.0)
            y[:, i + 1] += self.bend * y[:, i] ** 2
        return y

    def inverse(self, observations: ArrayLike) -> Floats:
        """Recover the sources from observations, shape `(N, D)`."""
        y = self._checked("observations", observations)
        for i in reversed(range(y.shape[1] - 1)):
            y[:, i + 1] -= self.bend * y[:, i] ** 2
            self._turn(y, i, -1.0)
        return y

    def _turn(self, y: Floats, i: int, way: float) -> None:
        a, b = y[:, i].copy(), y[:, i + 1].copy()
        angle = way * np.deg2rad(self.turn) * np.exp(-(a**2 + b**2) / 4)
        y[:, i] = np.cos(angle) * a - np.sin(angle) * b
        y[:, i + 1] = np.sin(angle) * a + np.cos(angle) * b

    @staticmethod
    def _checked(name: str, values: ArrayLike) -> Floats:
        y = finite_matrix(name, values, least=1).copy()
        if y.shape[1] < 2:
            raise MicvaeError(f"{name}: a swirl mixes at least 2 columns, got 1")
        return y
