"""One function per command: it parses, calls and prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from micvae.cli.audit import audit
from micvae.cli.codes import decode, encode
from micvae.cli.display import (
    print_list,
    print_summary,
    run_progress,
    study_progress,
)
from micvae.cli.evaluate import evaluate
from micvae.cli.explore import explore
from micvae.cli.export import export
from micvae.cli.parsing import parse
from micvae.cli.report import report, write_report
from micvae.cli.select import select
from micvae.cli.share import share
from micvae.cli.theorem import theorem
from micvae.data import load
from micvae.errors import MicvaeError
from micvae.objectives import METHODS, find
from micvae.studies.paper import Reproduction
from micvae.studies.paper import reproduce as reproduce_paper
from micvae.studies.study import at_once, grid, run_study
from micvae.tracking import Tracking
from micvae.training.config import RunConfig, Settings
from micvae.training.run import OWN_LOG, train_run

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
        tracker: Tracking = OWN_LOG
        """Where else to show the training: log (nowhere), tensorboard, mlflow or wandb (offline);
        it changes no bit of the run."""

    parsed = parse(Train, rest, f"train {method or 'METHOD'}", Train(objective=chosen))
    values = dict(vars(parsed))
    out, tracker = values.pop("out"), values.pop("tracker")
    config = RunConfig(**values)
    dataset = load(config.data)
    with run_progress(f"training {config.method} on {dataset.name}") as report:
        run = train_run(config, out, report, dataset, tracker)
    shown = ", ".join(f"{name} {value:.3f}" for name, value in run.last_epoch().items())
    print(f"last epoch, nats per sample: {shown}")
    print(f"next: micvae evaluate {run.path}; micvae report {run.path}")


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
    write_report(out)


def reproduce(arguments: list[str]) -> None:
    """`micvae reproduce`."""
    parsed = parse(Reproduction, arguments, "reproduce", Reproduction())
    with study_progress(parsed.cells()) as progress:
        table = reproduce_paper(parsed, progress)
    print_summary([row for row in table if row["group"] == "table" and row["kept"]])
    write_report(parsed.out)


def list_(arguments: list[str]) -> None:
    """`micvae list WHAT`."""

    @dataclass(frozen=True)
    class List:
        """List what can be named on the command line."""

        what: Positional[Literal["methods", "latents", "metrics", "estimators", "data"]]
        """What to list."""

    print_list(parse(List, arguments, "list").what)
