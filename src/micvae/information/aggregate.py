"""Pairwise mutual information under the aggregate posterior, with many components."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from micvae.errors import MicvaeError
from micvae.information.checks import finite_matrix, whole_number
from micvae.information.joint import pairwise_mixture_information


def aggregate_pairwise_mi(
    z: ArrayLike | Tensor,
    loc: ArrayLike | Tensor,
    scale: ArrayLike | Tensor,
    *,
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
        chunk: how many samples to take at once; memory grows as chunk · D² + N · D,
            time as N² D².

    Returns:
        Shape `(D, D)`, nats, symmetric, zero diagonal.

    Raises:
        MicvaeError: arrays that are not finite matrices of one shape with two rows or more, a
            scale that is not positive, chunk < 1.
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
    if not bool((deviations > 0).all()):
        raise MicvaeError(f"scale: must be positive, its smallest value is {deviations.min()}")
    total = torch.zeros(samples.shape[1], samples.shape[1], dtype=torch.float64)
    with torch.no_grad():
        for start in range(0, len(samples), chunk):
            part = samples[start : start + chunk]
            total += pairwise_mixture_information(part, means, deviations).double() * len(part)
    return np.asarray((total / len(samples)).numpy())


def _tensor(name: str, values: Any) -> Tensor:
    """Check the values and bring them to float32 on the CPU."""
    if isinstance(values, Tensor):
        values = values.detach().float().cpu().numpy()
    return torch.from_numpy(finite_matrix(name, values, least=2).astype(np.float32))
