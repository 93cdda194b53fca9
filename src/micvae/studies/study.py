"""A study: a grid of runs in one folder, which can be resumed, with a table of all runs."""

import dataclasses
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from micvae import records
from micvae.errors import MicvaeError, RunError
from micvae.files import expanded, make_folder, making
from micvae.locks import owned
from micvae.paths import member, safe_name
from micvae.scoring import stored_scores
from micvae.scoring.nulls import null_ends, nulls_of
from micvae.spelling import SEED
from micvae.studies.pool import Event, Job, leave_if_worker, run_jobs
from micvae.studies.record import StudyRecord, StudyRow
from micvae.studies.table import TABLE, Row, StudyTable, Value, read_rows, write_table
from micvae.training.config import RunConfig
from micvae.training.record import Scores
from micvae.training.run import RUNS, Run

STUDY = "study.json"
PLAIN_TERMS = ("reconstruction", "kl", "r_mi", "active_units")


@dataclass(frozen=True)
class RunName:
    """The name of a run's folder in a study: `seed-3-0f1e2d3c`, or `seed-3-0f1e2d3c-restart-1`."""

    seed: int
    digest: str
    """Of the configuration: 8 hexadecimal digits."""
    restart: int = 0

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The parts of a folder's name, or None where no study made it."""
        found = re.fullmatch(r"seed-(\d+)-([0-9a-f]{8})(?:-restart-(\d+))?", name)
        return None if found is None else cls(int(found[1]), found[2], int(found[3] or 0))

    def __str__(self) -> str:
        again = f"-restart-{self.restart}" if self.restart else ""
        return f"seed-{self.seed}-{self.digest}{again}"


@dataclass(frozen=True)
class Cell:
    """One run of a study: a configuration under the label of its row."""

    row: str
    config: RunConfig

    @property
    def path(self) -> Path:
        """The run's folder within the study, addressed by its whole configuration."""
        values = self.config.to_json()
        del values["restart"]  # in the name instead, as restarts differ in nothing else
        content = json.dumps(values, sort_keys=True).encode()
        digest = hashlib.blake2b(content, digest_size=4).hexdigest()
        name = RunName(self.config.seed, digest, self.config.restart)
        # As studies have named it from the beginning, the colon of a preset included.
        row = safe_name(self.row.replace(" ", "-"), keep="" if os.name == "nt" else ":")
        return Path(RUNS) / row / str(name)


def short_names(paths: Iterable[str | Path]) -> list[str]:
    """Names of runs in tables: `vae, seed 3` where a study made them, else their folders' names.

    Args:
        paths: of the runs; where two would be called the same, all keep their folders' names.
    """
    folders = [Path(path) for path in paths]
    names = []
    for folder in folders:
        found = RunName.parse(folder.name)
        if found is None or folder.parent.parent.name != RUNS:
            names.append(folder.name)
            continue
        again = f", restart {found.restart}" if found.restart else ""
        names.append(f"{folder.parent.name}, seed {found.seed}{again}")
    return names if len(set(names)) == len(names) else [folder.name for folder in folders]


def with_seed(config: RunConfig, seed: int) -> RunConfig:
    """The same configuration under another seed; `{seed}` in its data stands for the seed.

    With `data="squares(seed={seed})"` every run draws its own images, and an interval over
    seeds covers the draw of the data, too.
    """
    data = config.data.replace(str(SEED), str(seed))
    return dataclasses.replace(config, seed=seed, data=data)


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
    extra: Callable[[Cell], Mapping[str, Value]] = lambda cell: {},
    command: str = "study",
) -> StudyTable:
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
        jobs = [Job(cell.config, str(member(folder, cell.path))) for cell in cells]
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
        rows = keep_best([row_of(cell, folder).with_columns(extra(cell)) for cell in done])
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
    lost = [row for row in finished if row.path not in own]
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
    mine = [cell for cell in cells if cell.row == row.row]
    if not mine:
        return [f"{row.row} there, not here"]
    same = [cell for cell in mine if cell.config.seed == row.seed]
    here = (same or mine)[0].config.to_json()
    data = here["data"] == row.data or not same  # it may follow the seed
    changed = [
        f"{name}: {row.get(name)} there, {value} here"
        for name, value in here.items()
        if name not in ("seed", "restart", "data") and row.get(name) != value
    ]
    changed += [] if data else [f"data: {row.data} there, {here['data']} here"]
    label = "restart" if same else "seed"
    return changed or [f"{label} {row.get(label)} there, not here"]


def keep_best(rows: Iterable[Row]) -> StudyTable:
    """Of the restarts of one row under one seed, mark the run of the lowest loss as `kept`.

    The loss is what was minimised, on the training images, averaged over the last epoch (see
    `Run.final_terms`): no label is looked at. `restarts` says of how many, `seconds_of_all` what
    they cost together.
    """
    groups: dict[tuple[str, int], list[Row]] = {}
    given = list(rows)
    for row in given:
        groups.setdefault((row.row, row.seed), []).append(row)
    marked = []
    for row in given:
        group = groups[row.row, row.seed]
        best = min(group, key=_loss)
        cost = round(sum(one.seconds for one in group), 3)
        further = {"kept": row is best, "restarts": len(group), "seconds_of_all": cost}
        marked.append(row.with_columns(further))
    return StudyTable(tuple(marked))


def _loss(row: Row) -> float:
    loss = row.number("loss")
    return math.inf if loss is None else loss


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
    return Row.of(
        {
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
    )


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
