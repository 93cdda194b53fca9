"""What every latent is: how an image's posterior is described, drawn from, weighed and decoded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

if TYPE_CHECKING:
    from micvae.distributions.gaussian import DiagonalGaussian

Trait = Literal[
    "columns",
    "densities",
    "gaussian",
    "normal prior",
    "quantised",
    "categories",
    "log_prob",
    "point",
]
"""What an objective may ask of latents.

`columns`: one number per latent, so that latents can be permuted, correlated and compared.
`densities`: latents are independent given the image, and the density of each is known.
`gaussian`: all latents are so, and Gaussian: a `DiagonalGaussian`.
`normal prior`: the prior is the standard normal.
`quantised`: each takes the value of a codebook that is nearest to what the encoder says.
`categories`: Gaussian latents, then categorical ones.
`log_prob`: the log-density of any given latents is known.
`point`: features of a deterministic encoder, which may be unmixed after training.
"""


LatentKind = Literal["gaussian", "number", "value"]
"""What the codes of a latent are: means of a Gaussian that is independent of the other latents
given the image; some other real number; one out of finitely many values."""


class Posterior(ABC):
    """q(z | x), one distribution per row."""

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """One number per latent, `(B, D)`: what metrics see as the code."""

    @property
    def trained_mean(self) -> Tensor:
        """The mean as a loss acts on it, `(B, D)`: its gradient reaches the encoder.

        Where a code is the nearest of some values, it passes straight through to what the encoder
        said.
        """
        return self.mean

    @property
    @abstractmethod
    def scale(self) -> Tensor:
        """Standard deviation of that number, `(B, D)`; 0 where the image decides it."""

    @abstractmethod
    def sample(self, generator: torch.Generator) -> Tensor:
        """One sample per row, `(B, W)`; gradients flow to the encoder."""

    @property
    def gaussian(self) -> DiagonalGaussian | None:
        """The latents that are Gaussian and independent given the image: the first G of D."""
        return None

    @property
    def probabilities(self) -> Tensor | None:
        """Of each discrete latent's values, `(B, D − G, K)`; 0 where it has fewer than K."""
        return None


class LatentSpace(nn.Module, ABC):
    """Latents as built: from the encoder's output to a posterior, its KL and the decoder's input.

    Args:
        latent_dim: D, the number of latents.
        outputs: how many numbers the encoder gives for an image.
        width: W, how many numbers a sample of all latents has; D but for one-hot categories.
    """

    kind: ClassVar[LatentKind] = "number"

    def __init__(self, latent_dim: int, outputs: int, width: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.outputs = outputs
        self.width = width

    @property
    def kinds(self) -> tuple[LatentKind, ...]:
        """What the codes of each latent are."""
        return (self.kind,) * self.latent_dim

    @abstractmethod
    def posterior(self, parameters: Tensor) -> Any:
        """q(z|x) from the encoder's output `(B, outputs)`."""

    @abstractmethod
    def draw(self, posterior: Any, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """One sample per row `(B, W)`, and KL(q(z_d|x) ‖ p(z_d)) per row and latent `(B, D)`, nats.

        The KL is in closed form where there is one; otherwise it is log q − log p at the sample.
        """

    def average_kl(
        self, kl: NDArray[np.float64], codes: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """What is told per latent of a whole data set, `(D,)`, nats.

        Args:
            kl: mean over the samples of the KL that `draw` gives, `(D,)`.
            codes: of all samples, `(N, D)`.
        """
        return kl

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` samples of the prior, `(n, W)`."""

    def log_prob(self, posterior: Any, z: Tensor) -> Tensor:
        """log q(z_d | z_{<d}, x) of given latents `(B, W)`, `(B, D)`, nats: trait `log_prob`."""
        log_prob: Tensor = posterior.log_prob(z)
        return log_prob

    def features(self, z: Tensor) -> Tensor:
        """What the decoder reads of latents `(B, W)`."""
        return z

    def code(self, posterior: Any) -> tuple[Tensor, Tensor]:
        """What metrics see of a posterior: code and its standard deviation, both `(B, D)`."""
        return posterior.mean, posterior.scale

    def codes_of(self, z: Tensor) -> Tensor:
        """The codes `(B, D)` that latents `(B, W)` stand for."""
        return z

    def latents(self, codes: Tensor) -> Tensor:
        """Latents `(B, W)` that codes `(B, D)` stand for: to decode codes of one's choice."""
        return codes

    def reader(self) -> Callable[[Tensor], Tensor]:
        """What the decoder reads of codes: a map from `(B, D)`, to be exported.

        It is `features` of `latents`. Whatever does not depend on the codes is worked out before,
        and the map is in closed form, where other runtimes know no function of the two steps.
        """
        return lambda codes: self.features(self.latents(codes))

    def values(self, latent: int, count: int) -> Tensor:
        """`count` codes along one latent, for traversals."""
        return torch.linspace(-2, 2, count)


@dataclass(frozen=True)
class Latents(ABC):
    """A description of latents: a frozen dataclass whose fields are its options."""

    summary: ClassVar[str]
    reference: ClassVar[str]

    @property
    @abstractmethod
    def traits(self) -> frozenset[Trait]:
        """What an objective can rely on."""

    @abstractmethod
    def build(self, latent_dim: int, generator: torch.Generator) -> LatentSpace:
        """Build the space of `latent_dim` latents; weights, if any, come from a CPU generator.

        Raises:
            MicvaeError: where so many latents cannot be had.
        """


@dataclass(frozen=True)
class OwnLatents(Latents):
    """Whatever the method is published with: a run's configuration replaces this by it."""

    summary: ClassVar[str] = "the method's own"
    reference: ClassVar[str] = ""

    @property
    def traits(self) -> frozenset[Trait]:
        """Not known before the method is."""
        return frozenset()

    def build(self, latent_dim: int, generator: torch.Generator) -> LatentSpace:
        """Only what replaces this can be built."""
        raise TypeError("ask the objective for its latents")
