"""What a claim is: a source, complete settings, a measurement, and the law of its verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from micvae.claims.verdict import Bound, Comparison, Level
from micvae.errors import MicvaeError
from micvae.studies.statistics import enough_seeds
from micvae.training.config import RunConfig
from micvae.training.run import Run

SEEDS = tuple(range(6))
"""The fewest seeds with which two rows can be distinguishable at 95%."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a claim is published.

    Examples:
        >>> print(Source(title="A Theorem", authors="Comon", year=1994, where="Theorem 1"))
        Comon 1994, *A Theorem*, Theorem 1
    """

    title: str
    authors: str
    year: int | None
    """None where the source bears none."""
    where: str
    """The table, figure or section."""

    def __str__(self) -> str:
        """One line of a bibliography."""
        return f"{self.short}, *{self.title}*, {self.where}"

    @property
    def short(self) -> str:
        """Authors and year."""
        return self.authors if self.year is None else f"{self.authors} {self.year}"


@dataclass(frozen=True, kw_only=True)
class Published:
    """What the source states of one row.

    Examples:
        >>> Published(row="tcl", said="higher than linear ICA", on="a simulation").reading
        'direction'
    """

    row: str
    said: str
    """The statement: a number with its unit, or a direction such as "higher than the VAE"."""
    on: str
    """What it was measured on."""
    value: float | None = None
    """The number, in the unit of the claim's quantity; None for a direction."""
    reading: Literal[
        "printed", "read from a plot", "derived", "authors' code, run here", "direction"
    ] = "direction"
    """How the number is known; derived: it follows from the source's definition or theorem."""
    tolerance: float = 0.0
    """How exactly the number is known, or can be estimated from the samples."""
    asked: Bound | None = None
    """How the row must relate to the number for the claim to hold; None where the setting here
    differs so much that the number itself is not asked for."""

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reading == "direction"):
            raise MicvaeError(f"{self.row}: give a value, unless the statement is a direction.")
        if self.value is None and self.asked is not None:
            raise MicvaeError(f"{self.row}: asked needs a value.")


@dataclass(frozen=True)
class Finished:
    """The finished runs of one seed.

    Args:
        seed: the seed.
        runs: by training; of several restarts the one with the lowest loss.
        quick: whether this is a small case, which may be measured on fewer samples.

    Examples:
        >>> Finished(seed=3, runs={}).seed
        3
    """

    seed: int
    runs: Mapping[str, Run]
    quick: bool = False


Measurement = Callable[[Finished], float]
"""The finished runs of one seed → the number of one row."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published claim, with everything that is needed to test it.

    Examples:
        >>> from micvae.claims import find_claim
        >>> claim = find_claim("fast-ica-linear")
        >>> list(claim.rows), claim.seeds
        (['fast-ica', 'vae'], (0, 1, 2, 3, 4, 5))
        >>> claim.levels
        (Level(row='fast-ica', value=1.0, bound='at least', tolerance=0.005),)
    """

    name: str
    """Names it on the command line."""
    statement: str
    """The claim in one sentence."""
    source: Source
    published: tuple[Published, ...]
    quantity: str
    """What the numbers of the rows are, with the unit."""
    rows: Mapping[str, Measurement]
    """By label: how the row's number follows from the runs of a seed."""
    comparisons: tuple[Comparison, ...] = ()
    """Which rows are claimed to have larger numbers than which."""
    trainings: Mapping[str, RunConfig] = field(default_factory=dict)
    """Complete settings by label; `{seed}` in the data stands for the seed. Empty where nothing
    is trained."""
    restarts: Mapping[str, int] = field(default_factory=dict)
    """Trainings per seed, by label, of which the one with the lowest loss counts; 1 by default."""
    seeds: tuple[int, ...] = SEEDS
    """Of training and, where the data says `{seed}`, of the data."""
    beside: Mapping[str, Measurement] = field(default_factory=dict)
    """Further numbers by label, shown beside the rows; the verdict does not depend on them."""
    scored: bool = False
    """Whether the measurements read stored scores, which the workers then compute."""
    differs: tuple[str, ...] = ()
    """What differs from the source, and why."""
    quick_samples: int = 512
    """Samples of the generated data in a small case."""

    def __post_init__(self) -> None:
        if len(set(self.seeds)) < enough_seeds():
            raise MicvaeError(
                f"{self.name} has {len(self.seeds)} seeds; {enough_seeds()} different ones are "
                "needed to distinguish rows."
            )
        named = [p.row for p in self.published]
        named += [row for c in self.comparisons for row in (c.higher, c.lower)]
        unknown = sorted(set(named) - set(self.rows))
        if unknown:
            raise MicvaeError(f"{self.name} has no row {unknown[0]!r}.")
        if not self.comparisons and not self.levels:
            raise MicvaeError(f"{self.name} has nothing to compare, so it has no verdict.")

    @property
    def levels(self) -> tuple[Level, ...]:
        """The published values that are to be reached."""
        return tuple(
            Level(row=p.row, value=p.value, bound=p.asked, tolerance=p.tolerance)
            for p in self.published
            if p.value is not None and p.asked is not None
        )

    @property
    def follows_data(self) -> bool:
        """Whether every seed draws its own data."""
        return all("{seed}" in str(config.data) for config in self.trainings.values())
