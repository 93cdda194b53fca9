"""`micvae report`: figures and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from micvae.cli.display import busy, say
from micvae.cli.outputs import check_folder, holds_comparison
from micvae.cli.parsing import parse
from micvae.errors import MicvaeError
from micvae.files import expanded
from micvae.paths import member
from micvae.scoring import ensure_scores
from micvae.training.run import RECORD, Run


def report(arguments: list[str]) -> None:
    """`micvae report FOLDER …`."""

    @dataclass(frozen=True)
    class Report:
        """Write figures (PNG, SVG) and one self-contained page, report.html.

        The page of a run, study, selection, audit, … is written into its folder. Several runs are
        compared on one page in --out. Several other folders get one page each.
        """

        folders: Positional[tuple[Path, ...]] = ()
        """Folders that commands wrote (their --out)."""
        out: Path | None = None
        """Folder of the page that compares runs. Default: out/comparison."""

    parsed = parse(Report, arguments, "report", Report())
    if not parsed.folders:
        raise MicvaeError("report needs a FOLDER: the --out of a command, such as micvae train.")
    runs = [path for path in parsed.folders if (path / RECORD).is_file()]
    if len(runs) == len(parsed.folders) > 1:
        _write_comparison(runs, parsed.out or Path("out/comparison"))
        return
    if parsed.out is not None:
        raise MicvaeError(
            "--out is for a comparison of several runs; the report of a single run goes into its "
            "own folder."
        )
    for folder in parsed.folders:
        write_report(folder)


def _write_comparison(runs: Sequence[Path], out: Path) -> None:
    from micvae.reports import report_comparison
    from micvae.studies.comparison import compare_runs

    check_folder(out, "report", holds_comparison)
    with busy("drawing the report"):
        for path in runs:
            ensure_scores(Run(path))
        page = report_comparison(compare_runs([Run(path) for path in runs]), out)
    say(f"report: {page}")


def write_report(folder: Path) -> None:
    """Draw the page of a folder, and print its path."""
    from micvae.reports import report_folder  # matplotlib is needed for nothing else
    from micvae.reports.page import FIGURES

    folder = expanded(folder)
    with busy("drawing the report"):
        if (folder / RECORD).is_file():
            member(folder, FIGURES)  # a link is refused before anything is computed
            ensure_scores(Run(folder))
        page = report_folder(folder)
    say(f"report: {page}")
