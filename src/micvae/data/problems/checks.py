"""Checks of the options that problems and mixings share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from micvae import checks
from micvae.errors import DataError


def whole(value: Any, name: str, least: int) -> int:
    """Check a whole number, `least` or larger.

    Raises:
        DataError: naming the option, what was given and what would work.
    """
    return checks.whole_number(name, value, least=least, error=DataError)


def number(value: Any, name: str, low: float, high: float, *, open_low: bool = False) -> float:
    """Check a finite number from `low` (itself excluded where `open_low`) to `high`."""
    return checks.number(name, value, checks.Between(low, high, above=open_low), DataError)


def interval(value: Any, name: str, *, positive: bool = True) -> tuple[float, float]:
    """Check a range (lowest, highest); the two may be equal."""
    numbers = isinstance(value, tuple | list) and len(value) == 2
    numbers = numbers and all(isinstance(v, int | float) and np.isfinite(v) for v in value)
    if not numbers or value[0] > value[1] or (positive and value[0] <= 0):
        sort = "positive numbers" if positive else "numbers"
        raise DataError(f"{name} is {value!r}; give (lowest, highest), two finite {sort}.")
    return float(value[0]), float(value[1])


def one_of(value: Any, name: str, known: Sequence[str]) -> str:
    """Check a choice by name."""
    if value not in known:
        raise DataError(f"{name} is {value!r}; choose from {', '.join(known)}.")
    return str(value)
