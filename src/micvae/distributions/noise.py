"""Latents with additional noise for the decoder, as a GAN needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from micvae.checks import PositiveInt
from micvae.distributions.base import LatentKind, Latents, LatentSpace, Posterior, Trait
from micvae.distributions.uniform import UniformLatents

UNIFORM = UniformLatents()


class NoisySpace(LatentSpace[Posterior]):
    """Another space, and after its latents `noise` normal numbers without posterior."""

    distribution: ClassVar[type[Posterior]] = Posterior

    def __init__(self, inner: LatentSpace[Any], noise: int) -> None:
        super().__init__(inner.latent_dim, inner.outputs, inner.width + noise)
        self.inner = inner
        self.noise = noise

    @property
    def kinds(self) -> tuple[LatentKind, ...]:
        """Those of the inner space."""
        return self.inner.kinds

    def posterior(self, parameters: Tensor) -> Posterior:
        """That of the inner space."""
        posterior: Posterior = self.inner.posterior(parameters)
        return posterior

    def draw(self, posterior: Posterior, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Noise is drawn from its prior and has no KL."""
        z, kl = self.inner.draw(posterior, generator)
        return torch.cat([z, self._noise(len(z), generator)], 1), kl

    def average_kl(
        self, kl: NDArray[np.float64], codes: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """That of the inner space."""
        return self.inner.average_kl(kl, codes)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Latents of the inner prior, and noise."""
        return torch.cat([self.inner.sample(n, generator), self._noise(n, generator)], 1)

    def log_prob(self, posterior: Posterior, z: Tensor) -> Tensor:
        """Of the latents alone."""
        return self.inner.log_prob(posterior, z[:, : self.inner.width])

    def features(self, z: Tensor) -> Tensor:
        """The inner features, and noise."""
        inner, noise = torch.split(z, [self.inner.width, self.noise], dim=1)
        return torch.cat([self.inner.features(inner), noise], 1)

    def code(self, posterior: Posterior) -> tuple[Tensor, Tensor]:
        """That of the inner space."""
        return self.inner.code(posterior)

    def codes_of(self, z: Tensor) -> Tensor:
        """The codes of the latents alone."""
        return self.inner.codes_of(z[:, : self.inner.width])

    def latents(self, codes: Tensor) -> Tensor:
        """Noise is 0, its mean."""
        return self._silent(self.inner.latents(codes))

    def reader(self) -> Callable[[Tensor], Tensor]:
        """Noise is 0, its mean."""
        read = self.inner.reader()
        return lambda codes: self._silent(read(codes))

    def values(self, latent: int, count: int) -> Tensor:
        """Those of the inner space."""
        return self.inner.values(latent, count)

    def _silent(self, inner: Tensor) -> Tensor:
        return torch.cat([inner, inner.new_zeros(inner.shape[0], self.noise)], 1)

    def _noise(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, self.noise, generator=generator, device=generator.device)


@dataclass(frozen=True)
class NoisyLatents(Latents):
    """Latents of another kind, and noise as a further input of the decoder.

    References:
        *InfoGAN: Interpretable Representation Learning by Information Maximizing Generative
        Adversarial Nets*, Chen et al., 2016.

    Examples:
        >>> import torch
        >>> from micvae.distributions import NoisyLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = NoisyLatents(noise=4).build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (6, torch.Size([8, 7]))
    """

    summary: ClassVar[str] = "latents of another kind, and noise for the decoder"
    reference: ClassVar[str] = "Chen et al. 2016"
    space: ClassVar[type[NoisySpace]] = NoisySpace

    inner: Latents = UNIFORM
    """The latents, e.g. uniform or "joint(categories=(10,))"."""

    noise: PositiveInt = 8
    """Number of normal numbers that the decoder reads beside the latents."""

    @property
    def traits(self) -> frozenset[Trait]:
        """At most `log_prob`: a sample has more columns than latents."""
        known: frozenset[Trait] = frozenset({"log_prob"})
        return self.inner.traits & known

    def build(self, latent_dim: int, generator: torch.Generator) -> NoisySpace:
        """Build both."""
        return NoisySpace(self.inner.build(latent_dim, generator), self.noise)
