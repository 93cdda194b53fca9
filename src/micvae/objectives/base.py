"""What every objective is: named terms, and a loss per group of parameters."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from micvae.data import FactorDataset, LazyImages
from micvae.distributions import GaussianLatents, Latents, Trait
from micvae.errors import MicvaeError
from micvae.models import VAEModel, encode
from micvae.networks import Auto, Network
from micvae.networks.base import ImageShape
from micvae.objectives.identifiability import Identifiability
from micvae.objectives.schedules import Schedule
from micvae.representation import Encoded

MODEL = "model"
GAUSSIAN = GaussianLatents()
AUTO = Auto()
Shape = tuple[int, ...]


@dataclass(frozen=True)
class ObjectiveContext:
    """What an objective's own networks are built for.

    Args:
        latent_dim: D, the number of latents.
        image_shape: `(C, H, W)`, or `(F,)` for vectors.
        network: the description of the model's encoder and decoder.
        given: what the objective's `prepare` made of the data set.
    """

    latent_dim: int
    image_shape: ImageShape
    network: Network
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Step:
    """What an objective may need to know beside the batch.

    Args:
        number: how many optimiser steps were taken before this one.
        dataset_size: N, the number of training images.
        generator: the source of all noise.
        networks: the objective's own networks (adversaries), by name.
        other: another batch of training images, for objectives that set `second_batch`.
        rows: which training images are in the batch, `(B,)`.
        given: what the objective's `prepare` made of the data set.
    """

    number: int
    dataset_size: int
    generator: torch.Generator
    networks: Mapping[str, nn.Module] = field(default_factory=dict)
    other: Tensor | None = None
    rows: Tensor | None = None
    given: Mapping[str, Tensor] = field(default_factory=dict)

    def of_batch(self, name: str, x: Tensor) -> Tensor:
        """The rows of `given[name]` that belong to the batch `x`, on its device."""
        assert self.rows is not None
        array = self.given[name]
        return array.index_select(0, self.rows.to(array.device)).to(x.device)

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
        terms: scalars to log, per sample; `micvae.objectives.terms` has the unit of each.
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
    identifiability: ClassVar[Identifiability | None] = None
    """What theory says that the method identifies, and given what; None where nothing is."""
    strength: ClassVar[str] = ""
    """The field that weighs what the method adds to a plain VAE; empty where none does."""
    adversarial: ClassVar[bool] = False
    """Whether the model's loss is one side of a game, so that its fall shows no progress."""

    @abstractmethod
    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate the objective on a batch `x` of shape `(B, C, H, W)` or `(B, F)`."""

    def over(self, steps: int) -> Self:
        """The objective in a training of so many steps: schedules that count shares count steps."""
        changed: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Schedule | Objective) and (found := value.over(steps)) != value:
                changed[one.name] = found
        return replace(self, **changed) if changed else self

    @classmethod
    def presets(cls) -> Mapping[str, "Objective"]:
        """Named settings from the literature or from our own tuning; `METHOD:PRESET` picks one."""
        return {}

    @property
    def second_batch(self) -> bool:
        """Whether a step needs another batch, drawn independently of the first."""
        return False

    @property
    def latents(self) -> Latents:
        """What the latents are, unless the user says otherwise."""
        return GAUSSIAN

    @property
    def network(self) -> Network:
        """Encoder and decoder, unless the user says otherwise; by default what fits the data."""
        return AUTO

    def needs(self) -> frozenset[Trait]:
        """What latents must be for this objective; by default anything goes."""
        return frozenset()

    @property
    def own_prior(self) -> str:
        """What the method's prior depends on, where it is not the one that its latents name."""
        return ""

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray | LazyImages]:
        """What else of the data the steps need (partners, labels, …), as `Step.given`.

        Args:
            dataset: the training data.
            generator: a CPU source of randomness of its own.

        Raises:
            DataError: where the data does not have it.
        """
        return {}

    def networks(
        self, setting: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """Build own networks, each trained on its own loss; none by default."""
        return {}

    def companions(
        self, setting: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """Build networks that are trained on the model's loss, see `VAEModel.companions`."""
        return {}

    def rebuilt(
        self, setting: ObjectiveContext, shapes: Mapping[str, Shape]
    ) -> dict[str, nn.Module]:
        """Build the companions of a trained model; its data is not at hand, only their shapes.

        Args:
            setting: as for `companions`, with nothing given.
            shapes: of the tensors that were saved, by companion and name within it (prior.0.bias).

        Returns:
            Modules of these very shapes, of any values: the saved ones are copied into them.

        Raises:
            KeyError: where a shape is missing.
        """
        return self.companions(setting, torch.Generator())

    def finish(  # noqa: B027, nothing is left to do by default
        self, model: VAEModel, dataset: FactorDataset, generator: torch.Generator
    ) -> None:
        """What is left to do when the last step is taken, e.g. a closed form on all the data.

        Args:
            model: the trained model, changed in place; its weights are stored afterwards.
            dataset: the training data.
            generator: a CPU source of randomness of its own.
        """

    @property
    def finishes(self) -> bool:
        """Whether `finish` changes the model, so that its terms are those of no step."""
        return type(self).finish is not Objective.finish

    @property
    def closed_form(self) -> bool:
        """Whether `finish` replaces all that the steps have trained of encoder and decoder."""
        return False

    @property
    def one_by_one(self) -> bool:
        """Whether a code is that of its sample alone, whatever is beside it in the data."""
        return type(self).represent is Objective.represent

    def represent(self, model: VAEModel, dataset: FactorDataset) -> Encoded:
        """The codes of a data set; by default every image is encoded on its own."""
        return encode(model, dataset.images)

    def adam(self, group: str) -> dict[str, Any]:
        """Settings of Adam for a group of parameters, where they differ from the training's."""
        return {}


@dataclass(frozen=True, eq=False)
class ELBO:
    """The parts of the evidence lower bound on one batch, and what they were computed from.

    Args:
        posterior: q(z|x) of the batch; its type is the latents' own.
        z: one sample of each, `(B, W)`.
        reconstruction: −E[log p(x|z)], a scalar in nats.
        latent_kl: KL per latent, `(D,)`, nats, averaged over the batch.
    """

    posterior: Any
    z: Tensor
    reconstruction: Tensor
    latent_kl: Tensor

    @classmethod
    def of(cls, model: VAEModel, x: Tensor, generator: torch.Generator) -> "ELBO":
        """Encode, sample once, decode."""
        posterior = model.encode(x)
        z, kl = model.space.draw(posterior, generator)
        reconstruction = -model.decode(z).log_prob(x).mean()
        return cls(posterior, z, reconstruction, kl.mean(0))
