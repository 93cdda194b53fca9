"""Hamiltonian Monte Carlo for many small posteriors at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

TARGET = 0.8
"""Target acceptance rate of the step-size adaptation."""


@dataclass(frozen=True, eq=False)
class Chains:
    """Draws of B chains in D dimensions."""

    draws: Tensor
    """After warm-up, `(T, B, D)`."""
    acceptance: Tensor
    """Mean probability of acceptance after warm-up, `(B,)`."""
    step: Tensor
    """Step size after warm-up, `(B,)`."""

    def r_hat(self, chains: int) -> Tensor:
        r"""Split $\hat R$ of groups of `chains` neighbouring rows, `(B / chains, D)`.

        1 where between the halves of all chains of a group nothing differs.

        References:
            "Inference from Iterative Simulation Using Multiple Sequences", A. Gelman and
            D. Rubin, 1992.
        """
        length = len(self.draws) // 2
        rows, latents = self.draws.shape[1:]
        shape = (2, length, rows // chains, chains, latents)
        halves = self.draws[: 2 * length].reshape(shape)
        parts = halves.permute(2, 4, 0, 3, 1).flatten(2, 3)  # (images, D, 2 chains, length)
        within = parts.var(3).mean(2)
        between = parts.mean(3).var(2)
        found: Tensor = (((length - 1) / length * within + between) / within).sqrt()
        return found


def hmc(
    log_density: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    warm_up: int,
    iterations: int,
    leapfrog: int,
    generator: torch.Generator,
) -> Chains:
    r"""Sample B densities of D numbers side by side.

    Each transition draws momenta from N(0, I) and takes `leapfrog` steps of
    $u \mathrel{+}= \epsilon p,\ p \mathrel{+}= \epsilon \nabla \log \pi(u)$ between half steps of
    p; it is accepted with probability $\min(1, e^{-\Delta H})$. During warm-up every chain's step
    size follows $\log \epsilon \mathrel{+}= t^{-0.6} (a - 0.8)$, a being the probability of
    acceptance; afterwards it is held at the mean of the warm-up's second half, times a number in
    (0.8, 1.2) drawn anew for each transition, so that no orbit closes. Bring the densities to
    about unit scale first.

    Args:
        log_density: from `(B, D)` to `(B,)`, nats, up to a constant per row.
        start: `(B, D)`.
        warm_up: transitions that are not kept.
        iterations: transitions that are.
        leapfrog: steps per transition.
        generator: source of all randomness.

    References:
        "MCMC using Hamiltonian dynamics", R. Neal, 2011.
    """

    def gradient(u: Tensor) -> tuple[Tensor, Tensor]:
        u = u.detach().requires_grad_()
        with torch.enable_grad():
            value = log_density(u)
            (slope,) = torch.autograd.grad(value.sum(), u)
        return value.detach(), slope

    u = start.detach().clone()
    value, slope = gradient(u)
    log_step = torch.full_like(value, -1.0)
    settled = torch.zeros_like(value)
    draws, accepted = [], torch.zeros_like(value)
    for t in range(1, warm_up + iterations + 1):
        warming = t <= warm_up
        jitter = 0.8 + 0.4 * torch.rand(value.shape, generator=generator, dtype=value.dtype)
        step = (log_step.exp() * jitter)[:, None]
        momentum = torch.randn(u.shape, generator=generator, dtype=u.dtype)
        energy = value - 0.5 * momentum.square().sum(1)
        moved, p, new, force = u, momentum, value, slope
        for _ in range(leapfrog):
            p = p + 0.5 * step * force
            moved = moved + step * p
            new, force = gradient(moved)
            p = p + 0.5 * step * force
        change = new - 0.5 * p.square().sum(1) - energy
        probability = torch.nan_to_num(change, nan=-torch.inf).clamp_max(0).exp()
        take = torch.rand(value.shape, generator=generator, dtype=value.dtype) < probability
        u = torch.where(take[:, None], moved, u)
        slope = torch.where(take[:, None], force, slope)
        value = torch.where(take, new, value)
        if warming:
            log_step = log_step + t**-0.6 * (probability - TARGET)
            if t > warm_up // 2:
                settled = settled + log_step
            if t == warm_up:
                log_step = settled / (warm_up - warm_up // 2)
        else:
            draws.append(u)
            accepted += probability
    return Chains(torch.stack(draws), accepted / iterations, log_step.exp())
