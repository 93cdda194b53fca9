"""What every objective is: named terms in nats, and a loss per group of parameters."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from micvae.distributions import DiagonalGaussian
from micvae.errors import MicvaeError
from micvae.models.vae import VAE

MODEL = "model"


@dataclass(frozen=True, eq=False)
class Step:
    """What an objective may need to know beside the batch.

    Args:
        number: how many optimiser steps were taken before this one.
        dataset_size: N, the number of training images.
        generator: the source of all noise.
        networks: the objective's own networks (adversaries), by name.
        other: another batch of training images, for objectives that set `second_batch`.
    """

    number: int
    dataset_size: int
    generator: torch.Generator
    networks: Mapping[str, nn.Module] = field(default_factory=dict)
    other: Tensor | None = None

    def second(self) -> Tensor:
        """The other batch.

        Raises:
            MicvaeError: where there is none, because the objective did not ask for it.
        """
        if self.other is None:
            raise MicvaeError("there is no second batch; an objective asks for it by second_batch.")
        return self.other


@dataclass(frozen=True, eq=False)
class Losses:
    """What an objective returns.

    Args:
        minimised: the loss of each group of parameters: `"model"`, and one per own network. The
            trainer takes the gradient of each with respect to its own group only, so that an
            adversary's loss cannot reach the encoder.
        terms: scalars to log, in nats per sample.
        latent_kl: KL(q(z_d | x) ‖ p(z_d)) per latent, `(D,)`, nats, averaged over the batch.
    """

    minimised: dict[str, Tensor]
    terms: dict[str, Tensor]
    latent_kl: Tensor


@dataclass(frozen=True)
class Objective(ABC):
    """What is minimised: a frozen description whose fields are its hyperparameters.

    Losses are per sample: summed over pixels and latents, averaged over the batch.
    """

    summary: ClassVar[str]
    reference: ClassVar[str]
    second_batch: ClassVar[bool] = False
    """Whether a step needs another batch, drawn independently of the first."""

    @abstractmethod
    def __call__(self, model: VAE, x: Tensor, step: Step) -> Losses:
        """Evaluate the objective on a batch `x` of shape `(B, C, H, W)`."""

    @classmethod
    def presets(cls) -> Mapping[str, "Objective"]:
        """Named settings from the literature or from our own tuning; `METHOD:PRESET` picks one."""
        return {}

    def networks(self, latent_dim: int, generator: torch.Generator) -> dict[str, nn.Module]:
        """Build own networks, each trained on its own loss; none by default."""
        return {}

    def adam(self, group: str) -> dict[str, Any]:
        """Settings of Adam for a group of parameters, where they differ from the training's."""
        return {}


@dataclass(frozen=True, eq=False)
class Elbo:
    """The parts of the evidence lower bound on one batch, and what they were computed from."""

    posterior: DiagonalGaussian
    z: Tensor
    reconstruction: Tensor
    latent_kl: Tensor

    @classmethod
    def of(cls, model: VAE, x: Tensor, generator: torch.Generator) -> "Elbo":
        """Encode, sample once, decode: −E[log p(x|z)] as a scalar, and the KL per latent."""
        posterior = model.encode(x)
        z = posterior.sample(generator)
        reconstruction = -model.decode(z).log_prob(x).mean()
        latent_kl = model.prior.kl_from(posterior).mean(0)
        return cls(posterior, z, reconstruction, latent_kl)
