"""The page of `micvae audit`: table, figures and conclusions."""

import shlex
from collections.abc import Callable
from pathlib import Path

from micvae.files import expanded
from micvae.identifiability.audit.decoder import RANK_TOLERANCE, AuditedDecoder
from micvae.identifiability.audit.record import (
    AuditRecord,
    Truth,
)
from micvae.identifiability.audit.run import RESULT
from micvae.identifiability.audit.table import NOT, table_rows
from micvae.identifiability.audit.verdict import IDENTIFIED, SMALL_GAP, by_chance
from micvae.records import read
from micvae.reports.audit_figures import agreement, factors, nulls, spectra
from micvae.reports.page import Cell, Group, Key, Page, Plate, Table, write_page
from micvae.studies.study import short_names
from micvae.text import number

_KEYS = ("active latents", "gap of the encoder", "R_MI of the latents", "MCC", "excess information")
"""Rows of the table that the first screen shows, of the first run."""

_DEFINITIONS = (
    ("active latent", "A latent whose posterior mean has a variance above 0.01 over the images."),
    ("condition number", "Largest over smallest singular value of the decoder's Jacobian."),
    ("rank", f"Number of singular values above {RANK_TOLERANCE:g} of the largest."),
    (
        "IMA contrast",
        "Σ log of the lengths of the Jacobian's columns − ½ log det JᵀJ, nats; 0 where they are "
        "orthogonal (Gresele et al. 2021).",
    ),
    (
        "gap",
        "Importance-weighted bound minus evidence lower bound, nats. It is at most "
        f"KL(q(z|x) ‖ p(z|x)). Up to {SMALL_GAP} counts as small.",
    ),
    ("R_MI", "Σ over ordered pairs i ≠ j of I(z_i; z_j), nats."),
    ("TC", "Total correlation, Σ h(z_i) − h(z), nats; 0 only where all are independent."),
    ("null interval", "Contains the estimate for permuted columns with 99% probability."),
    ("MCC", "Mean |correlation| of every factor with the latent assigned to it; 1 is perfect."),
    (
        "random rotations",
        "The same codes, whitened and rotated at random: as informative, with arbitrary axes.",
    ),
    (
        "excess information",
        "I(factor; all other latents | its own latent), nats; 0 where its own latent suffices.",
    ),
    (
        "identified",
        f"MCC after elementwise maps of at least {IDENTIFIED}, and no excess information.",
    ),
)


def report_audit(folder: Path) -> Path:
    """Write `report.html` and `figures/` of what `micvae audit` measured.

    Args:
        folder: with `audit.json`.

    Returns:
        The path of the page.

    Raises:
        RunError: where it is missing or damaged.
    """
    folder = expanded(folder)
    result = read(AuditRecord, folder / RESULT)
    runs = result.runs
    names = short_names(run.name for run in runs)
    findings = [
        said if len(runs) == 1 else f"{name}: {said}"
        for name, run in zip(names, runs, strict=True)
        for said in run.said
    ]
    advice = dict.fromkeys(said for run in runs for said in run.advice)
    page = Page(
        title="Audit",
        kind=f"{', '.join(sorted({run.method for run in runs}))} on {result.data.name}, "
        f"{len(runs)} run{'s' if len(runs) > 1 else ''}",
        answer=_answer(result),
        keys=_keys(result),
        table=_table(result, names),
        groups=[g for figure in AUDIT_FIGURES if (g := figure(result, names)) is not None],
        quick="fewer samples than usual, so intervals are wide" if result.quick else "",
        notes=result.data.notes,
        findings=[*findings, *result.agreement_said, *advice],
        files=((RESULT, "every number in full"), ("figures/", "every figure as PNG and SVG")),
        command="micvae audit "
        + shlex.join(run.name for run in runs)
        + (" --quick" if result.quick else "")
        + f" --images {result.images} --seed {result.seed}",
        definitions=_DEFINITIONS,
    )
    return write_page(page, folder)


def _answer(result: AuditRecord) -> str:
    known = [run.identified for run in result.runs if run.identified is not None]
    if known:
        lucky = sum(by_chance(run) for run in result.runs if run.identified)
        end = (
            f" In {lucky} of these, more than 5% of random rotations of the same codes do as well."
            if lucky
            else ""
        )
        return (
            f"In {sum(known)} of {len(known)} runs the factors are identified up to elementwise "
            f"maps, as far as these samples tell.{end}"
        )
    if result.agreement_said:
        return result.agreement_said[0]
    return (
        "The data has no known factors, so one run alone cannot show whether its latents are "
        "identified. Audit several seeds together."
    )


def _keys(result: AuditRecord) -> list[Key]:
    """Of one run its scores, of several how they agree."""
    runs = result.runs
    shown = {(label, unit): cells for label, unit, cells in table_rows(result)}
    keys = []
    for (label, unit), cells in shown.items():
        if label in _KEYS and cells[0] != NOT:
            text, small, _ = cells[0]
            of = f" ({short_names([runs[0].name])[0]})" if len(runs) > 1 else ""
            keys.append(Key(f"{label}{of}", text, f"{small} {unit}".strip()))
    pairs = result.compared
    if pairs:
        worst = min((pair.ranks for pair in pairs), key=lambda ranks: ranks.value)
        small = f"lowest of {len(pairs)}; random rotations {number(worst.median, 2)}"
        keys.append(Key("MCC between runs", number(worst.value, 2), small))
    return keys


def _table(result: AuditRecord, names: list[str]) -> Table:
    rows = [
        [Cell(label, unit), *(Cell(text, small, value) for text, small, value in cells)]
        for label, unit, cells in table_rows(result)
    ]
    caption = (
        f"Seed of the audit: {result.seed}. Images for the Jacobian and the gap: {result.images}. "
        "Intervals in brackets are those of chance: 99% of permuted columns, 95% of random "
        "rotations. Excess information is that of the factor furthest above its limit. A dot: not "
        "available, see the findings."
    )
    return Table(caption, [("", ""), *((name, "") for name in names)], rows)


def _spectra_group(result: AuditRecord, names: list[str]) -> Group | None:
    if not any(isinstance(run.generator, AuditedDecoder) for run in result.runs):
        return None
    caption = (
        "Singular values over images (line: median, band: 10% to 90%). A flat spectrum: the "
        "decoder is close to an isometry. A steep fall: some direction is hardly used."
    )
    plate = Plate("audit-spectra", spectra(result.runs, names), "Singular values, by rank.")
    return Group("The decoder's Jacobian", caption, [plate])


def _nulls_group(result: AuditRecord, names: list[str]) -> Group | None:
    caption = (
        "Dots: estimates. Bars: the 99% interval of the estimate for permuted, hence independent, "
        "columns. A dot inside its bar means that no dependence was found; it does not prove "
        "independence."
    )
    plate = Plate("audit-nulls", nulls(result.runs, names), "Estimates and their null intervals.")
    return Group("Independence, with null intervals", caption, [plate])


def _factors_group(result: AuditRecord, names: list[str]) -> Group | None:
    if not any(isinstance(run.truth, Truth) for run in result.runs):
        return None
    caption = (
        "Left: MCC (dots) and the 95% interval of MCC for random rotations of the same codes "
        "(bars). Right: what the other latents know of a factor beyond its own latent (dots). "
        "Within the bar, an excess is not distinguishable from chance."
    )
    plate = Plate("audit-factors", factors(result.runs, names), "MCC and excess information.")
    return Group("Latents against factors", caption, [plate])


def _agreement_group(result: AuditRecord, names: list[str]) -> Group | None:
    if not result.compared:
        return None
    caption = (
        "MCC between the codes of two runs: of latents matched one to one (by ranks), of random "
        "rotations of the first run's codes (median), and after an affine map of all latents."
    )
    plate = Plate("audit-agreement", agreement(result.compared, names), "Three matrices of MCC.")
    return Group("Agreement of the runs", caption, [plate])


AUDIT_FIGURES: list[Callable[[AuditRecord, list[str]], Group | None]] = [
    _spectra_group,
    _nulls_group,
    _factors_group,
    _agreement_group,
]
"""In the order of the page; a figure that a result does not allow is None."""
