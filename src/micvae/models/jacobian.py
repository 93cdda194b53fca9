"""Jacobians of a decoder, and the IMA contrast: their distance from orthogonal columns."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from micvae.torch_state import with_torch_defaults

_LEAST = 1e-6  # of a normalised Gram matrix's diagonal: a column of zeros is not minus infinity


@with_torch_defaults
def jacobians(function: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """∂f/∂z at every sample, `(B, F, D)`, in D passes for any F.

    Jᵀu is linear in u, and its derivative by u gives J column by column: two backward passes
    replace one in forward mode. The first call of PyTorch's forward mode would load a part of
    PyTorch that emits a deprecation warning.

    Args:
        function: maps `(B, D)` to `(B, …)`, row by row.
        z: the samples, `(B, D)`; gradients of the result flow to `z` and to parameters of
            `function`.
    """
    with torch.enable_grad():
        at = z if z.requires_grad else z.detach().requires_grad_()
        output = function(at).flatten(1)
        u = torch.zeros_like(output, requires_grad=True)
        (pulled,) = torch.autograd.grad(output, at, u, create_graph=True)
        columns = [
            torch.autograd.grad(pulled[:, d].sum(), u, create_graph=True)[0]
            for d in range(z.shape[1])
        ]
        return torch.stack(columns, 2)


def ima_contrast(jacobian: Tensor) -> Tensor:
    r"""How far the columns of J are from orthogonal, per sample, `(B,)`, nats.

    .. math:: C = \sum_d \log \|J_{\cdot d}\| - \tfrac{1}{2} \log \det J^\top J \ge 0

    0 where the columns are orthogonal, infinite where they are dependent (here up to about 7
    nats per column, since 1e−6 is added to the diagonal of the normalised JᵀJ). Scaling the
    latents, permuting them, or turning the outputs changes nothing.

    Args:
        jacobian: J, `(B, F, D)`.

    References:
        *Independent Mechanism Analysis, a New Concept?*, Gresele, von Kügelgen, Stimper,
        Schölkopf & Besserve, 2021.
    """
    tiny = torch.finfo(jacobian.dtype).tiny
    lengths = (jacobian**2).sum(1, keepdim=True).clamp_min(tiny).sqrt()
    unit = jacobian / lengths
    gram = unit.mT @ unit
    identity = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
    # Of columns of length 1, log det is 2 C with its sign turned; the ridge is divided out again.
    ridged = (gram + _LEAST * identity) / (1 + _LEAST)
    log_det: Tensor = torch.linalg.slogdet(ridged).logabsdet
    return -0.5 * log_det
