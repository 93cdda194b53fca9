"""Switching linear dynamics: hidden states select the dynamics of each source."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from micvae.distributions.chains import Moments, forward_backward, log_partition, smooth
from micvae.distributions.priors import LOG_TWO_PI
from micvae.errors import MicvaeError

_PACE = 5.0  # Adam moves every parameter by its rate; dynamics need larger steps than networks
_STAY = 0.9  # probability that a state stays, before training
_AT_FIRST = 0.15  # weight of the dynamics in the first of several iterations


class Smoothed(NamedTuple):
    """q(y) q(u) of D sources over T frames of B windows.

    Args:
        mean: E s_t, `(T, B, D)`.
        variance: of s_t, `(T, B, D)`.
        kl: KL(q(y) q(u) ‖ p(y, u)) of a window's source, `(B, D)`, nats.
    """

    mean: Tensor
    variance: Tensor
    kl: Tensor


class SwitchingDynamics(nn.Module):
    r"""Sources with linear dynamics, each selected by a hidden Markov chain.

    .. math:: y_t = B_{u_t} y_{t-1} + b_{u_t} + \varepsilon_t, \qquad
        \varepsilon_t \sim N(0, \mathrm{diag}(Q_{u_t})^{-1})

    with u_t out of K states and y_t in d dimensions, whose first coordinate is the source s_t;
    y_1 is Gaussian given the first state. Sources are independent, with separate parameters.

    Args:
        sources: D.
        states: K.
        order: d; 2 covers autoregressions of order 2.
        generator: of the values that training starts from.

    Raises:
        MicvaeError: for fewer than one state or dimension.
    """

    def __init__(self, sources: int, states: int, order: int, generator: torch.Generator) -> None:
        super().__init__()
        if states < 1 or order < 1:
            raise MicvaeError(f"states is {states} and order {order}; give at least 1 of each.")
        each = (sources, states, order)
        stay = math.log(_STAY / (1 - _STAY) * max(states - 1, 1)) * torch.eye(states)
        # From a walk to what forgets its past and may lie anywhere; a coordinate below the first is
        # the one above it, a step before.
        matrix = torch.eye(order).roll(1, 0).repeat(sources, states, 1, 1)
        matrix[:, :, 0] = 0.0
        matrix[:, :, 0, 0] = torch.linspace(0.9, 0.0, states)
        log_precision = torch.full(each, 4.0)
        log_precision[..., 0] = torch.linspace(2.0, 0.0, states)
        shift = 0.1 * torch.randn(each, generator=generator)
        self.start = nn.Parameter(torch.zeros(sources, states))
        self.move = nn.Parameter(stay.repeat(sources, 1, 1))
        self.matrix = nn.Parameter(matrix)
        self.shift = nn.Parameter(shift)
        self.log_precision = nn.Parameter(log_precision)
        self.first_shift = nn.Parameter(torch.zeros(each))
        self.first_log_precision = nn.Parameter(torch.zeros(each))
        for name, _ in list(self.named_parameters()):
            parametrize.register_parametrization(self, name, _Paced())

    def forward(self, h: Tensor, precision: Tensor, begins: Tensor, iterations: int) -> Smoothed:
        """Coordinate ascent on q(y) q(u), given evidence exp(h s − ½ precision s²).

        It starts from equal q(u). In the first of several iterations the dynamics, averaged over
        states, have a lower weight than the evidence; otherwise noisy sources would stay at that
        average. The last q(u) is the best one for the last q(y), so that its own gradient
        is 0. The q(u) that gave the last q(y) is constant: gradients are those of
        the bound as a function of parameters and evidence for that q(u).

        Args:
            h: of each source, `(T, B, D)`.
            precision: of each source, positive, `(T, B, D)`.
            begins: whether a frame is the first of its sequence, `(T, B)`; a window's first frame
                is taken for one.
            iterations: how often q(y), then q(u), is set to the best given the other.
        """
        rules = _Rules(self, begins, h.dtype)
        states = self.start.shape[1]
        weight = 1.0 if iterations == 1 else _AT_FIRST
        q = h.new_full((*h.shape, states), weight / states)
        with torch.no_grad():
            for _ in range(iterations - 1):
                evidence = rules.evidence(rules.smoothed(h, precision, q))
                q = forward_backward(evidence, rules.moves).states
        chain = rules.smoothed(h, precision, q)
        kl = -chain.entropy - log_partition(rules.evidence(chain), rules.moves)
        return Smoothed(chain.mean[..., 0], chain.covariance[..., 0, 0], kl)


class _Paced(nn.Module):
    """A parameter that moves `_PACE` times as far as the trained one."""

    def forward(self, trained: Tensor) -> Tensor:
        return _PACE * trained

    def right_inverse(self, value: Tensor) -> Tensor:
        return value / _PACE


class _Rules:
    """log p(y_t|y_{t−1}, u_t = k) as quadratic forms −½ vᵀ W_k v + c_k of v = (y_t, y_{t−1}, 1).

    The first K rules are those of moves, the last K those of first frames.
    """

    def __init__(self, of: SwitchingDynamics, begins: Tensor, dtype: torch.dtype) -> None:
        matrix, shift = of.matrix.to(dtype), of.shift.to(dtype)
        log_precision = torch.cat([of.log_precision, of.first_log_precision], dim=1).to(dtype)
        d = shift.shape[-1]
        back = torch.cat([matrix, torch.zeros_like(matrix)], dim=1)
        ahead = torch.eye(d, dtype=dtype, device=matrix.device).expand_as(back)
        constant = torch.cat([shift, of.first_shift.to(dtype)], dim=1).unsqueeze(-1)
        residual = torch.cat([ahead, -back, -constant], dim=-1)
        self.forms = residual.mT @ (log_precision.exp().unsqueeze(-1) * residual)
        self.constants = 0.5 * (log_precision - LOG_TWO_PI).sum(-1)
        self.begins = torch.cat([torch.ones_like(begins[:1]), begins[1:]])[..., None, None]
        self.start = of.start.to(dtype).log_softmax(-1)
        self.moves = torch.where(
            self.begins[1:, ..., None],
            self.start.unsqueeze(-2),
            of.move.to(dtype).log_softmax(-1),
        )

    def smoothed(self, h: Tensor, precision: Tensor, q: Tensor) -> Moments:
        """The best q(y) for q(u) `(T, B, D, K)`."""
        weights = torch.cat([q * ~self.begins, q * self.begins], dim=-1)
        form = torch.einsum("tbnk,nkij->tbnij", weights, self.forms)
        d = form.shape[-1] // 2
        seen = form.new_zeros(d, d + 1)
        seen[0, 0] = 1.0
        linear = form.new_zeros(d, d + 1)
        linear[0, d] = 1.0
        minus = form.new_tensor([1.0] * d + [-1.0])
        columns = [*range(d), 2 * d]
        own = form[..., :d, columns] * minus
        own = own + precision[..., None, None] * seen + h[..., None, None] * linear
        return smooth(own, form[..., :d, d : 2 * d], form[..., d : 2 * d, d:] * minus)

    def evidence(self, chain: Moments) -> Tensor:
        """E_q(y) log p(y_t|y_{t−1}, u_t), `(T, B, D, K)`, with log p(u_1) at the first frame."""
        none = torch.zeros_like(chain.mean[:1])
        mean = torch.cat(
            [
                chain.mean,
                torch.cat([none, chain.mean[:-1]]),
                torch.ones_like(chain.mean[..., :1]),
            ],
            dim=-1,
        )
        before = torch.cat([torch.zeros_like(chain.covariance[:1]), chain.covariance[:-1]])
        upper = torch.cat([chain.covariance, chain.lagged], dim=-1)
        lower = torch.cat([chain.lagged.mT, before], dim=-1)
        spread = nn.functional.pad(torch.cat([upper, lower], dim=-2), (0, 1, 0, 1))
        second = spread + mean.unsqueeze(-1) * mean.unsqueeze(-2)
        each = self.constants - 0.5 * torch.einsum("nkij,tbnij->tbnk", self.forms, second)
        moving, beginning = each.chunk(2, dim=-1)
        found = torch.where(self.begins, beginning, moving)
        return torch.cat([found[:1] + self.start, found[1:]])
