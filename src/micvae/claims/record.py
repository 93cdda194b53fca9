"""What `claim.json` and `plan.json` hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from micvae.claims.claim import Claim
from micvae.claims.verdict import Compared, Comparison, Level, Verdict, compare, judge
from micvae.errors import MicvaeError
from micvae.records import FieldError, Json, Length, NonNegative, Numbers, check_length
from micvae.studies.statistics import MeanInterval, bootstrap_interval
from micvae.training.config import RunConfig


@dataclass(frozen=True, kw_only=True)
class MeasuredRow:
    """One row: a number per seed."""

    label: str
    values: Annotated[Numbers, Length(1)]

    @property
    def interval(self) -> MeanInterval:
        """The mean over seeds and its 95% bootstrap interval."""
        return bootstrap_interval(self.values)


@dataclass(frozen=True, kw_only=True)
class ClaimRecord:
    """A claim as it was measured: every seed of every row, and the verdict that follows.

    A record is written only when every row has a number for every seed.

    Examples:
        >>> from micvae.claims import Comparison
        >>> rows = (
        ...     MeasuredRow(label="ica", values=(0.99, 0.98, 0.99, 0.97, 0.99, 0.98)),
        ...     MeasuredRow(label="vae", values=(0.61, 0.58, 0.60, 0.63, 0.57, 0.60)),
        ... )
        >>> ClaimRecord(
        ...     name="a-claim", micvae="0.1.0", seeds=(0, 1, 2, 3, 4, 5), trainings={}, rows=rows,
        ...     comparisons=(Comparison(higher="ica", lower="vae"),), levels=(), seconds=60.0,
        ... ).verdict
        'holds'
    """

    REMEDY: ClassVar[str] = "Give micvae reproduce again to rewrite the file."

    name: str
    micvae: str
    """Version that measured it."""
    quick: bool = False
    """Whether it is a small case, which has no verdict."""
    seeds: Annotated[tuple[int, ...], Length(1)]
    trainings: Mapping[str, Json]
    """Settings by label, as `RunConfig.to_json` writes them."""
    rows: Annotated[tuple[MeasuredRow, ...], Length(1)]
    beside: tuple[MeasuredRow, ...] = ()
    comparisons: tuple[Comparison, ...]
    levels: tuple[Level, ...]
    seconds: NonNegative
    """Training and scoring of all runs, summed, each on one thread."""
    compared: tuple[Compared, ...] = field(init=False)
    """Follows from the rows."""
    verdict: Verdict | None = field(init=False)
    """Follows from the rows; None for a small case."""

    def __post_init__(self) -> None:
        for i, row in enumerate(self.rows):
            check_length(f"rows[{i}].values", row.values, len(self.seeds))
        values = {row.label: row.values for row in self.rows}
        wanted = [row for c in self.comparisons for row in (c.higher, c.lower)]
        for label in [*wanted, *(level.row for level in self.levels)]:
            if label not in values:
                raise FieldError("rows", f"without {label!r}", "every row that is compared")
        object.__setattr__(self, "compared", tuple(compare(values, c) for c in self.comparisons))
        verdict = None if self.quick else judge(values, self.comparisons, self.levels)
        object.__setattr__(self, "verdict", verdict)

    def row(self, label: str) -> MeasuredRow:
        """A row by its label."""
        return next(row for row in self.rows if row.label == label)

    def fits(self, claim: Claim) -> bool:
        """Whether it was measured under the settings that the claim has now, in full."""
        if self.quick or self.name != claim.name or self.seeds != claim.seeds:
            return False
        if {row.label for row in self.rows} != set(claim.rows):
            return False
        if (self.comparisons, self.levels) != (claim.comparisons, claim.levels):
            return False
        try:
            stored = {label: RunConfig.from_json(c) for label, c in self.trainings.items()}
        except MicvaeError:  # a setting that this version no longer knows
            return False
        return stored == dict(claim.trainings)


@dataclass(frozen=True, kw_only=True)
class PlanRecord:
    """What a claim will cost, from a few steps of each of its trainings."""

    REMEDY: ClassVar[str] = "Give micvae reproduce --plan again to rewrite the file."

    name: str
    micvae: str
    per_run: Mapping[str, float]
    """Seconds of one training by label, on one thread; scoring is not included."""
    seconds: NonNegative
    """All trainings of the claim, one after the other on one thread."""
