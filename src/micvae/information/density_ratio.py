"""An adversary that distinguishes joint samples of two latents from shuffled ones."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, softplus

from micvae.checks import PositiveInt
from micvae.errors import MicvaeError
from micvae.information.base import Batch, PairwiseEstimator
from micvae.networks import frozen_call


@dataclass(frozen=True)
class DensityRatio(PairwiseEstimator):
    r"""Mutual information from a learned density ratio, one small network for all pairs.

    The network $T(z_i, z_j, (i,j))$ is trained by the logistic loss

    $$ \tfrac12\, \mathbb{E}_{q(z_i, z_j)} \operatorname{softplus}(-T)
       + \tfrac12\, \mathbb{E}_{q(z_i)\, q(z_j)} \operatorname{softplus}(T), $$

    whose minimum is $T = \log q(z_i, z_j) - \log q(z_i) q(z_j)$; the estimate is the mean of T
    over the batch. It depends on `z` alone, and it neither saturates at log B nor needs narrow
    posteriors to be resolved, but it is only as good as the network is trained: an untrained one
    reports about 0 for everything, a lagging one follows the latents late, and the estimate can be
    negative. `loc`, `scale` and `dataset_size` do not enter.

    Calling the estimator leaves no gradient on the network's weights, and `network_loss` none on
    `z`, so that neither side can train the other by mistake.

    Args:
        width: units of each hidden layer.
        depth: number of hidden layers, at least 1.

    References:
        "Disentangling by Factorising", H. Kim and A. Mnih, 2018 (density-ratio trick, there for
        the total correlation).
        "Density Ratio Estimation in Machine Learning", M. Sugiyama, T. Suzuki and T. Kanamori,
        2012.
    """

    reads_samples_alone: ClassVar[bool] = True

    width: PositiveInt = 64
    depth: PositiveInt = 2

    def estimate(self, batch: Batch) -> Tensor:
        """See `PairwiseEstimator`."""
        z = batch.z
        if z.shape[1] < 2:
            return 0 * z.sum().view(1, 1)
        upper = frozen_call(_given(batch.network), (z, z)).float().mean(0)
        information = upper.new_zeros(z.shape[1], z.shape[1])
        first, second = torch.triu_indices(z.shape[1], z.shape[1], 1, device=z.device)
        information = information.index_put((first, second), upper)
        symmetric: Tensor = information + information.T
        return symmetric

    def network(self, latent_dim: int, generator: torch.Generator) -> "PairDiscriminator | None":
        """Build the adversary; see `PairwiseEstimator.network`. A single latent has no pair."""
        if latent_dim == 1:
            return None
        return PairDiscriminator(latent_dim, self.width, self.depth, generator)

    def network_loss(
        self, z: Tensor, *, network: nn.Module | None, generator: torch.Generator
    ) -> Tensor | None:
        """Compute the logistic loss, mean over samples and pairs; log 2 ≈ 0.69 nats is chance.

        $z_j$ is paired with the $z_i$ of another sample by rotating the batch, which has been
        drawn in random order, by a random offset: no sample meets itself.
        """
        if z.shape[1] < 2:
            return None
        z = z.detach()
        batch = z.shape[0]
        offset = torch.randint(1, batch, (1,), generator=generator, device=generator.device)
        rotated = (torch.arange(batch, device=z.device) + offset.to(z.device)) % batch
        joint = _given(network)(z, z)
        shuffled = _given(network)(z, z[rotated])
        return 0.5 * (softplus(-joint).mean() + softplus(shuffled).mean())


class PairDiscriminator(nn.Module):
    """Perceptron on (z_i, z_j, which pair), evaluated for all pairs i < j in one batch.

    A one-hot code of the pair, times its weights, is one learned vector per pair; it is added in
    the first layer and starts at zero.

    Args:
        latent_dim: D, the number of latents.
        width: units of each hidden layer.
        depth: number of hidden layers, at least 1.
        generator: the only source of the initial weights.
    """

    def __init__(self, latent_dim: int, width: int, depth: int, generator: torch.Generator) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        pairs = latent_dim * (latent_dim - 1) // 2
        self.first = nn.Parameter(_normal((width,), 1.0, generator))
        self.second = nn.Parameter(_normal((width,), 1.0, generator))
        self.bias = nn.Parameter(_normal((width,), 1.0, generator))
        self.pair = nn.Parameter(torch.zeros(pairs, width))
        gain = (2 / width) ** 0.5
        self.hidden = nn.ParameterList(
            _normal((width, width), gain, generator) for _ in range(depth - 1)
        )
        self.hidden_bias = nn.ParameterList(torch.zeros(width) for _ in range(depth - 1))
        self.out = nn.Parameter(_normal((width,), 0.1 * gain, generator))
        self.out_bias = nn.Parameter(torch.zeros(()))

    def forward(self, z_first: Tensor, z_second: Tensor) -> Tensor:
        """Return the logits of `(z_first[:, i], z_second[:, j])`, shape `(B, D (D - 1) / 2)`."""
        if z_first.shape[1] != self.latent_dim:
            raise MicvaeError(
                f"network: made for {self.latent_dim} latents, but z has {z_first.shape[1]}"
            )
        z_first, z_second = z_first.to(self.first.dtype), z_second.to(self.first.dtype)
        i, j = torch.triu_indices(self.latent_dim, self.latent_dim, 1, device=z_first.device)
        activity = z_first[:, i, None] * self.first + z_second[:, j, None] * self.second
        activity = leaky_relu(activity + (self.bias + self.pair), 0.2)
        for weight, bias in zip(self.hidden, self.hidden_bias, strict=True):
            activity = leaky_relu(activity @ weight + bias, 0.2)
        logits: Tensor = activity @ self.out + self.out_bias
        return logits


def _normal(shape: tuple[int, ...], deviation: float, generator: torch.Generator) -> Tensor:
    drawn = torch.randn(shape, generator=generator, device=generator.device)
    return (drawn * deviation).cpu()


def _given(network: nn.Module | None) -> nn.Module:
    if network is None:
        raise MicvaeError(
            "network: the density-ratio estimator needs one; make it with "
            "estimator.network(latent_dim, generator)"
        )
    return network
