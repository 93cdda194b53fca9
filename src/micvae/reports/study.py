"""The report of a study: methods × seeds."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from micvae.errors import MicvaeError
from micvae.files import read_json
from micvae.reports.page import Cell, Details, Group, Page, Plate, Table, write_page
from micvae.reports.quantities import HEADLINE, known, quantity
from micvae.reports.run import configuration, environment
from micvae.reports.single import Material, data_group, gather, run_groups
from micvae.reports.spreads import differences, distributions
from micvae.reports.tables import (
    Rows,
    bounds,
    caution,
    count_said,
    difference_cell,
    failures,
    interval_of,
    mean_cell,
    one_a_line,
    paired,
    read_table,
    representative,
    values_of,
    verdict,
)
from micvae.studies.study import STUDY
from micvae.training.run import RECORD, Run

SIDE_BY_SIDE = 6
"""At most so many rows have the figures of one of their runs on the page."""

_DRAWN = ("mig", "dci_disentanglement", "dci_completeness", "r_mi", "reconstruction")
_FIRST = (*HEADLINE, "active_units", "r_mi", "seconds")
_COMPARED = ("mig", "dci_disentanglement")
_SETTINGS = (
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

FILES = (
    ("study.json", "what was compared, findings, notes"),
    ("table.parquet", "one row per run: scores, cost and configuration"),
    ("runs/", "a folder per run, each with a report of its own on request"),
    ("figures/", "every figure of this page as PNG and SVG"),
)


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
    study, rows = read_json(folder / STUDY), read_table(folder)
    labels = labels_of(study, rows)
    baseline = _baseline(rows, labels)
    further = [name for name in known(rows) if name not in _FIRST]
    missing = incomplete(study, rows, labels)
    materials = representatives(folder, rows, labels, missing)
    page = Page(
        title=str(study.get("title") or folder.name),
        kind="Study",
        answer=_answer(rows, labels, baseline),
        table=_table(rows, labels, baseline, [n for n in known(rows) if n in _FIRST]),
        more=one_a_line(rows, labels, further),
        more_said=f"{len(further)} more, one a line",
        groups=[*_groups(rows, labels, baseline), *single_groups(materials)],
        quick=bool(study.get("quick")),
        notes=study.get("notes") or (),
        missing=missing,
        findings=study.get("findings") or (),
        configuration=configurations(study, rows, labels),
        environment=environment_of(folder, rows),
        files=FILES,
        command=_command(folder, rows, labels),
    )
    return write_page(page, folder)


def labels_of(study: Mapping[str, Any], rows: Rows) -> list[str]:
    """The study's rows: those described, then any other in the table."""
    described = [row["label"] for row in study.get("rows") or () if row.get("label")]
    return list(dict.fromkeys([*described, *(row["row"] for row in rows)]))


def incomplete(study: Mapping[str, Any], rows: Rows, labels: Sequence[str]) -> list[str]:
    """What a reader would look for and not find."""
    lines = failures(study)
    wanted = study.get("seeds") or max((len(values_of(rows, r, "seed")) for r in labels), default=0)
    for label in labels:
        there = len(values_of(rows, label, "seed"))
        if there < wanted:
            lines.append(f"{label}: {there} of {wanted} seeds finished.")
    if "mig" not in known(rows):
        lines.append("MIG, DCI and every figure that needs ground truth: no factors that vary.")
    return lines


def representatives(
    folder: Path, rows: Rows, labels: Sequence[str], missing: list[str]
) -> list[Material]:
    """For each row the run whose figures stand for it; what cannot be read goes to `missing`."""
    materials = []
    for label in labels[:SIDE_BY_SIDE]:
        row = representative(rows, label)
        if row is None:
            continue
        try:
            materials.append(
                gather(Run(folder / row["path"]), f"{label}, seed {row['seed']}", missing)
            )
        except (MicvaeError, OSError) as error:
            missing.append(f"Figures of {label}: {error}")
    return materials


def single_groups(materials: Sequence[Material]) -> list[Group]:
    """The figures of single runs, with a word on how these were chosen."""
    if not materials:
        return []
    chosen = " Shown is one run per method, that of the median MIG (the lower one of two)."
    if all("mig" not in m.scores["metrics"] for m in materials):
        chosen = " Shown is one run per method, that of the first seed."
    groups = [Group(g.title, g.caption + chosen, g.plates) for g in run_groups(materials)]
    dataset = next((m.dataset for m in materials if m.dataset is not None), None)
    shown = [data_group(dataset)] if dataset is not None and dataset.pictures else []
    return shown + groups


def spread_group(
    rows: Rows,
    labels: Sequence[str],
    names: Sequence[str],
    published: Mapping[str, Mapping[str, float]] | None = None,
) -> Group:
    """Every seed of every method, with mean and interval."""
    spreads = {
        quantity(name): {label: values_of(rows, label, name) for label in labels} for name in names
    }
    printed = {quantity(name): values for name, values in (published or {}).items()}
    figure = distributions(spreads, printed)
    caption = (
        f"Every dot is one seed ({seeds_said(rows, labels)}); the black diamond is their mean, "
        "the bar its 95% bootstrap interval."
    )
    if printed:
        caption += " The hollow diamond is the value that the paper prints."
    return Group(
        "Distribution over seeds", caption, [Plate("seeds", figure, "Scores of every seed.")]
    )


def difference_group(
    rows: Rows, labels: Sequence[str], baseline: str, names: Sequence[str]
) -> Group | None:
    """Every method minus the baseline, by seed; None where there is nothing to pair."""
    spreads = {
        quantity(name): {
            label: paired(rows, label, baseline, name) for label in labels if label != baseline
        }
        for name in names
    }
    if not any(values for spread in spreads.values() for values in spread.values()):
        return None
    caption = (
        f"Each dot is one seed ({seeds_said(rows, labels)}): a method's score minus that of "
        f"{baseline} under the same seed. The bar is the 95% bootstrap interval of the mean; "
        "where it crosses the red line at 0, these seeds do not settle the sign."
    )
    figure = differences(spreads, baseline)
    alt = f"Paired differences to {baseline} by seed."
    return Group("Paired differences by seed", caption, [Plate("differences", figure, alt)])


def seeds_said(rows: Rows, labels: Sequence[str]) -> str:
    """`10 seeds per method`, or from how many to how many."""
    counts = sorted({n for label in labels if (n := len(values_of(rows, label, "seed")))})
    shown = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{shown} seed{'' if counts == [1] else 's'} per method"


def configurations(study: Mapping[str, Any], rows: Rows, labels: Sequence[str]) -> list[Details]:
    """Every row's configuration: as described, or as its first run has it."""
    described = {row.get("label"): row for row in study.get("rows") or ()}
    details = []
    for label in labels:
        row = described.get(label, {})
        values = row.get("config")
        if values is None:
            first = representative(rows, label) or {}
            values = {name: first[name] for name in _SETTINGS if first.get(name) is not None}
        details.append(Details(label, row.get("description") or "", configuration(values)))
    return details


def environment_of(folder: Path, rows: Rows) -> list[tuple[str, str]]:
    """The environment of the first run that can be read."""
    for row in rows:
        path = folder / row["path"] / RECORD
        if path.is_file():
            return environment(read_json(path))
    return []


def _groups(rows: Rows, labels: Sequence[str], baseline: str | None) -> list[Group]:
    there = known(rows)
    groups = [spread_group(rows, labels, [name for name in _DRAWN if name in there])]
    scores = [name for name in _COMPARED if name in there]
    compared = scores or ["reconstruction", "r_mi"]
    if baseline is not None:
        paired_group = difference_group(rows, labels, baseline, compared)
        groups += [paired_group] if paired_group else []
    return groups


def _baseline(rows: Rows, labels: Sequence[str]) -> str | None:
    """The plain VAE where it is there, else the first row; None with a single row."""
    there = [label for label in labels if values_of(rows, label, "seed")]
    if len(there) < 2:
        return None
    plain = {row["row"] for row in rows if str(row.get("objective", "")).startswith("vae")}
    return next((label for label in there if label in plain), there[0])


def _answer(rows: Rows, labels: Sequence[str], baseline: str | None) -> str:
    name = "mig" if "mig" in known(rows) else "reconstruction"
    q = quantity(name)
    means = {label: interval_of(values_of(rows, label, name)) for label in labels}
    there = {label: interval for label, interval in means.items() if interval is not None}
    if not there:
        return "No run of this study has scores."
    choose = max if q.direction == "higher" else min
    best = choose(there, key=lambda label: there[label].mean)
    which = "highest" if q.direction == "higher" else "lowest"
    unit = f" {q.unit}" if q.unit else ""
    value = f"{q.shown(there[best].mean)}{unit} {bounds(q, there[best])}"
    over = seeds_said(rows, labels).removesuffix(" per method")
    if len(there) == 1:
        return f"{best}: mean {q.label} {value} over {over}."
    start = f"Of {len(there)} methods, {best} has the {which} mean {q.label}, {value}, over {over}"
    difference = interval_of(paired(rows, best, baseline, name)) if baseline else None
    if best == baseline or difference is None:
        return f"{start}."
    size = f"{q.shown(difference.mean, signed=True)}{unit} {bounds(q, difference, True)}"
    return f"{start}; paired difference to {baseline} {size}, {verdict(difference)}."


def _table(rows: Rows, labels: Sequence[str], baseline: str | None, names: Sequence[str]) -> Table:
    compared = [n for n in _COMPARED if n in names and baseline is not None]
    columns = [("method", "")]
    for name in names:
        columns.append((quantity(name).head, quantity(name).subtitle))
        if name in compared:
            columns.append((f"Δ {quantity(name).head}", f"to {baseline}"))
    lines = []
    for label in labels:
        cells = [Cell(label, count_said(len(values_of(rows, label, "seed"))))]
        for name in names:
            q = quantity(name)
            cells.append(mean_cell(q, interval_of(values_of(rows, label, name))))
            if name in compared and baseline is not None:
                values = [] if label == baseline else paired(rows, label, baseline, name)
                cells.append(difference_cell(q, interval_of(values)))
        lines.append(cells)
    caption = "Mean over seeds and, in brackets, its 95% bootstrap interval."
    if compared:
        caption += f" Δ: mean of the differences to {baseline} under the same seed."
    caption += caution(max((len(values_of(rows, label, "seed")) for label in labels), default=0))
    return Table(caption, columns, lines)


def _command(folder: Path, rows: Rows, labels: Sequence[str]) -> str:
    """The command line of this study, its data spelled with `{seed}` where that varies."""
    first, seeds = rows[0], sorted({row["seed"] for row in rows})
    data = {str(r["data"]).replace(f"seed={r['seed']}", "seed={seed}") for r in rows}
    words = ["micvae", "study", *labels, "--seeds", str(len(seeds)), "--seed", str(seeds[0])]
    words += ["--data", data.pop() if len(data) == 1 else str(first["data"])]
    for name in _SETTINGS[2:]:
        if first.get(name) is not None:
            words += [f"--{name.replace('_', '-')}", str(first[name])]
    return shlex.join([*words, "--out", folder.name])
