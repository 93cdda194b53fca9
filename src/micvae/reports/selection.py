"""The page of `micvae select`: the recommended model and the reasons for it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from micvae.errors import MicvaeError, RunError
from micvae.paths import member
from micvae.records import read
from micvae.reports.curves import curves_group
from micvae.reports.figures import run_groups
from micvae.reports.information import latent_information
from micvae.reports.many import configurations, environment_of, labels_of
from micvae.reports.material import gather
from micvae.reports.page import Cell, Group, Key, NotDrawn, Page, Plate, Table, write_page
from micvae.reports.quantities import DEFINITIONS, NOT_KNOWN, Quantity, quantity
from micvae.reports.reconstructions import reconstructions_group
from micvae.reports.samples import data_group
from micvae.reports.tables import bounds, caution, count_said, failures, mean_cell, read_table
from micvae.reports.trade_offs import Spot, trade_off
from micvae.reports.traversals import traversals_group
from micvae.studies.choice import CAVEAT, answer, trade_offs, with_verdicts
from micvae.studies.record import Difference, Recommended, SelectionRecord, StudyRecord
from micvae.studies.selection import SELECTION
from micvae.studies.statistics import MeanInterval, enough_seeds
from micvae.studies.study import STUDY
from micvae.studies.table import StudyTable
from micvae.studies.truth import check_said
from micvae.torch_state import with_torch_defaults
from micvae.training.run import Run

FILES = (
    (SELECTION, "the ranking, every number in full"),
    ("study.json", "what was tried, notes"),
    ("table.parquet", "one row per run: measures, cost and configuration"),
    ("runs/", "a folder per run; micvae report draws the page of each"),
    ("figures/", "the figures of this page as PNG and SVG"),
)
_COMPARED = ("udr", "elbo")
_OF_PAIRS = ("udr", "agreement")
_COLUMNS = ("udr", "agreement", "elbo", "held_out_reconstruction", "active_units")

_DEFINITIONS = (
    (
        "UDR, unsupervised disentanglement ranking",
        "How well the latents of two runs correspond one to one, up to order, sign and scale; here "
        "between seeds of the same candidate, by lasso. 1: every informative latent of one run has "
        "exactly one partner in the other. A row shows the mean over pairs of seeds. (Duan et al. "
        "2020)",
    ),
    (
        "MCC of seeds",
        "Mean rank correlation of the active latents of two seeds, matched one to one. Below it "
        "the same for codes that are whitened and rotated at random. Agreement above that value is "
        "agreement on axes, not only on information.",
    ),
    (
        "ELBO, unseen",
        "The evidence lower bound of samples that no run was trained on, in nats per sample, from "
        "one draw of the posterior per sample.",
    ),
    (
        "Distinguishable",
        "A candidate is distinguishable from the first one where the bootstrap interval of their "
        "difference excludes 0. Differences are paired by seed, and the interval is widened for "
        "few seeds (Student's t). There must also be enough seeds: between equal candidates, all n "
        "differences fall on one side of 0 with probability 2^(1−n). All comparisons of one "
        "quantity hold together with 95% confidence (Bonferroni), so more candidates need more "
        "seeds. For UDR, seeds are resampled and not pairs of seeds, which are not independent.",
    ),
)


@with_torch_defaults
def report_selection(folder: Path) -> Path:
    """Write `report.html` and `figures/` of a selection.

    Args:
        folder: what `micvae select` wrote.

    Returns:
        The path of the page.

    Raises:
        RunError: where the selection is not finished, or a file is damaged.
    """
    study, rows = read(StudyRecord, folder / STUDY), read_table(folder).kept
    if not (folder / SELECTION).is_file():
        raise RunError(
            f"{folder} has no {SELECTION}: its runs are not compared yet. Give the same command "
            "again; it goes on where it stopped."
        )
    result = with_verdicts(read(SelectionRecord, folder / SELECTION))
    if result.candidates[0].trivial:  # files of earlier versions recommend some
        result = replace(result, recommended=None, train=None)
    missing = failures(study)
    missing += [
        f"{row}: not ranked, as fewer than two seeds finished." for row in result.not_ranked
    ]
    page = Page(
        title=study.title or f"Which model for {result.data}?",
        kind="Selection without ground truth",
        answer=answer(result),
        caveat=CAVEAT if result.recommended else "",
        keys=_keys(result),
        go_on=result.train or "",
        table=_table(result, rows),
        groups=[*_scatter(result, rows), *_chosen_groups(folder, result, missing)],
        notes=study.notes,
        missing=missing,
        findings=[*trade_offs(result), *(check_said(result.check) if result.check else ())],
        configuration=configurations(study, rows, labels_of(study, rows)),
        environment=environment_of(folder, rows),
        files=FILES,
        command=study.command,
        definitions=(*_DEFINITIONS, *(d for d in DEFINITIONS if d[0] in _SHARED)),
    )
    return write_page(page, folder)


_OF_THE_CHOSEN = (traversals_group, reconstructions_group, latent_information, curves_group)
_SHARED = ("KL", "Reconstruction", "Active units", "Interval", "Nat")


def _bounds(q: Quantity, interval: MeanInterval, signed: bool = False) -> str:
    """The interval, or why there is none: two seeds make one pair."""
    if interval.low is None and q.name in _OF_PAIRS:
        return "one pair of seeds, no interval"
    return bounds(q, interval, signed)


def _keys(result: SelectionRecord) -> list[Key]:
    first = result.candidates[0]
    if result.recommended is None:
        most = max(result.candidates, key=lambda c: c.active_units.mean)
        q, interval = quantity("active_units"), most.active_units
        return [
            Key("choice", "none", f"of {len(result.candidates)} tried"),
            Key(f"{q.axis}, {most.row}", q.shown(interval.mean), bounds(q, interval)),
        ]
    near = [c for c in result.candidates[1:] if not c.apart("udr")]
    keys = [
        Key("recommended", first.row, f"seed {result.recommended.seed}"),
        Key(
            "not distinguishable", str(len(near)), f"of {len(result.candidates) - 1} others, by UDR"
        ),
    ]
    for name in ("udr", "agreement", "held_out_reconstruction", "active_units"):
        q, found = quantity(name), first.known(name)
        if found is None:
            continue
        small = _bounds(q, found)
        if name == "agreement" and first.rotated is not None:
            small = f"random rotations: {q.shown(first.rotated)}"
        keys.append(Key(q.axis, q.shown(found.mean), small))
    return keys


def _table(result: SelectionRecord, rows: StudyTable) -> Table:
    first, known = result.candidates[0].row, result.recommended is not None
    columns = [("candidate", "best first" if known else "none chosen")]
    for q in map(quantity, _COLUMNS):
        columns.append((q.head, q.unit))
        if q.name in _COMPARED:
            columns.append((f"Δ {q.head}", f"to {'the recommended' if known else first}"))
    columns.append((quantity("seconds").head, quantity("seconds").unit))
    lines = []
    for candidate in result.candidates:
        cells = [Cell(candidate.row, count_said(len(candidate.seeds)))]
        for q in map(quantity, _COLUMNS):
            cell = mean_cell(q, candidate.known(q.name))
            if q.name == "agreement" and candidate.rotated is not None:
                cell = Cell(cell.text, f"rotated: {q.shown(candidate.rotated)}", cell.value)
            cells.append(cell)
            if q.name in _COMPARED:
                cells.append(_difference(q, candidate.differs(q.name), result.level))
        spent = rows.values(candidate.row, "seconds")
        if spent:
            mean = sum(spent) / len(spent)
            cells.append(Cell(quantity("seconds").shown(mean), "per run", mean))
        else:
            cells.append(Cell(NOT_KNOWN))
        lines.append(cells)
    caption = (
        "Means over seeds with 95% bootstrap intervals in brackets, ranked by UDR. Δ: difference "
        f"to {first} under the same seeds, with a {100 * result.level:.4g}% interval. ELBO and "
        f"reconstruction: of {result.aside:,} samples that no run was trained on. No factor was "
        "used."
    ) + caution(max(len(c.seeds) for c in result.candidates), result.level)
    return Table(caption, columns, lines)


def _difference(q: Quantity, difference: Difference | None, level: float) -> Cell:
    if difference is None:
        return Cell(NOT_KNOWN)
    interval = difference.interval
    verdict = "distinguishable" if difference.apart else "not distinguishable"
    if difference.seeds < enough_seeds(level):
        verdict = f"{difference.seeds} seeds: too few to tell"
    shown = q.shown(interval.mean, signed=True)
    return Cell(shown, _bounds(q, interval, True), interval.mean, verdict)


def _scatter(result: SelectionRecord, rows: StudyTable) -> list[Group]:
    """Agreement against reconstruction, of candidates whose agreement is known."""
    across, upward = quantity("udr"), quantity("held_out_reconstruction")
    spots = {
        c.row: Spot(
            interval,
            c.held_out_reconstruction,
            [
                (x, y)
                for row, x in rows.known(c.row, across.name)
                if (y := row.number(upward.name)) is not None
            ],
        )
        for c in result.candidates
        if (interval := c.udr.interval) is not None
    }
    if not spots:
        return []
    figure = trade_off(spots, across, upward, chosen.row if (chosen := result.recommended) else "")
    seeds = sorted({len(c.seeds) for c in result.candidates})
    over = " to ".join(map(str, dict.fromkeys((seeds[0], seeds[-1]))))
    caption = (
        f"Large marks: means over {over} seeds with 95% bootstrap intervals. Small marks: single "
        "runs (UDR: the median over the other seeds). Up: unseen samples are reconstructed better. "
        "Right: seeds agree more. A strong penalty often raises agreement and worsens "
        "reconstruction, because inactive latents cannot disagree."
    )
    alt = "UDR against reconstruction of unseen samples, by candidate."
    return [Group("What each choice costs", caption, [Plate("trade-off", figure, alt)])]


def _chosen_groups(folder: Path, result: SelectionRecord, missing: list[str]) -> Sequence[Group]:
    """Figures of the recommended run: traversals first, as they are what to judge it by.

    Where none is recommended, of the first run of the first row, to see what went wrong.
    """
    first, chosen = result.candidates[0], result.recommended
    what = "the recommended run" if chosen else "one of the runs"
    chosen = chosen or Recommended(row=first.row, seed=first.seeds[0], path=first.paths[0])
    try:
        material = gather(Run(member(folder, chosen.path)), "", missing)
    except (MicvaeError, OSError) as error:
        missing.append(NotDrawn(f"Figures of {what}: {error}"))
        return []
    said = f" This is {what}: {chosen.row}, seed {chosen.seed}."
    shown = [
        Group(g.title, g.caption + said, g.plates) for g in run_groups([material], _OF_THE_CHOSEN)
    ]
    if material.dataset is not None and material.dataset.pictures:
        shown.insert(1, data_group(material.dataset))
    return shown
