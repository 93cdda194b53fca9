"""Latents that share one codebook of numbers, sampled by distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from micvae.checks import Positive
from micvae.distributions.base import (
    Factorised,
    LatentKind,
    Latents,
    LatentSpace,
    Posterior,
    VectorCode,
)
from micvae.distributions.quantised import Levels
from micvae.distributions.relaxed import gumbel_softmax, kl_to_uniform


@dataclass(frozen=True, eq=False)
class NearValues(VectorCode, Factorised):
    """q(k|x) ∝ exp(−(e_d − v_k)²) over the values v_k of one codebook.

    Args:
        encoded: the encoder's output, `(B, D)`.
        codebook: the values, `(K,)`.
        temperature: of the relaxed samples.
    """

    kind: ClassVar[LatentKind] = "discrete"
    encoded: Tensor
    codebook: Tensor
    temperature: float

    @property
    def logits(self) -> Tensor:
        """Minus squared distances, `(B, D, K)`."""
        return -((self.encoded[..., None] - self.codebook) ** 2)

    @property
    def probabilities(self) -> Tensor:
        """Of every value, `(B, D, K)`."""
        return self.logits.softmax(2)

    @property
    def mean(self) -> Tensor:
        """The most probable value: the nearest."""
        return self.codebook[self.logits.argmax(2)]

    @property
    def trained_mean(self) -> Tensor:
        """The nearest value; its gradient passes straight through to the encoder."""
        return self.encoded + (self.mean - self.encoded).detach()

    @property
    def scale(self) -> Tensor:
        """0: the most probable value is a function of the image."""
        return torch.zeros_like(self.encoded)

    def sample(self, generator: torch.Generator) -> Tensor:
        """The codebook weighted by a relaxed one-hot sample, `(B, D)`."""
        return gumbel_softmax(self.logits, self.temperature, generator) @ self.codebook


class SharedSpace(LatentSpace[NearValues]):
    """One learned codebook `(K,)`."""

    distribution: ClassVar[type[Posterior]] = NearValues

    def __init__(
        self, latent_dim: int, levels: int, temperature: float, generator: torch.Generator
    ) -> None:
        super().__init__(latent_dim, latent_dim, latent_dim)
        self.codebook = nn.Parameter(torch.randn(levels, generator=generator))
        self.standardise = nn.BatchNorm1d(latent_dim)
        self.temperature = temperature

    def posterior(self, parameters: Tensor) -> NearValues:
        """The encoder's numbers, standardised, then scaled and shifted as learned."""
        return NearValues(self.standardise(parameters), self.codebook, self.temperature)

    def draw(self, posterior: NearValues, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The KL to equal probabilities, in closed form."""
        return posterior.sample(generator), kl_to_uniform(posterior.logits, len(self.codebook))

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Every value is equally likely."""
        shape = (len(self.codebook), (n, self.latent_dim))
        return self.codebook[torch.randint(*shape, generator=generator, device=generator.device)]

    def values(self, latent: int, count: int) -> Tensor:
        """Values of the codebook in rising order, `count` of them."""
        chosen = torch.linspace(0, len(self.codebook) - 1, count).round().long()
        return self.codebook.detach().cpu().sort().values[chosen]


@dataclass(frozen=True)
class SharedCodebookLatents(Latents):
    """All latents take their values from one codebook, sampled by distance, relaxed in training.

    The encoder's output is standardised before (over the batch in training, by running averages
    afterwards), as in networks with normalisation layers, then scaled and shifted by learned
    parameters. Without, all images start near the same value, move to the end of the codebook
    while the decoder learns the mean image, and stay there.

    References:
        *Disentanglement with Factor Quantized Variational Autoencoders*, Baykal, Kandemir & Unal,
        2024.

    Examples:
        >>> import torch
        >>> from micvae.distributions import SharedCodebookLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = SharedCodebookLatents(levels=8).build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (3, torch.Size([8, 3]))
    """

    summary: ClassVar[str] = "values of one learned codebook for all latents, sampled by distance"
    reference: ClassVar[str] = "Baykal et al. 2024"
    space: ClassVar[type[SharedSpace]] = SharedSpace

    levels: Levels = 64
    """K, the number of values in the codebook."""

    temperature: Positive = 1.0
    """Of the relaxed samples; near 0 they are nearly single values."""

    def build(self, latent_dim: int, generator: torch.Generator) -> SharedSpace:
        """The codebook starts at normal numbers."""
        return SharedSpace(latent_dim, self.levels, self.temperature, generator)
