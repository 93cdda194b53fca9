"""The report of the paper's comparison."""

from collections.abc import Sequence
from pathlib import Path

from micvae.records import read
from micvae.reports.many import (
    configurations,
    difference_group,
    environment_of,
    incomplete,
    labels_of,
    representatives,
    seeds_said,
    single_groups,
    spread_group,
)
from micvae.reports.page import SHORT, Cell, Group, Key, Page, Plate, Table, write_page
from micvae.reports.quantities import NOT_KNOWN, known, quantity
from micvae.reports.spreads import ablation
from micvae.reports.study import FILES
from micvae.reports.tables import (
    NULL_SAID,
    beside_null,
    bounds,
    caution,
    count_said,
    difference_cell,
    mean_cell,
    means_said,
    read_table,
    values_of,
    verdict,
)
from micvae.studies.paper import (
    COMPARED,
    SUMMARISED,
    TABLE1,
    VANILLA,
    findings,
    read_table1,
    table1,
)
from micvae.studies.record import StudyRecord, TableRow
from micvae.studies.study import STUDY, Rows
from micvae.torch_state import with_torch_defaults

_PRINTED = {"mig": "paper_mig", "dci_disentanglement": "paper_dci"}
_ORDER = (
    "mig",
    "dci_disentanglement",
    "dci_completeness",
    "dci_informativeness",
    "active_units",
    "r_mi",
)
_FURTHER = ("reconstruction", "kl", "seconds")
_DRAWN = (
    "mig",
    "dci_disentanglement",
    "dci_completeness",
    "dci_informativeness",
    "r_mi",
    "reconstruction",
)
_ABLATED = ("mig", "dci_disentanglement", "reconstruction", "r_mi", "active_units", "kl")


@with_torch_defaults
def report_paper(folder: Path) -> Path:
    """Write `report.html` and `figures/` for the paper's comparison.

    Args:
        folder: what `micvae reproduce` wrote. The table is `table1.json`; where that is missing
            it is computed from `table.parquet`.

    Returns:
        The path of the page.

    Raises:
        RunError: where there is no table yet, or a file is damaged.
    """
    study = read(StudyRecord, folder / STUDY)
    rows, every = read_table(folder), read_table(folder, True)
    ours = [row for row in rows if row.get("group", "table") == "table"]
    path = folder / TABLE1
    table = read_table1(path) if path.exists() else table1(every)
    labels = labels_of(study, ours)
    missing = incomplete(study, ours, labels)
    materials = representatives(folder, ours, labels, missing)
    quick = study.quick
    page = Page(
        title=study.title or "The paper, re-measured",
        kind="Mutual Information Constrained Variational Framework, Table 1",
        answer=_answer(table),
        keys=_keys(table),
        table=_table(table, ours, labels, _ORDER),
        more=_table(table, ours, labels, _FURTHER),
        more_said=", ".join(quantity(name).label for name in _FURTHER),
        groups=[*_groups(every, ours, table, labels), *single_groups(materials)],
        quick=SHORT if quick else "",
        notes=study.notes,
        missing=missing,
        findings=() if quick else findings(table),
        configuration=configurations(study, rows, labels_of(study, rows)),
        environment=environment_of(folder, rows),
        files=((TABLE1, "the table above, every number in full"), *FILES),
        command="micvae reproduce "
        + ("--quick" if quick else f"--seeds {study.seeds or _most_seeds(table)}")
        + f" --out {folder.name}",
    )
    return write_page(page, folder)


def _most_seeds(table: Sequence[TableRow]) -> int:
    return max((entry.seeds for entry in table), default=2)


def _answer(table: Sequence[TableRow]) -> str:
    """One sentence: what each method's MIG is against the vanilla VAE's."""
    q = quantity("mig")
    base = next((entry for entry in table if entry.method == VANILLA), None)
    parts = []
    for entry in table:
        difference = entry.interval("difference_mig")
        if difference is not None:
            way = "higher" if difference.mean > 0 else "lower"
            size = q.shown(abs(difference.mean))
            said = verdict(difference, entry.seeds)
            parts.append(f"with {entry.method} it is {size} {way} ({said})")
    if base is None:
        return "The vanilla VAE has not finished, so there is nothing to compare with."
    start = f"The vanilla VAE has a mean MIG of {q.shown(base.mean('mig'))}"
    if not parts:
        return f"{start} over {base.seeds} seeds; no other method has finished."
    return f"{start}; {', and '.join(parts)}, over {base.seeds} paired seeds."


def _keys(table: Sequence[TableRow]) -> list[Key]:
    """MIG of every method, with its interval and what the difference to the vanilla VAE says."""
    q = quantity("mig")
    keys = []
    for entry in table:
        mean, difference = entry.interval("mig"), entry.interval("difference_mig")
        if mean is not None:
            said = ""
            if difference is not None:
                said = f"; difference: {verdict(difference, entry.seeds)}"
            label = f"MIG, {entry.method}"
            keys.append(Key(label, q.shown(mean.mean), f"{bounds(q, mean)}{said}"))
    return keys


def _table(
    table: Sequence[TableRow], rows: Rows, labels: Sequence[str], wanted: Sequence[str]
) -> Table:
    entries = {entry.method: entry for entry in table}
    names = [n for n in wanted if n in SUMMARISED and any(n in e.spreads for e in table)]
    columns = [("method", "")]
    for name in names:
        q = quantity(name)
        columns.append((q.head, q.subtitle))
        if name in _PRINTED:
            columns.append((q.head, "in the paper"))
        if name in COMPARED:
            columns.append((f"Δ {q.head}", "to vanilla VAE"))
    lines = []
    for label in dict.fromkeys([*labels, *entries]):
        entry = entries.get(label)
        cells = [Cell(label, count_said(entry.seeds if entry else 0))]
        for name in names:
            q = quantity(name)
            mean = mean_cell(q, entry.interval(name) if entry else None)
            cells.append(beside_null(mean, rows, label, name))
            if name in _PRINTED:
                printed = getattr(entry, _PRINTED[name], None)
                text = NOT_KNOWN if printed is None else f"{printed:.2f}"
                cells.append(Cell(text, value=printed))
            if name in COMPARED:
                difference = entry.interval(f"difference_{name}") if entry else None
                cells.append(difference_cell(q, difference, entry.seeds if entry else 0))
        lines.append(cells)
    seeds = _most_seeds(table)
    caption = (
        f"{means_said(seeds)} Δ: {'difference' if seeds == 1 else 'mean of the differences'} "
        "to the vanilla VAE under the same seed. The paper prints neither seeds nor intervals."
    )
    caption += (NULL_SAID if "r_mi" in names else "") + caution(seeds)
    return Table(caption, columns, lines)


def _groups(
    every: Rows, ours: Rows, table: Sequence[TableRow], labels: Sequence[str]
) -> list[Group]:
    there = known(ours)
    published = {
        name: {e.method: printed for e in table if (printed := getattr(e, key)) is not None}
        for name, key in _PRINTED.items()
        if name in there
    }
    groups = [spread_group(ours, labels, [n for n in _DRAWN if n in there], published)]
    paired = difference_group(ours, labels, VANILLA, [n for n in COMPARED if n in there])
    ablated = _ablation(every)
    return [*groups, *([paired] if paired else []), *([ablated] if ablated else [])]


def _ablation(rows: Rows) -> Group | None:
    """Scores over λ with β = 1, the table's rows among them, all over the same few seeds."""
    kept = {
        (row["mi_weight"], row["seed"]): row
        for row in reversed(rows)
        if row.get("ablation") and row.get("beta") == 1 and row.get("mi_weight") is not None
    }
    weights = sorted({weight for weight, _ in kept})
    if len(weights) < 2:
        return None
    chosen: Rows = [{**row, "row": str(weight)} for (weight, _), row in kept.items()]
    spreads = {
        quantity(name): {weight: values_of(chosen, str(weight), name) for weight in weights}
        for name in _ABLATED
        if name in known(chosen)
    }
    said = seeds_said(chosen, [str(weight) for weight in weights])
    caption = (
        f"β = 1, every value of λ under the same seeds ({said.replace('method', 'value')}); "
        "λ = 0 is the vanilla VAE; no restarts. Every dot is one seed, the diamond the mean, "
        "the bar its 95% bootstrap interval. A large λ is most easily paid by turning latents off: "
        "see active units and reconstruction beside R_MI."
    )
    return Group(
        "What λ does",
        caption,
        [Plate("ablation", ablation(spreads), "Scores over the weight λ, every seed a dot.")],
    )
