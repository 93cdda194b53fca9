"""Independent latents of any observations, by conditional quantiles."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_trapezoid, trapezoid
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.identifiability.marginals import Floats
from micvae.information.checks import finite_matrix

Conditional = Callable[[Floats, Floats], Floats]
"""F(x_d | x_1, …, x_{d-1}) of values `(N,)` and those before them `(N, d - 1)`."""
Density = Callable[[Floats], Floats]
"""p of points `(M, 2)`, shape `(M,)`."""

_ROWS = 256  # at a time: a row is a whole grid of densities


def darmois(observations: ArrayLike, conditionals: Sequence[Conditional]) -> Floats:
    r"""Turn observations into independent uniform latents.

    $$ z_1 = F(x_1), \quad z_2 = F(x_2 \mid x_1), \quad \dots, \quad
       z_D = F(x_D \mid x_1, \dots, x_{D-1}) $$

    Given $x_1, \dots, x_{d-1}$, the latent $z_d$ is uniform on (0, 1) whatever they are; so all
    latents are independent, and x can be computed from them. No sources are assumed: another order
    of the coordinates of x gives other independent latents.

    Args:
        observations: x, shape `(N, D)`, with a positive joint density.
        conditionals: D conditional distribution functions, such as `gaussian_conditionals` and
            `density_conditionals` return.

    Returns:
        z, shape `(N, D)`, in [0, 1].

    Raises:
        MicvaeError: observations that are not a finite matrix, another number of conditionals, or
            one that leaves [0, 1].

    References:
        "Analyse des liaisons de probabilité", G. Darmois, 1951.
        "Nonlinear independent component analysis: Existence and uniqueness results",
        A. Hyvärinen and P. Pajunen, 1999.

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import darmois, gaussian_conditionals
        >>> mean, covariance = [0, 0], [[1, 0.8], [0.8, 1]]
        >>> x = np.random.default_rng(0).multivariate_normal(mean, covariance, size=1000)
        >>> z = darmois(x, gaussian_conditionals(mean, covariance))
        >>> bool(abs(np.corrcoef(z.T)[0, 1]) < 0.1)
        True
    """
    x = finite_matrix("observations", observations, least=1)
    if len(conditionals) != x.shape[1]:
        raise MicvaeError(
            f"conditionals: must be {x.shape[1]}, one per observation, got {len(conditionals)}"
        )
    z = np.empty_like(x)
    for d, conditional in enumerate(conditionals):
        z[:, d] = conditional(x[:, d], x[:, :d])
        if not ((z[:, d] >= 0) & (z[:, d] <= 1)).all():
            raise MicvaeError(f"conditionals: number {d} is not a distribution function")
    return z


def gaussian_conditionals(mean: ArrayLike, covariance: ArrayLike) -> tuple[Conditional, ...]:
    r"""Conditionals of a D-dimensional Gaussian, in closed form.

    With $\Sigma = L L^\top$, L lower triangular, $F(x_d \mid x_{<d})$ is Φ of the d-th entry of
    $L^{-1} (x - \mu)$.

    Args:
        mean: μ, shape `(D,)`.
        covariance: Σ, shape `(D, D)`, positive definite.

    Raises:
        MicvaeError: shapes that do not match, or a matrix that is not positive definite.

    Examples:
        >>> from micvae.identifiability import darmois, gaussian_conditionals
        >>> conditionals = gaussian_conditionals([0, 0], [[1, 0.5], [0.5, 1]])
        >>> darmois([[0.0, 0.0]], conditionals)
        array([[0.5, 0.5]])
    """
    centre, sigma = np.asarray(mean, np.float64), np.asarray(covariance, np.float64)
    if centre.ndim != 1 or sigma.shape != (len(centre), len(centre)):
        raise MicvaeError(
            "covariance: must have shape (D, D) for a mean of shape (D,), "
            f"got {sigma.shape} and {centre.shape}"
        )
    try:
        whitening = np.linalg.inv(np.linalg.cholesky(sigma))
    except np.linalg.LinAlgError:
        raise MicvaeError("covariance: must be symmetric and positive definite") from None

    def conditional(d: int) -> Conditional:
        def evaluated(value: Floats, before: Floats) -> Floats:
            row = whitening[d, : d + 1]
            deviation = np.column_stack([before, value]) - centre[: d + 1]
            return np.asarray(ndtr(deviation @ row))

        return evaluated

    return tuple(conditional(d) for d in range(len(centre)))


def density_conditionals(
    density: Density, low: ArrayLike, high: ArrayLike, points: int = 1001
) -> tuple[Conditional, Conditional]:
    """Conditionals of two observations whose joint density is known, by quadrature.

    The trapezoidal rule on `points` values of each coordinate, at every sample's own x₁: the
    error falls as 1 / points² where the density is continuous, as 1 / points where it jumps.

    Args:
        density: p(x), need not be normalised.
        low: lower ends of a rectangle that holds practically all probability, shape `(2,)`.
        high: upper ends, shape `(2,)`. What lies outside is given 0 or 1.
        points: of the grid, at least 100.

    Raises:
        MicvaeError: ends that are not finite or not in order; fewer points; a density that is
            negative, not finite, or zero all over the rectangle.

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import darmois, density_conditionals
        >>> density = lambda x: np.exp(-(x**2).sum(-1) / 2)
        >>> conditionals = density_conditionals(density, [-6, -6], [6, 6])
        >>> np.round(darmois([[0.0, 0.0]], conditionals), 3)
        array([[0.5, 0.5]])
    """
    points = whole_number("points", points, least=100)
    ends = np.asarray([low, high], dtype=np.float64)
    if ends.shape != (2, 2) or not np.isfinite(ends).all() or not (ends[0] < ends[1]).all():
        raise MicvaeError("low and high: must be two finite numbers each, low below high")
    first, second = np.linspace(ends[0], ends[1], points).T

    def rows(x1: Floats) -> Floats:
        """Densities at every x1 `(M,)` and all of the second grid, `(M, points)`."""
        grid = np.stack([np.repeat(x1, points), np.tile(second, len(x1))], axis=1)
        found = np.asarray(density(grid), dtype=np.float64)
        if not np.isfinite(found).all() or (found < 0).any():
            raise MicvaeError("density: must be finite and not negative on the whole rectangle")
        return found.reshape(len(x1), points)

    parts = [first[start : start + _ROWS] for start in range(0, points, _ROWS)]
    along = np.concatenate([trapezoid(rows(part), second, axis=1) for part in parts])
    below = cumulative_trapezoid(along, first, initial=0)
    if below[-1] <= 0:
        raise MicvaeError("density: is zero all over the rectangle from low to high")
    distribution = PchipInterpolator(first, below / below[-1])

    def marginal(value: Floats, _: Floats) -> Floats:
        return np.asarray(np.clip(distribution(np.clip(value, first[0], first[-1])), 0, 1))

    def conditional(value: Floats, before: Floats) -> Floats:
        found = np.empty(len(value))
        for start in range(0, len(value), _ROWS):
            here = slice(start, start + _ROWS)
            mass = cumulative_trapezoid(rows(before[here, 0]), second, axis=1, initial=0)
            pairs = zip(value[here], mass, strict=True)
            found[here] = [np.interp(v, second, m / m[-1]) if m[-1] > 0 else 0.5 for v, m in pairs]
        return found

    return marginal, conditional
