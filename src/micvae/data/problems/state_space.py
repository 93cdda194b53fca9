"""Sources that switch between two dynamics, observed with noise: the problem of SNICA."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micvae.data.grid import count
from micvae.data.memory import check_problem
from micvae.data.problems.checks import number, whole
from micvae.data.problems.mixings.base import Array
from micvae.data.problems.problem import Problem, Streams, mixing_of, observed

_BEFORE = 200  # steps left out: both dynamics forget at least a tenth per step, so 1e−9 is left


def state_space(
    n: int = 40_000,
    *,
    sources: int = 3,
    stay: float = 0.99,
    mixing: str = "leaky",
    layers: int | None = None,
    noise: float = 0.39,
    seed: int = 0,
) -> Problem:
    r"""One long series of sources that switch between an oscillation and a return to a mean.

    Each source has a Markov chain of two hidden states of its own; in state k,

    .. math:: s_t = (1 + \alpha_k - \beta_k) s_{t-1} - \alpha_k s_{t-2} + \beta_k \mu_k
        + \sigma_k \varepsilon_t, \qquad \varepsilon_t \sim N(0, 1).

    As in the authors' simulation: state 0 has momentum α in [0.6, 0.8], β = 0.1, mean μ in [−1, 1]
    and σ² in [0.01, 0.04]; state 1 has α = 0.1, return β in [0.7, 0.9], μ in [−3, 3], σ² = 0.04;
    each drawn uniformly once per source. The noise has 0.15 times each feature's variance.

    Args:
        n: length N of the series.
        sources: their number D; the authors mix 3 into 12 features, mixing='leaky(features=12)'.
        stay: probability that a state stays the same from one sample to the next.
        mixing: as for `independent`.
        layers: short for mixing='leaky(layers=…)'.
        noise: standard deviation of Gaussian noise, as a share of each feature's own.
        seed: determines all to the bit; no global random state is touched.

    Returns:
        A problem with `sequence`, 0 everywhere; `hidden` `states` (N, D), 0 or 1; `parameters`
        `momentum` α, `return` β, `mean` μ and `variance` σ², all (2, D), and `stay` (1,).

    Raises:
        DataError: on an impossible option.

    References:
        *Disentangling Identifiable Features from Noisy Data with Structured Nonlinear ICA*,
        Hermanni Hälvä, Sylvain Le Corff, Luc Lehéricy, Jonathan So, Yongjie Zhu,
        Elisabeth Gassiat, Aapo Hyvärinen, 2021.

    Examples:
        >>> from micvae.data import state_space
        >>> problem = state_space(500, sources=3)
        >>> problem.images.shape, problem.sequence.shape
        ((500, 3), (500,))
    """
    rows, d = count(n), whole(sources, "sources", 1)
    check_problem(rows, d)
    number(stay, "stay", 0, 1)
    streams = Streams.of(seed)
    of = streams.sources
    alpha = np.stack([of.uniform(0.6, 0.8, d), np.full(d, 0.1)])
    beta = np.stack([np.full(d, 0.1), of.uniform(0.7, 0.9, d)])
    mean = np.stack([of.uniform(-1, 1, d), of.uniform(-3, 3, d)])
    variance = np.stack([of.uniform(0.01, 0.04, d), np.full(d, 0.04)])
    total = _BEFORE + rows
    switches = (of.random((total, d)) >= stay).astype(np.int64)
    switches[0] = of.integers(0, 2, d)
    states = switches.cumsum(0) % 2
    own = np.arange(d)
    shock = beta[states, own] * mean[states, own]
    shock += np.sqrt(variance[states, own]) * of.standard_normal((total, d))
    s = np.stack(
        [
            _walked(1 + alpha[k, i] - beta[k, i], -alpha[k, i], shock[:, i], mean[k[0], i])
            for i, k in enumerate(states.T)
        ],
        axis=1,
    )[_BEFORE:]
    f = mixing_of(mixing, layers, s, streams.mixing)
    return observed(
        "state_space",
        s,
        f,
        streams,
        noise=noise,
        noisy_theory=True,
        theory=(
            "Sources of switching linear dynamics: identifiable up to permutation and a map of "
            "each source without knowing the states, even under noise of unknown law, which is "
            "independent of the sources (SNICA, Hälvä et al. 2021, Theorems 1 and 2)."
        ),
        source={
            "sources": d,
            "stay": float(stay),
            "mixing": mixing,
            "layers": layers,
            "seed": int(seed),
        },
        sequence=np.zeros(rows, dtype=np.int64),
        parameters={
            "momentum": alpha,
            "return": beta,
            "mean": mean,
            "variance": variance,
            "stay": np.asarray([float(stay)]),
        },
        hidden={"states": states[_BEFORE:]},
    )


def _walked(first: Array, second: Array, shock: Array, start: float) -> NDArray[np.float64]:
    """Follow s_t = first_t s_{t−1} + second_t s_{t−2} + shock_t from rest; all `(T,)`."""
    last = before = start
    walked = []
    for a, b, e in zip(first.tolist(), second.tolist(), shock.tolist(), strict=True):
        last, before = a * last + b * before + e, last
        walked.append(last)
    return np.asarray(walked)
