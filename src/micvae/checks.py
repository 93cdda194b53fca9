"""Checks of single numbers: arguments, and fields of frozen dataclasses by their types.

A field `width: PositiveInt = 64` of a class that derives from `Checked` is checked when an
instance is built. Conditions on several fields go into `Checked.validate`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

import numpy as np

from micvae.errors import MicvaeError


@dataclass(frozen=True)
class Between:
    """Bounds of a number.

    Args:
        low: lower bound.
        high: upper bound.
        above: whether the lower bound itself is excluded.
        below: whether the upper bound itself is excluded.
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False

    def __contains__(self, value: Any) -> bool:
        """Whether a number lies within the bounds; NaN does not."""
        lower = self.low < value if self.above else self.low <= value
        return bool(lower and (value < self.high if self.below else value <= self.high))

    @property
    def said(self) -> str:
        """The bounds in words, to follow "a number"."""
        low = f"above {self.low:g}" if self.above else f"of at least {self.low:g}"
        high = f"below {self.high:g}" if self.below else f"of at most {self.high:g}"
        if math.isinf(self.high):
            return low
        if math.isinf(self.low):
            return high
        if not self.above and not self.below:
            return f"between {self.low:g} and {self.high:g}"
        return f"{low} and {high.removeprefix('of ')}"


PositiveInt = Annotated[int, Between(1)]
NonNegativeInt = Annotated[int, Between(0)]
Positive = Annotated[float, Between(0, above=True)]
NonNegative = Annotated[float, Between(0)]
OpenShare = Annotated[float, Between(0, 1, above=True, below=True)]
"""A share above 0 and below 1."""
ShareBelowOne = Annotated[float, Between(0, 1, below=True)]
"""A share of at least 0 and below 1."""


class Checked:
    """Base of frozen dataclasses whose fields are checked when an instance is built."""

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Refuse fields out of the bounds of their types; override for further conditions.

        Numbers of NumPy become plain ones.

        Raises:
            MicvaeError: names the field, its value and what would fit.
        """
        kind: Any = type(self)
        for name, hint, bounds, optional in _bounded(kind):
            value = getattr(self, name)
            if value is None and optional:
                continue
            plain: float
            if hint is int:
                plain = whole_number(name, value, least=bounds.low, most=bounds.high)
            else:
                plain = number(name, value, bounds)
            if isinstance(value, np.generic):  # NumPy's numbers have no text that is read back
                object.__setattr__(self, name, plain)


@cache
def _bounded(kind: Any) -> tuple[tuple[str, type[Any], Between, bool], ...]:
    """Fields of a dataclass with bounds, such as `Annotated[int, Between(1)] | None`.

    Name, type, bounds, and whether None is allowed.
    """
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in fields(kind):
        hint = hints[field.name]
        for one in (hint, *get_args(hint)):
            bounds = [part for part in getattr(one, "__metadata__", ()) if type(part) is Between]
            optional = type(None) in get_args(hint)
            found += [(field.name, one.__origin__, part, optional) for part in bounds]
    return tuple(found)


def whole_number(
    name: str,
    value: Any,
    *,
    least: float = 0,
    most: float = math.inf,
    error: type[MicvaeError] = MicvaeError,
) -> int:
    """Return a whole number as an int; booleans are refused.

    Args:
        name: of the argument, for the message.
        value: the argument.
        least: the smallest number allowed.
        most: the largest number allowed.
        error: the exception to raise.

    Raises:
        MicvaeError: of the type `error`, if it is not a whole number within the bounds.
    """
    bounds = Between(least, most)
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value not in bounds:
        raise error(f"{name} is {value!r}; give a whole number {bounds.said}.")
    return int(value)


def number(name: str, value: Any, bounds: Between, error: type[MicvaeError] = MicvaeError) -> float:
    """Return a finite number within bounds as a float; booleans are refused.

    Raises:
        MicvaeError: of the type `error`, if it is anything else.
    """
    real = isinstance(value, int | float | np.integer | np.floating)
    if not real or isinstance(value, bool) or not math.isfinite(value) or value not in bounds:
        raise error(f"{name} is {value!r}; give a number {bounds.said}.")
    return float(value)
