"""Pairwise mutual information under the aggregate posterior, with many components."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.information.checks import finite_matrix
from micvae.information.joint import pairwise_mixture_information
from micvae.torch_state import with_torch_defaults


@with_torch_defaults
def aggregate_pairwise_mi(
    z: ArrayLike | Tensor,
    loc: ArrayLike | Tensor,
    scale: ArrayLike | Tensor,
    *,
    rows: int | None = None,
    chunk: int = 256,
) -> NDArray[np.float64]:
    r"""Estimate I(z_i; z_j) under the mixture of all the given posteriors.

    The estimate that training uses (`micvae.information.mixture`), with far more components than
    a batch holds, so that its ceiling log N and its upward bias are out of the way: at N = 5,000
    the ceiling is 8.5 nats. Narrow posteriors still bias it upward; where it and
    `pairwise_mutual_information` on the same `z` disagree, distrust the larger.

    Args:
        z: samples, `z[n] ~ N(loc[n], scale[n]²)`, shape `(N, D)`; 2,000 to 5,000 is usual.
        loc: posterior means, shape `(N, D)`.
        scale: posterior standard deviations, positive, shape `(N, D)`.
        rows: at how many samples, the first ones, to take the densities of all N components;
            fewer cost less time and give the same estimate with more noise. All by default.
        chunk: how many samples to take at once; memory grows as chunk · D² + N · D,
            time as N² D².

    Returns:
        Shape `(D, D)`, nats, symmetric, zero diagonal.

    Raises:
        MicvaeError: arrays that are not finite matrices of one shape with two rows or more, a
            scale that is not positive, values too large or too small for the arithmetic, which is
            float32, chunk or rows < 1.

    Examples:
        >>> import numpy as np
        >>> from micvae.information import aggregate_pairwise_mi
        >>> noise = np.random.default_rng(0).normal(size=(2, 500, 2))
        >>> loc, scale = noise[0], np.full((500, 2), 0.5)
        >>> found = aggregate_pairwise_mi(loc + scale * noise[1], loc, scale)
        >>> found.shape, bool(found[0, 1] < 0.2)
        ((2, 2), True)
    """
    chunk = whole_number("chunk", chunk, least=1)
    samples, means, deviations = (
        _tensor(name, value) for name, value in (("z", z), ("loc", loc), ("scale", scale))
    )
    if not samples.shape == means.shape == deviations.shape:
        raise MicvaeError(
            "z, loc and scale must share one shape (samples, latents), got "
            f"{tuple(samples.shape)}, {tuple(means.shape)} and {tuple(deviations.shape)}"
        )
    least = torch.finfo(torch.float32).tiny
    if not bool((deviations >= least).all()):
        raise MicvaeError(
            f"scale: must be positive, at least {least:.3g} for float32, its smallest value is "
            f"{deviations.min()}"
        )
    samples = samples[: len(samples) if rows is None else whole_number("rows", rows, least=1)]
    total = torch.zeros(samples.shape[1], samples.shape[1], dtype=torch.float64)
    with torch.no_grad():
        for start in range(0, len(samples), chunk):
            part = samples[start : start + chunk]
            total += pairwise_mixture_information(part, means, deviations).double() * len(part)
    if not bool(torch.isfinite(total).all()):
        raise MicvaeError(
            "z, loc and scale: distances of z from loc, in units of scale, are too large for "
            f"float32; scale is as small as {deviations.min():.3g}"
        )
    return np.asarray((total / len(samples)).numpy())


def _tensor(name: str, values: Any) -> Tensor:
    """Check the values and bring them to float32 on the CPU."""
    if isinstance(values, Tensor):
        values = values.detach().double().cpu().numpy()
    matrix = finite_matrix(name, values, least=2)
    largest = np.abs(matrix).max()
    if largest > np.finfo(np.float32).max:
        raise MicvaeError(
            f"{name}: float32 holds up to 3.4e38 in size, got {largest:.3g}; multiply z, loc and "
            "scale by one small number, which leaves the information as it is"
        )
    return torch.from_numpy(matrix.astype(np.float32))
