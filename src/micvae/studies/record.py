"""What `study.json`, `selection.json` and `table1.json` hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

from micvae.records import (
    LEFT_OUT,
    Count,
    FieldError,
    Json,
    Length,
    Missing,
    Numbers,
    Result,
    Share,
    Texts,
    Whole,
    check_length,
    decoded,
    shown,
)
from micvae.studies.statistics import MeanInterval
from micvae.text import text_table


@dataclass(frozen=True, kw_only=True)
class StudyRow:
    """One configuration of a study, under all its seeds."""

    label: str
    description: str = ""
    config: Mapping[str, Json] | None = None
    """As `RunConfig.to_json` writes it, for a reader; `{seed}` in its data stands for the seed."""


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """What `study.json` holds: what was compared."""

    REMEDY: ClassVar[str] = "Give the command of the study again to rewrite the file."

    title: str = field(default="", metadata=LEFT_OUT)
    kind: str | None = field(default=None, metadata=LEFT_OUT)
    """`paper` or `selection`, which have pages of their own; None for methods × seeds."""
    quick: bool = field(default=False, metadata=LEFT_OUT)
    """Whether it is a quick look and no result."""
    seeds: Count | None = field(default=None, metadata=LEFT_OUT)
    """Seeds per row that were asked for."""
    command: str = field(default="", metadata=LEFT_OUT)
    """The command line that asks for it."""
    rows: tuple[StudyRow, ...] = field(default=(), metadata=LEFT_OUT)
    notes: Texts = ()
    """Notes on the data that apply to every result."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why runs failed, by their folders within the study."""


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean over seeds with its interval; None where it is not known, or has no interval."""

    mean: float | None
    low: float | None
    high: float | None

    @property
    def interval(self) -> MeanInterval | None:
        """The same; None where the mean is not known."""
        return None if self.mean is None else MeanInterval(self.mean, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A candidate minus the first one, paired by seed."""

    mean: float
    low: float | None
    high: float | None
    seeds: Whole = 0
    """Over how many it is."""
    apart: bool = False
    """Whether the two are distinguishable with these seeds, see `distinguishable`."""

    @property
    def interval(self) -> MeanInterval:
        """Mean and bounds."""
        return MeanInterval(self.mean, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Differences:
    """By quantity; None for the first candidate, and where there is nothing to pair."""

    udr: Difference | None
    elbo: Difference | None
    held_out_reconstruction: Difference | None


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One candidate of a selection: S runs of one configuration under different seeds."""

    row: str
    """Its label, which names the method as `micvae train` takes it."""
    seeds: Annotated[tuple[int, ...], Length(1)]
    paths: Texts
    """Folders of the runs within the study, (S,)."""
    scores: Numbers | None
    """UDR of each run among those of its row, (S,); None where nothing can be compared."""
    trivial: bool
    """Whether agreement is trivial, because too few latents are active."""
    rotated: float | None
    """What randomly rotated codes reach in `agreement`."""
    affine: float | None
    """Least MCC of two runs after the best affine map."""
    udr: Mean
    agreement: Mean
    """MCC of ranks of the active latents of two runs."""
    elbo: MeanInterval
    """Of samples kept aside, nats per sample."""
    held_out_reconstruction: MeanInterval
    """−E[log p(x|z)] of the same samples, nats."""
    active_units: MeanInterval
    difference: Differences

    def __post_init__(self) -> None:
        check_length("paths", self.paths, len(self.seeds))
        if self.scores is not None:
            check_length("scores", self.scores, len(self.seeds))

    def known(self, name: str) -> MeanInterval | None:
        """Mean and interval of a quantity by its name; None where it is not known."""
        found: Mean | MeanInterval = getattr(self, name)
        return found.interval if isinstance(found, Mean) else found

    def differs(self, name: str) -> Difference | None:
        """The difference to the first candidate in a quantity by its name."""
        found: Difference | None = getattr(self.difference, name)
        return found

    def apart(self, name: str) -> bool:
        """Whether a quantity distinguishes it from the first candidate."""
        found = self.differs(name)
        return found is not None and found.apart


@dataclass(frozen=True, kw_only=True)
class Recommended:
    """A run to go on with."""

    row: str
    seed: int
    path: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Candidates, best first, and which run to go on with."""

    recommended: Recommended | None
    """None if too few latents are active to compare seeds."""
    level: Share
    """Of each single comparison with the first candidate, so that all hold together."""
    candidates: Annotated[tuple[Ranked, ...], Length(1)]

    def __post_init__(self) -> None:
        first = self.candidates[0]
        if self.recommended is None or first.trivial:  # which earlier versions recommended, too
            return
        for name in ("rotated", "affine"):
            if getattr(first, name) is None:
                raise FieldError(f"candidates[0].{name}", "None", "a number, as it is recommended")
        for name in ("udr", "agreement"):
            if first.known(name) is None:
                raise FieldError(
                    f"candidates[0].{name}.mean", "None", "a number, as it is recommended"
                )


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Spearman's correlation over runs of UDR with a score that knows the factors."""

    mean: float
    low: float | None
    """None where there is one seed."""
    high: float | None
    values: Numbers
    """The score of every run."""


@dataclass(frozen=True, kw_only=True)
class NoCorrelation(Missing):
    """Why there is none."""

    values: Numbers
    """The score of every run."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Whether a ranking without labels agrees with scores that use the factors."""

    runs: Count
    seeds: Count | None = None
    """None in files of earlier versions, which did not count them."""
    udr: Numbers
    """Of every run."""
    mig: Correlation | NoCorrelation
    dci_disentanglement: Correlation | NoCorrelation


MEASURES = ("udr", "agreement", "elbo", "held_out_reconstruction", "active_units")
"""What is measured of every candidate, by field of `Ranked`."""


@dataclass(frozen=True, kw_only=True)
class SelectionRecord(Choice, Result):
    """What `micvae select` finds and `selection.json` holds."""

    REMEDY: ClassVar[str] = "Give the command of the selection again to rewrite the file."

    data: str
    """Name of the data."""
    aside: Whole
    """How many samples were kept aside."""
    not_ranked: Texts
    """Rows of which fewer than two seeds finished."""
    train: str | None
    """The command line to go on with."""
    check: Checked | Missing | None
    """None where it was not asked for."""

    def lines(self) -> list[dict[str, Json]]:
        """A dictionary per candidate, best first: means over seeds and the ends of intervals."""
        found = []
        for candidate in self.candidates:
            line: dict[str, Json] = {
                "row": candidate.row,
                "seeds": len(candidate.seeds),
                "recommended": candidate is self.candidates[0] and self.recommended is not None,
            }
            for name in MEASURES:
                interval = candidate.known(name)
                line |= {name: None if interval is None else interval.mean}
                line |= {f"{name}_{end}": getattr(interval, end, None) for end in ("low", "high")}
            found.append(line)
        return found

    def __str__(self) -> str:
        rows = [
            [c.row, str(len(c.seeds)), *(_interval_text(c.known(name)) for name in MEASURES)]
            for c in self.candidates
        ]
        chosen = self.recommended
        end = "nothing to recommend" if chosen is None else f"{chosen.row}, seed {chosen.seed}"
        return f"{text_table(['candidate', 'seeds', *MEASURES], rows)}\nrecommended: {end}"


def _interval_text(interval: MeanInterval | None) -> str:
    if interval is None:
        return "–"
    mean, low, high = interval
    return f"{mean:.4g}" if low is None else f"{mean:.4g} [{low:.4g}, {high:.4g}]"


_PARTS = ("mean", "low", "high")
_DIFFERENCES = ("difference_mig", "difference_dci_disentanglement")


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One row of the paper's table; in `table1.json` an object of numbers by name."""

    method: str
    seeds: Count
    paper_mig: float | None
    """What the paper prints."""
    paper_dci: float | None
    spreads: Mapping[str, MeanInterval]
    """Mean and interval by quantity; `difference_mig` is the paired one to the vanilla VAE."""

    def interval(self, name: str) -> MeanInterval | None:
        """Of a quantity; None where it is not known."""
        return self.spreads.get(name)

    def mean(self, name: str) -> float:
        """Mean of a quantity that every row has."""
        return self.spreads[name].mean

    def to_json(self) -> dict[str, Json]:
        """Flat: `mig_mean`, `mig_low`, `mig_high`, …; None where a difference is not known."""
        values: dict[str, Json] = {
            "method": self.method,
            "seeds": self.seeds,
            "paper_mig": self.paper_mig,
            "paper_dci": self.paper_dci,
        }
        for name in dict.fromkeys([*self.spreads, *_DIFFERENCES]):
            interval = self.spreads.get(name)
            values |= {f"{name}_{part}": getattr(interval, part, None) for part in _PARTS}
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave; quantities whose mean is None are left out.

        Raises:
            FieldError: names the field.
        """
        spreads = {}
        for key in values:
            name = key.removesuffix("_mean")
            if name == key or values[key] is None:
                continue
            parts = {part: values.get(f"{name}_{part}") for part in _PARTS}
            try:
                spreads[name] = decoded(MeanInterval, parts)
            except FieldError as error:
                raise FieldError(f"{name}_{error.field}", error.found, error.wanted) from None

        def plain(name: str, hint: Any) -> Any:
            try:
                return decoded(hint, values.get(name))
            except FieldError as error:
                raise error.below(name) from None

        return cls(
            method=plain("method", str),
            seeds=plain("seeds", Count),
            paper_mig=plain("paper_mig", float | None),
            paper_dci=plain("paper_dci", float | None),
            spreads=spreads,
        )

    def __post_init__(self) -> None:
        missing = [name for name in NEEDED if name not in self.spreads]
        if missing:
            raise FieldError(f"{missing[0]}_mean", shown(None), "a finite number")


NEEDED = ("mig", "dci_disentanglement", "reconstruction", "active_units")
"""Quantities that every row of the paper's table has."""
