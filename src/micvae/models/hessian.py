"""Mixed curvature of a decoder: the Hessian penalty, and its share."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from micvae.errors import MicvaeError
from micvae.torch_state import with_torch_defaults

FLAT = 1e-3  # of the batch's mean curvature: less than this at a sample is rounding
TINY = 1e-12


class Curvature(NamedTuple):
    """Squared second derivatives per sample, `(B,)`, summed over entries, mean over outputs.

    `mixed` sums the off-diagonal entries, `all` sums every entry.
    """

    mixed: Tensor
    all: Tensor

    @property
    def share(self) -> Tensor:
        """The mixed share of a sample's curvature, mean over the batch: 0 if f is additive.

        It is invariant to the scale of f. All samples have the same weight: a few samples with
        large unmixed curvature could make a ratio of batch means small. Both parts are estimates:
        with few directions the share scatters, also above 1.
        """
        return (self.mixed / (self.all + FLAT * self.all.mean() + TINY)).mean()


@with_torch_defaults
def curvature(
    function: Callable[[Tensor], Tensor],
    z: Tensor,
    scale: Tensor,
    generator: torch.Generator,
    *,
    directions: int = 2,
    step: float = 0.1,
) -> Curvature:
    r"""Estimate the squared entries of every output's Hessian H from second differences.

    $$ \mathrm{Var}_v[v^\top H v] = 2 \sum_{i \ne j} H_{ij}^2 \;\text{(random signs)}, \qquad
       = 2 \sum_{i, j} H_{ij}^2 \;\text{(standard normal)}, \qquad
       v^\top H v \approx \frac{f(z + \epsilon v) - 2 f(z) + f(z - \epsilon v)}{\epsilon^2} $$

    H is taken in units of `scale`: H_ij = s_i s_j ∂²f / ∂z_i ∂z_j. As f(z) is the same for all
    directions of a sample, the variance does not need it. Unbiased up to O(ε²), exact for
    quadratic functions. A network of rectifiers has curvature only at its kinks, and only
    steps that cross them detect it.

    Args:
        function: maps `(n, D)` to `(n, …)`, row by row.
        z: where, shape `(B, D)`.
        scale: s, a unit of each latent (its standard deviation, say), shape `(D,)`.
        generator: source of the directions.
        directions: how many of each kind a sample gets, ≥ 2; the function is evaluated
            4 · `directions` times per sample, all in one call.
        step: ε, in units of `scale`.

    Raises:
        MicvaeError: fewer than two directions, or a step that is not > 0.

    References:
        *The Hessian Penalty: A Weak Prior for Unsupervised Disentanglement*, Peebles, Peebles,
        Zhu, Efros & Torralba, 2020.
        *Tripod: Three Complementary Inductive Biases for Disentangled Representation Learning*,
        Hsu, Hamid, Burns, Finn & Wu, 2024 (the share of all entries).
    """
    if directions < 2:
        raise MicvaeError(f"directions: a variance needs at least 2, got {directions}")
    if not 0 < step < float("inf"):
        raise MicvaeError(f"step: must be a number > 0, got {step}")
    normal = torch.empty((2, directions, *z.shape), dtype=z.dtype, device=generator.device).normal_(
        generator=generator
    )
    signs, normal = (2.0 * (normal[0] > 0) - 1).to(z), normal[1].to(z.device)
    moved = step * scale * torch.cat([signs, normal])  # (2K, B, D)
    points = torch.stack([z + moved, z - moved])
    output = function(points.flatten(0, 2)).reshape(2, 2, directions, len(z), -1)
    second = output[0] + output[1]  # (2, K, B, outputs), up to −2 f(z), the same for all K
    centred = second - second.mean(1, keepdim=True)
    variance = (centred**2).mean(3).sum(1) / ((directions - 1) * step**4)  # (2, B)
    return Curvature(*(variance / 2))
