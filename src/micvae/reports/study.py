"""The report of a study: methods × seeds."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from micvae.data import describe
from micvae.errors import MicvaeError
from micvae.objectives import VAEObjective, find
from micvae.records import read
from micvae.reports.many import (
    SETTINGS,
    configurations,
    difference_group,
    environment_of,
    incomplete,
    labels_of,
    not_converged,
    representatives,
    seeds_said,
    single_groups,
    spread_group,
)
from micvae.reports.page import SHORT, Cell, Group, Key, Page, Table, write_page
from micvae.reports.quantities import HEADLINE, Quantity, known, quantity
from micvae.reports.tables import (
    NULL_SAID,
    beside_null,
    bounds,
    caution,
    count_said,
    difference_cell,
    interval_of,
    mean_cell,
    means_said,
    one_a_line,
    read_table,
    verdict,
)
from micvae.studies.record import StudyRecord
from micvae.studies.statistics import MeanInterval
from micvae.studies.study import STUDY
from micvae.studies.table import StudyTable
from micvae.torch_state import with_torch_defaults

_DRAWN = ("mig", "dci_disentanglement", "dci_completeness", "r_mi", "reconstruction")
_FIRST = (*HEADLINE, "active_units", "r_mi", "seconds")
_COMPARED = ("mig", "dci_disentanglement")

FILES = (
    ("study.json", "what was compared, notes on the data"),
    ("table.parquet", "one row per run: scores, cost and configuration"),
    ("runs/", "a folder per run; micvae report draws the page of each"),
    ("figures/", "the figures of this page as PNG and SVG"),
)


@with_torch_defaults
def report_study(folder: Path) -> Path:
    """Write `report.html` and `figures/` into a study's folder.

    Args:
        folder: holds `study.json`, `table.parquet` and the runs. Runs that failed or were
            removed are named on the page.

    Returns:
        The path of the page.

    Raises:
        RunError: where the study has no table yet, or a file is damaged.
    """
    study, rows = read(StudyRecord, folder / STUDY), read_table(folder).kept
    page = study_page(study, rows, folder, files=FILES)
    return write_page(page, folder)


def study_page(
    study: StudyRecord,
    rows: StudyTable,
    folder: Path,
    kind: str = "Study",
    files: Sequence[tuple[str, str]] = (),
    findings: Sequence[str] = (),
) -> Page:
    """The page of methods × seeds.

    Args:
        study: what was compared.
        rows: the kept runs; their paths are relative to `folder`.
        folder: of the study.
        kind: what the page calls itself.
        files: what the folder holds, with a word on each.
        findings: what the page says of the runs beside the table.
    """
    labels = labels_of(study, rows)
    baseline = _baseline(rows, labels)
    further = [name for name in known(rows) if name not in _FIRST]
    missing = incomplete(study, rows, labels)
    materials = representatives(folder, rows, labels, missing)
    return Page(
        title=study.title or folder.name,
        kind=kind,
        answer=_answer(rows, labels, baseline),
        caveat=not_converged(rows),
        keys=_keys(rows, labels, baseline),
        table=_table(rows, labels, baseline, [n for n in known(rows) if n in _FIRST]),
        more=one_a_line(rows, labels, further),
        more_said=f"{len(further)} more, one a line",
        groups=[*_groups(rows, labels, baseline), *single_groups(materials)],
        quick=SHORT if study.quick else "",
        notes=study.notes,
        missing=missing,
        findings=findings,
        configuration=configurations(study, rows, labels),
        environment=environment_of(folder, rows),
        files=files,
        command=study.command or _command(folder, rows, labels),
    )


def _groups(rows: StudyTable, labels: Sequence[str], baseline: str | None) -> list[Group]:
    there = known(rows)
    groups = [spread_group(rows, labels, [name for name in _DRAWN if name in there])]
    scores = [name for name in _COMPARED if name in there]
    compared = scores or ["reconstruction", "r_mi"]
    if baseline is not None:
        paired_group = difference_group(rows, labels, baseline, compared)
        groups += [paired_group] if paired_group else []
    return groups


def _baseline(rows: StudyTable, labels: Sequence[str]) -> str | None:
    """The plain VAE where it is there, else the first row; None with a single row."""
    there = [label for label in labels if rows.values(label, "seed")]
    if len(there) < 2:
        return None
    plain = {row.row for row in rows if _is_vae(str(row.get("objective", "")))}
    return next((label for label in there if label in plain), there[0])


def _is_vae(objective: str) -> bool:
    try:
        return type(find(objective)) is VAEObjective
    except MicvaeError:  # of a method that is not registered here
        return False


def _leader(
    rows: StudyTable, labels: Sequence[str]
) -> tuple[Quantity, dict[str, MeanInterval], str]:
    """The main score of the rows, its means, and the best row; no row where there are none."""
    q = quantity("mig" if "mig" in known(rows) else "reconstruction")
    means = {label: interval_of(rows.values(label, q.name)) for label in labels}
    there = {label: interval for label, interval in means.items() if interval is not None}
    choose = max if q.direction == "higher" else min
    return q, there, choose(there, key=lambda label: there[label].mean) if there else ""


def _answer(rows: StudyTable, labels: Sequence[str], baseline: str | None) -> str:
    q, there, best = _leader(rows, labels)
    if not best:
        return "No run of this study has scores."
    which = "highest" if q.direction == "higher" else "lowest"
    unit = f" {q.unit}" if q.unit else ""
    if all(interval.low is None for interval in there.values()):
        return _answer_of_single_seeds(q, rows, there, best, baseline)
    value = f"{q.shown(there[best].mean)}{unit} {bounds(q, there[best])}"
    over = seeds_said(rows, labels).removesuffix(" per method")
    if len(there) == 1:
        return f"{best}: mean {q.label} {value} over {over}."
    start = f"Of {len(there)} methods, {best} has the {which} mean {q.label}, {value}, over {over}"
    differences = rows.paired(best, baseline, q.name) if baseline else []
    difference = interval_of(differences)
    if best == baseline or difference is None:
        return f"{start}."
    size = f"{q.shown(difference.mean, signed=True)}{unit} {bounds(q, difference, True)}"
    said = verdict(difference, len(differences))
    return f"{start}; paired difference to {baseline} {size}, {said}."


def _answer_of_single_seeds(
    q: Quantity,
    rows: StudyTable,
    there: Mapping[str, MeanInterval],
    best: str,
    baseline: str | None,
) -> str:
    unit = f" {q.unit}" if q.unit else ""
    value = f"{q.shown(there[best].mean)}{unit}"
    warning = "One seed per method: no estimate of the variance between seeds."
    if len(there) == 1:
        return f"{best}: {q.label} {value} on a single seed, without an interval."
    which = "highest" if q.direction == "higher" else "lowest"
    start = f"Of {len(there)} methods, {best} has the {which} {q.label}, {value}"
    differences = rows.paired(best, baseline, q.name) if baseline and best != baseline else []
    if not differences:
        return f"{start}. {warning}"
    way = "above" if differences[0] >= 0 else "below"
    return f"{start}, {q.shown(abs(differences[0]))}{unit} {way} {baseline}. {warning}"


def _keys(rows: StudyTable, labels: Sequence[str], baseline: str | None) -> list[Key]:
    q, there, best = _leader(rows, labels)
    if not best:
        return []
    shown = [best, *([baseline] if baseline and best != baseline else [])]
    keys = [
        Key(f"{q.axis}, {label}", q.shown(there[label].mean), bounds(q, there[label]))
        for label in shown
        if label in there
    ]
    differences = rows.paired(best, baseline, q.name) if baseline else []
    difference = interval_of(differences)
    if difference is not None and best != baseline:
        size = q.shown(difference.mean, signed=True)
        said = "one seed, no interval"
        if difference.low is not None:
            said = verdict(difference, len(differences))
        keys.append(Key("paired difference", size, said))
    methods = f"{len(there)} method{'' if len(there) == 1 else 's'}"
    return [*keys, Key("runs", str(len(rows)), f"{methods}, {seeds_said(rows, labels)}")]


def _table(
    rows: StudyTable, labels: Sequence[str], baseline: str | None, names: Sequence[str]
) -> Table:
    compared = [n for n in _COMPARED if n in names and baseline is not None]
    columns = [("method", "")]
    for name in names:
        columns.append((quantity(name).head, quantity(name).subtitle))
        if name in compared:
            columns.append((f"Δ {quantity(name).head}", f"to {baseline}"))
    lines = []
    for label in labels:
        cells = [Cell(label, count_said(len(rows.values(label, "seed"))))]
        for name in names:
            q = quantity(name)
            cell = mean_cell(q, interval_of(rows.values(label, name)))
            cells.append(beside_null(cell, rows, label, name))
            if name in compared and baseline is not None:
                values = [] if label == baseline else rows.paired(label, baseline, name)
                cells.append(difference_cell(q, interval_of(values), len(values)))
        lines.append(cells)
    seeds = rows.most_seeds(labels)
    caption = means_said(seeds)
    if compared:
        mean = "difference" if seeds == 1 else "mean of the differences"
        caption += f" Δ: {mean} to {baseline} under the same seed."
    if "r_mi" in names:
        caption += NULL_SAID
    caption += caution(seeds)
    return Table(caption, columns, lines)


def _command(folder: Path, rows: StudyTable, labels: Sequence[str]) -> str:
    """The command line of this study, its data spelled with `{seed}` where that varies."""
    first, seeds = rows[0], sorted({row.seed for row in rows})
    data = {str(describe(row.data).following(row.seed)) for row in rows}
    words = ["micvae", "study", *labels, "--seeds", str(len(seeds)), "--seed", str(seeds[0])]
    words += ["--data", data.pop() if len(data) == 1 else first.data]
    for name in SETTINGS[2:]:
        if first.get(name) is not None:
            words += [f"--{name.replace('_', '-')}", str(first[name])]
    return shlex.join([*words, "--out", folder.name])
