"""Joint real and categorical latents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import one_hot, pad

from micvae.checks import Positive
from micvae.distributions.base import (
    Density,
    Factorised,
    LatentKind,
    Latents,
    LatentSpace,
    Posterior,
)
from micvae.distributions.gaussian import DiagonalGaussian, GaussianSpace
from micvae.distributions.priors import StandardNormal
from micvae.distributions.relaxed import gumbel_softmax, kl_to_uniform
from micvae.distributions.uniform import UniformSpace
from micvae.errors import MicvaeError


@dataclass(frozen=True, eq=False)
class JointPosterior(Density, Factorised, trait="categories"):
    """Independent Gaussian and categorical latents, in this order.

    Args:
        numbers: the Gaussian ones.
        logits: per categorical one the unnormalised log-probabilities `(B, C)`.
        temperature: of the relaxed samples.
    """

    numbers: DiagonalGaussian
    logits: tuple[Tensor, ...]
    temperature: float

    @property
    def gaussian(self) -> DiagonalGaussian:
        """The Gaussian latents."""
        return self.numbers

    @property
    def probabilities(self) -> Tensor:
        """Of the categories, `(B, categorical latents, most categories)`, padded with 0."""
        most = max(one.shape[1] for one in self.logits)
        return torch.stack(
            [pad(one.softmax(1), (0, most - one.shape[1])) for one in self.logits], 1
        )

    @property
    def mean(self) -> Tensor:
        """Means, then the most probable categories as numbers 0, 1, …"""
        likely = [one.argmax(1, keepdim=True).to(one.dtype) for one in self.logits]
        return torch.cat([self.numbers.loc, *likely], 1)

    @property
    def scale(self) -> Tensor:
        """Standard deviations, 0 for categories."""
        return pad(self.numbers.scale, (0, len(self.logits)))

    def sample(self, generator: torch.Generator) -> Tensor:
        """Gaussian samples, then a relaxed one-hot sample per categorical latent."""
        return torch.cat([self.numbers.sample(generator), *self.categories(generator)], 1)

    def categories(self, generator: torch.Generator) -> list[Tensor]:
        """A relaxed one-hot sample per categorical latent, `(B, C)`."""
        return [gumbel_softmax(one, self.temperature, generator) for one in self.logits]

    def log_prob(self, z: Tensor) -> Tensor:
        """Of numbers and one-hot categories, `(B, D)`, nats."""
        sizes = [self.numbers.loc.shape[1], *(one.shape[1] for one in self.logits)]
        numbers, *chosen = torch.split(z, sizes, dim=1)
        each = [
            (c * one.log_softmax(1)).sum(1, keepdim=True)
            for c, one in zip(chosen, self.logits, strict=True)
        ]
        return torch.cat([self.numbers.log_prob(numbers), *each], 1)


class JointSpace(LatentSpace[JointPosterior]):
    """The encoder gives means, log-variances and the logits of every category."""

    distribution: ClassVar[type[Posterior]] = JointPosterior

    def __init__(
        self, numbers: GaussianSpace, categories: tuple[int, ...], temperature: float
    ) -> None:
        count, total = numbers.latent_dim, sum(categories)
        super().__init__(count + len(categories), 2 * count + total, count + total)
        self.numbers = numbers
        self.categories = categories
        self.temperature = temperature

    @property
    def kinds(self) -> tuple[LatentKind, ...]:
        """Numbers, then categories."""
        discrete: LatentKind = "discrete"
        return self.numbers.kinds + (discrete,) * len(self.categories)

    def posterior(self, parameters: Tensor) -> JointPosterior:
        """Means, log-variances, logits."""
        numbers, *logits = torch.split(parameters, [self.numbers.outputs, *self.categories], dim=1)
        return JointPosterior(self.numbers.posterior(numbers), tuple(logits), self.temperature)

    def draw(self, posterior: JointPosterior, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The KL to normal numbers and equally likely categories, in closed form."""
        z, of_numbers = self.numbers.draw(posterior.numbers, generator)
        chosen = posterior.categories(generator)
        of_categories = [kl_to_uniform(one, one.shape[1])[:, None] for one in posterior.logits]
        return torch.cat([z, *chosen], 1), torch.cat([of_numbers, *of_categories], 1)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Numbers of their prior, equally likely categories."""
        drawn = [
            torch.randint(count, (n,), generator=generator, device=generator.device)
            for count in self.categories
        ]
        return self._with(self.numbers.sample(n, generator), drawn)

    def features(self, z: Tensor) -> Tensor:
        """The decoder's input for the numbers, and the categories."""
        numbers, *chosen = self._parts(z)
        return torch.cat([self.numbers.features(numbers), *chosen], 1)

    def code(self, posterior: JointPosterior) -> tuple[Tensor, Tensor]:
        """The numbers' code, and the most probable categories."""
        code, scale = self.numbers.code(posterior.numbers)
        likely = posterior.mean[:, self.numbers.latent_dim :]
        return torch.cat([code, likely], 1), torch.cat([scale, torch.zeros_like(likely)], 1)

    def codes_of(self, z: Tensor) -> Tensor:
        """The numbers' codes, and the largest entry of each one-hot sample."""
        numbers, *chosen = self._parts(z)
        likely = [one.argmax(1, keepdim=True).to(z.dtype) for one in chosen]
        return torch.cat([self.numbers.codes_of(numbers), *likely], 1)

    def latents(self, codes: Tensor) -> Tensor:
        """The numbers' latents, and categories as one-hot vectors."""
        numbers, chosen = self._columns(codes)
        return self._with(self.numbers.latents(numbers), chosen)

    def reader(self) -> Callable[[Tensor], Tensor]:
        """The decoder's input for the numbers, and one-hot categories."""
        read = self.numbers.reader()

        def features(codes: Tensor) -> Tensor:
            numbers, chosen = self._columns(codes)
            return self._with(read(numbers), chosen)

        return features

    def values(self, latent: int, count: int) -> Tensor:
        """Values of a number; every category in turn for a categorical latent."""
        if latent < self.numbers.latent_dim:
            return self.numbers.values(latent, count)
        categories = self.categories[latent - self.numbers.latent_dim]
        return torch.arange(count).remainder(categories).float()

    def _parts(self, z: Tensor) -> tuple[Tensor, ...]:
        """Numbers, then one block of columns per categorical latent."""
        parts: tuple[Tensor, ...] = torch.split(z, [self.numbers.width, *self.categories], dim=1)
        return parts

    def _columns(self, codes: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Codes of the numbers, then each category as a number, `(B,)`."""
        sizes = [self.numbers.latent_dim] + [1] * len(self.categories)
        numbers, *chosen = torch.split(codes, sizes, dim=1)
        return numbers, [one[:, 0] for one in chosen]

    def _with(self, numbers: Tensor, categories: list[Tensor]) -> Tensor:
        """Numbers, and categories `(n,)` as one-hot vectors."""
        chosen = [
            one_hot(one.round().long().clamp(0, count - 1), count).to(numbers.dtype)
            for one, count in zip(categories, self.categories, strict=True)
        ]
        return torch.cat([numbers, *chosen], 1)


@dataclass(frozen=True)
class JointLatents(Latents):
    """Real numbers and, last, categories; these are relaxed one-hot in training.

    The code of a categorical latent is its most probable category.

    References:
        *Learning Disentangled Joint Continuous and Discrete Representations*, Dupont, 2018.

    Examples:
        >>> import torch
        >>> from micvae.distributions import JointLatents
        >>> generator = torch.Generator().manual_seed(0)
        >>> space = JointLatents(categories=(4,)).build(3, generator)
        >>> space.outputs, space.sample(8, generator).shape
        (8, torch.Size([8, 6]))
    """

    summary: ClassVar[str] = "real numbers and, last, categories"
    reference: ClassVar[str] = "Dupont 2018"
    space: ClassVar[type[JointSpace]] = JointSpace

    categories: tuple[int, ...] = (4,)
    """Number of categories of each categorical latent; the other latents are numbers."""

    temperature: Positive = 0.67
    """Of the relaxed samples; near 0 they are nearly one-hot."""

    numbers: Literal["gaussian", "uniform"] = "gaussian"
    """Kind of the other latents, see `GaussianLatents` and `UniformLatents`."""

    def validate(self) -> None:
        """Refuse no categories, and counts below 2."""
        super().validate()
        if not self.categories or min(self.categories) < 2:
            raise MicvaeError(f"categories is {self.categories!r}; give counts of at least 2.")

    def build(self, latent_dim: int, generator: torch.Generator) -> JointSpace:
        """Build the space.

        Raises:
            MicvaeError: if there are more categorical latents than latents.
        """
        if len(self.categories) > latent_dim:
            raise MicvaeError(
                f"latent_dim is {latent_dim}, but there are {len(self.categories)} categorical "
                "latents; raise latent_dim."
            )
        count = latent_dim - len(self.categories)
        uniform = self.numbers == "uniform"
        numbers = UniformSpace(count) if uniform else GaussianSpace(count, StandardNormal())
        return JointSpace(numbers, self.categories, self.temperature)
