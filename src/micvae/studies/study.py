"""A study: a grid of runs in one folder, resumable, one row per run in one table."""

import dataclasses
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from micvae import records
from micvae.data import tables
from micvae.errors import MicvaeError, RunError
from micvae.files import expanded, make_folder, making, replacing
from micvae.locks import owned
from micvae.paths import member, safe_name
from micvae.records import shown
from micvae.scoring import stored_scores
from micvae.scoring.nulls import null_ends, nulls_of
from micvae.studies.pool import Event, leave_if_worker, run_jobs
from micvae.studies.record import StudyRecord, StudyRow
from micvae.text import encodable
from micvae.training.config import RunConfig
from micvae.training.record import Scores
from micvae.training.run import RUNS, Run

TABLE = "table.parquet"
STUDY = "study.json"
Row = dict[str, Any]
"""One run: labels, scores, cost and settings by name. Which there are depends on the metrics."""
Rows = list[Row]
LARGEST = 1e30
PLAIN_TERMS = ("reconstruction", "kl", "r_mi", "active_units")


@dataclass(frozen=True)
class Cell:
    """One run of a study: a configuration under the label of its row."""

    row: str
    config: RunConfig

    @property
    def path(self) -> Path:
        """The run's folder within the study, addressed by its whole configuration."""
        values = self.config.to_json()
        restart = values.pop("restart")  # in the name instead, as restarts differ in nothing else
        content = json.dumps(values, sort_keys=True).encode()
        digest = hashlib.blake2b(content, digest_size=4).hexdigest()
        name = f"seed-{self.config.seed}-{digest}" + (f"-restart-{restart}" if restart else "")
        # As studies have named it from the beginning, the colon of a preset included.
        row = safe_name(self.row.replace(" ", "-"), keep="" if os.name == "nt" else ":")
        return Path(RUNS) / row / name


RUN_NAME = re.compile(r"seed-(\d+)-[0-9a-f]{8}(?:-restart-(\d+))?")
"""Name of a run's folder in a study, see `Cell.path`: seed, and restart where there is one."""


def short_names(paths: Iterable[str | Path]) -> list[str]:
    """What tables call runs: `vae, seed 3` where a study made them, else their folders' names.

    Args:
        paths: of the runs; where two would be called the same, all keep their folders' names.
    """
    folders = [Path(path) for path in paths]
    names = []
    for folder in folders:
        found = RUN_NAME.fullmatch(folder.name)
        if found is None or folder.parent.parent.name != RUNS:
            names.append(folder.name)
            continue
        seed, restart = found.groups()
        again = f", restart {restart}" if restart else ""
        names.append(f"{folder.parent.name}, seed {seed}{again}")
    return names if len(set(names)) == len(names) else [folder.name for folder in folders]


def with_seed(config: RunConfig, seed: int) -> RunConfig:
    """The same configuration under another seed; `{seed}` in its data stands for the seed.

    With `data="squares(seed={seed})"` every run draws its own images, and an interval over
    seeds covers the draw of the data, too.
    """
    data = config.description
    text = str(data.with_seed(seed)) if data.follows_seed else config.data
    return dataclasses.replace(config, seed=seed, data=text)


def grid(
    rows: Mapping[str, RunConfig], seeds: Sequence[int], restarts: Mapping[str, int] | None = None
) -> list[Cell]:
    """Every row under every seed, seeds in the outer loop so that early results are balanced.

    Args:
        rows: configurations by label.
        seeds: what each is trained under.
        restarts: how often, by label, each is trained under the same seed; once where left out.
    """
    return [
        Cell(row, dataclasses.replace(with_seed(config, seed), restart=restart))
        for seed in seeds
        for row, config in rows.items()
        for restart in range((restarts or {}).get(row, 1))
    ]


def described(rows: Mapping[str, RunConfig]) -> tuple[StudyRow, ...]:
    """Configurations by label, as a study's record holds them."""
    return tuple(
        StudyRow(label=label, description=config.objective.summary, config=config.to_json())
        for label, config in rows.items()
    )


def run_study(
    cells: Sequence[Cell],
    folder: Path,
    description: StudyRecord,
    workers: int,
    report: Callable[[Event], None] = lambda event: None,
    extra: Callable[[Cell], Mapping[str, Any]] = lambda cell: {},
    command: str = "study",
) -> Rows:
    """Run what is not there yet, and write `study.json` and `table.parquet`.

    Args:
        cells: the runs; those that are finished in `folder` are not run again.
        folder: the study's folder.
        description: what a report is to show; `failed`, and the notes of the runs' data, are added.
        workers: how many runs at a time, one thread each.
        report: called with every event, `event.job` being an index into `cells`.
        extra: further columns of a cell's row in the table.
        command: of the command line; it knows an unfinished folder as its own by this name.

    Returns:
        The table's rows, in the order of `cells`, runs that failed left out.

    Raises:
        RunError: where every run failed, and where the folder has finished runs of another study.
            More rows, seeds and restarts of the same settings may be added to it. Where another
            process runs a study there.
        KeyboardInterrupt: on Ctrl-C; the same call goes on from there.
    """
    leave_if_worker()
    folder = expanded(folder)
    refuse_another(cells, folder)
    make_folder(folder)
    with owned(folder), making(folder, command):
        jobs = [(cell.config.to_json(), member(folder, cell.path)) for cell in cells]
        failures = run_jobs(jobs, workers, report)
        done = [cell for i, cell in enumerate(cells) if i not in failures]
        if not done:
            raise RunError(f"every run of the study failed; the first because: {failures[0]}")
        failed = {cells[i].path.as_posix(): why for i, why in failures.items()}
        notes = list(description.notes)
        for cell in done:
            notes += [note for note in Run(folder / cell.path).data.notes if note not in notes]
        records.write(
            folder / STUDY, dataclasses.replace(description, notes=tuple(notes), failed=failed)
        )
        rows = keep_best([row_of(cell, folder) | dict(extra(cell)) for cell in done])
        write_table(rows, folder)
    return rows


def refuse_another(cells: Sequence[Cell], folder: Path) -> None:
    """Refuse a folder whose table has runs that are none of `cells`: it would lose them.

    A quick look (`quick` in its `study.json`) is no result, and may be replaced by one.

    Raises:
        RunError: names what differs.
    """
    try:
        quick = records.read(StudyRecord, folder / STUDY).quick
        finished = read_rows(folder / TABLE)
    except MicvaeError:
        return  # nothing is there that a reader could use
    own = {cell.path.as_posix() for cell in cells}
    lost = [row for row in finished if row.get("path") not in own]
    if quick or not lost:
        return
    differences = dict.fromkeys(text for row in lost for text in _differences(row, cells))
    shown = "; ".join([*list(differences)[:3], *(["…"] if len(differences) > 3 else [])])
    raise RunError(
        f"{folder} holds a study with other runs ({shown}); choose another --out. Only more "
        "methods, seeds and restarts can be added to a study."
    )


def _differences(row: Row, cells: Sequence[Cell]) -> list[str]:
    """What keeps a row of a table from being one of the cells."""
    mine = [cell for cell in cells if cell.row == row["row"]]
    if not mine:
        return [f"{row['row']} there, not here"]
    same = [cell for cell in mine if cell.config.seed == row["seed"]]
    here = (same or mine)[0].config.to_json()
    data = here["data"] == row["data"] or not same  # it may follow the seed
    changed = [
        f"{name}: {row.get(name)} there, {value} here"
        for name, value in here.items()
        if name not in ("seed", "restart", "data") and row.get(name) != value
    ]
    changed += [] if data else [f"data: {row['data']} there, {here['data']} here"]
    label = "restart" if same else "seed"
    return changed or [f"{label} {row.get(label)} there, not here"]


def write_table(rows: Sequence[Row], folder: Path) -> None:
    """Write `table.parquet`; what a row does not have is null there."""
    with replacing(folder / TABLE) as temporary:
        names = dict.fromkeys(name for row in rows for name in row)
        complete = [{name: row.get(name) for name in names} for row in rows]
        with temporary.open("wb") as file:  # Arrow takes no path that is not UTF-8
            pq.write_table(pa.Table.from_pylist(_encodable(complete)), file)


def _encodable(rows: Sequence[Row]) -> Rows:
    """Rows whose text Arrow can hold: it takes no lone surrogate."""
    return [
        {name: encodable(v) if isinstance(v, str) else v for name, v in row.items()} for row in rows
    ]


def read_rows(path: Path) -> Rows:
    """Read a study's table: a dictionary per run, values that are not there as None.

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
        rows: Rows = tables.read_rows(path)
        with path.open("rb") as file:
            schema = pq.read_schema(file)
    except MicvaeError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise RunError(f"{path} is not a readable Parquet file: {reason}.") from None
    wrong = _wrong_column(schema, rows)
    if wrong:
        raise RunError(f"{path}: {wrong}; give the command of the study again to write it anew.")
    return rows


REQUIRED = {"row": str, "seed": int, "path": str, "data": str, "seconds": float}
"""Columns of every table, none of them with empty cells."""
WITHOUT_HOLES: dict[str, type] = REQUIRED | {"kept": bool}
"""Columns without empty cells, where a table has them."""
TEXTS = {"row", "path", "group", *(field.name for field in dataclasses.fields(RunConfig))}
"""Columns that may hold text: labels and settings. All others hold numbers."""


def _wrong_column(schema: pa.Schema, rows: Rows) -> str | None:
    """What keeps a table from being that of a study, or None."""
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


def keep_best(rows: Sequence[Row]) -> Rows:
    """Of the restarts of one row under one seed, mark the run of the lowest loss as `kept`.

    The loss is what was minimised, on the training images, averaged over the last epoch (see
    `Run.final_terms`): no label is looked at. `restarts` says of how many, `seconds_of_all` what
    they cost together.
    """
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["row"], row["seed"]), []).append(row)
    marked = []
    for row in rows:
        group = groups[row["row"], row["seed"]]
        best = min(group, key=lambda one: math.inf if one["loss"] is None else one["loss"])
        cost = round(sum(one["seconds"] for one in group), 3)
        marked.append({**row, "kept": row is best, "restarts": len(group), "seconds_of_all": cost})
    return marked


def row_of(cell: Cell, folder: Path) -> Row:
    """One row of the table: labels, scores, cost and the whole configuration."""
    return row_of_run(cell.row, Run(folder / cell.path), cell.path)


def row_of_run(label: str, run: Run, path: Path) -> Row:
    """A run as one row of a table.

    Args:
        label: the row of the study that it belongs to.
        run: a finished run with scores.
        path: where it lies, as seen from the table's folder.

    Raises:
        RunError: where it has no scores.
    """
    scores = stored_scores(run)
    config = run.config.to_json()
    seed = config.pop("seed")
    return {
        "row": label,
        "seed": seed,
        "path": path.as_posix(),
        **scores.metrics,
        **{name: scores.quantities[name] for name in PLAIN_TERMS},
        **_null_columns(scores),
        "loss": run.final_terms().get("loss"),
        "converged": run.convergence().converged,
        "seconds": run.seconds,
        **config,
    }


def _null_columns(scores: Scores) -> dict[str, float | None]:
    """Both ends of every dependence's null, `r_mi_null_low`, …; None where it is not known."""
    columns: dict[str, float | None] = {}
    for name, null in nulls_of(scores).items():
        ends = (None, None) if null is None else (null.low, null.high)
        columns |= dict(zip(null_ends(name), ends, strict=True))
    return columns


def n_workers() -> int:
    """How many runs to have at a time: the cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not every system has it
        return os.cpu_count() or 1
