"""Pairs of samples that share all but a few sources: weak supervision with known truth."""

from __future__ import annotations

import numpy as np

from micvae.data.grid import count
from micvae.data.memory import check_problem
from micvae.data.problems.checks import whole
from micvae.data.problems.marginals import drawn, values_of
from micvae.data.problems.problem import Problem, Streams, mixing_of, observed
from micvae.errors import DataError


def sharing_pairs(
    n: int = 40_000,
    *,
    sources: int = 5,
    changes: int | None = 1,
    marginal: str = "uniform",
    levels: int = 5,
    mixing: str = "leaky",
    layers: int | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> Problem:
    """Mixed independent sources in pairs: the partner shares all but `changes` of them.

    Which sources change is drawn uniformly for every pair; those are drawn anew from the marginal,
    the others are equal. A discrete source takes one of its other values. Noise is independent.

    Args:
        n: number of pairs N.
        sources: their number D, 2 or more.
        changes: how many sources differ, 1 to D − 1; None for a number drawn uniformly from these,
            anew for every pair.
        marginal: as for `independent`.
        levels: number of values of a discrete source.
        mixing: as for `independent`.
        layers: short for mixing='leaky(layers=…)'.
        noise: standard deviation of Gaussian noise, as a share of each feature's own.
        seed: determines all to the bit; no global random state is touched.

    Returns:
        A problem with `partners` (N, F), and their sources as `hidden` `partners` (N, D).

    Raises:
        DataError: on an impossible option.

    References:
        *Weakly-Supervised Disentanglement Without Compromises*, Francesco Locatello, Ben Poole,
        Gunnar Rätsch, Bernhard Schölkopf, Olivier Bachem, Michael Tschannen, 2020.

    Examples:
        >>> from micvae.data import sharing_pairs
        >>> problem = sharing_pairs(1000, sources=3, changes=1)
        >>> problem.images.shape == problem.partners.shape
        True
    """
    rows, d = count(n), whole(sources, "sources", 2)
    check_problem(rows, d)
    if changes is not None and whole(changes, "changes", 1) >= d:
        raise DataError(f"changes is {changes}; give 1 to {d - 1}, so that a source is shared.")
    streams = Streams.of(seed)
    of = streams.sources
    s = drawn(marginal, levels, (rows, d), of)
    counts = of.integers(1, d, rows) if changes is None else np.full(rows, changes)
    changed = of.random((rows, d)).argsort(1).argsort(1) < counts[:, None]
    if marginal == "discrete":
        values = values_of(levels)
        index = np.searchsorted(values, s)
        other = values[(index + of.integers(1, levels, s.shape)) % levels]
    else:
        other = drawn(marginal, levels, s.shape, of)
    partners = np.where(changed, other, s)
    f = mixing_of(mixing, layers, np.concatenate([s, partners]), streams.mixing)
    source = {
        "sources": d,
        "changes": changes,
        "marginal": marginal,
        "mixing": mixing,
        "layers": layers,
    }
    discrete = marginal == "discrete"
    if discrete:
        source["levels"] = int(levels)
    return observed(
        "sharing_pairs",
        s,
        f,
        streams,
        noise=noise,
        theory=_theory(d, changes),
        source={**source, "seed": int(seed)},
        values=(values_of(levels),) * d if discrete else (),
        partners=partners,
    )


def _theory(d: int, changes: int | None) -> str:
    promise = (
        "Pairs that share some sources: identifiable up to permutation and a map of each source, "
        "for a smooth invertible mixing"
    )
    by = "(Locatello et al. 2020, Theorem 1)."
    if changes is None:
        return (
            f"{promise}, where the number of shared sources is known. Here it is drawn for every "
            f"pair and not given, which the theorem does not cover {by}"
        )
    shared = d - changes
    asked = (
        "where their number is known and two drawn sets of shared sources have each single source "
        "in common with some probability"
    )
    # Two sets of `shared` out of d have at least 2 · shared − d in common.
    holds = 2 * shared - d <= 1
    here = (
        "which holds here"
        if holds
        else f"which sharing {shared} of {d} does not fulfil (at most {(d + 1) // 2} would)"
    )
    return f"{promise}, {asked}, {here} {by}"
