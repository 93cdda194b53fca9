"""Tables of many runs: what was measured over seeds, and how sure it is."""

from collections.abc import Sequence
from pathlib import Path

from micvae.errors import RunError
from micvae.reports.page import Cell, Table
from micvae.reports.quantities import NOT_KNOWN, Quantity, quantity
from micvae.studies.record import StudyRecord
from micvae.studies.statistics import Interval, apart, bootstrap_interval
from micvae.studies.study import TABLE, Row, Rows, read_rows

ENOUGH = 6
"""With fewer seeds, differences of two equal methods fall on one side of 0 too often."""


def read_table(folder: Path, restarts: bool = False) -> Rows:
    """One dictionary per run, values that are not there as None.

    Args:
        folder: a study's folder.
        restarts: whether to return the restarts that were not kept as well.

    Raises:
        RunError: where the table is missing or damaged.
    """
    path = folder / TABLE
    if not path.exists():
        raise RunError(
            f"{folder} has no {TABLE}: its study is not finished. Give the same command again; "
            "it goes on where it stopped."
        )
    return [row for row in read_rows(path) if restarts or row.get("kept", True)]


def values_of(rows: Rows, row: str, name: str) -> list[float]:
    """A quantity over the seeds of one row of the study."""
    return [float(r[name]) for r in rows if r["row"] == row and r.get(name) is not None]


def paired(rows: Rows, row: str, baseline: str, name: str) -> list[float]:
    """A quantity of a row minus the baseline's under the same seed."""
    base = {r["seed"]: r[name] for r in rows if r["row"] == baseline and r.get(name) is not None}
    mine = [r for r in rows if r["row"] == row and r.get(name) is not None]
    return [float(r[name] - base[r["seed"]]) for r in mine if r["seed"] in base]


def interval_of(values: Sequence[float]) -> Interval | None:
    """Mean and interval, or None without values."""
    return bootstrap_interval(values) if values else None


def mean_cell(quantity: Quantity, interval: Interval | None) -> Cell:
    """A mean with its interval below; the value alone where a single seed has none."""
    if interval is None:
        return Cell(NOT_KNOWN)
    small = bounds(quantity, interval) if interval.low is not None else ""
    return Cell(quantity.shown(interval.mean), small, interval.mean)


def difference_cell(quantity: Quantity, interval: Interval | None) -> Cell:
    """A mean difference with its interval and what that says; alone where there is none."""
    if interval is None:
        return Cell(NOT_KNOWN)
    shown = quantity.shown(interval.mean, signed=True)
    if interval.low is None:
        return Cell(shown, "", interval.mean)
    return Cell(shown, bounds(quantity, interval, True), interval.mean, verdict(interval))


def count_said(seeds: int) -> str:
    """`10 seeds`, or that there is none."""
    return f"{seeds} seed{'' if seeds == 1 else 's'}" if seeds else "no run finished"


def bounds(quantity: Quantity, interval: Interval, signed: bool = False) -> str:
    """`[0.52, 0.61]`, or that there is no interval."""
    if interval.low is None or interval.high is None:
        return "one seed, no interval"
    return f"[{quantity.shown(interval.low, signed)}, {quantity.shown(interval.high, signed)}]"


def verdict(interval: Interval, seeds: int | None = None) -> str:
    """In plain words, whether the interval of a difference leaves out 0.

    Given how many seeds there are, that these are too few where `caution` says so.
    """
    if interval.low is None or interval.high is None:
        return "no interval"
    if seeds is not None and seeds < ENOUGH:
        return f"{seeds} seeds: too few to tell"
    return f"interval {'excludes' if apart(interval) else 'includes'} 0"


def most_seeds(rows: Rows, labels: Sequence[str]) -> int:
    """Seeds of the row that has most of them."""
    return max((len(values_of(rows, label, "seed")) for label in labels), default=0)


def means_said(seeds: int) -> str:
    """What stands in the cells of a table over so many seeds."""
    if seeds == 1:
        return "Values of a single seed, which has no interval."
    return "Mean over seeds and, in brackets, its 95% bootstrap interval."


def caution(seeds: int) -> str:
    """What a table of few seeds must say of its intervals; nothing where there are enough.

    Two equal methods differ in either direction with even chances, so that all of n differences
    fall on one side, and the interval leaves out 0, with probability 2^(1−n).
    """
    if not 2 <= seeds < ENOUGH:
        return ""
    return (
        f" With {seeds} seeds the intervals are too narrow: even between two equal methods all "
        f"differences fall on one side of 0 in {2 ** (1 - seeds):.0%} of studies."
    )


def representative(rows: Rows, row: str) -> Row | None:
    """The run of the median MIG of a row (the lower of two), or its first without MIG."""
    mine = [r for r in rows if r["row"] == row]
    scored = sorted((r for r in mine if r.get("mig") is not None), key=lambda r: float(r["mig"]))
    if scored:
        return scored[(len(scored) - 1) // 2]
    return mine[0] if mine else None


def failures(study: StudyRecord) -> list[str]:
    """Runs that failed, one line per reason: the last line of what was recorded."""
    reasons: dict[str, list[str]] = {}
    for path, why in study.failed.items():
        reason = (why.strip().splitlines() or ["no reason was recorded"])[-1]
        reasons.setdefault(reason, []).append(path)
    return [f"Failed: {', '.join(paths)} ({reason})" for reason, paths in reasons.items()]


def one_a_line(rows: Rows, labels: Sequence[str], names: Sequence[str]) -> Table:
    """All other quantities, one a line and one method a column."""
    lines = [
        [
            Cell(quantity(name).axis, quantity(name).meaning),
            *(
                mean_cell(quantity(name), interval_of(values_of(rows, label, name)))
                for label in labels
            ),
        ]
        for name in names
    ]
    caption = means_said(most_seeds(rows, labels))
    return Table(caption, [("", ""), *((label, "") for label in labels)], lines)
