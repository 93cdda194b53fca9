"""One function per command: it parses, calls and prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from micvae.cli.display import (
    busy,
    print_list,
    print_scores,
    print_summary,
    run_progress,
    study_progress,
)
from micvae.cli.parsing import parse
from micvae.data import load
from micvae.errors import MicvaeError
from micvae.objectives import METHODS, find
from micvae.studies.evaluation import evaluate_run
from micvae.studies.paper import Reproduction
from micvae.studies.paper import reproduce as reproduce_paper
from micvae.studies.study import at_once, grid, run_study
from micvae.training.config import RunConfig, Settings
from micvae.training.run import SCORES, Run, train_run


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
    class Train(RunConfig):
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
    """`micvae evaluate RUN`."""

    @dataclass(frozen=True)
    class Evaluate:
        """Score a trained run, print the scores and store them in it."""

        run: Positional[Path]
        """Folder of a trained run."""
        seed: int = 0
        """Determines which samples are scored and how they are split."""

    parsed = parse(Evaluate, arguments, "evaluate")
    run = Run(parsed.run)
    with busy("scoring"):
        result = evaluate_run(run, parsed.seed)
    print_scores(result)
    print(f"stored in {run.path / SCORES}; next: micvae report {run.path}")


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
        out: Path = Path("out/study")
        """Folder of the study."""
        workers: int = at_once()
        """Runs at a time, one thread each."""

    parsed = parse(Study, arguments, "study", Study())
    for name in ("seeds", "workers"):
        if getattr(parsed, name) < 1:
            raise MicvaeError(f"{name} is {getattr(parsed, name)}; at least one is needed.")
    values = dict(vars(parsed))
    methods, seeds, out, workers = (values.pop(k) for k in ("methods", "seeds", "out", "workers"))
    load(parsed.data.replace("{seed}", "0"))  # a wrong --data is said now, and once
    rows = {name: RunConfig(objective=find(name), **values) for name in methods}
    cells = grid(rows, range(parsed.seed, parsed.seed + seeds))
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
    print_summary(table)
    _write_report(out)


def reproduce(arguments: list[str]) -> None:
    """`micvae reproduce`."""
    parsed = parse(Reproduction, arguments, "reproduce", Reproduction())
    with study_progress(parsed.cells()) as progress:
        table = reproduce_paper(parsed, progress)
    print_summary([row for row in table if row["group"] == "table"])
    _write_report(parsed.out)


def list_(arguments: list[str]) -> None:
    """`micvae list WHAT`."""

    @dataclass(frozen=True)
    class List:
        """List what can be named on the command line."""

        what: Positional[Literal["methods", "metrics", "estimators", "data"]]
        """What to list."""

    print_list(parse(List, arguments, "list").what)


def _write_report(folder: Path) -> None:
    from micvae.reports import report_folder  # matplotlib is needed for nothing else

    with busy("drawing the report"):
        page = report_folder(folder)
    print(f"report: {page}")
