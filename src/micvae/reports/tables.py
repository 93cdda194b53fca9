"""Tables of many runs: what was measured over seeds, and how sure it is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from micvae.errors import RunError
from micvae.paths import member
from micvae.reports.page import Cell, Table
from micvae.reports.quantities import NOT_KNOWN, Quantity, quantity
from micvae.scoring.nulls import DEPENDENCES, Null, null_ends
from micvae.studies.record import StudyRecord
from micvae.studies.statistics import (
    MeanInterval,
    bootstrap_interval,
    chance_of_one_side,
    distinguishable,
    enough_seeds,
)
from micvae.studies.table import TABLE, StudyTable, read_rows

NULL_SAID = (
    " Below a dependence among latents: the interval of the same estimate for independent latents, "
    "on average over seeds. Only values above it show dependence."
)


def read_table(folder: Path) -> StudyTable:
    """Read the table of a study, with the restarts that were not kept.

    Args:
        folder: a study's folder.

    Raises:
        RunError: where the table is missing or damaged.
    """
    path = folder / TABLE
    if not path.exists():
        raise RunError(
            f"{folder} has no {TABLE}: its study is not finished. Give the same command again; "
            "it goes on where it stopped."
        )
    rows = read_rows(path)
    for row in rows:
        member(folder, row.path)
    return rows


def interval_of(values: Sequence[float]) -> MeanInterval | None:
    """Mean and interval, or None without values."""
    return bootstrap_interval(values) if values else None


def mean_cell(quantity: Quantity, interval: MeanInterval | None) -> Cell:
    """A mean with its interval below; the value alone where a single seed has none."""
    if interval is None:
        return Cell(NOT_KNOWN)
    small = bounds(quantity, interval) if interval.low is not None else ""
    return Cell(quantity.shown(interval.mean), small, interval.mean)


def beside_null(cell: Cell, rows: StudyTable, label: str, name: str) -> Cell:
    """A mean, and below it what independent latents give, on average over seeds.

    Args:
        cell: of the mean.
        rows: of the table.
        label: the row that the mean is of.
        name: the quantity. The cell stays as it is where no null of it is stored.
    """
    low, high = (rows.values(label, end) for end in null_ends(name))
    if cell.value is None or not low or not high:
        return cell
    null = Null(sum(low) / len(low), sum(high) / len(high))
    return replace(cell, verdict=f"independent: {null.shown}")


def difference_cell(quantity: Quantity, interval: MeanInterval | None, seeds: int) -> Cell:
    """A mean difference over so many seeds, its interval and what that says; alone without one."""
    if interval is None:
        return Cell(NOT_KNOWN)
    shown = quantity.shown(interval.mean, signed=True)
    if interval.low is None:
        return Cell(shown, "", interval.mean)
    return Cell(shown, bounds(quantity, interval, True), interval.mean, verdict(interval, seeds))


def count_said(seeds: int) -> str:
    """`10 seeds`, or that there is none."""
    return f"{seeds} seed{'' if seeds == 1 else 's'}" if seeds else "no run finished"


def bounds(quantity: Quantity, interval: MeanInterval, signed: bool = False) -> str:
    """`[0.52, 0.61]`, or that there is no interval."""
    if interval.low is None or interval.high is None:
        return "one seed, no interval"
    return f"[{quantity.shown(interval.low, signed)}, {quantity.shown(interval.high, signed)}]"


def verdict(interval: MeanInterval, seeds: int) -> str:
    """Whether two methods are distinguishable with so many seeds, in words."""
    if interval.low is None or interval.high is None:
        return "no interval"
    if seeds < enough_seeds():
        return f"{seeds} seeds: too few to tell"
    return "distinguishable" if distinguishable(interval, seeds) else "not distinguishable"


def means_said(seeds: int) -> str:
    """What stands in the cells of a table over so many seeds."""
    if seeds == 1:
        return "Values of a single seed, without intervals."
    return "Means over seeds, with 95% bootstrap intervals in brackets."


def caution(seeds: int, level: float = 0.95) -> str:
    """What a table of few seeds must say of its intervals; nothing where there are enough.

    Args:
        seeds: how many.
        level: confidence of each interval, see `distinguishable`.
    """
    if not 2 <= seeds < enough_seeds(level):
        return ""
    return (
        f" With {seeds} seeds the intervals are too narrow: even between two equal methods all "
        f"differences fall on one side of 0 in {chance_of_one_side(seeds):.0%} of studies. Telling "
        f"two methods apart needs at least {enough_seeds(level)} seeds."
    )


def failures(study: StudyRecord) -> list[str]:
    """Runs that failed, one line per reason: the last line of what was recorded."""
    reasons: dict[str, list[str]] = {}
    for path, why in study.failed.items():
        reason = (why.strip().splitlines() or ["no reason was recorded"])[-1]
        reasons.setdefault(reason, []).append(path)
    return [f"Failed: {', '.join(paths)} ({reason})" for reason, paths in reasons.items()]


def one_a_line(rows: StudyTable, labels: Sequence[str], names: Sequence[str]) -> Table:
    """All other quantities, one a line and one method a column."""
    lines = [
        [
            Cell(quantity(name).axis, quantity(name).meaning),
            *(
                beside_null(
                    mean_cell(quantity(name), interval_of(rows.values(label, name))),
                    rows,
                    label,
                    name,
                )
                for label in labels
            ),
        ]
        for name in names
    ]
    caption = means_said(rows.most_seeds(labels))
    if set(DEPENDENCES) & set(names):
        caption += NULL_SAID
    return Table(caption, [("", ""), *((label, "") for label in labels)], lines)
