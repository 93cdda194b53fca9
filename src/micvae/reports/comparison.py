"""The page of several runs side by side, seeds of one configuration taken together."""

import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path

from micvae import spelling
from micvae.errors import RunError
from micvae.files import expanded, making
from micvae.reports.page import write_page
from micvae.reports.study import study_page
from micvae.studies.evaluation import evaluate_run, rank_runs
from micvae.studies.record import StudyRecord
from micvae.studies.study import STUDY, Rows, row_of_run
from micvae.torch_state import with_torch_defaults
from micvae.training.config import RunConfig
from micvae.training.run import RECORD, Run

FILES = (("figures/", "every figure of this page as PNG and SVG"),)
_OF_A_SEED = ("seed", "restart")


@with_torch_defaults
def report_comparison(runs: Sequence[Run], out: Path) -> Path:
    """Write `report.html` and `figures/` that compare finished runs; those without scores get them.

    Runs that differ in nothing but the seed stand for one method, with an interval over seeds.

    Args:
        runs: at least two, no folder twice.
        out: folder of the page; nothing is written into the runs but missing scores.

    Returns:
        The path of the page.

    Raises:
        RunError: for a single run, one given twice, one that is not finished, and where `out`
            holds a run or a study, whose own page this one would replace.
    """
    out = expanded(out)
    if len({run.path.resolve() for run in runs}) < max(2, len(runs)):
        raise RunError("a comparison takes two runs or more, none of them twice.")
    if any((out / name).is_file() for name in (RECORD, STUDY)):
        raise RunError(
            f"{out} holds a run or a study with a page of its own; choose another --out."
        )
    for run in runs:
        if not run.done:
            raise RunError(
                f"{run.path} is not finished; run the same micvae train command again to go on."
            )
        if run.scores() is None:
            evaluate_run(run)
    labels = labelled([run.config for run in runs])
    rows: Rows = [
        row_of_run(label, run, run.path.resolve()) for label, run in zip(labels, runs, strict=True)
    ]
    data = dict.fromkeys(run.record.data.name for run in runs)
    findings = []
    if len({run.record.data.fingerprint for run in runs}) == 1:
        for row, score in zip(rows, rank_runs(runs).scores, strict=True):
            row["udr"] = float(score)
        findings.append(
            "All runs saw the same data. UDR is here the median agreement of a run with all "
            "others, of whatever method."
        )
    else:
        findings.append(
            "The runs were not trained on the same samples: scores may differ for that reason "
            "alone, and agreement between runs (UDR) is not defined."
        )
    study = StudyRecord(
        title=f"{len(runs)} runs on {', '.join(data)}",
        notes=tuple(dict.fromkeys(note for run in runs for note in run.notes)),
        command=shlex.join(["micvae", "report", *(run.path.name for run in runs)]),
    )
    page = study_page(study, rows, out, "Comparison", FILES, findings)
    with making(out, "report"):
        return write_page(page, out)


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
