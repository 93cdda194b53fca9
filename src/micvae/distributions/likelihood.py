"""Distributions of an image or a vector given the decoder's output: p(x | z)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from micvae import spelling
from micvae.checks import Checked, Positive
from micvae.distributions.priors import LOG_TWO_PI
from micvae.errors import MicvaeError


class ImageDistribution(ABC):
    """p(x | z) for a batch of z."""

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """The expected image, `(B, C, H, W)` in [0, 1], or vector `(B, F)`."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density per sample, `(B,)`, nats, summed over pixels and channels."""


@dataclass(frozen=True, eq=False)
class BernoulliImage(ImageDistribution):
    """Independent Bernoulli pixels with the given logits `(B, C, H, W)`.

    For grey values x in [0, 1] the same expression x log p + (1 − x) log(1 − p) is used, as the
    field does. Its optimum is p = x. It is a cross-entropy and not a normalised density, and even a
    perfect reconstruction has the cost of the entropy of x.
    """

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """The probability of a white pixel."""
        return self.logits.sigmoid()

    def log_prob(self, x: Tensor) -> Tensor:
        """−(softplus(l) − x·l), summed over pixels."""
        each = functional.binary_cross_entropy_with_logits(self.logits, x, reduction="none")
        return -_per_sample(each)


@dataclass(frozen=True, eq=False)
class GaussianImage(ImageDistribution):
    """Independent Gaussian pixels: means `(B, C, H, W)`, a standard deviation for all or for each.

    Vectors `(B, F)` likewise.
    """

    loc: Tensor
    log_scale: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean; of images clipped to [0, 1]."""
        return self.loc.clamp(0, 1) if self.loc.ndim == 4 else self.loc

    def log_prob(self, x: Tensor) -> Tensor:
        """Gaussian log-density, summed over pixels."""
        pixels = x[0].numel()
        if self.log_scale.ndim == 0:
            squared = _per_sample((x - self.loc) ** 2) * (-2 * self.log_scale).exp()
            return -0.5 * squared - pixels * (self.log_scale + 0.5 * LOG_TWO_PI)
        squared = _per_sample(((x - self.loc) * (-self.log_scale).exp()) ** 2)
        return -0.5 * squared - self.log_scale.sum() - 0.5 * pixels * LOG_TWO_PI


def _per_sample(each: Tensor) -> Tensor:
    """Sum over all but the first axis, for any layout in memory."""
    return each.sum(tuple(range(1, each.ndim)))


@dataclass(frozen=True)
class Likelihood(Checked, ABC):
    """The choice of p(x | z): a frozen description that builds its module."""

    @abstractmethod
    def build(self, image_shape: tuple[int, ...]) -> nn.Module:
        """A module that maps the decoder's output to an `ImageDistribution`.

        Args:
            image_shape: `(C, H, W)`, or `(F,)` for vectors.

        Raises:
            MicvaeError: if it does not fit such data.
        """


class _BernoulliHead(nn.Module):
    def forward(self, output: Tensor) -> BernoulliImage:
        return BernoulliImage(output)


class _GaussianHead(nn.Module):
    log_scale: Tensor

    def __init__(self, scale: float, learned: bool, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        # Made on the CPU even while the networks around it are laid out without storage.
        value = torch.full(shape, math.log(scale), device="cpu")
        if learned:
            self.log_scale = nn.Parameter(value)
        else:
            self.register_buffer("log_scale", value)

    def forward(self, output: Tensor) -> GaussianImage:
        return GaussianImage(output, self.log_scale)


@dataclass(frozen=True)
class Bernoulli(Likelihood):
    """Bernoulli pixels: the default for images, suited to values near black and white.

    Examples:
        >>> import torch
        >>> from micvae.distributions import Bernoulli
        >>> pixels = Bernoulli().build((1, 8, 8))(torch.zeros(2, 1, 8, 8))
        >>> pixels.mean[0, 0, 0, 0], pixels.log_prob(torch.ones(2, 1, 8, 8))  # -64 log 2
        (tensor(0.5000), tensor([-44.3614, -44.3614]))
    """

    def build(self, image_shape: tuple[int, ...]) -> nn.Module:
        """Reads the decoder's output as logits."""
        if len(image_shape) != 3:
            raise MicvaeError(
                "likelihood bernoulli is for images with values in [0, 1], and the data has "
                f"vectors of {image_shape[0]} numbers; use --likelihood learned-gaussian."
            )
        return _BernoulliHead()


@dataclass(frozen=True)
class AutoLikelihood(Likelihood):
    """`Bernoulli` for images, `LearnedGaussian` for vectors.

    Examples:
        >>> import torch
        >>> from micvae.distributions import AutoLikelihood
        >>> vectors = AutoLikelihood().build((5,))(torch.zeros(2, 5))
        >>> type(vectors).__name__
        'GaussianImage'
    """

    def build(self, image_shape: tuple[int, ...]) -> nn.Module:
        """Build the likelihood that fits."""
        fitting = Bernoulli() if len(image_shape) == 3 else LearnedGaussian()
        return fitting.build(image_shape)


@dataclass(frozen=True)
class Gaussian(Likelihood):
    """Gaussian pixels of one fixed standard deviation (in grey values, 1 = white).

    For vectors it is in the units of the data.

    Examples:
        >>> import torch
        >>> from micvae.distributions import Gaussian
        >>> pixels = Gaussian(scale=0.1).build((1, 8, 8))(torch.zeros(2, 1, 8, 8))
        >>> pixels.mean.shape, pixels.log_prob(torch.zeros(2, 1, 8, 8)).shape
        (torch.Size([2, 1, 8, 8]), torch.Size([2]))
    """

    scale: Positive = 0.1
    """Standard deviation of every pixel."""

    def build(self, image_shape: tuple[int, ...]) -> nn.Module:
        """Reads the decoder's output as means."""
        return _GaussianHead(self.scale, learned=False)


@dataclass(frozen=True)
class LearnedGaussian(Likelihood):
    """Gaussian pixels with a learned standard deviation, common or one for `each`.

    References:
        *Simple and Effective VAE Training with Calibrated Decoders*, Rybkin, Daniilidis & Levine,
        2021.

    Examples:
        >>> from micvae.distributions import LearnedGaussian
        >>> head = LearnedGaussian(each=True).build((5,))
        >>> [(name, tuple(value.shape)) for name, value in head.named_parameters()]
        [('log_scale', (5,))]
    """

    scale: Positive = 0.1
    """Initial standard deviation."""

    each: bool = False
    """Whether every pixel, or feature of a vector, has a separate standard deviation."""

    def build(self, image_shape: tuple[int, ...]) -> nn.Module:
        """Reads the decoder's output as means; `scale` is the initial value."""
        return _GaussianHead(self.scale, learned=True, shape=image_shape if self.each else ())


LIKELIHOODS: dict[str, type[Likelihood]] = {
    "auto": AutoLikelihood,
    "bernoulli": Bernoulli,
    "gaussian": Gaussian,
    "learned-gaussian": LearnedGaussian,
}
spelling.register(Likelihood, LIKELIHOODS, "likelihood")
