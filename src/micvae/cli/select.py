"""`micvae select`: choosing a method without ground truth."""

from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column
from tyro.conf import Positional

from micvae.cli.display import PlainTable, say, step_progress, study_progress
from micvae.cli.outputs import check_folder, holds_study
from micvae.cli.parsing import parse
from micvae.cli.report import write_report
from micvae.errors import MicvaeError
from micvae.studies.choice import CAVEAT, answer, trade_offs
from micvae.studies.record import SelectionRecord
from micvae.studies.selection import Selection, compare_candidates, train_candidates
from micvae.studies.statistics import MeanInterval
from micvae.studies.timing import expected_seconds, said
from micvae.studies.truth import check_said

COLUMNS = {
    "udr": "UDR",
    "agreement": "MCC of\nseeds",
    "elbo": "ELBO,\nunseen",
    "held_out_reconstruction": "−log p(x|z),\nunseen",
    "active_units": "active\nlatents",
}


def select(arguments: list[str]) -> None:
    """`micvae select DATA`."""

    @dataclass(frozen=True, kw_only=True)
    class Select(Selection):
        """Rank methods, or strengths of a method, on data whose factors are unknown.

        The command trains every candidate under several seeds and ranks candidates by the agreement
        of the latents between seeds (UDR). It does not use factors, even if the data has some. An
        interrupted selection continues. docs/select.md explains the page.
        """

        data: Positional[str] = ""
        """The data, as for train --data: a name, a file or a folder of images."""

    job = parse(Select, arguments, "select", Select())
    if not job.data:
        raise MicvaeError("select needs DATA: a data set's name, or the path of a file or folder.")
    job = job.in_model_units()
    cells = job.cells()
    check_folder(job.out, "select", holds_study("selection"))
    with step_progress("a few steps of each, to know the time") as step:
        dataset = job.training_data().load()
        seconds = expected_seconds(cells, job.out, dataset, job.workers, step)
    count = len(job.rows())
    runs = f"{len(cells)} runs ({count} candidate{'s' * (count > 1)} × {job.seeds} seeds)"
    cost = f"training takes about {said(seconds)}, starting and scoring some seconds per run more"
    if not seconds:
        cost = "all trained before"
    say(f"{runs} on {len(dataset):,} samples: {cost}.")
    with study_progress(cells) as progress:
        rows = train_candidates(job, progress)
    with step_progress("comparing") as step:
        result = compare_candidates(job, rows, step)
    _print(result)
    write_report(job.out)


def _print(result: SelectionRecord) -> None:
    """Print the ranking, then the conclusions."""
    columns = [Column(name, justify="right", no_wrap=True) for name in COLUMNS.values()]
    title = "ranked by UDR; below each mean over seeds its 95% bootstrap interval; nats"
    first = Column("candidate", overflow="fold")
    table = PlainTable(first, *columns, title=title, box=SIMPLE_HEAD, pad_edge=False)
    for candidate in result.candidates:
        cells = [_shown(candidate.known(name), name == "active_units") for name in COLUMNS]
        name = candidate.row.replace("(", "\n(", 1)  # a narrow terminal breaks it there
        table.add_row(f"{name}\n{len(candidate.seeds)} seeds", *cells)
    Console().print(table)
    say(answer(result))
    for sentence in [
        *trade_offs(result),
        *(check_said(result.check) if result.check else ()),
    ]:
        say(f"  {sentence}")
    if result.recommended is None:
        return
    say(CAVEAT)
    say(f"its run: {result.recommended.path}; to train it on all the data:")
    say(f"  {result.train}")


def _shown(interval: MeanInterval | None, whole: bool) -> str:
    """`0.58` above `0.52…0.66`, with fewer digits where numbers are large, and for counts."""
    if interval is None:
        return "not\nknown"
    mean, low, high = interval
    digits = 0 if abs(mean) >= 100 else 1 if whole or abs(mean) >= 10 else 2
    bounds = "" if low is None or high is None else f"\n{low:.{digits}f}…{high:.{digits}f}"
    return f"{mean:.{digits}f}{bounds}"
