"""Latents: their posteriors, how they are sampled and decoded, and what the codes are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from micvae.checks import Checked

if TYPE_CHECKING:
    from micvae.distributions.gaussian import DiagonalGaussian

Trait = Literal[
    "vector_code",
    "densities",
    "gaussian",
    "normal prior",
    "quantised",
    "categories",
    "log_prob",
    "point",
]
"""What an objective may require of latents.

`vector_code`: a sample has one number per latent, so that latents can be permuted and correlated.
`densities`: latents are independent given the image, with known densities: `Factorised`.
`gaussian`: the posterior is a `DiagonalGaussian`.
`normal prior`: the prior is the standard normal.
`quantised`: each latent takes the nearest value of a codebook: `Quantised`.
`categories`: Gaussian latents, then categorical ones: `JointPosterior`.
`log_prob`: the log-density of any latents is known: `Density`.
`point`: features of a deterministic encoder, which may be unmixed after training: `Point`.
"""


LatentKind = Literal["gaussian", "continuous", "discrete"]
"""What the codes of a latent are: means of a Gaussian that is independent of the other latents
given the image; other real numbers; values out of a finite set."""


class Posterior(ABC):
    """q(z | x), one distribution per row.

    Its class is the one statement of what latents offer: traits come from the classes that it
    derives from, and `kind` says what the codes are.
    """

    traits: ClassVar[frozenset[Trait]] = frozenset()
    kind: ClassVar[LatentKind] = "continuous"

    def __init_subclass__(cls, trait: Trait | None = None) -> None:
        super().__init_subclass__()
        inherited = frozenset().union(*(getattr(b, "traits", ()) for b in cls.__bases__))
        cls.traits = inherited if trait is None else inherited | {trait}

    @classmethod
    def require(cls, posterior: Posterior) -> Self:
        """Return the posterior, which must be of this class.

        Raises:
            TypeError: if it is of another class.
        """
        if not isinstance(posterior, cls):
            raise TypeError(f"expected a {cls.__name__}, got a {type(posterior).__name__}.")
        return posterior

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """One number per latent, `(B, D)`: the code that metrics see."""

    @property
    def trained_mean(self) -> Tensor:
        """The mean with a gradient that reaches the encoder, `(B, D)`.

        For codes rounded to a codebook the gradient passes straight through to the encoder.
        """
        return self.mean

    @property
    @abstractmethod
    def scale(self) -> Tensor:
        """Standard deviation of that number, `(B, D)`; 0 for a deterministic encoder."""

    @abstractmethod
    def sample(self, generator: torch.Generator) -> Tensor:
        """One sample per row, `(B, W)`; gradients flow to the encoder."""


class VectorCode(Posterior, trait="vector_code"):
    """A posterior whose samples are vectors `(B, D)`, one number per latent."""


class Density(Posterior, trait="log_prob"):
    """A posterior with a known density."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z_d | z_{<d}, x) of latents `(B, W)`: `(B, D)`, nats."""


class Factorised(Posterior, trait="densities"):
    """Latents that are independent given the image: G Gaussian ones, then D − G discrete ones."""

    @property
    def gaussian(self) -> DiagonalGaussian | None:
        """The Gaussian latents; None if G = 0."""
        return None

    @property
    def probabilities(self) -> Tensor | None:
        """Probabilities of each discrete latent's values, `(B, D − G, K)`; None if D = G.

        They are padded with 0 for a latent with fewer than K values.
        """
        return None


P = TypeVar("P", bound=Posterior)


class LatentSpace(nn.Module, Generic[P], ABC):
    """Latents as built: the posterior from the encoder's output, its KL, the decoder's input.

    Args:
        latent_dim: D, the number of latents.
        outputs: number of encoder outputs per image.
        width: W, the number of columns of a sample: D, or more for one-hot categories.
    """

    distribution: ClassVar[type[Posterior]]
    """The class of the posterior."""

    def __init__(self, latent_dim: int, outputs: int, width: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.outputs = outputs
        self.width = width

    @property
    def kinds(self) -> tuple[LatentKind, ...]:
        """The kind of each latent's codes."""
        return (self.distribution.kind,) * self.latent_dim

    @abstractmethod
    def posterior(self, parameters: Tensor) -> P:
        """q(z|x) from the encoder's output `(B, outputs)`."""

    @abstractmethod
    def draw(self, posterior: P, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """One sample per row `(B, W)`, and KL(q(z_d|x) ‖ p(z_d)) per row and latent `(B, D)`, nats.

        The KL is in closed form if there is one, otherwise log q − log p at the sample.
        """

    def average_kl(
        self, kl: NDArray[np.float64], codes: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """The KL to report per latent for a data set, `(D,)`, nats.

        Args:
            kl: mean over the samples of the KL that `draw` returns, `(D,)`.
            codes: of all samples, `(N, D)`.
        """
        return kl

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` samples of the prior, `(n, W)`."""

    def log_prob(self, posterior: P, z: Tensor) -> Tensor:
        """log q(z_d | z_{<d}, x) of latents `(B, W)`: `(B, D)`, nats; for trait `log_prob`."""
        return Density.require(posterior).log_prob(z)

    def features(self, z: Tensor) -> Tensor:
        """The decoder's input for latents `(B, W)`."""
        return z

    def code(self, posterior: P) -> tuple[Tensor, Tensor]:
        """Codes that metrics see and their standard deviations, both `(B, D)`."""
        return posterior.mean, posterior.scale

    def codes_of(self, z: Tensor) -> Tensor:
        """Codes `(B, D)` of latents `(B, W)`."""
        return z

    def latents(self, codes: Tensor) -> Tensor:
        """Latents `(B, W)` of codes `(B, D)`; the inverse of `codes_of`."""
        return codes

    def reader(self) -> Callable[[Tensor], Tensor]:
        """A map from codes `(B, D)` to the decoder's input, for export.

        It equals `features(latents(codes))`. Whatever does not depend on the codes is computed
        before, and the map is in closed form: other runtimes lack some functions of the two steps.
        """
        return lambda codes: self.features(self.latents(codes))

    def values(self, latent: int, count: int) -> Tensor:
        """`count` codes along one latent, for traversals."""
        return torch.linspace(-2, 2, count)


@dataclass(frozen=True)
class Latents(Checked, ABC):
    """A description of latents: a frozen dataclass whose fields are its options."""

    summary: ClassVar[str]
    reference: ClassVar[str]
    space: ClassVar[type[LatentSpace[Any]]]
    """The class that `build` returns."""

    @property
    def traits(self) -> frozenset[Trait]:
        """Traits of the posterior's class and of the prior, which an objective may require."""
        normal: frozenset[Trait] = frozenset({"normal prior"} if self.normal_prior else ())
        return self.space.distribution.traits | normal

    @property
    def normal_prior(self) -> bool:
        """Whether the prior is the standard normal."""
        return False

    @abstractmethod
    def build(self, latent_dim: int, generator: torch.Generator) -> LatentSpace[Any]:
        """Build the space of `latent_dim` latents; weights, if any, come from a CPU generator.

        Raises:
            MicvaeError: if so many latents are not possible.
        """


@dataclass(frozen=True)
class OwnLatents(Latents):
    """The default latents of the method; the configuration of a run replaces this by them.

    Examples:
        >>> from micvae.distributions import OwnLatents
        >>> from micvae.objectives import find
        >>> from micvae.training import RunConfig
        >>> RunConfig(objective=find("fsq"), latents=OwnLatents()).latents
        FSQLatents(levels=10)
    """

    summary: ClassVar[str] = "the method's default latents"
    reference: ClassVar[str] = ""

    @property
    def traits(self) -> frozenset[Trait]:
        """Unknown before the method is known."""
        return frozenset()

    def build(self, latent_dim: int, generator: torch.Generator) -> LatentSpace[Any]:
        """Always fails: only the latents of a method can be built."""
        raise TypeError("ask the objective for its latents")
