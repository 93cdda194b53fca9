"""Everything that determines a run."""

import dataclasses
import typing
from dataclasses import dataclass
from typing import Any

from micvae import spelling
from micvae.data import DataDescription, describe
from micvae.distributions import LATENTS, AutoLikelihood, Latents, Likelihood, OwnLatents
from micvae.errors import MicvaeError, RunError
from micvae.networks import Network
from micvae.objectives import METHODS, Objective
from micvae.objectives.base import AUTO
from micvae.objectives.schedules import Constant, Schedule
from micvae.training.device import DeviceName

OWN = OwnLatents()
RATE = Constant(1e-3)
AUTO_LIKELIHOOD = AutoLikelihood()


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Everything about a training but its method."""

    data: str = "squares"
    """A data set's name, with options where needed: "squares(n=4096, seed=1)"; or the path of a
    file or a folder of your own. micvae list data shows both."""

    latent_dim: int = 3
    """Number of latents, D."""

    network: Network = AUTO
    """Encoder and decoder: patch (fast) or conv (the field's standard) for images, mlp or sparse
    for vectors; auto: what the method is published with, or patch or mlp."""

    latents: Latents = OWN
    """What the latents are, see micvae list latents; own: what the method is published with."""

    likelihood: Likelihood = AUTO_LIKELIHOOD
    """p(x|z): bernoulli, "gaussian(scale=0.1)" or learned-gaussian; auto: bernoulli for images,
    learned-gaussian for vectors."""

    epochs: int = 20
    """Passes over the data."""

    batch_size: int = 64
    """Images per step; an incomplete last batch is left out of its epoch."""

    learning_rate: Schedule = RATE
    """Step size of Adam: a number, or a schedule such as "ramp(1e-3, 0, steps=3000, begin=3000)".
    Networks for which the method names a rate of its own keep that."""

    seed: int = 0
    """Determines initialisation, order of the data and noise, to the bit."""

    restart: int = 0
    """Another initialisation, order and noise under the same seed, hence on the same data."""

    device: DeviceName = "auto"
    """Where to compute."""

    def __post_init__(self) -> None:
        if isinstance(self.data, DataDescription):
            object.__setattr__(self, "data", str(self.data))
        if not isinstance(self.data, str) or not isinstance(self.device, str):
            name = "device" if isinstance(self.data, str) else "data"
            raise MicvaeError(f"{name} is {getattr(self, name)!r}; give text.")
        least = {"latent_dim": 1, "epochs": 1, "batch_size": 2, "seed": 0, "restart": 0}
        for name, lowest in least.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
                raise MicvaeError(f"{name} is {value!r}; give a whole number of at least {lowest}.")
        rate = self.learning_rate
        if not isinstance(rate, Schedule):
            if not 0 < rate < float("inf"):
                raise MicvaeError(f"learning_rate is {rate!r}; give a positive number.")
            object.__setattr__(self, "learning_rate", Constant(float(rate)))

    @property
    def description(self) -> DataDescription:
        """What `data` describes.

        Raises:
            DataError: where it is not understood.
        """
        return describe(self.data)


@dataclass(frozen=True, kw_only=True)
class RunConfig(TrainingOptions):
    """The configuration of one training: what `run.json` stores and the command line sets."""

    objective: Objective
    """The method and its hyperparameters."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latents == OWN:
            object.__setattr__(self, "latents", self.objective.latents)
        if self.network == AUTO:
            object.__setattr__(self, "network", self.objective.network)
        lacking = self.objective.needs() - self.latents.traits
        if lacking:
            fit = [
                name for name, kind in LATENTS.items() if self.objective.needs() <= kind().traits
            ]
            raise MicvaeError(
                f"{spelling.spell(self.objective)} cannot use {spelling.spell(self.latents)} "
                f"latents, which lack {', '.join(sorted(lacking))}; use --latents "
                f"{' or '.join(fit)}."
            )

    @property
    def method(self) -> str:
        """The objective's registered name."""
        return next(name for name, kind in METHODS.items() if type(self.objective) is kind)

    def to_json(self) -> dict[str, Any]:
        """Plain values, every choice as text with all its arguments."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {
            name: spelling.spell(value, full=True) if dataclasses.is_dataclass(value) else value
            for name, value in values.items()
        }

    @classmethod
    def from_json(cls, values: Any) -> "RunConfig":
        """Rebuild a configuration; refuses unknown names and values that do not fit."""
        hints = typing.get_type_hints(cls)
        try:
            return cls(
                **{
                    name: spelling.read(value, hints[name])
                    if spelling.registered(hints.get(name))
                    else spelling.fitting(name, value, hints.get(name), of="a configuration")
                    for name, value in values.items()
                }
            )
        except MicvaeError:
            raise
        except (AttributeError, TypeError, ValueError) as error:
            raise RunError(f"configuration is not understood: {error}.") from None
