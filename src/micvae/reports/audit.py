"""The page of `micvae audit`: table, figures, and what they say."""

import shlex
from collections.abc import Callable
from pathlib import Path

from micvae.files import expanded
from micvae.identifiability.audit.decoder import RANK_TOLERANCE, AuditedDecoder
from micvae.identifiability.audit.record import (
    Audited,
    AuditRecord,
    Dependence,
    MonteCarlo,
    NoTruth,
    Truth,
)
from micvae.identifiability.audit.rotations import Against
from micvae.identifiability.audit.run import RESULT
from micvae.identifiability.audit.verdict import IDENTIFIED, SMALL_GAP, by_chance
from micvae.identifiability.conditions import Check
from micvae.records import Missing, read
from micvae.reports.audit_figures import agreement, factors, nulls, spectra
from micvae.reports.page import Cell, Group, Key, Page, Plate, Table, write_page
from micvae.reports.style import number
from micvae.studies.study import short_names

Shown = tuple[str, str, float | None]
NOT = ("·", "", None)

_KEYS = ("active latents", "gap of the encoder", "R_MI of the latents", "MCC", "excess information")
"""Rows of the table that the first screen shows, of the first run."""

_DEFINITIONS = (
    ("active latent", "Its posterior mean varies over the images: variance above 0.01."),
    ("condition number", "Largest over smallest singular value of the decoder's Jacobian."),
    ("rank", f"Singular values above {RANK_TOLERANCE:g} of the largest."),
    (
        "IMA contrast",
        "Σ log of the lengths of the Jacobian's columns − ½ log det JᵀJ, nats; 0 where they are "
        "orthogonal (Gresele et al. 2021).",
    ),
    (
        "gap",
        "Importance-weighted bound minus evidence lower bound, nats: at most KL(q(z|x) ‖ p(z|x)), "
        f"of which up to {SMALL_GAP} counts as small.",
    ),
    ("R_MI", "Σ over ordered pairs i ≠ j of I(z_i; z_j), nats."),
    ("TC", "Total correlation, Σ h(z_i) − h(z), nats; 0 only where all are independent."),
    ("null interval", "Where the estimate falls for permuted columns with 99% probability."),
    ("MCC", "Mean |correlation| of every factor with a latent of its own; 1 where they agree."),
    (
        "random rotations",
        "The same codes whitened and turned at random: they know as much and prefer no axes.",
    ),
    (
        "excess information",
        "I(factor; all other latents | its own latent), nats; 0 where its own latent is enough.",
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
            f"; in {lucky} of these, more than 5% of random rotations of the same codes do as well."
            if lucky
            else "."
        )
        return (
            f"In {sum(known)} of {len(known)} runs the factors are identified up to elementwise "
            f"maps, as far as these samples tell{end}"
        )
    if result.agreement_said:
        return result.agreement_said[0]
    return (
        "The data has no known factors: one run alone cannot show whether its latents are "
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


def table_rows(result: AuditRecord) -> list[tuple[str, str, list[Shown]]]:
    """Rows of the table: label, unit, and per run text, interval and value."""
    lines: list[tuple[str, str, Callable[[Audited], Shown]]] = [
        ("active latents", "", lambda r: _plain(len(r.active), 0, f"of {r.latents_total}")),
        ("condition number", "median, 90%", _condition),
        ("rank of the active", "least, share full", _rank),
        ("IMA contrast", "nats, random rotations", _ima),
        ("gap of the encoder", "nats, lower bound", _gap),
        ("mean, q − Monte Carlo", "largest, in its sd", _means),
        ("variance, q / Monte Carlo", "least to largest", _variances),
        ("TC of the factors", "nats, null interval", lambda r: _check(r.sources, "tc")),
        ("R_MI of the latents", "nats, null interval", lambda r: _check(r.latents, "r_mi")),
        ("TC of the latents", "nats, null interval", lambda r: _check(r.latents, "tc")),
        ("MCC", "random rotations", lambda r: _score(r, "mcc_pearson")),
        ("MCC of ranks", "random rotations", lambda r: _score(r, "mcc_spearman")),
        (
            "MCC, elementwise maps",
            "random rotations",
            lambda r: _score(r, "mcc_nonlinear"),
        ),
        ("MCC, affine map", "", _affine),
        ("excess information", "nats, limit; largest", _excess),
    ]
    return [(label, unit, [shown(run) for run in result.runs]) for label, unit, shown in lines]


def _plain(value: float | None, digits: int, small: str = "") -> Shown:
    return ("∞" if value is None else number(value, digits), small, value)


def _condition(run: Audited) -> Shown:
    found = run.generator
    if isinstance(found, Missing):
        return NOT
    far = _plain(found.condition_90, 1)[0]
    return _plain(found.condition_median, 1, f"90%: {far}")


def _rank(run: Audited) -> Shown:
    found = run.generator
    if isinstance(found, Missing):
        return NOT
    return _plain(found.rank_least, 0, f"full near {found.rank_full:.0%}")


def _ima(run: Audited) -> Shown:
    found = run.generator
    if isinstance(found, Missing):
        return NOT
    turned = found.ima_rotated
    return _plain(found.ima, 3, _interval(turned[0], turned[2]) if turned else "")


def _gap(run: Audited) -> Shown:
    found = run.encoder
    if isinstance(found, Missing):
        return NOT
    return _plain(found.gap, 3, f"± {found.gap_error:.3f}")


def _monte_carlo(run: Audited) -> MonteCarlo | None:
    found = run.encoder
    if isinstance(found, Missing) or isinstance(found.monte_carlo, Missing):
        return None
    return found.monte_carlo


def _means(run: Audited) -> Shown:
    found = _monte_carlo(run)
    if found is None:
        return NOT
    largest = max((abs(v) for row in found.mean_difference for v in row), default=None)
    return NOT if largest is None else _plain(largest, 2, f"± {found.mean_error:.2f}")


def _variances(run: Audited) -> Shown:
    found = _monte_carlo(run)
    values = [] if found is None else [v for row in found.variance_ratio for v in row]
    if not values:
        return NOT
    return (f"{number(min(values), 2)} to {number(max(values), 2)}", "", None)


def _check(part: Dependence | Missing, name: str) -> Shown:
    if isinstance(part, Missing):
        return NOT
    check: Check = getattr(part, name)
    return _plain(check.value, 3, _interval(check.low, check.high))


def _score(run: Audited, name: str) -> Shown:
    if isinstance(run.truth, NoTruth):
        return NOT
    score: Against = getattr(run.truth, name)
    return _plain(score.value, 3, _interval(score.low, score.high))


def _affine(run: Audited) -> Shown:
    return NOT if isinstance(run.truth, NoTruth) else _plain(run.truth.mcc_affine, 3)


def _excess(run: Audited) -> Shown:
    known = () if isinstance(run.truth, NoTruth) else run.truth.excess
    rows = [row for row in known if row is not None]
    if not rows:
        return NOT
    most = max(rows, key=lambda row: row.value - row.limit)
    return _plain(most.value, 3, f"≤ {number(most.limit, 3)}")


def _interval(low: float, high: float) -> str:
    return f"[{number(low, 3)}, {number(high, 3)}]"


def _table(result: AuditRecord, names: list[str]) -> Table:
    rows = [
        [Cell(label, unit), *(Cell(text, small, value) for text, small, value in cells)]
        for label, unit, cells in table_rows(result)
    ]
    caption = (
        f"Seed {result.seed} of the audit, {result.images} images for Jacobian and gap. In "
        "brackets what chance gives: 99% of permuted columns, 95% of random rotations. Of excess "
        "information the factor furthest beyond its limit. A dot: not available, see the findings."
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
        "Within the bar, an excess cannot be told from chance."
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
