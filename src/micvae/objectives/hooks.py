"""Optional hooks of a method beside its loss, with defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from micvae.data import FactorDataset, LazyImages
from micvae.distributions import GaussianLatents, Latents, Trait
from micvae.models import VAEModel, encode
from micvae.networks import Auto, Network
from micvae.networks.base import ImageShape
from micvae.objectives.identifiability import Identifiability
from micvae.representation import Encoded

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ObjectiveContext:
    """Sizes and data for which a method builds its networks.

    Args:
        latent_dim: D, the number of latents.
        image_shape: `(C, H, W)`, or `(F,)` for vectors.
        network: the description of the model's encoder and decoder.
        prepared: what `prepare` returned; empty when a trained model is restored.
    """

    latent_dim: int
    image_shape: ImageShape
    network: Network
    prepared: Mapping[str, np.ndarray | LazyImages] = field(default_factory=dict)


@dataclass(frozen=True)
class AdamSettings:
    """Settings of Adam for one group of parameters.

    Args:
        lr: a constant learning rate; None for the schedule of the training.
        betas: decay rates of both moments.
        weight_decay: decoupled weight decay, per step and unit of the learning rate.
    """

    lr: float | None = None
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0


class Hooks:
    """Facts about a method and steps around its training; a method overrides what it needs."""

    identifiability: ClassVar[Identifiability | None] = None
    """What theory says that the method identifies, and under which conditions."""
    adversarial: ClassVar[bool] = False
    """Whether the model plays a game against an adversary, so that its loss shows no progress."""
    needs_second_batch: ClassVar[bool] = False
    """Whether a step needs another batch, drawn independently of the first."""
    latents: ClassVar[Latents] = GaussianLatents()
    """Default latents."""
    network: ClassVar[Network] = Auto()
    """Default encoder and decoder."""
    required_traits: ClassVar[frozenset[Trait]] = frozenset()
    """Traits that the latents must have."""
    prior_description: ClassVar[str] = ""
    """What the prior of the method depends on; empty for the prior of its latents."""
    closed_form_fit: ClassVar[bool] = False
    """Whether `after_training` replaces all trained weights of encoder and decoder."""

    def prepare(
        self, dataset: FactorDataset, generator: torch.Generator
    ) -> Mapping[str, np.ndarray | LazyImages]:
        """Compute further arrays (partners, labels, …), which the steps read as `Step.prepared`.

        Args:
            dataset: the training data.
            generator: a separate CPU source of randomness.

        Raises:
            DataError: if the data lacks what the method needs.
        """
        return {}

    def networks(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """Build networks with a loss of their own, such as adversaries."""
        return {}

    def auxiliary_modules(
        self, context: ObjectiveContext, generator: torch.Generator
    ) -> dict[str, nn.Module]:
        """Build modules trained on the model's loss, stored as `VAEModel.auxiliary_modules`."""
        return {}

    def restore_auxiliary_modules(
        self, context: ObjectiveContext, shapes: Mapping[str, Shape]
    ) -> dict[str, nn.Module]:
        """Build the auxiliary modules of a trained model, whose weights are copied in afterwards.

        Args:
            context: as for `auxiliary_modules`, without prepared data.
            shapes: shapes of the stored tensors, by module and name within it (prior.0.bias).

        Raises:
            KeyError: if a shape is missing.
        """
        return self.auxiliary_modules(context, torch.Generator())

    def after_training(
        self, model: VAEModel, dataset: FactorDataset, generator: torch.Generator
    ) -> None:
        """Change the model after the last step, for example by a solution in closed form.

        Args:
            model: the trained model, changed in place; its weights are stored afterwards.
            dataset: the training data.
            generator: a separate CPU source of randomness.
        """

    def encode_dataset(self, model: VAEModel, dataset: FactorDataset) -> Encoded:
        """Compute the codes of a data set; by default each sample is encoded independently."""
        return encode(model, dataset.images)

    def adam(self, group: str) -> AdamSettings:
        """Settings of Adam for a group of parameters, a key of `Losses.minimised`."""
        return AdamSettings()

    @property
    def changes_after_training(self) -> bool:
        """Whether `after_training` changes the model, so that no step logged its terms."""
        return type(self).after_training is not Hooks.after_training

    @property
    def encodes_samplewise(self) -> bool:
        """Whether the code of a sample does not depend on the other samples."""
        return type(self).encode_dataset is Hooks.encode_dataset


class ForwardedHooks(Hooks):
    """Hooks of a method that wraps another method, `base`: every hook is that of the base.

    Derive from this class before `Objective`, and override single hooks where needed.
    """

    base: Hooks


def _forwarded(name: str, hook: object) -> object:
    """A hook that delegates to `base`: a method for a method, a property for anything else."""
    if not callable(hook):
        return property(lambda self: getattr(self.base, name), doc=hook.__doc__)

    @wraps(hook)
    def call(self: ForwardedHooks, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.base, name)(*args, **kwargs)

    return call


HOOKS = tuple(name for name in vars(Hooks) if not name.startswith("_"))
"""Names of all hooks."""

for _name in HOOKS:
    setattr(ForwardedHooks, _name, _forwarded(_name, vars(Hooks)[_name]))
