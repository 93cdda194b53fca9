"""`Objective`: the loss of a method, its inputs at a step and its results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from micvae.checks import Checked
from micvae.distributions import Posterior
from micvae.errors import MicvaeError
from micvae.models import VAEModel
from micvae.objectives.hooks import Hooks
from micvae.objectives.schedules import Schedule

MODEL = "model"


@dataclass(frozen=True, eq=False)
class Step:
    """Inputs of an objective beside the batch.

    Args:
        number: number of optimiser steps before this one.
        dataset_size: N, the number of training images.
        generator: source of all noise.
        networks: the method's own networks, by name, see `Hooks.networks`.
        second_batch: another batch of images, for methods with `needs_second_batch`.
        rows: indices of the training images in the batch, `(B,)`.
        prepared: arrays that `Hooks.prepare` returned, one row per training image.

    Examples:
        >>> import torch
        >>> from micvae.objectives import Step
        >>> labels = torch.arange(128)
        >>> rows = torch.tensor([5, 2])
        >>> step = Step(0, 128, torch.Generator(), rows=rows, prepared={"labels": labels})
        >>> step.prepared_rows("labels", x=torch.zeros(2, 1, 32, 32))
        tensor([5, 2])
    """

    number: int
    dataset_size: int
    generator: torch.Generator
    networks: Mapping[str, nn.Module] = field(default_factory=dict)
    second_batch: Tensor | None = None
    rows: Tensor | None = None
    prepared: Mapping[str, Tensor] = field(default_factory=dict)

    def prepared_rows(self, name: str, x: Tensor) -> Tensor:
        """Rows of `prepared[name]` that belong to the batch `x`, on its device."""
        assert self.rows is not None
        array = self.prepared[name]
        return array.index_select(0, self.rows.to(array.device)).to(x.device)

    def other_batch(self) -> Tensor:
        """The second batch.

        Raises:
            MicvaeError: if there is none, because the method lacks `needs_second_batch`.
        """
        if self.second_batch is None:
            raise MicvaeError("there is no second batch; set needs_second_batch in the method.")
        return self.second_batch


@dataclass(frozen=True, eq=False)
class Losses:
    """The result of an objective at one step.

    Args:
        minimised: a loss for each group of parameters: `"model"`, and one per own network. The
            trainer takes the gradient of each with respect to its own group only, so that the
            loss of an adversary cannot reach the encoder.
        terms: scalars to log, per sample; `micvae.objectives.terms` lists their units.
        latent_kl: KL(q(z_d | x) ‖ p(z_d)) per latent, `(D,)`, nats, averaged over the batch.

    Examples:
        >>> import torch
        >>> from micvae.objectives import Losses
        >>> losses = Losses({"model": torch.tensor(2.0)}, {"kl": torch.tensor(1.0)}, torch.zeros(3))
        >>> losses.terms["kl"].item()
        1.0
    """

    minimised: dict[str, Tensor]
    terms: dict[str, Tensor]
    latent_kl: Tensor


@dataclass(frozen=True)
class Objective(Checked, Hooks, ABC):
    """A method: a frozen dataclass whose fields are its hyperparameters.

    A subclass needs a loss, `__call__`, and two texts, `summary` and `reference`. Losses are per
    sample: summed over pixels and latents, averaged over the batch. `Hooks` lists what else a
    method may define, such as its own latents, data preparation or adversaries; `validate` refuses
    hyperparameters out of range.
    """

    summary: ClassVar[str]
    reference: ClassVar[str]
    strength: ClassVar[str] = ""
    """The field that weighs what the method adds to a plain VAE; empty if there is none."""

    @abstractmethod
    def __call__(self, model: VAEModel, x: Tensor, step: Step) -> Losses:
        """Evaluate the objective on a batch `x` of shape `(B, C, H, W)` or `(B, F)`."""

    @classmethod
    def presets(cls) -> Mapping[str, Objective]:
        """Named hyperparameters from the literature or our own tuning: `METHOD:PRESET`."""
        return {}

    def with_total_steps(self, steps: int) -> Self:
        """Convert relative schedules to schedules in steps, for a training of `steps` steps."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        scheduled = {
            name: value.with_total_steps(steps)
            for name, value in values.items()
            if isinstance(value, Schedule | Objective)
        }
        return replace(self, **scheduled)


@dataclass(frozen=True, eq=False)
class ELBO:
    """The two parts of the evidence lower bound on a batch, and what they were computed from.

    Args:
        posterior: q(z|x) of the batch; `DiagonalGaussian.require(posterior)` and the like give it
            the class that an objective needs.
        z: one sample per image, `(B, W)`.
        reconstruction: −E[log p(x|z)], a scalar in nats.
        latent_kl: KL per latent, `(D,)`, nats, averaged over the batch.
    """

    posterior: Posterior
    z: Tensor
    reconstruction: Tensor
    latent_kl: Tensor

    @classmethod
    def of(
        cls,
        model: VAEModel,
        x: Tensor,
        generator: torch.Generator,
        posterior: Posterior | None = None,
    ) -> ELBO:
        """Encode, unless a posterior is given; sample once; decode."""
        posterior = model.encode(x) if posterior is None else posterior
        z, kl = model.space.draw(posterior, generator)
        reconstruction = -model.decode(z).log_prob(x).mean()
        return cls(posterior, z, reconstruction, kl.mean(0))

    @cached_property
    def kl(self) -> Tensor:
        """KL of all latents, a scalar in nats."""
        return self.latent_kl.sum()

    def losses(self, loss: Tensor, **terms: Tensor) -> Losses:
        """Minimise `loss`; log it, both parts of the bound, and further terms."""
        logged = {"loss": loss, "reconstruction": self.reconstruction, "kl": self.kl, **terms}
        return Losses({MODEL: loss}, logged, self.latent_kl)
