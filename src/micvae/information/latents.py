"""Pairwise mutual information of latents of any kind."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from micvae.distributions import DiagonalGaussian, Factorised, Posterior
from micvae.information.base import PairwiseEstimator
from micvae.information.discrete import discrete_pairwise_information, mixed_information


def known_offset(estimator: PairwiseEstimator, posterior: Posterior, dataset_size: int) -> float:
    """Constant bias of the sum of `latent_pairwise_information` over i ≠ j, nats.

    Only pairs that the estimator handles have its offset, see `PairwiseEstimator.offset`.

    Args:
        estimator: for latents that are not discrete.
        posterior: of the batch.
        dataset_size: N.
    """
    gaussian, _ = _parts(posterior)
    if gaussian is None:
        return 0.0
    count = gaussian.loc.shape[1]
    return count * (count - 1) * estimator.offset(dataset_size)


def latent_pairwise_information(
    estimator: PairwiseEstimator,
    posterior: Posterior,
    z: Tensor,
    *,
    dataset_size: int,
    network: nn.Module | None = None,
) -> Tensor:
    """Estimate I(z_i; z_j) under the aggregate posterior, per pair by the kinds of its latents.

    Two discrete latents: exactly, from their probabilities. A Gaussian and a discrete one: exactly
    over the values of the one, at the samples of the other. Two Gaussian ones, and latents that
    are neither: by the estimator.

    Args:
        estimator: for latents that are not discrete.
        posterior: of the batch.
        z: one sample of each posterior, `(B, W)`.
        dataset_size: N, see `PairwiseEstimator`.
        network: the estimator's adversary, where it has one.

    Returns:
        Shape `(D, D)`, nats, symmetric, zero diagonal.
    """
    gaussian, probabilities = _parts(posterior)
    estimate = partial(estimator, dataset_size=dataset_size, network=network)
    if probabilities is None:
        # an estimator that reads samples alone ignores the rest
        loc, scale = (z, z) if gaussian is None else (gaussian.loc, gaussian.scale)
        return estimate(z, loc, scale)
    among = discrete_pairwise_information(probabilities)
    if gaussian is None:
        return among
    loc, scale = gaussian.loc, gaussian.scale
    numbers = z[:, : loc.shape[1]]
    across = mixed_information(numbers, loc, scale, probabilities)
    own = estimate(numbers, loc, scale)
    return torch.cat([torch.cat([own, across], 1), torch.cat([across.T, among], 1)], 0)


def _parts(posterior: Posterior) -> tuple[DiagonalGaussian | None, Tensor | None]:
    """The Gaussian latents, and the probabilities of the discrete ones, if these are known."""
    if not isinstance(posterior, Factorised):
        return None, None
    return posterior.gaussian, posterior.probabilities
