"""Latents with a finite set of values: encoder outputs are rounded to the nearest value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from micvae.checks import Between
from micvae.distributions.base import (
    Factorised,
    LatentKind,
    Latents,
    LatentSpace,
    Posterior,
    VectorCode,
)
from micvae.errors import MicvaeError

Levels = Annotated[int, Between(2)]
"""K, the number of values of a latent."""


@dataclass(frozen=True, eq=False)
class Quantised(VectorCode, Factorised, trait="quantised"):
    """The value nearest to the encoder's output: a deterministic posterior.

    Args:
        encoded: the encoder's output, `(B, D)`.
        codebook: the values of each latent, `(D, K)`.

    Examples:
        >>> import torch
        >>> from micvae.distributions import Quantised
        >>> posterior = Quantised(torch.tensor([[0.4], [-0.9]]), torch.tensor([[-1.0, 0.0, 1.0]]))
        >>> posterior.mean.flatten()
        tensor([ 0., -1.])
    """

    kind: ClassVar[LatentKind] = "discrete"
    encoded: Tensor
    codebook: Tensor

    @property
    def index(self) -> Tensor:
        """Index of the nearest value, `(B, D)`."""
        return (self.encoded.detach()[..., None] - self.codebook.detach()).abs().argmin(2)

    @property
    def quantised(self) -> Tensor:
        """The nearest value, `(B, D)`; its gradient reaches the codebook only."""
        chosen = self.index[..., None]
        return self.codebook.expand(chosen.shape[0], -1, -1).gather(2, chosen)[..., 0]

    @property
    def mean(self) -> Tensor:
        """The nearest value."""
        return self.quantised

    @property
    def trained_mean(self) -> Tensor:
        """The nearest value; its gradient passes straight through to the encoder."""
        return self.encoded + (self.quantised - self.encoded).detach()

    @property
    def scale(self) -> Tensor:
        """0: the encoder is deterministic."""
        return torch.zeros_like(self.encoded)

    def sample(self, generator: torch.Generator) -> Tensor:
        """The nearest value; its gradient passes straight through to the encoder."""
        return self.trained_mean

    @property
    def probabilities(self) -> Tensor:
        """1 for the nearest value, with the gradient of a softmax over squared distances."""
        spacing = (self.codebook.amax(1) - self.codebook.amin(1)) / (self.codebook.shape[1] - 1)
        relative = (self.encoded[..., None] - self.codebook.detach()) / spacing.detach()[:, None]
        soft = (-(relative**2)).softmax(2)
        hard = torch.zeros_like(soft).scatter(2, self.index[..., None], 1.0)
        return hard + soft - soft.detach()


class QuantisedSpace(LatentSpace[Quantised]):
    """A codebook `(D, K)`, learned or fixed."""

    distribution: ClassVar[type[Posterior]] = Quantised
    codebook: Tensor

    def __init__(self, latent_dim: int, levels: int, extent: float, learned: bool) -> None:
        super().__init__(latent_dim, latent_dim, latent_dim)
        grid = torch.linspace(-extent, extent, levels).repeat(latent_dim, 1)
        self.standardise: nn.Module | None = None
        if learned:
            self.codebook = nn.Parameter(grid)
        else:
            self.register_buffer("codebook", grid)
            self.standardise = nn.BatchNorm1d(latent_dim, affine=False)

    def posterior(self, parameters: Tensor) -> Quantised:
        """Encoder outputs, standardised and bounded for a fixed grid.

        Raises:
            MicvaeError: in training, for a batch of one, which a fixed grid cannot standardise.
        """
        if self.standardise is not None:
            if self.training and len(parameters) < 2:
                raise MicvaeError("a fixed grid (fsq) needs two images or more in a batch.")
            parameters = self.standardise(parameters).tanh()
        return Quantised(parameters, self.codebook)

    def draw(self, posterior: Quantised, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """In training, KL to the prior that fits this batch best, −log p̂(z_d), without gradient.

        Its mean is the entropy of z_d in the batch: the information about an image; a constant
        latent has 0. In evaluation, where the KL of an image must not depend on the others, the KL
        is log K, to equal probabilities; `average_kl` returns the entropy over the data set.
        """
        index = posterior.index
        if not self.training:
            equal = torch.full_like(posterior.encoded, math.log(self.levels))
            return posterior.sample(generator), equal
        hard = torch.zeros_like(posterior.encoded)[..., None].expand(-1, -1, self.levels)
        used = hard.scatter(2, index[..., None], 1.0).mean(0)  # (D, K)
        surprise = -used.clamp_min(1e-12).log()
        return posterior.sample(generator), surprise.expand(len(index), -1, -1).gather(
            2, index[..., None]
        )[..., 0]

    def average_kl(
        self, kl: NDArray[np.float64], codes: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """The entropy of every latent's values: the mean KL to the prior that fits them best."""
        shares = (np.unique(column, return_counts=True)[1] / len(codes) for column in codes.T)
        return np.array([-(p * np.log(p)).sum() for p in shares])

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Every value is equally likely."""
        shape = (self.levels, (n, self.latent_dim))
        index = torch.randint(*shape, generator=generator, device=generator.device)
        return self.codebook.T.gather(0, index)

    def values(self, latent: int, count: int) -> Tensor:
        """Values of the codebook in rising order, `count` of them."""
        chosen = torch.linspace(0, self.levels - 1, count).round().long()
        return self.codebook[latent].detach().cpu().sort().values[chosen]

    @property
    def levels(self) -> int:
        """K, the number of values of a latent."""
        return self.codebook.shape[1]


@dataclass(frozen=True)
class CodebookLatents(Latents):
    """Every latent has a separate learned codebook.

    The gradient passes straight through the rounding. The quantisation and commitment losses of
    the `qlae` objective train the codebook.

    References:
        *Disentanglement via Latent Quantization*, Hsu, Dorrell, Whittington, Wu & Finn, 2023.

    Examples:
        >>> import torch
        >>> from micvae.distributions import CodebookLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = CodebookLatents(levels=5).build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (3, torch.Size([8, 3]))
    """

    summary: ClassVar[str] = "values of a learned codebook per latent"
    reference: ClassVar[str] = "Hsu et al. 2023"
    space: ClassVar[type[QuantisedSpace]] = QuantisedSpace

    levels: Levels = 10
    """K, the number of values of a latent."""

    def build(self, latent_dim: int, generator: torch.Generator) -> QuantisedSpace:
        """Codebooks start as even grids on [−½, ½]."""
        return QuantisedSpace(latent_dim, self.levels, 0.5, learned=True)


@dataclass(frozen=True)
class FSQLatents(Latents):
    """Every latent is rounded to a fixed grid on [−1, 1], after a hyperbolic tangent.

    There is no codebook to learn, so none can collapse, and no further loss. The encoder's output
    is standardised before (over the batch in training, by running averages afterwards), as in
    networks with normalisation layers: without, all images start on the same value and the decoder
    does not learn to use the latents.

    References:
        *Finite Scalar Quantization: VQ-VAE Made Simple*, Mentzer, Minnen, Agustsson & Tschannen,
        2024.

    Examples:
        >>> import torch
        >>> from micvae.distributions import FSQLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = FSQLatents(levels=5).build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (3, torch.Size([8, 3]))
    """

    summary: ClassVar[str] = "values of a fixed grid (finite scalar quantisation)"
    reference: ClassVar[str] = "Mentzer et al. 2024"
    space: ClassVar[type[QuantisedSpace]] = QuantisedSpace

    levels: Levels = 10
    """K, the number of values of a latent."""

    def build(self, latent_dim: int, generator: torch.Generator) -> QuantisedSpace:
        """Nothing to learn."""
        return QuantisedSpace(latent_dim, self.levels, 1.0, learned=False)
