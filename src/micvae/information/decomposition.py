"""The KL term of a VAE taken apart: what the data say, what latents share, what shapes cost."""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from micvae.distributions import DiagonalGaussian, StandardNormal
from micvae.information.mss import mss_weights

Sampling = Literal["mws", "mss"]


class Decomposition(NamedTuple):
    """Batch means in nats; they add up to an estimate of KL(q(z|x) ‖ p(z))."""

    index_code_mi: Tensor
    total_correlation: Tensor
    dimension_wise_kl: Tensor


def decompose(
    posterior: DiagonalGaussian,
    z: Tensor,
    prior: StandardNormal,
    dataset_size: int,
    sampling: Sampling = "mws",
) -> Decomposition:
    r"""Estimate the three parts of the KL term on a batch.

    $$ \mathbb{E}\,\mathrm{KL}(q(z|x) \| p(z)) =
       \underbrace{I_q(x; z)}_{\text{index-code MI}}
       + \underbrace{\mathrm{KL}(q(z) \| \textstyle\prod_d q(z_d))}_{\text{total correlation}}
       + \underbrace{\textstyle\sum_d \mathrm{KL}(q(z_d) \| p(z_d))}_{\text{dimension-wise KL}} $$

    with $\log \hat q(z_n) = \log \sum_m w_{nm}\, q(z_n | x_m)$, the weights entering once per
    density, after the sum over dimensions. MWS has $w = 1/(N B)$ where a density needs 1/B, which
    lowers every log-density by log N: the MI is log N too high, TC (D − 1) log N too high, the rest
    D log N too low, and the gradients are right. MSS has weights that sum to 1 in every row, and
    its terms are estimates in nats.

    Args:
        posterior: of the B images of a batch.
        z: one sample of each, (B, D).
        prior: standard normal.
        dataset_size: N.
        sampling: `mws` or `mss`.

    References:
        *Isolating Sources of Disentanglement in Variational Autoencoders*, Chen et al., 2018.
    """
    batch = z.shape[0]
    pairs = DiagonalGaussian(posterior.loc[None], posterior.log_variance[None])
    each = pairs.log_prob(z[:, None])  # (B samples, B components, D)
    if sampling == "mws":
        weights = z.new_full((), -math.log(dataset_size * batch))
    else:
        weights = mss_weights(batch, dataset_size).log().to(z.device, z.dtype)
    log_joint = torch.logsumexp(each.sum(2) + weights, 1)
    per_pair = weights if weights.ndim == 0 else weights[..., None]
    log_marginals = torch.logsumexp(each + per_pair, 1).sum(1)
    log_own = posterior.log_prob(z).sum(1)
    return Decomposition(
        (log_own - log_joint).mean(),
        (log_joint - log_marginals).mean(),
        (log_marginals - prior.log_prob(z).sum(1)).mean(),
    )
