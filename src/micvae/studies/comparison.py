"""Finished runs side by side, seeds of one configuration taken together."""

import dataclasses
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from micvae import spelling
from micvae.errors import RunError
from micvae.scoring import rank_runs
from micvae.studies.record import StudyRecord
from micvae.studies.study import row_of_run
from micvae.studies.table import StudyTable
from micvae.torch_state import with_torch_defaults
from micvae.training.config import RunConfig
from micvae.training.run import Run

_OF_A_SEED = ("seed", "restart")


@dataclass(frozen=True)
class Comparison:
    """Runs as the rows of a study.

    Args:
        study: title, notes and command.
        rows: one per run, whose `path` is absolute.
        finding: whether the runs saw the same data.
    """

    study: StudyRecord
    rows: StudyTable
    finding: str


@with_torch_defaults
def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Compare finished runs by their stored scores and, on the same data, by UDR.

    Runs that differ in nothing but the seed stand for one method, with an interval over seeds.

    Args:
        runs: at least two, no folder twice.

    Raises:
        RunError: for a single run, one given twice, one that is not finished, and one without
            scores.
    """
    if len({run.path.resolve() for run in runs}) < max(2, len(runs)):
        raise RunError("a comparison needs at least two runs, each given once.")
    for run in runs:
        run.check_done()
    labels = labelled([run.config for run in runs])
    rows = [
        row_of_run(label, run, run.path.resolve()) for label, run in zip(labels, runs, strict=True)
    ]
    data = dict.fromkeys(run.data.name for run in runs)
    if len({run.data.fingerprint for run in runs}) == 1:
        scores = rank_runs(runs).scores
        rows = [row.with_columns({"udr": float(s)}) for row, s in zip(rows, scores, strict=True)]
        finding = (
            "All runs saw the same data. UDR is here the median agreement of a run with all "
            "others, of whatever method."
        )
    else:
        finding = (
            "The runs were not trained on the same samples: scores may differ for that reason "
            "alone, and agreement between runs (UDR) is not defined."
        )
    study = StudyRecord(
        title=f"{len(runs)} runs on {', '.join(data)}",
        notes=tuple(dict.fromkeys(note for run in runs for note in run.data.notes)),
        command=shlex.join(["micvae", "report", *(run.path.name for run in runs)]),
    )
    return Comparison(study, StudyTable(tuple(rows)), finding)


def labelled(configs: Sequence[RunConfig]) -> list[str]:
    """Name each configuration by its method, and by every other setting in which they differ.

    Seed and restart are not part of the name, nor is a seed of the data that follows them.
    """
    plain = [_without_seed(config) for config in configs]
    names = [name for name in plain[0] if len({values[name] for values in plain}) > 1]
    others = [name for name in names if name != "objective"]
    return [
        ", ".join([values["objective"], *(f"{n.replace('_', ' ')} {values[n]}" for n in others)])
        for values in plain
    ]


def _without_seed(config: RunConfig) -> dict[str, str]:
    values = {}
    for field in dataclasses.fields(config):
        if field.name not in _OF_A_SEED:
            value = getattr(config, field.name)
            text = spelling.spell(value) if dataclasses.is_dataclass(value) else value
            values[field.name] = str(text)
    values["data"] = str(config.description.following(config.seed))
    return values
