"""The verdict on a claim, computed from the measured rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from micvae.records import NonNegative, Whole
from micvae.studies.statistics import bootstrap_interval, distinguishable, paired_interval

Verdict = Literal["holds", "in direction", "not distinguishable", "does not hold here"]
Bound = Literal["at least", "at most", "equal"]
Values = Mapping[str, Sequence[float]]
"""A number per seed, by row; the same seeds in the same order for every row."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One row is claimed to have larger values than another.

    Examples:
        >>> Comparison(higher="ivae", lower="vae")
        Comparison(higher='ivae', lower='vae')
    """

    higher: str
    lower: str


@dataclass(frozen=True, kw_only=True)
class Level:
    """A row is claimed to reach a published value that was measured in the same setting.

    Examples:
        >>> reached({"ica": [0.97, 0.99, 0.98]}, Level(row="ica", value=0.98))
        True
    """

    row: str
    value: float
    bound: Bound = "at least"
    tolerance: Annotated[float, NonNegative] = 0.0
    """How exactly the source states the value."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison, and the mean paired difference `higher` − `lower` with its 95% interval."""

    higher: str
    lower: str
    difference: float
    low: float | None
    high: float | None
    seeds: Whole
    apart: bool
    """Whether the two rows are distinguishable with these seeds, see `distinguishable`."""


def compare(values: Values, comparison: Comparison) -> Compared:
    """Measure one comparison, paired by seed."""
    higher, lower = values[comparison.higher], values[comparison.lower]
    difference = paired_interval(higher, lower)
    return Compared(
        higher=comparison.higher,
        lower=comparison.lower,
        difference=difference.mean,
        low=difference.low,
        high=difference.high,
        seeds=len(higher),
        apart=distinguishable(difference, len(higher)),
    )


def reached(values: Values, level: Level) -> bool:
    """Whether the 95% interval of the row's mean reaches the published value."""
    mean, low, high = bootstrap_interval(values[level.row])
    low, high = mean if low is None else low, mean if high is None else high
    above = high >= level.value - level.tolerance
    below = low <= level.value + level.tolerance
    return {"at least": above, "at most": below, "equal": above and below}[level.bound]


def judge(values: Values, comparisons: Sequence[Comparison], levels: Sequence[Level]) -> Verdict:
    """The verdict on a claim.

    =====================  ====================================================================
    `does not hold here`   two rows differ in the opposite order; or there is nothing to
                           compare and a published value is not reached
    `not distinguishable`  the rows of some comparison are not distinguishable
    `in direction`         all comparisons hold, and some published value is not reached
    `holds`                all comparisons hold, and all published values are reached
    =====================  ====================================================================

    Args:
        values: a number per seed for every row that is named below.
        comparisons: which rows are claimed to have larger values than which.
        levels: which published values are to be reached, because the setting is the same.

    Examples:
        >>> values = {"a": [0.9, 0.8, 0.9, 0.7, 0.8, 0.9], "b": [0.5, 0.4, 0.6, 0.3, 0.4, 0.6]}
        >>> judge(values, [Comparison(higher="a", lower="b")], [])
        'holds'
        >>> judge(values, [Comparison(higher="b", lower="a")], [])
        'does not hold here'
    """
    found = [compare(values, comparison) for comparison in comparisons]
    if any(one.apart and one.difference < 0 for one in found):
        return "does not hold here"
    if not all(one.apart for one in found):
        return "not distinguishable"
    if all(reached(values, level) for level in levels):
        return "holds"
    return "in direction" if found else "does not hold here"
