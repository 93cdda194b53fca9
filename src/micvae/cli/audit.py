"""`micvae audit`: what trained models identify."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column
from tyro.conf import Positional

from micvae.cli.display import PlainTable, busy, say, step_progress
from micvae.cli.outputs import check_folder, holds
from micvae.cli.parsing import parse
from micvae.errors import MicvaeError
from micvae.identifiability.audit.record import AuditRecord
from micvae.studies.study import short_names
from micvae.training.run import Run


def audit(arguments: list[str]) -> None:
    """`micvae audit RUN …`."""

    @dataclass(frozen=True)
    class Audit:
        """Audit trained runs: generator, encoder, independence, and what is identified.

        With ground truth, latents are compared with the factors. Without it, several runs on the
        same data are compared with each other. Random rotations are the baseline of both.
        docs/audit.md explains the result.
        """

        runs: Positional[tuple[Path, ...]] = ()
        """Folders of trained runs on the same data."""
        out: Path | None = None
        """Folder for audit.json, figures and the page. Default: RUN/audit for one run, out/audit
        for several."""
        seed: int = 0
        """Determines which samples are used, and all random draws."""
        images: int | None = None
        """Number of images for the decoder's Jacobian and the encoder's gap. Default: 300, or 50
        with --quick."""
        quick: bool = False
        """Use fewer samples: seconds instead of minutes, wide intervals."""

    parsed = parse(Audit, arguments, "audit", Audit())
    if not parsed.runs:
        raise MicvaeError("audit needs a RUN: the --out of micvae train.")
    from micvae.identifiability.audit import audit_runs
    from micvae.identifiability.audit.run import RESULT
    from micvae.reports.audit import report_audit, table_rows

    runs = [Run(path) for path in parsed.runs]
    out = parsed.out or (runs[0].path / "audit" if len(runs) == 1 else Path("out/audit"))
    check_folder(out, "audit", holds(RESULT))
    with step_progress("audit") as report:
        result = audit_runs(
            runs,
            out,
            seed=parsed.seed,
            images=parsed.images,
            quick=parsed.quick,
            progress=report,
        )
    _print(result, table_rows(result))
    with busy("drawing the report"):
        page = report_audit(out)
    say(f"report: {page}")


def _print(result: AuditRecord, rows: list[tuple[str, str, list[tuple[str, str, Any]]]]) -> None:
    """Print a column per run, then the conclusions."""
    names = short_names(run.name for run in result.runs)
    runs = [Column(name, overflow="fold") for name in names]
    table = PlainTable(Column("measured"), *runs, title="audit", box=SIMPLE_HEAD)
    for label, _, cells in rows:
        shown = [f"{text} {small}".strip() for text, small, _ in cells]
        table.add_row(label, *shown)
    Console().print(table)
    for run in result.runs:
        say(f"{run.name}:")
        for sentence in run.said:
            say(f"  {sentence}")
    advice = dict.fromkeys(said for run in result.runs for said in run.advice)
    for sentence in [*result.agreement_said, *advice]:
        say(sentence)
