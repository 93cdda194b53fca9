"""The table of a study: a row per run, stored as `table.parquet`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from micvae.data import tables
from micvae.errors import MicvaeError, RunError
from micvae.files import replacing
from micvae.records import Json, Result, shown
from micvae.studies.statistics import bootstrap_interval
from micvae.text import encodable, text_table
from micvae.training.config import RunConfig

TABLE = "table.parquet"
LARGEST = 1e30

Value = bool | int | float | str | None
"""What a cell holds; None where the run has no such value."""


@dataclass(frozen=True, eq=False)
class Row(Mapping[str, Value]):
    """One run of a study; also a mapping of every column by name, as `row["mig"]`.

    Args:
        row: label of the configuration, which all its seeds share.
        seed: of the run.
        path: its folder, relative to the folder of the table.
        data: what it was trained on.
        seconds: how long training took.
        kept: False for a restart that another one of the same seed beats.
        columns: every other column: scores, terms of the loss, settings.
    """

    row: str
    seed: int
    path: str
    data: str
    seconds: float
    kept: bool = True
    columns: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The row of these columns."""
        own = {name: values[name] for name in _OWN if name in values}
        return cls(**own, columns={n: v for n, v in values.items() if n not in _OWN})

    def with_columns(self, values: Mapping[str, Value]) -> Self:
        """The same row with further or other columns."""
        return self.of({**self, **values})

    def number(self, name: str) -> float | None:
        """A column as a number; None where it is missing or holds no number."""
        value = self.get(name)
        return float(value) if isinstance(value, int | float) else None

    def to_json(self) -> dict[str, Value]:
        """Every column by name."""
        return dict(self)

    def __getitem__(self, name: str) -> Value:
        value: Value = getattr(self, name) if name in _OWN else self.columns[name]
        return value

    def __iter__(self) -> Iterator[str]:
        yield from _OWN
        yield from self.columns

    def __len__(self) -> int:
        return len(_OWN) + len(self.columns)


_OWN = tuple(f.name for f in dataclasses.fields(Row) if f.name != "columns")


@dataclass(frozen=True)
class StudyTable(Result):
    """The runs of a study, with the questions that a comparison asks of them.

    Printed, it shows means over seeds with 95% bootstrap intervals. `to_frame()` gives a row per
    run.
    """

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """The table of these rows."""
        return cls(tuple(row if isinstance(row, Row) else Row.of(row) for row in rows))

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> Row:
        return self.rows[place]

    @property
    def labels(self) -> list[str]:
        """Every label, in the order of the rows."""
        return list(dict.fromkeys(row.row for row in self.rows))

    @property
    def kept(self) -> StudyTable:
        """The table without the restarts that were not kept."""
        return StudyTable(tuple(row for row in self.rows if row.kept))

    def known(self, label: str, name: str) -> list[tuple[Row, float]]:
        """The rows of a label that have a number in a column, with that number."""
        mine = [(row, row.number(name)) for row in self.rows if row.row == label]
        return [(row, value) for row, value in mine if value is not None]

    def values(self, label: str, name: str) -> list[float]:
        """A column over the seeds of one label."""
        return [value for _, value in self.known(label, name)]

    def paired(self, label: str, baseline: str, name: str) -> list[float]:
        """A column of a label minus the baseline's under the same seed."""
        base = {row.seed: value for row, value in self.known(baseline, name)}
        return [v - base[row.seed] for row, v in self.known(label, name) if row.seed in base]

    def most_seeds(self, labels: Sequence[str]) -> int:
        """Seeds of the label that has most of them."""
        return max((len(self.values(label, "seed")) for label in labels), default=0)

    def representative(self, label: str) -> Row | None:
        """The run of the median MIG of a label (the lower of two), or its first without MIG."""
        scored = sorted(self.known(label, "mig"), key=lambda pair: pair[1])
        if scored:
            return scored[(len(scored) - 1) // 2][0]
        return next((row for row in self.rows if row.row == label), None)

    def lines(self) -> list[dict[str, Json]]:
        """A dictionary per run; a column that a run does not have is None."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        return [{name: row.get(name) for name in names} for row in self.rows]

    def __str__(self) -> str:
        kept = self.kept
        names = [n for n in _PRINTED if any(kept.values(label, n) for label in kept.labels)]
        lines = [
            [label, str(len(kept.values(label, "seed")))]
            + [_mean_of(kept.values(label, name)) for name in names]
            for label in kept.labels
        ]
        return text_table(["", "seeds", *names], lines)


_PRINTED = ("mig", "dci_disentanglement", "reconstruction", "active_units")


def _mean_of(values: Sequence[float]) -> str:
    if not values:
        return ""
    mean, low, high = bootstrap_interval(values)
    return f"{mean:.3g}" if low is None else f"{mean:.3g} [{low:.3g}, {high:.3g}]"


def write_table(table: StudyTable, folder: Path) -> None:
    """Write `table.parquet`; what a row does not have is null there."""
    lines = [
        {name: encodable(v) if isinstance(v, str) else v for name, v in line.items()}
        for line in table.lines()  # Arrow takes no lone surrogate
    ]
    with replacing(folder / TABLE) as temporary, temporary.open("wb") as file:
        pq.write_table(pa.Table.from_pylist(lines), file)  # Arrow takes no path that is not UTF-8


def read_rows(path: Path) -> StudyTable:
    """Read a study's table; values that are not there are None.

    Args:
        path: of `table.parquet`.

    Raises:
        DataError: where it declares other columns than numbers and texts, or more than this
            machine can hold.
        RunError: where it cannot be read; where `row`, `path` or `data` are no texts, `seed` no
            whole number, `seconds` no number or `kept` neither true nor false; and where a score is
            no finite number.
    """
    try:
        rows = tables.read_rows(path)
        with path.open("rb") as file:
            schema = pq.read_schema(file)
    except MicvaeError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise RunError(f"{path} is not a readable Parquet file: {reason}.") from None
    wrong = _wrong_column(schema, rows)
    if wrong:
        raise RunError(f"{path}: {wrong}; give the command of the study again to rewrite it.")
    return StudyTable.of(rows)


REQUIRED = {"row": str, "seed": int, "path": str, "data": str, "seconds": float}
"""Columns of every table, none of them with empty cells."""
WITHOUT_HOLES: dict[str, type] = REQUIRED | {"kept": bool}
"""Columns without empty cells, where a table has them."""
TEXTS = {"row", "path", "group", *(field.name for field in dataclasses.fields(RunConfig))}
"""Columns that may hold text: labels and settings. All others hold numbers."""


def _wrong_column(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The reason why a table is not that of a study, or None."""
    names = schema.names
    if len(set(names)) < len(names) or not rows:
        return "two columns have the same name" if rows else "it has no rows"
    missing = REQUIRED.keys() - set(names)
    if missing:
        return f"column {min(missing)} is missing"
    for name in names:
        kind = schema.field(name).type
        number = pa.types.is_floating(kind) or pa.types.is_integer(kind)
        plain = number or pa.types.is_boolean(kind) or pa.types.is_null(kind)
        text = any(
            check(kind)
            for check in (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary)
        )
        if not (plain or (text and name in TEXTS)):
            return f"column {shown(name)} holds {kind}, and not numbers"
    for row in rows:
        for name, value in row.items():
            if isinstance(value, float) and not abs(value) <= LARGEST:
                return f"column {shown(name)} holds {value}, and not a finite number"
            wanted = WITHOUT_HOLES.get(name)
            fits = isinstance(value, int | float) if wanted is float else type(value) is wanted
            if wanted is not None and not fits:
                return f"column {name} holds {shown(value)}"
    if not any(row.get("kept", True) for row in rows):
        return "column kept marks no run"
    return None
