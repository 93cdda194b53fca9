"""Minibatch stratified sampling."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from micvae.errors import MicvaeError
from micvae.information.base import Batch, PairwiseEstimator
from micvae.information.joint import pairwise_mixture_information

Remainder = Literal["spread", "next"]


@dataclass(frozen=True)
class MinibatchStratifiedSampling(PairwiseEstimator):
    r"""Mutual information with the densities of minibatch stratified sampling (MSS).

    $$ \hat q(z_n) = \sum_{m=1}^{B} w_{nm}\, q(z_n \mid x_m), \qquad w_{nn} = \frac1N $$

    for joint and marginals alike, the weights as `mss_weights` gives them. Over batches drawn
    without replacement $\hat q(z_n)$ is an unbiased estimate of the aggregate posterior's density,
    but its logarithm is not. With posteriors narrow against the batch's spacing, the sample's own
    component rules every density, and each pair is reported at up to log N (the mixture: log B),
    **independent latents included**; wide posteriors or B near N make the bias vanish.

    Args:
        remainder: see `mss_weights`.

    References:
        "Isolating Sources of Disentanglement in Variational Autoencoders", R. T. Q. Chen, X. Li,
        R. Grosse and D. Duvenaud, 2018 (Appendix C.2).
    """

    remainder: Remainder = "spread"

    def estimate(self, batch: Batch) -> Tensor:
        """See `PairwiseEstimator`; `dataset_size` must be at least B."""
        z = batch.z
        dtype = torch.promote_types(z.dtype, torch.float32)
        weights = mss_weights(len(z), batch.dataset_size, remainder=self.remainder)
        return pairwise_mixture_information(z, batch.loc, batch.scale, weights.to(z.device, dtype))


def mss_weights(batch_size: int, dataset_size: int, *, remainder: Remainder = "spread") -> Tensor:
    r"""Weight of component m in the density at sample n, for a batch drawn without replacement.

    Sample n has its own component in the batch for certain and each of the N - 1 others by chance:
    its own counts for its true share 1/N, and the M = B - 1 others stand for the rest, (N - 1)/N.
    The publication gives M - 1 of them 1/M each and one the remainder (N - M)/(N M). Which one is
    left open, and the two differ by 1/N only:

    - `"next"`: the publication's weights, the remainder going to element n + 1 (the first after
      the last);
    - `"spread"`: their mean over which element gets the remainder, (N - 1)/(N M) for every other
      component. Same expectation, smaller variance, independent of the order of the batch, and
      exactly uniform where the batch is the data set.

    Args:
        batch_size: B, at least 2.
        dataset_size: N, at least B.
        remainder: `"spread"` or `"next"`.

    Returns:
        Shape `(B, B)`, float64; every row sums to 1, the diagonal is 1/N.

    Raises:
        MicvaeError: an argument outside its range.
    """
    if batch_size < 2:
        raise MicvaeError(f"batch_size: must be at least 2, got {batch_size}")
    if dataset_size < batch_size:
        raise MicvaeError(
            f"dataset_size: a batch of {batch_size} drawn without replacement needs at least as "
            f"many data points, got {dataset_size}"
        )
    others = batch_size - 1
    own = 1 / dataset_size
    if remainder == "spread":
        weights = torch.full((batch_size, batch_size), (1 - own) / others, dtype=torch.float64)
    elif remainder == "next":
        weights = torch.full((batch_size, batch_size), 1 / others, dtype=torch.float64)
        rows = torch.arange(batch_size)
        weights[rows, (rows + 1) % batch_size] = 1 / others - own
    else:
        raise MicvaeError(f'remainder: must be "spread" or "next", got {remainder!r}')
    return weights.fill_diagonal_(own)
