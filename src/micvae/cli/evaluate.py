"""`micvae evaluate`: scores of trained runs, and of codes from any program."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from micvae import metrics as metrics_of
from micvae import records
from micvae.cli.display import (
    busy,
    metric_progress,
    print_nulls,
    print_ranking,
    print_run,
    print_scores,
    say,
)
from micvae.cli.outputs import check_file, check_suffix, is_scores
from micvae.cli.parsing import parse
from micvae.data import FactorKind, TableFile, read_matrix
from micvae.data.array_header import few
from micvae.data.dataset import guess_kind, warn_of_guesses
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.files import check_writable
from micvae.metrics import BootstrapInterval
from micvae.records import Numbers, Texts
from micvae.scoring import evaluate_run, rank_runs
from micvae.scoring.nulls import metric_nulls
from micvae.studies.study import n_workers
from micvae.tracking import Tracking
from micvae.training.record import Ends
from micvae.training.run import SCORES, Run
from micvae.training.train import OWN_LOG, track_scores


@dataclass(frozen=True, kw_only=True)
class CodesScores:
    """What `micvae evaluate --codes` writes to --out."""

    codes: str
    latents: Texts
    factors: str | None
    factor_names: Texts
    factor_kinds: tuple[FactorKind, ...]
    samples: int
    seed: int
    metrics: Mapping[str, float]
    """Name → score."""
    missing: Mapping[str, str]
    """Name → why there is no such score."""
    metric_nulls: Mapping[str, Ends]
    """Intervals of the scores that are dependences, for independent latents, by name."""
    intervals: Mapping[str, Numbers]
    """Name → value, lower and upper end."""


def evaluate(arguments: list[str]) -> None:
    """`micvae evaluate RUN …`, or `--codes FILE --factors FILE`."""

    @dataclass(frozen=True)
    class Evaluate:
        """Score trained runs, or codes from any program.

        micvae evaluate RUN scores a run and stores the scores in it. Several runs on the same data
        are also ranked without labels (UDR). micvae evaluate --codes FILE --factors FILE scores any
        representation: .npy, .npz, .csv or .parquet, one row per sample. From a table of micvae
        encode (row, z0, z1, …, factors), --codes reads z0, z1, … and --factors reads the factors. A
        column of row numbers that pandas wrote is left out.
        """

        runs: Positional[tuple[Path, ...]] = ()
        """Folders of trained runs."""
        codes: Path | None = None
        """Codes (N, D), by convention posterior means."""
        factors: Path | None = None
        """Ground truth (N, K); columns of text are categories. Without it, only scores that need no
        ground truth are computed."""
        factor_kinds: tuple[FactorKind, ...] = ()
        """For --codes: the kind of every factor, continuous, ordinal, categorical or angular.
        Default: guessed."""
        metrics: tuple[str, ...] = ()
        """For --codes: names from micvae list metrics. Default: all."""
        intervals: bool = False
        """For --codes: 95% bootstrap intervals over samples. DCI takes 20 times as long."""
        out: Path | None = None
        """For --codes: a .json file for the scores. Only a file of scores is replaced."""
        seed: int = 0
        """Determines which samples are scored, how they are split, and all random draws."""
        tracker: Tracking = OWN_LOG
        """For a RUN: where else to log the scores, as for micvae train."""

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
    if len({run.path.resolve() for run in runs}) < len(runs):
        raise MicvaeError("a run is given twice; give each run once.")
    for run in runs:
        check_writable(run.path / SCORES)  # before minutes of work for nothing
        with busy(f"scoring {run.path}"):
            result = evaluate_run(run, parsed.seed, interventions=True)
        track_scores(run, result.metrics, parsed.tracker)
        print_run(result)
        _say_constant(run, result.factor_names)
        say(f"stored in {run.path / SCORES}; next: micvae report {run.path}")
    if len({run.data.fingerprint for run in runs}) > 1:
        say("note: not ranked without labels (UDR), which takes runs on the same images.")
    elif len(runs) > 1:
        with busy("comparing the runs"):
            ranking = rank_runs(runs, parsed.seed)
        print_ranking([str(run.path) for run in runs], ranking)


def _evaluate_files(
    codes: Path,
    factors: Path | None,
    kinds: Sequence[FactorKind],
    metrics: Sequence[str] | None,
    score_intervals: bool,
    out: Path | None,
    seed: int,
) -> None:
    if out is not None:
        check_file(out, "scores of micvae evaluate", is_scores, (codes, factors))
        check_suffix(out, ".json", "scores")
    read = read_matrix(codes, "codes")
    z = read.codes()
    _say_left_out("latents", read, z)
    if any(z.text):
        name = z.names[z.text.index(True)]
        raise MicvaeError(
            f"codes: column {name} of {codes} is text; codes are numbers: leave it out of the file."
        )
    table = None
    if factors is not None:
        read = read_matrix(factors, "factors")
        table = read.factors()
        _say_left_out("factors", read, table)
        _refuse_constant(table, factors)
    if table is not None and not kinds:
        kinds = _guessed(table)
    elif table is None and kinds:
        raise MicvaeError("--factor-kinds needs --factors.")
    if table is not None and len(kinds) != len(table.names):
        raise MicvaeError(
            f"--factor-kinds has {len(kinds)} entries, but {factors} has {len(table.names)} "
            f"columns ({', '.join(table.names)}); give one each."
        )
    compute = metrics_of.intervals if score_intervals else metrics_of.evaluate
    with warnings.catch_warnings(record=True) as caught, metric_progress() as progress:
        warnings.simplefilter("always", MicvaeWarning)
        found = compute(
            z.typed(),
            None if table is None else table.typed(),
            metrics=metrics,
            factor_kinds=kinds or None,
            factor_names=None if table is None else table.names,
            seed=seed,
            n_jobs=n_workers(),
            progress=progress,
        )
    shape = f"{len(z.values):,} samples, {z.values.shape[1]} latents"
    if table is not None:
        named = ", ".join(f"{n} ({k})" for n, k in zip(table.names, kinds, strict=True))
        shape += f"; factors: {named}"
    print_scores(found, shape)
    values, intervals = dict[str, float](), dict[str, Numbers]()
    for name, score in found.items():
        values[name] = score.value if isinstance(score, BootstrapInterval) else score
        if isinstance(score, BootstrapInterval):
            intervals[name] = tuple(score)
    nulls = metric_nulls(z.values, list(found), seed)
    print_nulls(values, nulls)
    for warning in caught:
        say(f"note: {warning.message}.")
    if out is not None:
        stored = CodesScores(
            codes=str(codes),
            latents=z.names,
            factors=None if factors is None else str(factors),
            factor_names=() if table is None else table.names,
            factor_kinds=tuple(kinds),
            samples=len(z.values),
            seed=seed,
            metrics=values,
            missing=found.missing,
            metric_nulls={name: (null.low, null.high) for name, null in nulls.items()},
            intervals=intervals,
        )
        records.write(out, stored)
        say(f"written to {out}")


def _guessed(table: TableFile) -> list[FactorKind]:
    """Kinds of factors: text is categorical, numbers are guessed; doubtful guesses warn."""
    numbers = [k for k, kind in enumerate(table.kinds()) if kind is None]
    warn_of_guesses(
        [table.values[:, k] for k in numbers],
        [repr(table.names[k]) for k in numbers],
        "specify it by --factor-kinds, one for every factor in the order of the columns",
    )
    return [k or guess_kind(c) for k, c in zip(table.kinds(), table.values.T, strict=True)]


def _say_left_out(what: str, read: TableFile, kept: TableFile) -> None:
    """Name the columns that are scored, where a table has others."""
    names = set(kept.names)
    others = [name or "a column without a name" for name in read.names if name not in names]
    if others:
        say(f"{len(kept.names)} {what}: {few(kept.names)}; left out: {few(others)}")


def _refuse_constant(table: TableFile, path: Path) -> None:
    """Refuse constant factors by name; the metrics know only their numbers."""
    for name, column in zip(table.names, table.values.T, strict=True):
        if column.min() == column.max():
            raise MicvaeError(
                f"factors: column {name} of {path} is constant, so nothing can be learned about "
                "it; leave it out."
            )


def _say_constant(run: Run, scored: Sequence[str]) -> None:
    """Name the factors that a run knows and that were not scored."""
    known = set(scored)
    others = [name for name in run.data.factor_names if name not in known]
    if others:
        say(
            f"note: left out of the scores: {', '.join(others)}; constant in the samples scored, "
            "so nothing can be learned about it."
        )
