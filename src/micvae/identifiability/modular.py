"""Pairwise independence without joint independence: sums on a circle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.identifiability.marginals import Floats
from micvae.information.checks import finite_matrix


def modular_sum(uniforms: ArrayLike) -> Floats:
    r"""Append a column, the sum of all others modulo 1.

    If the D columns are independent and uniform on [0, 1), any D of the D + 1 are independent and
    uniform, so every pair has mutual information 0, and yet each is a function of the others: the
    total correlation is infinite.

    Args:
        uniforms: shape `(N, D)`, D ≥ 2, in [0, 1).

    Returns:
        Shape `(N, D + 1)`.

    Raises:
        MicvaeError: fewer than two columns, or values outside [0, 1).

    References:
        "Theory of Probability" (pairwise without mutual independence), S. N. Bernstein, 1946.

    Examples:
        >>> from micvae.identifiability import modular_sum
        >>> modular_sum([[0.5, 0.75], [0.25, 0.25]])
        array([[0.5 , 0.75, 0.25],
               [0.25, 0.25, 0.5 ]])
    """
    u = _uniforms("uniforms", uniforms, least=2)
    return np.column_stack([u, u.sum(axis=1) % 1])


@dataclass(frozen=True)
class ModularAlternative:
    r"""Latents of three uniform sources: pairwise independent, of total correlation log(1/w).

    $$ z_1 = s_1, \quad z_2 = s_2, \quad z_3 = (s_1 + s_2 + w s_3) \bmod 1 $$

    for a width w in (0, 1]. For w = 1 even the three are independent, and z₃ is still no function
    of one source; as w → 0 the latents tend to those of `modular_sum`.

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import modular_alternative
        >>> s = np.random.default_rng(0).uniform(size=(100, 3))
        >>> found = modular_alternative(s, width=0.1)
        >>> found.latents.shape, round(found.total_correlation, 3)
        ((100, 3), 2.303)
    """

    latents: Floats
    """z, shape `(N, 3)`."""
    width: float
    """w."""

    @property
    def total_correlation(self) -> float:
        """Of the latents, exactly, in nats."""
        return float(-np.log(self.width))

    def to_sources(self, latents: ArrayLike) -> Floats:
        """Recover the sources of latents, shape `(N, 3)`."""
        z = _uniforms("latents", latents, least=3)
        arc = (z[:, 2] - z[:, 0] - z[:, 1]) % 1
        arc = np.where(arc > (1 + self.width) / 2, arc - 1, arc)  # rounding just below 0
        return np.column_stack([z[:, :2], np.clip(arc / self.width, 0, 1)])


def modular_alternative(sources: ArrayLike, width: float) -> ModularAlternative:
    """Mix three independent uniform sources into pairwise independent latents.

    Args:
        sources: shape `(N, 3)`, in [0, 1).
        width: w, in (0, 1].

    Raises:
        MicvaeError: another shape, values outside [0, 1), a width outside (0, 1].

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import modular_alternative
        >>> s = np.random.default_rng(0).uniform(size=(100, 3))
        >>> z = modular_alternative(s, width=1.0).latents
        >>> np.allclose(z[:, 2], s.sum(axis=1) % 1)
        True
    """
    s = _uniforms("sources", sources, least=3)
    if s.shape[1] != 3:
        raise MicvaeError(f"sources: must be three columns, got {s.shape[1]}")
    if not 0 < width <= 1:
        raise MicvaeError(f"width: must lie in (0, 1], got {width}")
    third = (s[:, 0] + s[:, 1] + width * s[:, 2]) % 1
    return ModularAlternative(np.column_stack([s[:, :2], third]), float(width))


def modular_table(values: int, *, binned: bool = False) -> NDArray[np.float64]:
    """Exact joint probabilities of the three variables with K values each, shape `(K, K, K)`.

    Args:
        values: K, at least 2. The third is the sum of the first two modulo K.
        binned: the three continuous variables of `modular_sum` in K equal bins instead: where
            within its bin the sum falls is lost, so the third is that sum or the next, half each.

    Raises:
        MicvaeError: values < 2.
    """
    k = whole_number("values", values, least=2)
    table = np.zeros((k, k, k))
    first, second = np.indices((k, k))
    shares = (0.5, 0.5) if binned else (1.0,)
    for carry, share in enumerate(shares):
        table[first, second, (first + second + carry) % k] += share / k**2
    return table


def table_information(table: ArrayLike) -> tuple[Floats, float]:
    """Exact pairwise mutual information `(D, D)` and total correlation of a table, in nats.

    Raises:
        MicvaeError: entries that are negative or do not sum to 1.
    """
    p = np.asarray(table, dtype=np.float64)
    if p.ndim < 2 or (p < 0).any() or abs(p.sum() - 1) > 1e-9:
        raise MicvaeError("table: must hold probabilities of two variables or more, summing to 1")
    axes = range(p.ndim)
    single = [_entropy(p.sum(axis=tuple(a for a in axes if a != i))) for i in axes]
    pairwise = np.zeros((p.ndim, p.ndim))
    for i in axes:
        for j in range(i):
            pair = p.sum(axis=tuple(a for a in axes if a not in (i, j)))
            pairwise[i, j] = pairwise[j, i] = single[i] + single[j] - _entropy(pair)
    return pairwise, sum(single) - _entropy(p)


def _entropy(p: Floats) -> float:
    positive = p[p > 0]
    return float(-(positive * np.log(positive)).sum())


def _uniforms(name: str, values: ArrayLike, *, least: int) -> Floats:
    u = finite_matrix(name, values, least=1)
    if u.shape[1] < least:
        raise MicvaeError(f"{name}: at least {least} columns are needed, got {u.shape[1]}")
    if u.min() < 0 or u.max() >= 1:
        raise MicvaeError(f"{name}: must lie in [0, 1), got {u.min():g} to {u.max():g}")
    return u
