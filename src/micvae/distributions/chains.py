"""Exact inference along time: hidden Markov chains, and Gaussian chains in information form.

Time is the first axis of every tensor, and every function loops over it; all other axes before
the last ones are independent chains, `S…` below, computed side by side.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Markov(NamedTuple):
    """Posterior of hidden states u_1 … u_T given the evidence.

    Args:
        log_partition: log Σ_u exp(evidence + moves), `(S…)`, nats.
        states: q(u_t), `(T, S…, K)`.
        moves: q(u_{t−1}, u_t) for t = 2 … T, `(T − 1, S…, K, K)`.
    """

    log_partition: Tensor
    states: Tensor
    moves: Tensor


def forward_backward(evidence: Tensor, moves: Tensor) -> Markov:
    r"""Posterior of a chain with density proportional to exp(Σ_t e_t(u_t) + Σ_t m_t(u_{t−1}, u_t)).

    Args:
        evidence: e, log-potentials of every state, with the chain's start added to the first,
            `(T, S…, K)`.
        moves: m, log-potentials of every move, rows u_{t−1}, columns u_t, `(T − 1, S…, K, K)`.

    References:
        *A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition*,
        Rabiner, 1989.
    """
    forward, backward = [evidence[0]], [torch.zeros_like(evidence[0])]
    for e, move in zip(evidence[1:].unbind(0), moves.unbind(0), strict=True):
        forward.append((forward[-1].unsqueeze(-1) + move).logsumexp(-2) + e)
    for e, move in zip(reversed(evidence[1:].unbind(0)), reversed(moves.unbind(0)), strict=True):
        backward.append((move + (e + backward[-1]).unsqueeze(-2)).logsumexp(-1))
    before, after = torch.stack(forward), torch.stack(backward[::-1])
    total = forward[-1].logsumexp(-1)
    states = (before + after - total[..., None]).exp()
    arriving = (evidence + after)[1:].unsqueeze(-2)
    pairs = before[:-1].unsqueeze(-1) + moves + arriving - total[..., None, None]
    return Markov(total, states, pairs.exp())


class _LogPartition(torch.autograd.Function):
    @staticmethod
    def forward(ctx, evidence: Tensor, moves: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        found = forward_backward(evidence, moves)
        ctx.save_for_backward(found.states, found.moves)
        return found.log_partition

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[no-untyped-def]
        states, moves = ctx.saved_tensors
        return gradient[..., None] * states, gradient[..., None, None] * moves


def log_partition(evidence: Tensor, moves: Tensor) -> Tensor:
    """log Σ_u exp(evidence + moves) of `forward_backward`, `(S…)`, nats.

    Its gradient is the posterior: q(u_t) by the evidence, q(u_{t−1}, u_t) by the moves.
    """
    value: Tensor = _LogPartition.apply(evidence, moves)  # type: ignore[no-untyped-call]
    return value


class Moments(NamedTuple):
    """The Gaussian q(y_1 … y_T) of a chain in d dimensions.

    Args:
        mean: E y_t, `(T, S…, d)`.
        covariance: Cov(y_t), `(T, S…, d, d)`.
        lagged: Cov(y_t, y_{t−1}), `(T, S…, d, d)`; 0 at the first time.
        entropy: of the whole chain, `(S…)`, nats.
    """

    mean: Tensor
    covariance: Tensor
    lagged: Tensor
    entropy: Tensor


def smooth(own: Tensor, cross: Tensor, past: Tensor) -> Moments:
    r"""Moments of a Gaussian chain whose log-density is, up to a constant,

    .. math:: \sum_t -\tfrac12 y_t^T A_t y_t + a_t^T y_t - y_t^T J_t y_{t-1}
        - \tfrac12 y_{t-1}^T P_t y_{t-1} + p_t^T y_{t-1}.

    A Kalman smoother in information form: the backward pass integrates out every y_t, which leaves
    its distribution given y_{t−1}; the forward pass computes the moments.

    Args:
        own: [A | a], the terms in y_t, `(T, S…, d, d + 1)`; A_t is positive definite.
        cross: J, the terms in y_t and y_{t−1}, `(T, S…, d, d)`; 0 at the first time, and wherever
            the chain restarts.
        past: [P | p], the terms in y_{t−1} of the move to y_t, `(T, S…, d, d + 1)`.

    References:
        *Composing Graphical Models with Neural Networks for Structured Representations and Fast
        Inference*, Johnson, Duvenaud, Wiltschko, Datta & Adams, 2016.
    """
    d = own.shape[-2]
    message = torch.zeros_like(own[0])
    given, inverses = [], []
    for o, j, p in zip(*(reversed(part.unbind(0)) for part in (own, cross, past)), strict=True):
        informed = o + message
        inverse = torch.linalg.inv_ex(informed[..., :d])[0]
        solved = inverse @ torch.cat(
            [j, informed[..., d:]], dim=-1
        )  # [G | g]: E[y_t|.] = g − G y_{t−1}
        message = p - j.mT @ solved
        given.append(solved)
        inverses.append(inverse)
    state = torch.zeros_like(own[0])  # [Cov | mean] of y before the first
    states, lagged = [], []
    for solved, inverse in zip(reversed(given), reversed(inverses), strict=True):
        moved = solved[..., :d] @ state
        mean = solved[..., d:] - moved[..., d:]
        state = torch.cat([moved[..., :d] @ solved[..., :d].mT + inverse, mean], dim=-1)
        states.append(state)
        lagged.append(-moved[..., :d])
    found = torch.stack(states)
    spread = torch.logdet(torch.stack(inverses)).sum(0)
    entropy = 0.5 * (spread + len(own) * d * (1 + math.log(2 * math.pi)))
    return Moments(found[..., d], found[..., :d], torch.stack(lagged), entropy)
