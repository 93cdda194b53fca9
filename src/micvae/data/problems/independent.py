"""Independent sources, independent across samples."""

from __future__ import annotations

from micvae.data.grid import count
from micvae.data.memory import check_problem
from micvae.data.problems.checks import whole
from micvae.data.problems.marginals import drawn, values_of
from micvae.data.problems.mixings import Mixing
from micvae.data.problems.problem import Problem, Streams, mixing_of, observed


def independent(
    n: int = 40_000,
    *,
    sources: int = 5,
    marginal: str = "uniform",
    levels: int = 5,
    mixing: str = "leaky",
    layers: int | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> Problem:
    """Mixed independent sources: identifiability depends on the mixing and on the marginal.

    Args:
        n: number of samples N.
        sources: their number D.
        marginal: `gaussian`, `uniform`, `laplace` or `discrete`, of mean 0 and variance 1.
        levels: number of values of a discrete source.
        mixing: `leaky`, `linear`, `mobius`, `holomorphic`, `isometry`, `orthogonal` or `sparse`,
            with options: `'isometry(curve=\"spiral\")'`.
        layers: short for mixing='leaky(layers=…)'.
        noise: standard deviation of Gaussian noise, as a share of each feature's own.
        seed: determines all to the bit; no global random state is touched.

    Raises:
        DataError: on an impossible option.

    References:
        *Nonlinear Independent Component Analysis: Existence and Uniqueness Results*,
        Aapo Hyvärinen, Petteri Pajunen, 1999.

    Examples:
        >>> from micvae.data import independent
        >>> problem = independent(1000, sources=2, mixing="mobius")
        >>> problem.images.shape, problem.factors.shape
        ((1000, 2), (1000, 2))
    """
    rows, d = count(n), whole(sources, "sources", 1)
    check_problem(rows, d)
    streams = Streams.of(seed)
    s = drawn(marginal, levels, (rows, d), streams.sources)
    f = mixing_of(mixing, layers, s, streams.mixing)
    source = {"sources": s.shape[1], "marginal": marginal, "mixing": mixing, "layers": layers}
    discrete = marginal == "discrete"
    if discrete:
        source["levels"] = int(levels)
    return observed(
        "independent",
        s,
        f,
        streams,
        noise=noise,
        noisy_theory=f.law == "sparse",
        theory=theory(f, marginal),
        source={**source, "seed": int(seed)},
        values=(values_of(levels),) * s.shape[1] if discrete else (),
    )


def theory(mixing: Mixing, marginal: str) -> str:
    """The identifiability of independent sources with one marginal, by the class of the mixing."""
    gaussian = marginal == "gaussian"
    if mixing.law == "linear":
        if gaussian:
            return (
                "Linear mixing of Gaussian sources: identifiable up to a rotation of the whitened "
                "data only (Comon 1994)."
            )
        return (
            "Linear mixing: the sources are identifiable up to permutation, scale and shift, since "
            "at most one is Gaussian (Comon 1994)."
        )
    if mixing.law == "isometric":
        if gaussian:
            return (
                "Local isometry: identifiable up to a rotation and a shift only, since the sources "
                "are Gaussian (Horan, Richardson & Weiss 2021)."
            )
        return (
            "Local isometry and sources that are not Gaussian: identifiable up to permutation, "
            "sign and shift among local isometries (Horan, Richardson & Weiss 2021)."
        )
    if mixing.law == "conformal":
        if gaussian:
            return (
                "Conformal mixing of Gaussian sources: a rotation of the sources leaves data and "
                "class of mixings as they are, so they are not identifiable (Buchholz, Besserve & "
                "Schölkopf 2022)."
            )
        return (
            "Conformal mixing of sources that are not Gaussian: identifiable among conformal maps "
            "up to permutation, sign, scale and shift in three dimensions and more; in two "
            "dimensions the class is far larger, and more has to be assumed (Hyvärinen & Pajunen "
            "1999; Buchholz, Besserve & Schölkopf 2022)."
        )
    if mixing.law == "orthogonal":
        return (
            "Orthogonal coordinates: the known families of false solutions are excluded, at least "
            "for small deformations, but full identifiability is not proven (Gresele et al. 2021; "
            "Buchholz, Besserve & Schölkopf 2022)."
        )
    if mixing.law == "sparse":
        return (
            "Sparse mixing with two anchor features per source: identifiable among such mixings up "
            "to permutation and a map of each source (Moran et al. 2022)."
        )
    among = (
        " Among piecewise linear mixings, Gaussian sources are identifiable up to a linear map "
        "(Kivva et al. 2022), which leaves a rotation open."
        if gaussian and mixing.law == "piecewise linear"
        else ""
    )
    return (
        "Nonlinear mixing of independent samples: the sources are not identifiable without further "
        "assumptions, however many samples there are (Hyvärinen & Pajunen 1999; Locatello et al. "
        f"2019).{among}"
    )
