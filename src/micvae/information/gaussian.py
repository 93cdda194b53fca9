"""Closed form from the correlation of a batch's samples."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from micvae.checks import OpenShare
from micvae.information.base import Batch, PairwiseEstimator
from micvae.information.joint import full_precision, without_diagonal


@dataclass(frozen=True)
class GaussianCorrelation(PairwiseEstimator):
    r"""Mutual information as if every pair of latents were jointly Gaussian.

    $$ \hat I_{ij} = -\tfrac12 \log(1 - (1 - \varepsilon)\,\hat\rho_{ij}^2) $$

    with the sample correlation ρ̂ of `z`. It sees linear dependence only: y = x² has ρ = 0. At
    independence its expectation is about 1/(2B) rather than 0. The shrinkage ε keeps value and
    gradient finite at ρ² = 1 and bounds the estimate at ½ log(1/ε). A latent that is constant in
    the batch has mutual information 0. `loc`, `scale` and `dataset_size` do not enter.

    Args:
        shrinkage: ε, in (0, 1).

    Raises:
        MicvaeError: a shrinkage outside that range.

    References:
        "Elements of Information Theory", T. M. Cover and J. A. Thomas, 2006 (Section 8.5).
    """

    reads_samples_alone: ClassVar[bool] = True

    shrinkage: OpenShare = 1e-6

    def estimate(self, batch: Batch) -> Tensor:
        """See `PairwiseEstimator`."""
        z = batch.z
        if z.dtype in (torch.float16, torch.bfloat16):
            z = z.float()
        centred = z - z.mean(0)
        variance = centred.square().mean(0)
        rounding = (4 * torch.finfo(z.dtype).eps) ** 2 * z.detach().square().mean(0)
        varies = variance > rounding
        unit = centred * torch.where(varies, variance, 1.0).rsqrt() * varies
        with full_precision(z):
            correlation = unit.T @ unit / z.shape[0]
        information = -0.5 * torch.log1p((self.shrinkage - 1) * correlation.square())
        return without_diagonal(information)
