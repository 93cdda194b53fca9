r"""All pairwise densities of a mixture of diagonal Gaussians at once: one matrix product.

With $p_{nmi} = \exp(\log q(z_{ni} \mid x_m) - \max_{m'} \log q(z_{ni} \mid x_{m'}))$ and weights
$w_{nm}$, the marginals and joints at sample n are, up to the shifts,

$$ S_{ni} = \sum_m w_{nm}\, p_{nmi}, \qquad J_{nij} = \sum_m w_{nm}\, p_{nmi}\, p_{nmj}, $$

J being a product (D×B)·(B×D) for each n. In $\log J_{nij} - \log S_{ni} - \log S_{nj}$ the shifts
cancel, in value and in gradient. Rows n are taken in blocks that stay in the cache and recomputed
in the backward pass, so memory is O(B D²) for J plus one block; nothing is (B, B, D, D). A batch
so small that it is one such block (B² D ≤ 2^16) is kept instead.

**Range.** In float32, terms p below e^-43 ≈ 2e-19 (of a largest term of 1) count as 0; this keeps
subnormal numbers, on which processors are up to twenty times slower, out of exp and the product
(in float64 the cut is at e^-354). A sum J that is not 2^20 times larger than all it can have lost
that way is found again term by term, by log-sum-exp: where no one component is near in both
coordinates. A sample of its own posterior is near itself, so that none is redone in training
unless the scales of one latent differ by a thousand or more within the batch.
"""

import math
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_BLOCK_CPU = 1 << 16  # elements of one (rows, D, B) block: 256 KiB in float32
_BLOCK_OTHER = 1 << 26
_LEEWAY = 1 << 20  # a sum this much larger than the terms cut from it keeps float32's digits


def pairwise_mixture_information(
    z: Tensor, loc: Tensor, scale: Tensor, weights: Tensor | None = None
) -> Tensor:
    r"""Estimate all pairwise mutual informations under a (weighted) mixture of the posteriors.

    $$ \hat I_{ij} = \frac1B \sum_n \log
       \frac{\sum_m w_{nm}\, q(z_{ni}|x_m)\, q(z_{nj}|x_m)}
            {\sum_m w_{nm}\, q(z_{ni}|x_m) \; \sum_m w_{nm}\, q(z_{nj}|x_m)} $$

    Args:
        z: samples at which the densities are taken, shape `(B, D)`.
        loc: means of the components, shape `(M, D)`; in training M = B.
        scale: standard deviations of the components, shape `(M, D)`.
        weights: $w_{nm}$, shape `(B, M)`, a constant (no gradient); uniform 1/M when omitted.
            A weight enters each sum once, whatever D is.

    Returns:
        Shape `(D, D)`, nats, symmetric, zero diagonal. Half precision is computed in float32.
    """
    if z.dtype in (torch.float16, torch.bfloat16):
        z, loc, scale = z.float(), loc.float(), scale.float()
    with full_precision(z):
        result: Tensor = _MixtureInformation.apply(z, loc, scale, weights)  # type: ignore[no-untyped-call]
    return result


class _MixtureInformation(torch.autograd.Function):
    """Forward and backward of `pairwise_mixture_information`, block by block."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, loc: Tensor, scale: Tensor, weights: Tensor | None) -> Tensor:
        components = _Components(loc, scale)
        marginal = z.new_empty(z.shape)
        joint = z.new_empty(*z.shape, z.shape[1])
        ctx.components, ctx.kept = components, None
        for rows in _blocks(len(z), loc.numel(), loc.device):
            density, standardised = components.shifted_density(z[rows])
            if len(z) * loc.numel() <= _BLOCK_CPU:  # then this is the only block
                ctx.kept = density, standardised
            weighted = density if weights is None else density * weights[rows].unsqueeze(1)
            torch.sum(weighted, -1, out=marginal[rows])
            torch.bmm(weighted, density.mT, out=joint[rows])
        mass = len(loc) if weights is None else weights.sum(1)[:, None, None]
        underflown = torch.nonzero(joint < components.negligible * _LEEWAY * mass)
        log_joint = joint.log()
        for some in _blocks(len(underflown), len(loc), loc.device):
            n, i, j = underflown[some].T
            exact, _ = components.exact_joint(z, weights, n, i, j)
            log_joint[n, i, j] = exact.logsumexp(-1)
            joint[n, i, j] = torch.inf  # backward's matrix product gives them no share
        ctx.save_for_backward(z, loc, weights, marginal, joint, underflown)
        log_marginal = marginal.log().mean(0)
        information = log_joint.mean(0) - log_marginal - log_marginal.unsqueeze(1)
        if weights is None:
            information += math.log(loc.shape[0])
        return _symmetric_without_diagonal(information)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        z, loc, weights, marginal, joint, underflown = ctx.saved_tensors
        with full_precision(z):
            pull = _symmetric_without_diagonal(upstream) * (2 / z.shape[0])
            toward = pull / joint
            away = (pull.sum(1) / marginal).neg_().unsqueeze(-1)
            components = ctx.components
            grad_z = torch.empty_like(z)
            grad_loc = torch.zeros_like(components.loc)
            grad_scale = torch.zeros_like(components.loc)
            for rows in _blocks(len(z), loc.numel(), loc.device):
                density, standardised = ctx.kept or components.shifted_density(z[rows])
                # d / d log-density of (n, i, m): the difference of two responsibilities
                grad = torch.baddbmm(away[rows], toward[rows], density).mul_(density)
                if weights is not None:
                    grad *= weights[rows].unsqueeze(1)
                grad_scale -= grad.sum(0)
                grad *= standardised
                grad_loc += grad.sum(0)
                grad_scale += (standardised * grad).sum(0)
                torch.sum(grad.mul_(components.precision), -1, out=grad_z[rows])
            for some in _blocks(len(underflown), len(loc), loc.device):
                n, i, j = underflown[some].T
                exact, standardised = components.exact_joint(z, weights, n, i, j)
                grad = exact.softmax(-1) * pull[i, j].unsqueeze(-1)
                grad_scale.index_add_(0, i, -grad)
                grad *= standardised
                grad_loc.index_add_(0, i, grad)
                grad_scale.index_add_(0, i, standardised * grad)
                own = (grad * components.precision[i]).sum(-1)
                grad_z.index_put_((n, i), own, accumulate=True)
            grad_loc *= components.precision
            grad_scale *= components.precision
        return grad_z.neg_(), grad_loc.T, grad_scale.T, None


class _Components:
    """The mixture's components with their index last, so that elementwise loops are long."""

    def __init__(self, loc: Tensor, scale: Tensor) -> None:
        self.loc = loc.T.contiguous()
        self.precision = scale.T.contiguous().reciprocal()
        self.log_precision = self.precision.log()
        self.log_negligible = 0.5 * math.log(torch.finfo(loc.dtype).tiny)
        self.negligible = math.exp(self.log_negligible)

    def shifted_density(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return p of shape (n, D, M), its maximum over M being 1, and (z - loc) / scale."""
        standardised = (z.unsqueeze(-1) - self.loc).mul_(self.precision)
        log_density = torch.addcmul(self.log_precision, standardised, standardised, value=-0.5)
        log_density -= log_density.amax(-1, keepdim=True)
        # exp and the products are many times slower on numbers that underflow: none reach them
        density = log_density.clamp_min_(self.log_negligible - 1).exp_()
        return torch.threshold_(density, self.negligible, 0.0), standardised

    def exact_joint(
        self, z: Tensor, weights: Tensor | None, n: Tensor, i: Tensor, j: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return log(w p p) of T samples n and latents i, j, and (z - loc) / scale of i, (T, M)."""
        total = z.new_zeros(()) if weights is None else weights[n].log()
        for latent in (j, i):
            standardised = (z[n, latent].unsqueeze(-1) - self.loc[latent]) * self.precision[latent]
            log_density = self.log_precision[latent] - 0.5 * standardised.square()
            total = total + log_density - log_density.amax(-1, keepdim=True)
        return total, standardised


def _blocks(rows: int, per_row: int, device: torch.device) -> Iterator[slice]:
    """Cut `rows` rows of `per_row` numbers into blocks that stay in the cache."""
    limit = _BLOCK_CPU * torch.get_num_threads() if device.type == "cpu" else _BLOCK_OTHER
    step = max(1, limit // max(1, per_row))
    for start in range(0, rows, step):
        yield slice(start, start + step)


def without_diagonal(matrix: Tensor) -> Tensor:
    """Return the square matrix with zeros on its diagonal, differentiably."""
    return matrix - torch.diag(matrix.diagonal())


def _symmetric_without_diagonal(matrix: Tensor) -> Tensor:
    return ((matrix + matrix.T) * 0.5).fill_diagonal_(0.0)


def full_precision(z: Tensor) -> Any:
    """Keep autocast from rounding the matrix products."""
    kind = z.device.type
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        return torch.autocast(kind, enabled=False)
    return nullcontext()
