"""Measure a claim: train what is missing, measure every row, store the record and the figure."""

import dataclasses
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from micvae import __version__, records
from micvae.claims.claim import Claim, Finished, Measurement
from micvae.claims.figure import draw
from micvae.claims.record import ClaimRecord, MeasuredRow, PlanRecord
from micvae.data import load
from micvae.errors import MicvaeError, MicvaeWarning, RunError
from micvae.files import expanded, make_folder, making
from micvae.locks import owned
from micvae.paths import member
from micvae.studies.pool import Event, leave_if_worker, run_jobs
from micvae.studies.study import Cell, grid
from micvae.studies.timing import expected_seconds
from micvae.training.config import RunConfig
from micvae.training.run import Run
from micvae.training.train import train_run

CLAIM = "claim.json"
PLAN = "plan.json"
FIGURE = "claim.svg"
QUICK = "quick"
"""Folder of the small cases, beside those of the claims."""
QUICK_SEEDS = 2
_SAMPLES = re.compile(r"\bn=\d+")


def cells_of(claim: Claim) -> list[Cell]:
    """Every training of a claim under every seed."""
    return grid(claim.trainings, claim.seeds, claim.restarts)


def reproduce_claim(
    claim: Claim,
    out: Path,
    workers: int,
    report: Callable[[Event], None] = lambda event: None,
) -> ClaimRecord:
    """Train what is missing and measure the claim; what was measured in full is read.

    Args:
        claim: the claim.
        out: the folder of all claims; this one is stored in `out/NAME`.
        workers: how many runs at a time, one thread each.
        report: called with every event, `event.job` being an index into `cells_of(claim)`.

    Returns:
        The record, as stored in `out/NAME/claim.json`, with `claim.svg` beside it.

    Raises:
        RunError: where a run failed: a claim is not judged from some of its runs.
    """
    leave_if_worker()
    folder = expanded(out) / claim.name
    stored = stored_record(claim, out)
    if stored is not None:
        return stored
    make_folder(folder)
    with owned(folder), making(folder, "reproduce"):
        cells = cells_of(claim)
        jobs = [(cell.config.to_json(), member(folder, cell.path)) for cell in cells]
        failures = run_jobs(jobs, workers, report, score=claim.scored)
        if failures:
            first = min(failures)
            raise RunError(
                f"{len(failures)} of {len(cells)} runs of {claim.name} failed, so it has no "
                f"verdict; the first, {cells[first].path}, because: "
                f"{failures[first].strip().splitlines()[-1]}"
            )
        runs = [(cell, Run(folder / cell.path)) for cell in cells]
        finished = [Finished(seed, _kept(runs, seed)) for seed in claim.seeds]
        return _store(claim, claim.trainings, finished, [run for _, run in runs], folder)


def _kept(runs: Sequence[tuple[Cell, Run]], seed: int) -> dict[str, Run]:
    """The runs of a seed by training; of several restarts the one with the lowest loss."""
    kept: dict[str, Run] = {}
    for cell, run in runs:
        best = kept.get(cell.row)
        if cell.config.seed == seed and (best is None or _loss(run) < _loss(best)):
            kept[cell.row] = run
    return kept


def _loss(run: Run) -> float:
    return run.final_terms()["loss"]


def reproduce_quickly(claim: Claim, out: Path, seeds: int = QUICK_SEEDS) -> ClaimRecord:
    """Take the claim's machinery through a small case, in this process; it has no verdict.

    Few samples and one epoch. The record is marked `quick` and stored in `out/quick/NAME`. What
    methods and metrics warn of on so little data is not shown.

    Args:
        claim: the claim.
        out: the folder of all claims.
        seeds: how many of the claim's seeds are used.
    """
    folder = expanded(out) / QUICK / claim.name
    trainings = {label: small(c, claim.quick_samples) for label, c in claim.trainings.items()}
    make_folder(folder)
    with making(folder, "reproduce"), warnings.catch_warnings():
        warnings.simplefilter("ignore", MicvaeWarning)
        finished: list[Finished] = []
        runs: list[Run] = []
        for seed in claim.seeds[:seeds]:
            cells = grid(trainings, [seed])
            made = {cell.row: train_run(cell.config, folder / cell.path) for cell in cells}
            finished.append(Finished(seed, made, quick=True))
            runs += made.values()
        return _store(claim, trainings, finished, runs, folder, quick=True)


def small(config: RunConfig, samples: int) -> RunConfig:
    """The same configuration on few generated samples and for one epoch."""
    return dataclasses.replace(
        config,
        data=_SAMPLES.sub(f"n={samples}", str(config.data)),
        epochs=1,
        batch_size=min(config.batch_size, 64),
        device="cpu",
    )


def _store(
    claim: Claim,
    trainings: Mapping[str, RunConfig],
    finished: Sequence[Finished],
    runs: Sequence[Run],
    folder: Path,
    quick: bool = False,
) -> ClaimRecord:
    record = ClaimRecord(
        name=claim.name,
        micvae=__version__,
        quick=quick,
        seeds=tuple(one.seed for one in finished),
        trainings={label: config.to_json() for label, config in trainings.items()},
        rows=_measured(claim.rows, finished),
        beside=_measured(claim.beside, finished),
        comparisons=claim.comparisons,
        levels=claim.levels,
        seconds=round(sum(map(_seconds, runs)), 1),
    )
    draw(claim, record, folder / FIGURE)
    records.write(folder / CLAIM, record)
    return record


def _measured(
    rows: Mapping[str, Measurement], finished: Sequence[Finished]
) -> tuple[MeasuredRow, ...]:
    return tuple(
        MeasuredRow(label=label, values=tuple(measure(one) for one in finished))
        for label, measure in rows.items()
    )


def _seconds(run: Run) -> float:
    scores = run.scores()
    return (run.seconds or 0.0) + ((scores and scores.seconds) or 0.0)


def stored_record(claim: Claim, out: Path) -> ClaimRecord | None:
    """The record of a claim that was measured in full under its present settings, or None.

    Raises:
        RunError: where the file is damaged.
    """
    path = expanded(out) / claim.name / CLAIM
    if not path.is_file():
        return None
    record = records.read(ClaimRecord, path)
    return record if record.fits(claim) else None


def stored_plan(claim: Claim, out: Path) -> PlanRecord | None:
    """What the claim was found to cost, or None where it has not been planned.

    Raises:
        RunError: where the file is damaged.
    """
    path = expanded(out) / claim.name / PLAN
    if not path.is_file():
        return None
    plan = records.read(PlanRecord, path)
    return plan if set(plan.per_run) == set(claim.trainings) else None


def plan_claim(claim: Claim, out: Path) -> PlanRecord:
    """Time a few steps of each training of a claim, and store what all will take.

    Times are those of the processor, so that they do not depend on what else the machine does.

    Raises:
        MicvaeError: where a training cannot be set up.
    """
    folder = expanded(out) / claim.name
    per_run: dict[str, float] = {}
    datasets = {}
    for cell in grid(claim.trainings, claim.seeds[:1]):
        data = str(cell.config.data)
        if data not in datasets:
            datasets = {data: load(data)}  # one at a time
        try:
            per_run[cell.row] = expected_seconds(
                [cell], folder / "none", datasets[data], workers=1, clock=time.process_time
            )
        except MicvaeError as error:
            raise type(error)(f"{claim.name}, {cell.row}: {error}") from None
    runs = {label: len(claim.seeds) * claim.restarts.get(label, 1) for label in per_run}
    plan = PlanRecord(
        name=claim.name,
        micvae=__version__,
        per_run={label: round(seconds, 4) for label, seconds in per_run.items()},
        seconds=round(sum(per_run[label] * count for label, count in runs.items()), 1),
    )
    make_folder(folder)
    with making(folder, "reproduce"):
        records.write(folder / PLAN, plan)
    return plan
