"""`micvae reproduce CLAIM`: one published claim, or the whole ledger."""

import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from tyro.conf import Positional

from micvae.claims import CLAIMS, Claim, ClaimRecord, find_claim
from micvae.claims.reproduce import (
    FIGURE,
    cells_of,
    plan_claim,
    reproduce_claim,
    reproduce_quickly,
    stored_plan,
    stored_record,
)
from micvae.claims.table import compared_said, cost_of, published_said, row_said, verdict_of
from micvae.cli.display import PlainTable, say, step_progress, study_progress
from micvae.cli.parsing import parse
from micvae.errors import MicvaeError
from micvae.studies.study import n_workers


@dataclass(frozen=True)
class Claims:
    """Reproduce or refute a published claim: train, measure, judge.

    Every claim is stored in a folder of its own, with claim.json and claim.svg. What is finished
    is not run again; a command that was interrupted goes on.
    """

    claim: Positional[str] = ""
    """A name of micvae reproduce --list; none with --list or --all."""

    list: bool = False
    """List all claims, with the verdicts that are stored in --out."""

    all: bool = False
    """Every claim, one after the other."""

    plan: bool = False
    """Time a few steps of every training, and estimate the total cost; nothing is trained."""

    quick: bool = False
    """A small case: few samples, one epoch, two seeds. It shows that a claim runs, and has no
    verdict."""

    out: Path = Path("out/claims")
    """Folder of all claims."""

    workers: int = n_workers()
    """Runs at a time, one thread each."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise MicvaeError(f"workers is {self.workers}; at least 1 needed.")
        if bool(self.claim) + self.list + self.all != 1:
            raise MicvaeError("give one of CLAIM, --list and --all; see micvae reproduce --list.")


def asked_for(arguments: Sequence[str]) -> bool:
    """Whether arguments of `micvae reproduce` are about claims, and not about the seed paper."""
    own = {"--list", "--all", "--plan", "--no-list", "--no-all", "--no-plan"}
    valued = {f"--{field.name}" for field in fields(Claims)} - own - {"--quick", "--claim"}
    valued.add("--seeds")
    before = ["", *arguments]
    return any(
        argument in own or (argument[:1] != "-" and previous not in valued)
        for previous, argument in zip(before, arguments, strict=False)
    )


def reproduce_claims(arguments: list[str]) -> None:
    """`micvae reproduce CLAIM`, `--list`, `--all`; status 1 where a claim could not be measured."""
    parsed = parse(Claims, arguments, "reproduce")
    if parsed.list:
        print_ledger(parsed.out)
        return
    names = CLAIMS if parsed.all else (parsed.claim,)
    claims = [find_claim(name) for name in names]
    if parsed.plan:
        _plan(claims, parsed.out)
        return
    failed = []
    for claim in claims:
        try:
            print_claim(claim, _measured(claim, parsed), parsed)
        except MicvaeError as error:
            if not parsed.all:
                raise
            failed.append(claim.name)
            say(f"{claim.name}: {error}")
    if failed:
        say(f"not measured: {', '.join(failed)}")
        sys.exit(1)


def _measured(claim: Claim, parsed: Claims) -> ClaimRecord:
    if parsed.quick:
        return reproduce_quickly(claim, parsed.out)
    stored = stored_record(claim, parsed.out)
    if stored is not None:
        return stored
    cells = cells_of(claim)
    if not cells:
        return reproduce_claim(claim, parsed.out, parsed.workers)
    with study_progress(cells) as progress:
        return reproduce_claim(claim, parsed.out, parsed.workers, progress)


def _plan(claims: Sequence[Claim], out: Path) -> None:
    total = 0.0
    with step_progress("timing") as step:
        for done, claim in enumerate(claims):
            step(done, len(claims), claim.name)
            total += plan_claim(claim, out).seconds
        step(len(claims), len(claims), "timed")
    for claim in claims:
        say(f"{claim.name}: {cost_of(claim, None, stored_plan(claim, out))} on two cores")
    if len(claims) > 1:
        say(f"all: {total / 7200:.1f} hours on two cores, without scoring")


def print_claim(claim: Claim, record: ClaimRecord, parsed: Claims) -> None:
    """A claim with its source, its rows and its verdict."""
    say(f"{claim.name}: {claim.statement}")
    say(f"source: {claim.source}")
    published = {one.row: published_said(one) for one in claim.published}
    seeds = f"{len(record.seeds)} seeds"
    table = PlainTable("row", "published", f"{claim.quantity}, {seeds}", box=SIMPLE_HEAD)
    for row in record.rows:
        table.add_row(row.label, published.get(row.label, "–"), row_said(row))
    Console().print(table)
    for one in () if record.quick else record.compared:
        say(compared_said(one))
    say(f"verdict: {verdict_of(record)}")
    folder = parsed.out / "quick" if parsed.quick else parsed.out
    say(f"figure: {folder / claim.name / FIGURE}")


def print_ledger(out: Path) -> None:
    """Every claim with its verdict, its cost on two cores, and what the source states."""
    width = shutil.get_terminal_size().columns
    for name in CLAIMS:
        claim = find_claim(name)
        record, plan = stored_record(claim, out), stored_plan(claim, out)
        say(f"{name}: {verdict_of(record)}; {cost_of(claim, record, plan)}")
        said = f"{claim.statement} ({claim.source.short})"
        for line in textwrap.wrap(said, width, initial_indent="  ", subsequent_indent="  "):
            say(line)
    say("One claim: micvae reproduce CLAIM. What differs from the sources: docs/claims.md.")
