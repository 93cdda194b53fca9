"""What the terminal shows: progress bars and tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from micvae.metrics import METRICS, BootstrapInterval, Evaluation, Intervals, Ranking
from micvae.objectives.terms import NATS, term
from micvae.scoring.nulls import Null, dependence_said, nulls_of, r_mi_said
from micvae.studies.pool import Event
from micvae.studies.statistics import bootstrap_interval
from micvae.studies.study import Cell, Row
from micvae.text import printable
from micvae.training.record import Scores
from micvae.training.trainer import Progress as TrainingProgress

NOT_KNOWN = "–"
SHOWN = {
    "mig": ("MIG", "mutual information gap"),
    "dci_disentanglement": ("DCI-D", "disentanglement"),
    "dci_completeness": ("DCI-C", "completeness"),
    "dci_informativeness": ("DCI-I", "informativeness"),
    "reconstruction": ("−log p", "reconstruction, nats"),
}
"""What a study's table shows: short heads, which a line below explains."""


def say(line: object) -> None:
    """Print a line; what would act on the terminal, such as ESC, is shown as an escape."""
    print(printable(line))


class PlainTable(Table):
    """A table whose text is shown as it is: no markup, and hidden characters as escapes."""

    def __init__(self, *headers: Column | str, title: str | None = None, **options: Any) -> None:
        columns = [Column(one) if isinstance(one, str) else one for one in headers]
        for column in columns:
            column.header = _plain(column.header)
        shown = None if title is None else Text(printable(title), "table.title")
        super().__init__(*columns, title=shown, **options)

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        """Append a row; a cell of text may have several lines."""
        super().add_row(*map(_plain, cells), **options)


def _plain(cell: Any) -> Any:
    return Text(printable(cell, "\n")) if isinstance(cell, str) else cell


class _Words(TextColumn):
    """What a bar is about: its description, without markup."""

    def __init__(self) -> None:
        super().__init__("{task.description}", markup=False)


class _Bar(Progress):
    """Taken away where an error or Ctrl-C ends what it shows, so that the message stands alone."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.live.transient = self.live.transient or kind is not None
        super().__exit__(kind, error, trace)


class _BarAndTerms(_Bar):
    title = ""
    terms = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        if self.title:
            yield Text(printable(self.title))
        yield from super().get_renderables()
        yield Text(f"  {self.terms}" if self.terms else "")


@contextmanager
def run_progress(title: str) -> Iterator[Callable[[TrainingProgress], None]]:
    """A bar over the steps of one training: speed, time taken and left, and its loss terms.

    The terms stand on a line of their own, in nats per sample: means over the last steps. On a
    narrow terminal the title does, too.
    """
    console = Console(stderr=True)
    wide = console.width >= len(title) + 95  # what the columns beside it take
    with _BarAndTerms(
        *([_Words()] if wide else []),
        BarColumn(40 if wide else 15),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
    ) as bar:
        task = bar.add_task(printable(title), total=None, speed="")
        bar.title = "" if wide else title

        def report(progress: TrainingProgress) -> None:
            bar.terms = shown_terms(progress.terms)
            speed = f"{progress.images_per_second:,.0f} samples/s"
            bar.update(task, total=progress.steps, completed=progress.step, speed=speed)

        yield report


def shown_terms(terms: Mapping[str, float]) -> str:
    """`loss 112.4 · reconstruction 98.1 · kl 14.3 nats · mmd 0.02`, without single latents' KL."""
    kept = [n for n in terms if not n.removeprefix("kl_").isdigit()]
    nats = [f"{name} {terms[name]:.2f}" for name in kept if term(name).unit == NATS]
    others = [
        f"{name} {terms[name]:.3g} {term(name).unit}".rstrip()
        for name in kept
        if term(name).unit != NATS
    ]
    said = " · ".join(nats) + (" nats" if nats else "")
    return " · ".join(filter(None, [said, *others]))


@contextmanager
def study_progress(cells: Sequence[Cell]) -> Iterator[Callable[[Event], None]]:
    """A bar over a whole study, and one for every run under way."""
    with _Bar(
        _Words(),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        runs = "1 run" if len(cells) == 1 else f"{len(cells)} runs"
        whole = bar.add_task(runs, total=float(len(cells)))
        running: dict[int, TaskID] = {}
        parts: dict[int, float] = {}

        def report(event: Event) -> None:
            cell = cells[event.job]
            if event.kind == "progress":
                if event.job not in running:
                    again = f", restart {cell.config.restart}" if cell.config.restart else ""
                    title = f"  {cell.row}, seed {cell.config.seed}{again}"
                    running[event.job] = bar.add_task(printable(title), total=1.0)
                bar.update(running[event.job], completed=event.value)
                parts[event.job] = event.value
            else:
                parts[event.job] = 1.0
                if event.job in running:
                    bar.remove_task(running.pop(event.job))
                if event.kind == "failed":
                    reason = str(event.value).strip().splitlines()[-1]
                    line = f"{cell.row}, seed {cell.config.seed} failed: {reason}"
                    bar.console.print(Text(printable(line)))
            bar.update(whole, completed=sum(parts.values()))

        yield report


@contextmanager
def step_progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar over a few named steps."""
    with _Bar(
        _Words(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task(printable(title), total=None)

        def report(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=printable(what))

        yield report


@contextmanager
def busy(title: str) -> Iterator[None]:
    """A spinner for what has no countable steps."""
    with _Bar(
        SpinnerColumn(),
        _Words(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        bar.add_task(printable(title), total=None)
        yield


@contextmanager
def metric_progress() -> Iterator[Callable[[int, int, str], None]]:
    """A bar over the metrics of one representation; gives what `evaluate` calls as `progress`."""
    with _Bar(
        _Words(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("scoring", total=None)

        def step(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=f"scoring {name}")

        yield step


def print_scores(found: Evaluation | Intervals, title: str) -> None:
    """Scores, with intervals where there are any, their range, direction and meaning."""
    columns = ["value", *(["95% interval"] if isinstance(found, Intervals) else [])]
    table = PlainTable(
        Column("score", no_wrap=True), *columns, "range", "meaning", title=title, box=SIMPLE_HEAD
    )
    for name, score in found.items():
        value, *ends = score if isinstance(score, BootstrapInterval) else (score,)
        shown = [f"[{ends[0]:.3f}, {ends[1]:.3f}]"] if ends else []
        metric = METRICS[name]
        table.add_row(name, f"{value:.4f}", *shown, metric.limits + metric.arrow, metric.summary)
    Console().print(table)
    say("↑: higher is better, ↓: lower.")


def print_run(result: Scores) -> None:
    """The scores of one run, and what else `micvae evaluate RUN` found."""
    others = ", ".join(result.factor_names)
    title = f"{result.samples:,} samples, {len(result.active)} latents; " + (
        f"factors: {others}" if others else "no factors"
    )
    print_scores(Evaluation(result.metrics), title)
    table = PlainTable("training", "value", "unit", "meaning", box=SIMPLE_HEAD)
    table.add_row("r_mi", f"{result.r_mi:.4f}", "nats", "Σ over i≠j of I(z_i; z_j), see below")
    for name, value, meaning in (
        ("kl", result.kl, "KL(q(z|x) ‖ p(z))"),
        ("reconstruction", result.reconstruction, "−E[log p(x|z)]"),
    ):
        shown = NOT_KNOWN if value is None else f"{value:.4f}"
        table.add_row(name, shown, "nats", f"{meaning}, end of training")
    Console().print(table)
    print(f"{r_mi_said(result)}.")
    print_nulls(result.metrics, nulls_of(result))
    for note in result.cautions:
        say(f"note: {note}.")
    votes_missing = result.missing.get("factor_vae_score")
    if votes_missing is not None:
        say(f"note: left out: beta_vae_score, factor_vae_score; {votes_missing}.")
    if result.votes is not None:
        votes = result.votes
        say(f"note: interventional scores from {votes.test:,} test votes, {votes.how}.")
    if not result.factor_names:
        say("The data has no ground-truth factors that vary, so there is nothing to score against.")


def print_nulls(metrics: Mapping[str, float], nulls: Mapping[str, Null | None]) -> None:
    """Dependences among latents, each beside what independent latents give."""
    for name, null in nulls.items():
        if name in metrics and null is not None:
            print(f"{dependence_said(name, metrics[name], null)}.")


def print_ranking(names: Sequence[str], ranking: Ranking) -> None:
    """UDR of several runs, best first."""
    table = PlainTable("run", "UDR", title="agreement with the other runs, no labels (UDR, lasso)")
    for m in ranking.scores.argsort()[::-1]:
        table.add_row(names[m], f"{ranking.scores[m]:.4f}")
    Console().print(table)


def print_summary(rows: Sequence[Row], labels: Sequence[str]) -> None:
    """Mean over seeds and 95% interval, per row of a study; `–` where no run of it finished."""
    columns = [name for name in SHOWN if all(row.get(name) is not None for row in rows)]
    most = max(sum(row["row"] == label for row in rows) for label in labels)
    title = "below each mean over seeds its 95% bootstrap interval" if most > 1 else "one seed"
    heads = [Column(SHOWN[name][0], no_wrap=True, justify="right") for name in columns]
    table = PlainTable(
        Column("", overflow="fold"), *heads, title=title, box=SIMPLE_HEAD, pad_edge=False
    )
    console = Console()
    for label in labels:
        mine = [row for row in rows if row["row"] == label]
        cells = [shown_interval([row[name] for row in mine]) if mine else "–" for name in columns]
        name = label
        if console.width < 100:
            name = label.replace("(", "\n(", 1).replace(":", "\n:", 1)
        seeds = "1 seed" if len(mine) == 1 else f"{len(mine)} seeds"
        table.add_row(f"{name}\n{seeds}", *cells)
    console.print(table)
    console.print("; ".join(": ".join(SHOWN[name]) for name in columns) + ".", highlight=False)


def shown_interval(values: Sequence[float]) -> str:
    """`0.57` above `0.52…0.61`, with fewer digits where it is large; one value has no interval."""
    mean, low, high = bootstrap_interval(values)
    digits = 0 if abs(mean) >= 1000 else 1 if abs(mean) >= 10 else 2
    if low is None or high is None:
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f}\n{low:.{digits}f}…{high:.{digits}f}"
