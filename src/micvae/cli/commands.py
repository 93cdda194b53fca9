"""One function per command: it parses, calls and prints."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from micvae.cli.audit import audit
from micvae.cli.claims import asked_for, reproduce_claims
from micvae.cli.codes import decode, encode
from micvae.cli.display import print_summary, run_progress, say, study_progress
from micvae.cli.evaluate import evaluate
from micvae.cli.explore import explore
from micvae.cli.export import export
from micvae.cli.lists import print_list
from micvae.cli.outputs import check_folder, check_folder_name, holds_study
from micvae.cli.parsing import parse
from micvae.cli.report import report, write_report
from micvae.cli.select import select
from micvae.cli.share import share
from micvae.cli.theorem import theorem
from micvae.data import FactorDataset, standardised
from micvae.data.standardised import own_vectors
from micvae.data.value_range import Scale
from micvae.errors import MicvaeError
from micvae.objectives import METHODS, find
from micvae.objectives.terms import NATS, term
from micvae.records import read
from micvae.studies.paper import Reproduction
from micvae.studies.paper import reproduce as reproduce_paper
from micvae.studies.record import StudyRecord
from micvae.studies.study import STUDY, Cell, described, grid, n_workers, run_study
from micvae.studies.table import StudyTable
from micvae.tracking import Tracking
from micvae.training.config import RunConfig, TrainingOptions
from micvae.training.train import OWN_LOG, data_for, train_run

__all__ = [
    "audit",
    "decode",
    "encode",
    "evaluate",
    "explore",
    "export",
    "list_",
    "report",
    "reproduce",
    "select",
    "share",
    "study",
    "theorem",
    "train",
]

NEXT = ("evaluate", "report")
MIN_SAMPLES = 20
"""Samples that these need: MIG alone puts them into 20 bins."""


def train(arguments: list[str]) -> None:
    """`micvae train METHOD`."""
    method, *rest = (
        arguments if arguments and not arguments[0].startswith("-") else ["", *arguments]
    )
    if not method and not {"-h", "--help"} & set(rest):
        raise MicvaeError(f"train needs a METHOD; choose from {', '.join(METHODS)}.")
    chosen = find(method or "mi-constrained")
    kind = type(chosen)

    @dataclass(frozen=True, kw_only=True)
    class Train(TrainingOptions):
        """Train one model into a run folder.

        METHOD is a name from micvae list methods, optionally with a preset (mi-constrained:paper).
        Weights may change during training: --beta "ramp(0, 1, steps=1000)".
        """

        objective: kind  # type: ignore[valid-type]
        """The method and its hyperparameters."""
        out: Path = Path("out/run")
        """Folder of the run; with the same options, an interrupted training continues."""
        tracker: Tracking = OWN_LOG
        """Where else to log: log (nowhere), tensorboard, mlflow or wandb (offline). It does not
        change the run."""
        standardise: bool = True
        """Whether to scale vectors of your own tables and array files to mean 0 and variance 1 per
        feature. Disable it for methods that use distances, such as isometric-ica. Generated data is
        never scaled."""

    parsed = parse(Train, rest, f"train {method or 'METHOD'}", Train(objective=chosen))
    values = dict(vars(parsed))
    out, tracker, standardise = (values.pop(name) for name in ("out", "tracker", "standardise"))
    check_folder_name(out)
    dataset = data_for(RunConfig(**values), out)
    if standardise and own_vectors(dataset.source, dataset.image_shape):
        values["data"] = str(parsed.description.wrapped("standardised"))
        dataset = standardised(dataset)
    config = RunConfig(**values)
    _say_scale(dataset, config.data)
    with run_progress(f"training {config.method} on {dataset.name}") as report:
        run = train_run(config, out, report, dataset, tracker)
    terms = run.final_terms()
    nats = {name: value for name, value in terms.items() if term(name).unit == NATS}
    shown = ", ".join(f"{name} {value:.3f}" for name, value in nats.items())
    when = "fitted model" if config.objective.changes_after_training else "last epoch"
    say(f"{when}, nats per sample: {shown}")
    others = [f"{term(n).title} {v:.3g}" for n, v in terms.items() if n not in nats]
    if others:
        say(f"other terms: {', '.join(others)}")
    for remark in run.remarks():
        say(remark)
    n = run.data.n
    if n < MIN_SAMPLES:
        say(f"{n} samples are too few to be scored or drawn: at least {MIN_SAMPLES} are needed.")
        return
    say(f"next: {'; '.join(shlex.join(['micvae', c, str(run.path)]) for c in NEXT)}")


def _say_scale(dataset: FactorDataset, data: str) -> None:
    """Print the values of black and white, if they are not those of the type."""
    scale = Scale.of(dataset.source) if dataset.pictures else None
    for note in () if scale is None else scale.notes(data):
        say(f"note: {note}")


def study(arguments: list[str]) -> None:
    """`micvae study METHOD …`."""

    @dataclass(frozen=True, kw_only=True)
    class Study(TrainingOptions):
        """Train and score several methods over several seeds, in parallel.

        Finished runs are not repeated; an interrupted study continues.
        """

        methods: Positional[tuple[str, ...]] = tuple(METHODS)
        """Methods to compare, such as vae mi-constrained:paper "mi-constrained(mi_weight=1)"."""
        seeds: int = 5
        """Number of seeds per method: seed, seed + 1, …"""
        restarts: int = 1
        """Trainings per method and seed; the one with the lowest loss is kept. No label is used."""
        out: Path = Path("out/study")
        """Folder of the study."""
        workers: int = n_workers()
        """Runs at a time, one thread each."""
        standardise: bool = True
        """Whether to scale vectors of your own tables and array files to mean 0 and variance 1 per
        feature. Generated data is never scaled."""

    parsed = parse(Study, arguments, "study", Study())
    for name in ("seeds", "restarts", "workers"):
        if getattr(parsed, name) < 1:
            raise MicvaeError(f"{name} is {getattr(parsed, name)}; at least one is needed.")
    if parsed.restart:
        raise MicvaeError("restart belongs to train; a study takes --restarts.")
    values = dict(vars(parsed))
    methods, seeds, restarts, out, workers, standardise = (
        values.pop(k) for k in ("methods", "seeds", "restarts", "out", "workers", "standardise")
    )
    check_folder(out, "study", holds_study())
    dataset = parsed.description.with_seed(0).load()  # a wrong --data is said now, and once
    if standardise and own_vectors(dataset.source, dataset.image_shape):
        values["data"] = str(parsed.description.wrapped("standardised"))
    rows = {name: RunConfig(objective=find(name), **values) for name in methods}
    repeated = dict.fromkeys(rows, restarts)
    cells = grid(rows, range(parsed.seed, parsed.seed + seeds), repeated)
    description = StudyRecord(
        title=f"{', '.join(rows)} on {parsed.data}", seeds=seeds, rows=described(rows)
    )
    with study_progress(cells) as progress:
        table = run_study(cells, out, description, workers, progress)
    _finish(table.kept, list(rows), cells, out)


def reproduce(arguments: list[str]) -> None:
    """`micvae reproduce`: the seed paper; with a claim, `--list` or `--all` the ledger."""
    if asked_for(arguments):
        reproduce_claims(arguments)
        return
    parsed = parse(Reproduction, arguments, "reproduce", Reproduction())
    check_folder(parsed.out, "reproduce", holds_study("paper"))
    cells = parsed.cells()
    with study_progress(cells) as progress:
        table = reproduce_paper(parsed, progress)
    kept = tuple(row for row in table.kept if row["group"] == "table")
    _finish(StudyTable(kept), list(parsed.rows()), cells, parsed.out)


def _finish(rows: StudyTable, labels: Sequence[str], cells: Sequence[Cell], out: Path) -> None:
    """Print the table and failures, draw the page; status 1 if a row has no finished run."""
    print_summary(rows, labels)
    failed = read(StudyRecord, out / STUDY).failed
    for cell in cells:
        if cell.path.as_posix() in failed:
            reason = failed[cell.path.as_posix()].strip().splitlines()[-1]
            say(f"failed: {cell.row}, seed {cell.config.seed}: {reason}")
    write_report(out)
    if set(labels) - set(rows.labels):
        sys.exit(1)


def list_(arguments: list[str]) -> None:
    """`micvae list WHAT`."""

    @dataclass(frozen=True)
    class List:
        """List the names that commands accept."""

        what: Positional[Literal["methods", "latents", "metrics", "estimators", "data"]]
        """What to list."""

    print_list(parse(List, arguments, "list").what)
