"""Parts of pages about many runs: selected figures, spreads, differences, settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from micvae.errors import MicvaeError, RunError
from micvae.records import Json
from micvae.reports.figures import run_groups
from micvae.reports.material import Material, gather
from micvae.reports.page import Details, Group, NotDrawn, Plate
from micvae.reports.quantities import known, quantity
from micvae.reports.run import configuration, environment
from micvae.reports.samples import data_group
from micvae.reports.spreads import differences, distributions
from micvae.reports.tables import (
    caution,
    failures,
)
from micvae.studies.record import StudyRecord, StudyRow
from micvae.studies.table import StudyTable
from micvae.training.run import Run

SIDE_BY_SIDE = 6
"""At most so many rows have the figures of one of their runs on the page."""

SETTINGS = (
    "objective",
    "data",
    "latent_dim",
    "network",
    "likelihood",
    "epochs",
    "batch_size",
    "learning_rate",
    "device",
)
"""The settings that a page shows of a row without a description."""


def labels_of(study: StudyRecord, rows: StudyTable) -> list[str]:
    """The study's rows: those described, then any other in the table."""
    described = [row.label for row in study.rows]
    return list(dict.fromkeys([*described, *rows.labels]))


def incomplete(study: StudyRecord, rows: StudyTable, labels: Sequence[str]) -> list[str]:
    """Notes on missing runs and scores."""
    lines = failures(study)
    wanted = study.seeds or max((len(rows.values(r, "seed")) for r in labels), default=0)
    for label in labels:
        there = len(rows.values(label, "seed"))
        if there < wanted:
            lines.append(f"{label}: {there} of {wanted} seeds finished.")
    if "mig" not in known(rows):
        lines.append("MIG, DCI and every figure that needs ground truth: no factor varies.")
    return lines


def not_converged(rows: StudyTable) -> str:
    """How many runs ended while their loss still fell; empty where none is known to."""
    known = [row for row in rows if row.get("converged") is not None]
    falling = [row for row in known if not row["converged"]]
    if not falling:
        return ""
    runs = "run" if len(known) == 1 else "runs"
    return (
        f"In {len(falling)} of {len(known)} {runs} the loss was still falling when training "
        "ended. The comparison therefore also reflects how fast methods learn. Train for more "
        "epochs."
    )


def representatives(
    folder: Path, rows: StudyTable, labels: Sequence[str], missing: list[str]
) -> list[Material]:
    """For each row the run whose figures stand for it; what cannot be read goes to `missing`."""
    materials = []
    for label in labels[:SIDE_BY_SIDE]:
        row = rows.representative(label)
        if row is None:
            continue
        try:
            materials.append(gather(Run(folder / row.path), f"{label}, seed {row.seed}", missing))
        except (MicvaeError, OSError) as error:
            missing.append(NotDrawn(f"Figures of {label}: {error}"))
    return materials


def single_groups(materials: Sequence[Material]) -> list[Group]:
    """The figures of single runs, with a sentence on how the runs were chosen."""
    if not materials:
        return []
    chosen = " One run per method is shown: the run of the median MIG (the lower of two)."
    if all("mig" not in m.scores.metrics for m in materials):
        chosen = " One run per method is shown: the run of the first seed."
    groups = [Group(g.title, g.caption + chosen, g.plates) for g in run_groups(materials)]
    dataset = next((m.dataset for m in materials if m.dataset is not None), None)
    shown = [data_group(dataset)] if dataset is not None and dataset.pictures else []
    return shown + groups


def spread_group(
    rows: StudyTable,
    labels: Sequence[str],
    names: Sequence[str],
    published: Mapping[str, Mapping[str, float]] | None = None,
) -> Group:
    """Every seed of every method, with mean and interval."""
    spreads = {
        quantity(name): {label: rows.values(label, name) for label in labels} for name in names
    }
    printed = {quantity(name): values for name, values in (published or {}).items()}
    figure = distributions(spreads, printed)
    caption = (
        f"Every dot is one seed ({seeds_said(rows, labels)}). The filled diamond is their mean, "
        "the bar its 95% bootstrap interval."
    )
    if printed:
        caption += " The hollow diamond is the value that the paper prints."
    return Group(
        "Distribution over seeds", caption, [Plate("seeds", figure, "Scores of every seed.")]
    )


def difference_group(
    rows: StudyTable, labels: Sequence[str], baseline: str, names: Sequence[str]
) -> Group | None:
    """Every method minus the baseline, by seed; None where there is nothing to pair."""
    spreads = {
        quantity(name): {
            label: rows.paired(label, baseline, name) for label in labels if label != baseline
        }
        for name in names
    }
    if not any(values for spread in spreads.values() for values in spread.values()):
        return None
    caption = (
        f"Each dot is one seed ({seeds_said(rows, labels)}): a method's score minus that of "
        f"{baseline} under the same seed. The bar is the 95% bootstrap interval of the mean. "
        "Where it crosses the red line at 0, these seeds do not determine the sign."
    )
    caption += caution(rows.most_seeds(labels))
    figure = differences(spreads, baseline)
    alt = f"Paired differences to {baseline} by seed."
    return Group("Paired differences by seed", caption, [Plate("differences", figure, alt)])


def seeds_said(rows: StudyTable, labels: Sequence[str]) -> str:
    """`10 seeds per method`, or from how many to how many."""
    counts = sorted({n for label in labels if (n := len(rows.values(label, "seed")))})
    shown = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{shown} seed{'' if counts == [1] else 's'} per method"


def configurations(study: StudyRecord, rows: StudyTable, labels: Sequence[str]) -> list[Details]:
    """Every row's configuration: as described, or as its first run has it."""
    described = {row.label: row for row in study.rows}
    details = []
    for label in labels:
        row = described.get(label, StudyRow(label=label))
        values = row.config
        if values is None:
            first: Mapping[str, Json] = rows.representative(label) or {}
            values = {name: first[name] for name in SETTINGS if first.get(name) is not None}
        details.append(Details(label, row.description, configuration(values)))
    return details


def environment_of(folder: Path, rows: StudyTable) -> list[tuple[str, str]]:
    """The environment of the first run that can be read."""
    for row in rows:
        try:
            return environment(Run(folder / row.path))
        except RunError:
            continue
    return []
