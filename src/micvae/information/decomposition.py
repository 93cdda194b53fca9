"""Decomposition of the KL term: index-code MI, total correlation, dimension-wise KL."""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from micvae.distributions import DiagonalGaussian, StandardNormal
from micvae.information.mss import mss_weights

Sampling = Literal["mws", "mss", "batch"]


class Decomposition(NamedTuple):
    """Batch means in nats; they add up to an estimate of KL(q(z|x) ‖ p(z))."""

    index_code_mi: Tensor
    total_correlation: Tensor
    dimension_wise_kl: Tensor

    def without_offset(self, latents: int, dataset_size: int) -> "Decomposition":
        """The decomposition of the batch, from that of minibatch weighted sampling.

        Args:
            latents: D.
            dataset_size: N, as in the estimate.

        Returns:
            What `decompose` gives with `batch`, up to rounding: log N less MI, (D − 1) log N less
            total correlation, D log N more dimension-wise KL.
        """
        log_size = math.log(dataset_size)
        return Decomposition(
            self.index_code_mi - log_size,
            self.total_correlation - (latents - 1) * log_size,
            self.dimension_wise_kl + latents * log_size,
        )


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
    its terms are estimates in nats; from few samples its total correlation may come out negative.

    `batch` has w = 1/B: the aggregate posterior of the batch itself, whatever N is. Given the
    batch, the expectation of each part over z is then a divergence or an information of that
    mixture: none is negative but for the noise of z, and I(x; z) is at most log B. These are the
    values to show.

    Args:
        posterior: of the B images of a batch.
        z: one sample of each, (B, D).
        prior: standard normal.
        dataset_size: N.
        sampling: `mws`, `mss` or `batch`.

    References:
        *Isolating Sources of Disentanglement in Variational Autoencoders*, Chen et al., 2018.
    """
    batch = z.shape[0]
    pairs = DiagonalGaussian(posterior.loc[None], posterior.log_variance[None])
    each = pairs.log_prob(z[:, None])  # (B samples, B components, D)
    if sampling == "mws":
        weights = z.new_full((), -math.log(dataset_size * batch))
    elif sampling == "batch":
        weights = z.new_full((), -math.log(batch))
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
