"""Other independent sources of the same observations, by rotating normal scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.errors import MicvaeError
from micvae.identifiability.marginals import Floats, Marginal, marginal
from micvae.information.checks import finite_matrix

Mixing = Callable[[Floats], NDArray[Any]]


@dataclass(frozen=True)
class RotatedAlternative:
    r"""A second explanation of the same observations, as independent as the first.

    $$ g(s) = F^{-1}\bigl(\Phi(R\, \Phi^{-1}(F(s)))\bigr), \qquad z = g(s),
       \qquad f' = f \circ g^{-1} $$

    with F the sources' marginals, applied elementwise, and R orthogonal. Then z has the
    distribution of s, and f'(z) = f(s) for every s.

    Examples:
        >>> import numpy as np
        >>> from scipy.stats import norm
        >>> from micvae.identifiability import rotated_alternative
        >>> s = np.random.default_rng(0).normal(size=(100, 2))
        >>> found = rotated_alternative(s, [norm(), norm()], 45.0)
        >>> np.allclose(found.to_sources(found.latents), s)
        True
    """

    sources: Floats
    """s, shape `(N, D)`."""
    latents: Floats
    """z = g(s), shape `(N, D)`."""
    marginals: tuple[Marginal, ...]
    """Of each source, and equally of each latent."""
    rotation: Floats
    """R, shape `(D, D)`, orthogonal."""
    original: Mixing | None = None
    """f."""
    inverse: Mixing | None = None
    """f⁻¹ on the observations."""

    @property
    def trivial(self) -> bool:
        """Whether R only permutes and flips, so that each latent is a function of one source."""
        return bool(np.allclose(np.abs(self.rotation).max(axis=1), 1.0, rtol=0, atol=1e-12))

    def from_sources(self, sources: ArrayLike) -> Floats:
        """Apply g to sources, shape `(N, D)`."""
        return self._turned("sources", sources, self.rotation)

    def to_sources(self, latents: ArrayLike) -> Floats:
        """Apply g⁻¹ to latents, shape `(N, D)`."""
        return self._turned("latents", latents, self.rotation.T)

    def mixing(self, latents: ArrayLike) -> NDArray[Any]:
        """Apply f' to latents, shape `(N, D)`: the observations.

        Raises:
            MicvaeError: where no `mixing` was given to `rotated_alternative`.
        """
        if self.original is None:
            raise MicvaeError("mixing: none was given; give it to rotated_alternative")
        return self.original(self.to_sources(latents))

    def unmixing(self, observations: ArrayLike) -> Floats:
        """Apply f'⁻¹ to observations: the latents, shape `(N, D)`.

        Raises:
            MicvaeError: where no `unmixing` was given to `rotated_alternative`.
        """
        if self.inverse is None:
            raise MicvaeError("unmixing: none was given; give it to rotated_alternative")
        return self.from_sources(self.inverse(np.asarray(observations)))

    def _turned(self, name: str, values: ArrayLike, rotation: Floats) -> Floats:
        given = finite_matrix(name, values, least=1)
        if given.shape[1] != len(self.marginals):
            raise MicvaeError(
                f"{name}: must have {len(self.marginals)} columns, one per marginal, "
                f"got {given.shape[1]}"
            )
        scores = to_normal(given, self.marginals, name) @ rotation.T
        turned = from_normal(scores, self.marginals)
        if not np.isfinite(turned).all():
            raise MicvaeError(f"{name}: too large in size: float64 cannot hold the rotated values")
        return turned


def rotated_alternative(
    sources: ArrayLike,
    marginals: Sequence[Any],
    rotation: float | ArrayLike,
    mixing: Mixing | None = None,
    unmixing: Mixing | None = None,
) -> RotatedAlternative:
    """Construct other independent sources that explain the same observations.

    Whatever the mixing, the new sources have the same marginals, are as independent as the old
    ones (exactly, where these are independent and the marginals exact), and every one of them
    depends on several old ones, unless the rotation only permutes and flips.

    A map and its inverse agree to 1e-6 of a source's standard deviation while every normal score is
    below 6.4 in size (one draw in 10¹⁰ is not); beyond, float64 cannot hold how near a bounded
    source is to the end of its support. Unbounded sources have no such limit below 37.

    Args:
        sources: s, shape `(N, D)`, D ≥ 2.
        marginals: D of them, see `micvae.identifiability.marginals.marginal`.
        rotation: R, an orthogonal matrix `(D, D)`; or an angle in degrees, by which the planes of
            coordinates (0, 1), (1, 2), … are turned one after the other.
        mixing: f, from `(N, D)` to the observations; it need not be invertible.
        unmixing: its inverse on the observations.

    Raises:
        MicvaeError: a shape that does not fit, fewer than two sources, values outside their
            marginal's support, a matrix that is not orthogonal.

    References:
        "Nonlinear independent component analysis: Existence and uniqueness results",
        A. Hyvärinen and P. Pajunen, 1999.
        "Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations", F. Locatello et al., 2019 (Theorem 1).

    Examples:
        >>> import numpy as np
        >>> from scipy.stats import norm
        >>> from micvae.identifiability import rotated_alternative
        >>> s = np.random.default_rng(0).normal(size=(100, 2))
        >>> z = rotated_alternative(s, [norm(), norm()], 90.0).latents
        >>> np.allclose(abs(z), abs(s[:, ::-1]))
        True
    """
    given = finite_matrix("sources", sources, least=1)
    count = given.shape[1]
    if count < 2:
        raise MicvaeError("sources: a rotation needs at least 2 columns, got 1")
    if len(marginals) != count:
        raise MicvaeError(f"marginals: must be {count}, one per source, got {len(marginals)}")
    matrix = np.asarray(rotation, dtype=np.float64)
    if matrix.ndim == 0:
        matrix = plane_rotations(float(matrix), count)
    if matrix.shape != (count, count):
        raise MicvaeError(
            f"rotation: must be an angle or of shape ({count}, {count}), got {matrix.shape}"
        )
    if not np.allclose(matrix @ matrix.T, np.eye(count), rtol=0, atol=1e-10):
        raise MicvaeError("rotation: must be orthogonal; numpy.linalg.qr gives such a matrix")
    described = tuple(marginal(m) for m in marginals)
    found = RotatedAlternative(given, given, described, matrix, mixing, unmixing)
    latents = found.from_sources(given)
    return RotatedAlternative(given, latents, described, matrix, mixing, unmixing)


def plane_rotations(angle: float, count: int) -> Floats:
    """Turn the planes (0, 1), (1, 2), … one after the other by an angle in degrees."""
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    matrix = np.eye(count)
    for i in range(count - 1):
        turn = np.eye(count)
        turn[i : i + 2, i : i + 2] = [[cosine, -sine], [sine, cosine]]
        matrix = turn @ matrix
    return matrix


def to_normal(values: Floats, marginals: Sequence[Marginal], name: str = "sources") -> Floats:
    """Map every column to normal scores.

    Raises:
        MicvaeError: a value outside the support, or on its edge.
    """
    columns = [m.to_normal(column) for m, column in zip(marginals, values.T, strict=True)]
    scores = np.stack(columns, axis=1)
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0]
        raise MicvaeError(
            f"{name}: {values[row, column]:g} at row {row}, column {column} is not inside the "
            "support of its marginal"
        )
    return scores


def from_normal(scores: Floats, marginals: Sequence[Marginal]) -> Floats:
    """Map normal scores to values, column by column."""
    columns = [m.from_normal(column) for m, column in zip(marginals, scores.T, strict=True)]
    return np.stack(columns, axis=1)
