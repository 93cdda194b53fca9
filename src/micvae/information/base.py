"""`PairwiseEstimator`: training estimators of pairwise mutual information."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from micvae.checks import Checked
from micvae.errors import MicvaeError


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of a batch and their posteriors, of checked shapes; see `PairwiseEstimator`."""

    z: Tensor
    loc: Tensor
    scale: Tensor
    dataset_size: int
    network: nn.Module | None


@dataclass(frozen=True)
class PairwiseEstimator(Checked, ABC):
    r"""Differentiable estimator of $I(z_i; z_j)$ under the aggregate posterior, all pairs at once.

    The aggregate posterior is $q(z) = \frac{1}{N} \sum_{m=1}^{N} q(z \mid x_m)$ over the N data
    points; a batch holds B of them, each with the posterior
    $\mathcal{N}(\mathrm{loc}_m, \mathrm{diag}(\mathrm{scale}_m^2))$ over D latents.

    A subclass is one short file: a frozen dataclass whose fields are its options, listed in
    `micvae.information`.
    """

    reads_samples_alone: ClassVar[bool] = False
    """Whether the estimate depends on `z` alone, so that it works for any posterior."""

    def __call__(
        self,
        z: Tensor,
        loc: Tensor,
        scale: Tensor,
        *,
        dataset_size: int,
        network: nn.Module | None = None,
    ) -> Tensor:
        """Estimate the mutual information of every pair of latents.

        Args:
            z: reparametrised samples, `z[n] ~ N(loc[n], scale[n]²)`, shape `(B, D)`.
            loc: posterior means, shape `(B, D)`.
            scale: posterior standard deviations, positive, shape `(B, D)`.
            dataset_size: N, the number of data points that the batch was drawn from.
            network: what `network` returned, for the estimators that have one.

        Returns:
            Shape `(D, D)`, nats, symmetric, zero diagonal, differentiable in all three tensors.

        Raises:
            MicvaeError: shapes that differ or are not `(B, D)`, B < 2, a network that is missing.
        """
        if z.ndim != 2 or z.shape != loc.shape or z.shape != scale.shape:
            raise MicvaeError(
                "z, loc and scale must share one shape (batch, latents), got "
                f"{tuple(z.shape)}, {tuple(loc.shape)} and {tuple(scale.shape)}"
            )
        if z.shape[0] < 2:
            raise MicvaeError(
                f"z: mutual information needs a batch of at least 2 samples, got {z.shape[0]}; "
                "drop the last, incomplete batch"
            )
        return self.estimate(Batch(z, loc, scale, dataset_size, network))

    @abstractmethod
    def estimate(self, batch: Batch) -> Tensor:
        """Estimate the mutual information of every pair, `(D, D)`; see `__call__`."""

    def offset(self, dataset_size: int) -> float:
        """Constant bias of the estimate of every pair, nats.

        It does not depend on parameters, so it changes no gradient. Logged values are the estimate
        minus this constant.

        Args:
            dataset_size: N, as in the estimate.

        Returns:
            0 by default.
        """
        return 0.0

    def network(self, latent_dim: int, generator: torch.Generator) -> nn.Module | None:
        """Build the adversary for `latent_dim` latents, initialised from `generator` alone.

        Returns:
            The module, or None for an estimator without one.
        """
        return None

    def network_loss(
        self, z: Tensor, *, network: nn.Module | None, generator: torch.Generator
    ) -> Tensor | None:
        """Compute the adversary's own loss in nats; no gradient reaches `z`.

        Args:
            z: samples of the aggregate posterior, shape `(B, D)`.
            network: what `network` returned.
            generator: source of the permutation.

        Returns:
            A scalar, or None for an estimator without an adversary.
        """
        return None
