"""Schedules: how a weight such as β or λ changes over the steps of training.

A schedule is a function of the step. Presets from a paper count steps, so that they mean the same
for any amount of data. Defaults count shares of the training (`relative-ramp`), so that they
complete in a training of any length. On the command line and in `run.json` schedules are text:
`0.5`, `ramp(0, 2, steps=1000)`, `relative-ramp(0, 10, share=0.8)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from dataclasses import dataclass
from math import inf
from typing import Annotated

from micvae import spelling
from micvae.checks import (
    Between,
    Checked,
    NonNegative,
    NonNegativeInt,
    PositiveInt,
    ShareBelowOne,
    number,
)
from micvae.errors import MicvaeError


@dataclass(frozen=True)
class Schedule(Checked, ABC):
    """A non-negative number for every step 0, 1, 2, …"""

    @abstractmethod
    def __call__(self, step: int) -> float:
        """The weight at `step`."""

    def with_total_steps(self, steps: int) -> Schedule:
        """The schedule in a training of `steps` steps; a relative schedule becomes absolute."""
        return self

    @property
    def settled(self) -> float:
        """The step from which the weight is constant; infinite if it is unknown."""
        return inf


@dataclass(frozen=True)
class Constant(Schedule):
    """The same value at every step."""

    value: NonNegative

    def __call__(self, step: int) -> float:
        """The value."""
        return self.value

    @property
    def settled(self) -> float:
        """Always."""
        return 0


@dataclass(frozen=True)
class Ramp(Schedule):
    """`start` until step `begin`, then a straight line that reaches `end` after `steps` steps."""

    start: NonNegative
    end: NonNegative
    steps: PositiveInt
    begin: NonNegativeInt = 0

    def __call__(self, step: int) -> float:
        """Linear interpolation, constant outside the ramp."""
        fraction = min(max((step - self.begin) / self.steps, 0.0), 1.0)
        return self.start + fraction * (self.end - self.start)

    @property
    def settled(self) -> float:
        """The end of the ramp."""
        return 0 if self.start == self.end else self.begin + self.steps


@dataclass(frozen=True)
class RelativeRamp(Schedule):
    """A `Ramp` whose beginning and length are shares of the training.

    Args:
        start: the weight before the ramp.
        end: the weight after the ramp.
        share: the length of the ramp, above 0 and at most 1: 1 is the whole training.
        begin: start of the ramp, from 0 to below 1.
    """

    start: NonNegative
    end: NonNegative
    share: Annotated[float, Between(0, 1, above=True)] = 1.0
    begin: ShareBelowOne = 0.0

    def __call__(self, step: int) -> float:
        """Undefined before the length of the training is known.

        Raises:
            MicvaeError: always; use `with_total_steps(steps)(step)`.
        """
        raise MicvaeError(
            "a relative ramp has no value before the length of the training is known; use "
            "schedule.with_total_steps(steps)(step)."
        )

    def with_total_steps(self, steps: int) -> Ramp:
        """The ramp in a training of `steps` steps."""
        length = max(1, round(self.share * steps))
        return Ramp(self.start, self.end, length, round(self.begin * steps))


@dataclass(frozen=True)
class Cycle(Schedule):
    """A ramp from `start` to `end` over the first half of every `period`, then `end`.

    References:
        *Cyclical Annealing Schedule: A Simple Approach to Mitigating KL Vanishing*, Fu et al.,
        2019.
    """

    start: NonNegative
    end: NonNegative
    period: Annotated[int, Between(2)]

    def __call__(self, step: int) -> float:
        """Linear in the first half of the period."""
        fraction = min(2 * (step % self.period) / self.period, 1.0)
        return self.start + fraction * (self.end - self.start)

    @property
    def settled(self) -> float:
        """Never, unless both ends are the same."""
        return 0 if self.start == self.end else inf


@dataclass(frozen=True)
class Piecewise(Schedule):
    """Straight lines between `(step, value)` points, constant before the first and after the last.

    It can express any other schedule, such as a ramp, a plateau and a decay.
    """

    points: tuple[tuple[int, float], ...]

    def validate(self) -> None:
        """Refuse steps that do not increase, and negative values."""
        steps = [step for step, _ in self.points]
        if not steps or steps != sorted(set(steps)):
            raise MicvaeError(
                f"points is {self.points!r}; give (step, value) pairs with increasing steps."
            )
        for i, (_, value) in enumerate(self.points):
            number(f"points[{i}]", value, Between(0))

    def __call__(self, step: int) -> float:
        """Linear interpolation between the points around `step`."""
        after = bisect_right(self.points, step, key=lambda point: point[0])
        if after == 0 or after == len(self.points):
            return self.points[max(after - 1, 0)][1]
        (s0, v0), (s1, v1) = self.points[after - 1 : after + 1]
        return v0 + (v1 - v0) * (step - s0) / (s1 - s0)

    @property
    def settled(self) -> float:
        """The last step at which the value changes."""
        last = self.points[-1][1]
        others = [i for i, (_, value) in enumerate(self.points) if value != last]
        return self.points[others[-1] + 1][0] if others else 0


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "ramp": Ramp,
    "relative-ramp": RelativeRamp,
    "cycle": Cycle,
    "piecewise": Piecewise,
}
spelling.register(Schedule, SCHEDULES, "schedule", of_number=Constant)

NONE = Constant(0.0)
"""The weight of a term that is neither evaluated nor logged."""
