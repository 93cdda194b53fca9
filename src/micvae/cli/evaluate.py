"""`micvae evaluate`: scores of trained runs, and of anybody's codes."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from micvae.cli.display import (
    busy,
    metric_progress,
    print_ranking,
    print_run,
    print_scores,
)
from micvae.cli.parsing import parse
from micvae.data import FactorKind, read_matrix
from micvae.data.dataset import guess_kind
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.files import write_json
from micvae.studies.evaluation import evaluate_run, rank_runs
from micvae.tracking import Tracking
from micvae.training.run import OWN_LOG, SCORES, Run, track_scores


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
        tracker: Tracking = OWN_LOG
        """Where else to show the scores of a RUN: as for micvae train."""

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
        track_scores(run, result["metrics"], parsed.tracker)
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
