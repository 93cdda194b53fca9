"""The table of an audit: a line per quantity, a column per run."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from micvae.identifiability.audit.record import (
    Audited,
    AuditRecord,
    Dependence,
    MonteCarlo,
    NoTruth,
)
from micvae.identifiability.audit.rotations import Against
from micvae.identifiability.conditions import Check
from micvae.records import Missing
from micvae.text import number


class Shown(NamedTuple):
    """A cell: its text, its interval or unit, and the number where there is one."""

    text: str
    small: str
    value: float | None


NOT = Shown("·", "", None)


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
    return Shown("∞" if value is None else number(value, digits), small, value)


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
    return Shown(f"{number(min(values), 2)} to {number(max(values), 2)}", "", None)


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
