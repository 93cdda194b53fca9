"""The configuration of a run."""

import dataclasses
import typing
from dataclasses import dataclass
from typing import Annotated, Any

from micvae import spelling
from micvae.checks import Between, Checked, NonNegativeInt, PositiveInt, number
from micvae.data import DataDescription, describe
from micvae.distributions import LATENTS, AutoLikelihood, Latents, Likelihood, OwnLatents
from micvae.errors import MicvaeError, RunError
from micvae.networks import Auto, Network
from micvae.objectives import METHODS, Objective
from micvae.objectives.schedules import Constant, Schedule
from micvae.training.device import DeviceName

OWN = OwnLatents()
AUTO = Auto()
RATE = Constant(1e-3)
AUTO_LIKELIHOOD = AutoLikelihood()


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(Checked):
    """Everything about a training but its method.

    Examples:
        >>> from micvae.training import TrainingOptions
        >>> options = TrainingOptions(data="squares(n=128)", learning_rate=1e-4)
        >>> options.epochs, options.learning_rate
        (20, Constant(value=0.0001))
    """

    data: str = "squares"
    """A data set's name, with options where needed: "squares(n=4096, seed=1)"; or the path of a
    file or a folder of your own. micvae list data shows both."""

    latent_dim: PositiveInt = 3
    """Number of latents, D."""

    network: Network = AUTO
    """Encoder and decoder: patch (fast) or conv (the field's standard) for images, mlp or sparse
    for vectors. auto: the network of the publication, otherwise patch or mlp."""

    latents: Latents = OWN
    """Kind of latents, see micvae list latents. own: those of the publication."""

    likelihood: Likelihood = AUTO_LIKELIHOOD
    """p(x|z): bernoulli, "gaussian(scale=0.1)" or learned-gaussian. auto: bernoulli for images,
    learned-gaussian for vectors."""

    epochs: PositiveInt = 20
    """Passes over the data."""

    batch_size: Annotated[int, Between(2)] = 64
    """Samples per step; an incomplete last batch of an epoch is dropped."""

    learning_rate: Schedule = RATE
    """Step size of Adam: a number, or a schedule such as "ramp(1e-3, 0, steps=3000, begin=3000)".
    Networks with their own rate in the method, such as adversaries, keep it."""

    seed: NonNegativeInt = 0
    """Determines initialisation, data order and noise, to the bit."""

    restart: NonNegativeInt = 0
    """Number of a further training with other initialisation, order and noise on the same data."""

    device: DeviceName = "auto"
    """Device for the computation."""

    def validate(self) -> None:
        """Refuse values out of bounds; a bare number is a constant learning rate."""
        super().validate()
        if isinstance(self.data, DataDescription):
            object.__setattr__(self, "data", str(self.data))
        for name in ("data", "device"):
            if not isinstance(getattr(self, name), str):
                raise MicvaeError(f"{name} is {getattr(self, name)!r}; give text.")
        rate = self.learning_rate
        if not isinstance(rate, Schedule):
            rate = Constant(number("learning_rate", rate, Between(0, above=True)))
            object.__setattr__(self, "learning_rate", rate)

    @property
    def description(self) -> DataDescription:
        """What `data` describes.

        Raises:
            DataError: where it is not understood.
        """
        return describe(self.data)


@dataclass(frozen=True, kw_only=True)
class RunConfig(TrainingOptions):
    """The configuration of one training, as in `run.json` and on the command line.

    Examples:
        >>> from micvae.objectives import find
        >>> from micvae.training import RunConfig
        >>> config = RunConfig(objective=find("beta-vae(beta=4)"), data="squares(n=128)")
        >>> config.method, config.to_json()["objective"]
        ('beta-vae', 'beta-vae(beta=4.0)')
        >>> RunConfig.from_json(config.to_json()) == config
        True
    """

    objective: Objective
    """The method and its hyperparameters."""

    def validate(self) -> None:
        """Put in the defaults of the method; refuse latents that it cannot use."""
        super().validate()
        if self.latents == OWN:
            object.__setattr__(self, "latents", self.objective.latents)
        if self.network == AUTO:
            object.__setattr__(self, "network", self.objective.network)
        required = self.objective.required_traits
        lacking = required - self.latents.traits
        if lacking:
            fit = [name for name, kind in LATENTS.items() if required <= kind().traits]
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
        """Plain values; components are text with all their arguments."""
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
