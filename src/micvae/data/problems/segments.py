"""Sources whose distribution changes by segment: the problem of TCL and iVAE."""

from __future__ import annotations

import numpy as np

from micvae.data.grid import count
from micvae.data.memory import check_problem
from micvae.data.problems.checks import interval, number, one_of, whole
from micvae.data.problems.marginals import drawn
from micvae.data.problems.problem import Problem, Streams, mixing_of, observed
from micvae.errors import DataError


def segments(
    n: int = 40_000,
    *,
    sources: int = 5,
    segments: int = 40,
    marginal: str = "gaussian",
    variances: tuple[float, float] = (0.5, 3.0),
    scales: tuple[float, float] | None = None,
    means: float = 0.0,
    mixing: str = "leaky",
    layers: int | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> Problem:
    """Piecewise stationary sources; the auxiliary variable says which segment a sample is from.

    Within segment u, s_d = m_du + √v_du · e with e of variance 1, independently; v is uniform on
    `variances`, m on ±`means`. The defaults are iVAE's simulation: 40 segments of 1000 points,
    means 0. (The authors' published code draws the standard deviations from that range, which is
    scales=(0.5, 3).) TCL's takes marginal='laplace'.

    Args:
        n: number of samples N; segments are as equally long as can be, and follow one another.
        sources: their number D.
        segments: their number S.
        marginal: `gaussian` or `laplace`.
        variances: (lowest, highest); equal for variances that do not change.
        scales: (lowest, highest) of standard deviations, uniform on that; instead of variances.
        means: the largest distance of a segment's mean from 0.
        mixing: as for `independent`.
        layers: short for mixing='leaky(layers=…)'.
        noise: standard deviation of Gaussian noise, as a share of each feature's own.
        seed: determines all to the bit; no global random state is touched.

    Returns:
        A problem with `auxiliary` (N, S), 1 in the column of the segment and 0 elsewhere, and with
        `parameters` `variances` and `means`, both (S, D).

    Raises:
        DataError: on an impossible option.

    References:
        *Variational Autoencoders and Nonlinear ICA: A Unifying Framework*, Ilyes Khemakhem,
        Diederik P. Kingma, Ricardo Pio Monti, Aapo Hyvärinen, 2020.
        *Unsupervised Feature Extraction by Time-Contrastive Learning and Nonlinear ICA*,
        Aapo Hyvärinen, Hiroshi Morioka, 2016.

    Examples:
        >>> from micvae.data import segments
        >>> problem = segments(1000, sources=3, segments=10)
        >>> problem.auxiliary.shape, problem.parameters["variances"].shape
        ((1000, 10), (10, 3))
    """
    rows, parts, d = count(n), whole(segments, "segments", 2), whole(sources, "sources", 1)
    if rows < parts:
        raise DataError(
            f"n is {n}, fewer than the {parts} segments; give at least one sample each."
        )
    check_problem(rows, d, parts)
    one_of(marginal, "marginal", ("gaussian", "laplace"))
    low, high = interval(variances, "variances") if scales is None else interval(scales, "scales")
    spread = number(means, "means", 0, np.inf)
    streams = Streams.of(seed)
    variance = streams.sources.uniform(low, high, (parts, d)) ** (1 if scales is None else 2)
    mean = streams.sources.uniform(-spread, spread, (parts, d))
    label = np.arange(rows) * parts // rows
    e = drawn(marginal, 2, (rows, d), streams.sources)
    s = mean[label] + np.sqrt(variance[label]) * e
    f = mixing_of(mixing, layers, s, streams.mixing)
    auxiliary = np.zeros((rows, parts))
    auxiliary[np.arange(rows), label] = 1
    return observed(
        "segments",
        s,
        f,
        streams,
        noise=noise,
        noisy_theory=marginal == "gaussian",  # iVAE's theorem; TCL's is without
        theory=theory(marginal, d, parts, changing=low < high, moving=spread > 0),
        source={
            "sources": d,
            "segments": parts,
            "marginal": marginal,
            "variances" if scales is None else "scales": [low, high],
            "means": spread,
            "mixing": mixing,
            "layers": layers,
            "seed": int(seed),
        },
        auxiliary=auxiliary,
        parameters={"variances": variance, "means": mean},
    )


def theory(marginal: str, d: int, parts: int, *, changing: bool, moving: bool) -> str:
    """The identifiability of D sources in `parts` segments, by what changes between them."""
    if not (changing or moving):
        return (
            "Nothing changes between the segments, so that they tell nothing: a nonlinear mixture "
            "is not identifiable (Hyvärinen & Pajunen 1999)."
        )
    if marginal == "laplace" and moving:
        return (
            "Laplace sources whose mean moves are no exponential family in the segment, so that "
            "the theorems of TCL and iVAE do not cover them; those on general auxiliary variables "
            "ask for smooth densities (Hyvärinen, Sasaki & Turner 2019)."
        )
    needed = d * (int(changing) + int(moving)) + 1
    if parts < needed:
        return (
            f"{parts} segments are fewer than the {needed} that the theorem needs for {d} sources: "
            "it promises nothing (Khemakhem et al. 2020, Theorem 1)."
        )
    if not changing:
        return (
            "Only the means of Gaussian sources change: identifiable up to a linear map of the "
            "sources, and no further (Khemakhem et al. 2020, Theorem 1 and what follows it)."
        )
    if marginal == "laplace":
        return (
            "Laplace sources whose scales change by segment: |s| is identifiable up to a linear "
            "map, which linear ICA resolves up to permutation and scale, given the segments and an "
            "invertible smooth mixing (TCL, Hyvärinen & Morioka 2016)."
        )
    if moving:
        return (
            "Gaussian sources whose means and variances change by segment: identifiable up to "
            "permutation and a map of each source, given the segments and a smooth injective "
            "mixing; up to a linear map of (s, s²) for any injective one (iVAE, Khemakhem et al. "
            "2020, Theorems 1 and 2)."
        )
    return (
        "Gaussian sources whose variances change by segment: identifiable up to permutation and a "
        "map of each source, given the segments and a smooth injective mixing; up to a linear map "
        "of s² for any injective one (iVAE, Khemakhem et al. 2020, Theorems 1 and 3)."
    )
