"""Sources that depend on their own past: the problem of permutation-contrastive learning."""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from micvae.data.grid import count
from micvae.data.memory import check_memory, check_problem
from micvae.data.problems.checks import one_of, whole
from micvae.data.problems.marginals import drawn
from micvae.data.problems.mixings.base import Array
from micvae.data.problems.problem import Problem, Streams, mixing_of, observed
from micvae.errors import DataError


def autoregressive(
    n: int = 40_000,
    *,
    sources: int = 5,
    coefficient: float | tuple[float, ...] = 0.7,
    innovations: str = "laplace",
    mixing: str = "leaky",
    layers: int | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> Problem:
    """One long series of autoregressive sources, s_t = ρ s_{t−1} + innovation.

    Stationary, of variance 1: the innovations have variance 1 − ρ², and samples before the process
    is stationary are left out. The autocorrelation at lag h is ρ^h.

    Args:
        n: length N of the series.
        sources: their number D.
        coefficient: ρ, between −1 and 1; one for all, or one for each source.
        innovations: `laplace`, or `gaussian`, whose theorem promises less.
        mixing: as for `independent`.
        layers: short for mixing='leaky(layers=…)'.
        noise: standard deviation of Gaussian noise, as a share of each feature's own.
        seed: determines all to the bit; no global random state is touched.

    Returns:
        A problem with `sequence`, 0 everywhere, and `parameters` `coefficient` (D,).

    Raises:
        DataError: on an impossible option.

    References:
        *Nonlinear ICA of Temporally Dependent Stationary Sources*, Aapo Hyvärinen,
        Hiroshi Morioka, 2017.

    Examples:
        >>> from micvae.data import autoregressive
        >>> problem = autoregressive(1000, sources=3)
        >>> problem.factors.shape, problem.sequence.shape
        ((1000, 3), (1000,))
    """
    rows, d = count(n), whole(sources, "sources", 1)
    one_of(innovations, "innovations", ("laplace", "gaussian"))
    rho = _coefficients(coefficient, d)
    streams = Streams.of(seed)
    # The start weighs ρ^before: below 1e−9 when the series begins.
    before = int(np.ceil(np.log(1e-9) / np.log(max(np.abs(rho).max(), 1e-9))))
    check_problem(rows, d)
    check_memory(48 * before * d, f"coefficient is so near to 1 that {before} samples go before")
    e = drawn(innovations, 2, (before + rows, d), streams.sources) * np.sqrt(1 - rho**2)
    series = [_followed(column, r) for column, r in zip(e.T.tolist(), rho.tolist(), strict=True)]
    s = np.asarray(series).T[before:].copy()
    f = mixing_of(mixing, layers, s, streams.mixing)
    return observed(
        "autoregressive",
        s,
        f,
        streams,
        noise=noise,
        theory=_theory(innovations, rho),
        source={
            "sources": d,
            "coefficient": rho.tolist(),
            "innovations": innovations,
            "mixing": mixing,
            "layers": layers,
            "seed": int(seed),
        },
        sequence=np.zeros(rows, dtype=np.int64),
        parameters={"coefficient": rho},
    )


def _followed(innovations: list[float], rho: float) -> list[float]:
    """Run the process from the first innovation."""
    return list(accumulate(innovations, lambda last, new: rho * last + new))


def _theory(innovations: str, rho: Array) -> str:
    if not rho.all():
        return (
            "A coefficient is 0: that source does not depend on its past, and a nonlinear mixture "
            "of such sources is not identifiable (Hyvärinen & Pajunen 1999)."
        )
    if innovations == "gaussian":
        distinct = len(np.unique(rho)) == len(rho)
        left = (
            "The differing coefficients resolve that (Belouchrani et al. 1997)."
            if distinct
            else "Equal coefficients leave a rotation open."
        )
        return (
            "Gaussian processes: the nonlinear part of the mixing is identifiable, that is the "
            f"sources up to a linear map (PCL, Hyvärinen & Morioka 2017, Theorem 2). {left}"
        )
    return (
        "Temporally dependent sources that are not Gaussian: identifiable up to permutation and a "
        "map of each source, for an invertible mixing. The theorem asks for smooth mixings and "
        "densities, of which Laplace innovations are a limit (PCL, Hyvärinen & Morioka 2017, "
        "Theorem 1)."
    )


def _coefficients(coefficient: float | tuple[float, ...], d: int) -> Array:
    listed = coefficient if isinstance(coefficient, tuple | list) else (coefficient,) * d
    numbers = all(isinstance(c, int | float) and not isinstance(c, bool) for c in listed)
    if len(listed) != d or not numbers or not all(abs(c) < 1 for c in listed):
        raise DataError(
            f"coefficient is {coefficient!r}; give a number between −1 and 1, or {d} of them."
        )
    return np.asarray(listed, dtype=np.float64)
