"""Mutual information of discrete latents, without samples."""

from __future__ import annotations

import torch
from torch import Tensor

_LEAST = 1e-8  # added to joint probabilities, so that the gradient of one that is 0 stays finite


def discrete_pairwise_information(probabilities: Tensor) -> Tensor:
    r"""I(c_i; c_j) under the aggregate posterior of a batch, exactly.

    $$ q(a, b) = \frac1B \sum_m q_i(a|x_m)\, q_j(b|x_m), \qquad
       I_{ij} = \sum_{a,b} q(a, b) \log \frac{q(a, b)}{q(a)\, q(b)} $$

    All joints are one matrix product, (D K × B)·(B × D K).

    Args:
        probabilities: q_i(a|x_m), shape `(B, D, K)`; a latent of fewer values has 0 at the rest.

    Returns:
        Shape `(D, D)`, nats, symmetric, zero diagonal. Of an empirical distribution: independent
        latents are reported at about (K − 1)² / (2B).
    """
    batch, latents, levels = probabilities.shape
    flat = probabilities.reshape(batch, latents * levels)
    joint = (flat.T @ flat / batch).reshape(latents, levels, latents, levels)
    marginal = probabilities.mean(0)
    log_ratio = (
        (joint + _LEAST).log()
        - (marginal + _LEAST).log()[:, :, None, None]
        - (marginal + _LEAST).log()[None, None]
    )
    information = (joint * log_ratio).sum((1, 3))
    return information - torch.diag(information.diagonal())


def mixed_information(z: Tensor, loc: Tensor, scale: Tensor, probabilities: Tensor) -> Tensor:
    r"""I(z_i; c_j) of Gaussian latents with discrete ones, under the batch's aggregate posterior.

    $$ r_{nija} = \frac{\sum_m q(z_{ni}|x_m)\, q_j(a|x_m)}{\sum_m q(z_{ni}|x_m)}, \qquad
       I_{ij} = \frac1B \sum_n \sum_a r_{nija} \log \frac{r_{nija}}{q_j(a)} : $$

    the information of z about c, exact over the values of c and averaged over samples of z.

    Args:
        z: samples, shape `(B, G)`.
        loc: means of the posteriors, shape `(B, G)`.
        scale: their standard deviations, shape `(B, G)`.
        probabilities: shape `(B, D, K)`.

    Returns:
        Shape `(G, D)`, nats, non-negative.
    """
    batch, latents, levels = probabilities.shape
    log_density = -0.5 * ((z.T[:, :, None] - loc.T[:, None]) / scale.T[:, None]) ** 2
    share = (log_density - scale.T.log()[:, None]).softmax(2)  # (G, B samples, B components)
    posterior = share @ probabilities.reshape(1, batch, latents * levels)
    posterior = posterior.reshape(-1, batch, latents, levels)
    log_ratio = (posterior + _LEAST).log() - (probabilities.mean(0) + _LEAST).log()
    return (posterior * log_ratio).sum(3).mean(1)
