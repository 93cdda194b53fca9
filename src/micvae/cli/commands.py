"""One function per command: it parses, calls and prints."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from micvae.cli.audit import audit
from micvae.cli.display import (
    busy,
    metric_progress,
    print_list,
    print_ranking,
    print_run,
    print_scores,
    print_summary,
    run_progress,
    study_progress,
)
from micvae.cli.explore import explore
from micvae.cli.export import export
from micvae.cli.parsing import parse
from micvae.cli.theorem import theorem
from micvae.data import FactorKind, load, read_matrix
from micvae.data.dataset import guess_kind
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.files import write_json
from micvae.objectives import METHODS, find
from micvae.studies.evaluation import evaluate_run, rank_runs
from micvae.studies.paper import Reproduction
from micvae.studies.paper import reproduce as reproduce_paper
from micvae.studies.study import at_once, grid, run_study
from micvae.training.config import RunConfig, Settings
from micvae.training.run import SCORES, Run, train_run

__all__ = [
    "audit",
    "evaluate",
    "explore",
    "export",
    "list_",
    "report",
    "reproduce",
    "study",
    "theorem",
    "train",
]


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
    class Train(Settings):
        """Train one model into a run folder.

        METHOD is a name of micvae list methods, where wanted with a preset (mi-constrained:paper).
        Weights may change over the steps: --beta "ramp(0, 1, steps=1000)".
        """

        objective: kind  # type: ignore[valid-type]
        """The method and its hyperparameters."""
        out: Path = Path("out/run")
        """Folder of the run; given again, training goes on where it stopped."""

    parsed = parse(Train, rest, f"train {method or 'METHOD'}", Train(objective=chosen))
    values = dict(vars(parsed))
    out = values.pop("out")
    config = RunConfig(**values)
    dataset = load(config.data)
    with run_progress(f"training {config.method} on {dataset.name}") as report:
        run = train_run(config, out, report, dataset)
    shown = ", ".join(f"{name} {value:.3f}" for name, value in run.last_epoch().items())
    print(f"last epoch, nats per sample: {shown}")
    print(f"next: micvae evaluate {run.path}; micvae report {run.path}")


def evaluate(arguments: list[str]) -> None:
    """`micvae evaluate RUN …`, or `--codes FILE --factors FILE`."""

    @dataclass(frozen=True)
    class Evaluate:
        """Score trained runs, or anybody's codes.

        micvae evaluate RUN scores a run and stores the scores in it. Several runs, trained on the
        same data, are also ranked without labels (UDR). micvae evaluate --codes FILE --factors
        FILE scores a representation from anywhere: .npy, .npz, .csv or .parquet, a row per sample.
        """

        runs: Positional[tuple[Path, ...]] = ()
        """Folders of trained runs."""
        codes: Path | None = None
        """Codes (N, D), by convention posterior means."""
        factors: Path | None = None
        """Ground truth (N, K); columns of text are categories. Without it, only scores that need
        none are computed."""
        factor_kinds: tuple[FactorKind, ...] = ()
        """Of every factor, for --codes; guessed where left out."""
        metrics: tuple[str, ...] = ()
        """Names out of micvae list metrics, for --codes; all where left out."""
        intervals: bool = False
        """For --codes: 95% bootstrap intervals over samples. DCI takes 20 times as long."""
        out: Path | None = None
        """For --codes: a JSON file to write the scores to."""
        seed: int = 0
        """Determines which samples are scored, how they are split, and all draws."""

    parsed = parse(Evaluate, arguments, "evaluate", Evaluate())
    if bool(parsed.runs) == (parsed.codes is not None):
        raise MicvaeError("give either one or more RUN folders, or --codes FILE.")
    if parsed.codes is not None:
        _evaluate_files(
            parsed.codes,
            parsed.factors,
            parsed.factor_kinds,
            parsed.metrics or None,
            parsed.intervals,
            parsed.out,
            parsed.seed,
        )
        return
    for name in ("factors", "factor_kinds", "metrics", "intervals", "out"):
        if getattr(parsed, name):
            flag = name.replace("_", "-")
            raise MicvaeError(f"--{flag} belongs to --codes; a run knows its own factors.")
    runs = [Run(path) for path in parsed.runs]
    for run in runs:
        with busy(f"scoring {run.path}"):
            result = evaluate_run(run, parsed.seed, interventions=True)
        print_run(result)
        print(f"stored in {run.path / SCORES}; next: micvae report {run.path}")
    if len({run.record["data"]["fingerprint"] for run in runs}) > 1:
        print("note: not ranked without labels (UDR), which takes runs on the same images.")
    elif len(runs) > 1:
        with busy("comparing the runs"):
            ranking = rank_runs(runs, parsed.seed)
        print_ranking([str(run.path) for run in runs], ranking)


def _evaluate_files(
    codes: Path,
    factors: Path | None,
    kinds: Sequence[FactorKind],
    metrics: Sequence[str] | None,
    with_intervals: bool,
    out: Path | None,
    seed: int,
) -> None:
    z = read_matrix(codes, "codes")
    if any(z.text):
        name = z.names[z.text.index(True)]
        raise MicvaeError(f"codes: column {name} of {codes} is text; codes are numbers.")
    table = None if factors is None else read_matrix(factors, "factors")
    if table is not None and not kinds:
        guessed = table.kinds()
        columns = table.values.T
        kinds = [k or guess_kind(c) for k, c in zip(guessed, columns, strict=True)]
    elif table is None and kinds:
        raise MicvaeError("--factor-kinds needs --factors.")
    if table is not None and len(kinds) != len(table.names):
        raise MicvaeError(
            f"--factor-kinds has {len(kinds)} entries, but {factors} has {len(table.names)} "
            f"columns ({', '.join(table.names)}); give one each."
        )
    with warnings.catch_warnings(record=True) as caught, metric_progress() as progress:
        warnings.simplefilter("always", MicvaeWarning)
        found = progress(
            z.values, None if table is None else table.values, metrics, kinds, with_intervals, seed
        )
    shape = f"{len(z.values):,} samples, {z.values.shape[1]} latents"
    if table is not None:
        named = ", ".join(f"{n} ({k})" for n, k in zip(table.names, kinds, strict=True))
        shape += f"; factors: {named}"
    print_scores(found, shape)
    for warning in caught:
        print(f"note: {warning.message}.")
    if out is not None:
        write_json(
            out,
            {
                "codes": str(codes),
                "factors": None if factors is None else str(factors),
                "factor_kinds": list(kinds),
                "samples": len(z.values),
                "seed": seed,
                "metrics": {name: value for name, (value, _) in found.items()},
                "intervals": {name: list(i) for name, (_, i) in found.items() if i is not None},
            },
        )
        print(f"written to {out}")


def report(arguments: list[str]) -> None:
    """`micvae report RUN_OR_STUDY`."""

    @dataclass(frozen=True)
    class Report:
        """Write figures (PNG, SVG) and one self-contained page, report.html."""

        folder: Positional[Path]
        """Folder of a run or of a study."""

    _write_report(parse(Report, arguments, "report").folder)


def study(arguments: list[str]) -> None:
    """`micvae study METHOD …`."""

    @dataclass(frozen=True, kw_only=True)
    class Study(Settings):
        """Train and score several methods over several seeds, in parallel.

        What is finished is not run again; a study that was interrupted goes on.
        """

        methods: Positional[tuple[str, ...]] = tuple(METHODS)
        """What to compare, e.g. vae mi-constrained:paper "mi-constrained(mi_weight=1)"."""
        seeds: int = 5
        """Number of seeds per method: seed, seed + 1, …"""
        restarts: int = 1
        """Trainings per method and seed, of which that of the lowest loss is kept; no label is
        looked at."""
        out: Path = Path("out/study")
        """Folder of the study."""
        workers: int = at_once()
        """Runs at a time, one thread each."""

    parsed = parse(Study, arguments, "study", Study())
    for name in ("seeds", "restarts", "workers"):
        if getattr(parsed, name) < 1:
            raise MicvaeError(f"{name} is {getattr(parsed, name)}; at least one is needed.")
    if parsed.restart:
        raise MicvaeError("restart belongs to train; a study takes --restarts.")
    values = dict(vars(parsed))
    methods, seeds, restarts, out, workers = (
        values.pop(k) for k in ("methods", "seeds", "restarts", "out", "workers")
    )
    load(parsed.data.replace("{seed}", "0"))  # a wrong --data is said now, and once
    rows = {name: RunConfig(objective=find(name), **values) for name in methods}
    repeated = dict.fromkeys(rows, restarts)
    cells = grid(rows, range(parsed.seed, parsed.seed + seeds), repeated)
    description = {
        "title": f"{', '.join(rows)} on {parsed.data}",
        "seeds": seeds,
        "rows": [
            {"label": name, "description": config.objective.summary, "config": config.to_json()}
            for name, config in rows.items()
        ],
    }
    with study_progress(cells) as progress:
        table = run_study(cells, out, description, workers, progress)
    print_summary([row for row in table if row["kept"]])
    _write_report(out)


def reproduce(arguments: list[str]) -> None:
    """`micvae reproduce`."""
    parsed = parse(Reproduction, arguments, "reproduce", Reproduction())
    with study_progress(parsed.cells()) as progress:
        table = reproduce_paper(parsed, progress)
    print_summary([row for row in table if row["group"] == "table" and row["kept"]])
    _write_report(parsed.out)


def list_(arguments: list[str]) -> None:
    """`micvae list WHAT`."""

    @dataclass(frozen=True)
    class List:
        """List what can be named on the command line."""

        what: Positional[Literal["methods", "latents", "metrics", "estimators", "data"]]
        """What to list."""

    print_list(parse(List, arguments, "list").what)


def _write_report(folder: Path) -> None:
    from micvae.reports import report_folder  # matplotlib is needed for nothing else

    with busy("drawing the report"):
        page = report_folder(folder)
    print(f"report: {page}")
