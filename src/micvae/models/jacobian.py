"""How far a decoder's Jacobian is from orthogonal columns: the IMA contrast."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import jvp, vmap

_LEAST = 1e-6  # of a normalised Gram matrix's diagonal: a column of zeros is not minus infinity


def jacobians(function: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """∂f/∂z at every sample, `(B, F, D)`, in forward mode: D passes, whatever F is.

    Args:
        function: maps `(B, D)` to `(B, …)`, row by row.
        z: where, `(B, D)`.
    """
    basis = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)

    def along(direction: Tensor) -> Tensor:
        moved: Tensor = jvp(function, (z,), (direction.expand_as(z),))[1]
        return moved.flatten(1)

    columns: Tensor = vmap(along)(basis)  # (D, B, F)
    return columns.permute(1, 2, 0)


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
