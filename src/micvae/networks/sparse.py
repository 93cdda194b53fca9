"""A decoder whose features read separate subsets of the latents."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated

from torch import Tensor, nn

from micvae.checks import Between, PositiveInt
from micvae.networks.base import MOST_LAYERS, ImageShape, Network
from micvae.networks.mlp import MLP


class SparseDecoder(nn.Module):
    """x_f = a_f · g(w_f ⊙ z) + b_f for each of F features, g shared, with H outputs.

    Args:
        latent_dim: D.
        image_shape: shape of a sample, F numbers.
        shared: maps `(…, D)` to `(…, H)`.
        width: H.

    Attributes:
        masks: W, one layer from D to F whose weights are the w_f, `(F, D)`; it has no bias and is
            never applied as a layer.
        outputs: one layer from H to F whose rows are a_f and whose bias is b.

    Examples:
        >>> import torch
        >>> from micvae.networks import Sparse
        >>> with torch.device("meta"):
        ...     decoder = Sparse().decoder(latent_dim=3, image_shape=(5,))
        >>> decoder.masks.weight.shape  # one mask per feature
        torch.Size([5, 3])
    """

    def __init__(
        self, latent_dim: int, image_shape: ImageShape, shared: nn.Module, width: int
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.shared = shared
        self.masks = nn.Linear(latent_dim, prod(image_shape), bias=False)
        self.outputs = nn.Linear(width, prod(image_shape))

    def forward(self, z: Tensor) -> Tensor:
        """Decode latents `(B, D)`; the shared network is applied F times."""
        hidden: Tensor = self.shared(z[:, None] * self.masks.weight)  # (B, F, H)
        features: Tensor = (hidden * self.outputs.weight).sum(2) + self.outputs.bias
        return features.reshape(z.shape[0], *self.image_shape)


@dataclass(frozen=True)
class Sparse(Network):
    """A decoder x_f = a_f · g(w_f ⊙ z) + b_f whose masks w_f may be sparse; the encoder is `mlp`.

    The shared network g has leaky rectifiers, after its last layer too. A step costs F times that
    of a perceptron, so it is for vectors, or small images.

    Args:
        hidden: units of each hidden layer, of the encoder and of g.
        depth: hidden layers of the encoder, and of g, at least 1.

    References:
        *Identifiable Deep Generative Models via Sparse Decoding*, Moran, Sridhar, Wang & Blei,
        2022.

    Examples:
        >>> import torch
        >>> from micvae.networks import Sparse, filled
        >>> with torch.device("meta"):
        ...     decoder = Sparse(hidden=16, depth=2).decoder(latent_dim=3, image_shape=(5,))
        >>> decoder = filled(decoder, torch.Generator().manual_seed(0))
        >>> decoder(torch.zeros(8, 3)).shape
        torch.Size([8, 5])
    """

    hidden: PositiveInt = 64
    depth: Annotated[int, Between(1, MOST_LAYERS)] = 3

    def encoder(self, image_shape: ImageShape, outputs: int) -> nn.Module:
        """As `mlp`."""
        return MLP(self.hidden, self.depth).encoder(image_shape, outputs)

    def decoder(self, latent_dim: int, image_shape: ImageShape) -> nn.Module:
        """Masks, the shared network, one output layer per feature."""
        shared = MLP(self.hidden, self.depth - 1).decoder(latent_dim, (self.hidden,))
        activated = nn.Sequential(*shared.children(), nn.LeakyReLU(MLP.slope))
        return SparseDecoder(latent_dim, image_shape, activated, self.hidden)
