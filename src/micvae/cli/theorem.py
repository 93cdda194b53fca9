"""`micvae theorem`: counterexamples to identifiability, measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column

from micvae.cli.display import PlainTable, busy, say, step_progress
from micvae.cli.outputs import check_folder, holds
from micvae.cli.parsing import parse
from micvae.identifiability.record import CLAIMS, TheoremRecord


def theorem(arguments: list[str]) -> None:
    """`micvae theorem`."""

    @dataclass(frozen=True)
    class Theorem:
        """Measure the conditions of the paper's Theorem 4.3 on counterexamples to its conclusion.

        The counterexamples are other independent sources of the same observations, Darmois'
        construction, and pairwise without joint independence. docs/theorem.md has the proofs. The
        command takes a few minutes.
        """

        out: Path = Path("out/theorem")
        """Folder for theorem.json, figures and the page."""
        seed: int = 0
        """Determines all random draws."""
        quick: bool = False
        """Use fewer samples and angles: seconds instead of minutes, wide intervals."""

    from micvae.identifiability.theorem import POINTS, RESULT, run_theorem
    from micvae.reports.theorem import report_theorem

    parsed = parse(Theorem, arguments, "theorem", Theorem())
    check_folder(parsed.out, "theorem", holds(RESULT, POINTS))
    with step_progress("theorem") as report:
        result = run_theorem(parsed.out, parsed.seed, parsed.quick, report)
    _print(result, CLAIMS)
    with busy("drawing the report"):
        page = report_theorem(parsed.out)
    say(f"report: {page}")


def _print(result: TheoremRecord, claims: Mapping[str, str]) -> None:
    """The rotations, a line each, and whether every claim was borne out."""
    title = f"other independent sources of the same observations; {result.samples:,} samples"
    columns = ("sources", "angle", "max |Δx|", "TC, nats", "null interval", "MCC", "of ranks")
    shown = [Column(name, no_wrap=True) for name in columns]
    table = PlainTable(*shown, title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for row in result.rotations:
        joint = row.joint
        table.add_row(
            row.sources,
            f"{row.angle:.0f}°",
            f"{row.difference:.0e}",
            f"{joint.value:.3f}",
            f"[{joint.low:.3f}, {joint.high:.3f}]",
            f"{row.mcc_pearson:.3f}",
            f"{row.mcc_spearman:.3f}",
        )
    Console().print(table)
    for name, said in claims.items():
        say(f"{'yes' if result.verdicts[name] else 'NO'}: {said}")
