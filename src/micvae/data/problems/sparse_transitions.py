"""Sources that are mostly constant and sometimes jump: the problem of SlowVAE."""

from __future__ import annotations

import numpy as np

from micvae.data.grid import count
from micvae.data.memory import check_problem
from micvae.data.problems.checks import number, whole
from micvae.data.problems.problem import Problem, Streams, mixing_of, observed
from micvae.errors import DataError


def sparse_transitions(
    n: int = 40_000,
    *,
    sources: int = 5,
    length: int = 2,
    rate: float = 6.0,
    bound: float | None = None,
    mixing: str = "leaky",
    layers: int | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> Problem:
    r"""Short sequences of sources that mostly stay, p(s_t | s_{t−1}) ∝ exp(−λ|s_t − s_{t−1}|).

    A sequence starts from N(0, 1), as in SlowVAE, and its variance grows by 2/λ² with every step;
    or, with a bound b, anywhere in [−b, b] with equal probability, where steps across the bound are
    reflected: that process is stationary.

    Args:
        n: number of frames N, a multiple of `length`.
        sources: their number D.
        length: frames of a sequence, 2 (pairs) or more.
        rate: λ, the same for all sources. The larger, the smaller the steps.
        bound: b, or None for none.
        mixing: as for `independent`.
        layers: short for mixing='leaky(layers=…)'.
        noise: standard deviation of Gaussian noise, as a share of each feature's own.
        seed: determines all to the bit; no global random state is touched.

    Returns:
        A problem with `sequence`, numbered from 0, and `parameters` `rate` (D,).

    Raises:
        DataError: on an impossible option.

    References:
        *Towards Nonlinear Disentanglement in Natural Data with Temporal Sparse Coding*,
        David Klindt, Lukas Schott, Yash Sharma, Ivan Ustyuzhaninov, Wieland Brendel,
        Matthias Bethge, Dylan Paiton, 2021.

    Examples:
        >>> from micvae.data import sparse_transitions
        >>> problem = sparse_transitions(1000, sources=3, length=4)
        >>> len(set(problem.sequence.tolist()))
        250
    """
    rows, d, frames = count(n), whole(sources, "sources", 1), whole(length, "length", 2)
    check_problem(rows, d)
    if rows % frames:
        raise DataError(f"n is {n}; it must be a multiple of length, which is {frames}.")
    step = 1 / number(rate, "rate", 0, np.inf, open_low=True)
    limit = None if bound is None else number(bound, "bound", 0, np.inf, open_low=True)
    streams = Streams.of(seed)
    shape = (rows // frames, frames, d)
    moves = streams.sources.laplace(0, step, shape)
    moves[:, 0] = (
        streams.sources.standard_normal(shape[::2])
        if limit is None
        else streams.sources.uniform(-limit, limit, shape[::2])
    )
    s = moves.cumsum(1).reshape(rows, d)
    if limit is not None:
        # Folding a free walk is the same as reflecting every step, since steps are symmetric.
        s = limit - np.abs((s + limit) % (4 * limit) - 2 * limit)
    f = mixing_of(mixing, layers, s, streams.mixing)
    reflected = (
        " The bound is beyond the theorem: near it steps are reflected and no longer Laplace."
        if limit is not None
        else ""
    )
    return observed(
        "sparse_transitions",
        s,
        f,
        streams,
        noise=noise,
        theory=(
            "Independent sources that move by Laplace steps: identifiable up to permutation and "
            "sign, for a model with the steps' own law and a mixing that is invertible and almost "
            f"everywhere differentiable (SlowVAE, Klindt et al. 2021, Theorem 1).{reflected}"
        ),
        source={
            "sources": d,
            "length": frames,
            "rate": float(rate),
            "bound": limit,
            "mixing": mixing,
            "layers": layers,
            "seed": int(seed),
        },
        sequence=np.repeat(np.arange(len(moves)), frames),
        parameters={"rate": np.full(d, float(rate))},
    )
