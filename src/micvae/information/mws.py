"""Minibatch weighted sampling."""

import math
from dataclasses import dataclass

from torch import Tensor

from micvae.errors import MicvaeError
from micvae.information.base import Batch, PairwiseEstimator
from micvae.information.joint import pairwise_mixture_information, without_diagonal


@dataclass(frozen=True)
class MinibatchWeightedSampling(PairwiseEstimator):
    r"""Mutual information with the densities of minibatch weighted sampling (MWS).

    $$ \log \hat q(z_n) = \log \sum_{m=1}^{B} q(z_n \mid x_m) - \log (N B) $$

    for the joint and for each marginal, log(N·B) being subtracted once per density. One joint less
    two marginals leaves +log(N·B), where the mixture has +log B, so

    $$ \hat I^{\mathrm{MWS}}_{ij} = \hat I^{\mathrm{mixture}}_{ij} + \log N : $$

    **the same gradient, another constant.** The value is not an estimate of I in nats (13.5 nats
    too high at N = 737,280, for every pair); it is here to compare with published losses that
    contain it. A training logs the value less `offset`. The bias of the mixture comes on top: up
    to log B for narrow posteriors.

    References:
        "Isolating Sources of Disentanglement in Variational Autoencoders", R. T. Q. Chen, X. Li,
        R. Grosse and D. Duvenaud, 2018 (Appendix C.1).
    """

    def estimate(self, batch: Batch) -> Tensor:
        """See `PairwiseEstimator`; `dataset_size` must be positive."""
        if batch.dataset_size < 1:
            raise MicvaeError(f"dataset_size: must be at least 1, got {batch.dataset_size}")
        information = pairwise_mixture_information(batch.z, batch.loc, batch.scale)
        return without_diagonal(information + math.log(batch.dataset_size))

    def offset(self, dataset_size: int) -> float:
        """Return log N: less it, the value is that of the mixture."""
        return math.log(dataset_size)
