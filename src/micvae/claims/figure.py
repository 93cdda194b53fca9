"""The figure of a claim: every seed a dot, the mean with its interval, the published value."""

from pathlib import Path
from typing import Any

from matplotlib.lines import Line2D

from micvae.claims.claim import Claim
from micvae.claims.record import ClaimRecord
from micvae.files import replacing
from micvae.reports.style import ACCENT, INK, MARK, make_printable, new_figure, styled, wrapped
from micvae.reports.svg import readable


@styled
def draw(claim: Claim, record: ClaimRecord, path: Path) -> None:
    """Write the figure of a claim as SVG.

    Args:
        claim: what was claimed.
        record: what was measured.
        path: of the file.
    """
    figure = new_figure(6.4, 0.9 + 0.42 * len(record.rows))
    axes = figure.subplots()
    published = {one.row: one.value for one in claim.published if one.value is not None}
    for place, row in enumerate(record.rows):
        mean, low, high = row.interval
        axes.plot(row.values, [place - 0.18] * len(row.values), **_DOTS)
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color=INK, linewidth=2)
        axes.plot([mean], [place], linestyle="none", marker="D", markersize=5, color=INK)
        if row.label in published:
            axes.plot([published[row.label]] * 2, [place - 0.35, place + 0.35], color=MARK)
    labels = [wrapped(row.label, 34) for row in record.rows]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlabel(claim.quantity)
    axes.grid(axis="x")
    if record.quick:
        axes.set_title("small case, not a result")
    handles = [
        Line2D([], [], label="one seed", **_DOTS),
        Line2D([], [], color=INK, marker="D", markersize=5, label="mean, 95% interval"),
    ]
    if published:
        handles.append(Line2D([], [], color=MARK, label="published"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    make_printable(figure)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None})
        temporary.write_text(readable(temporary.read_text(encoding="utf-8")), encoding="utf-8")


_DOTS: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 4,
    "alpha": 0.55,
    "color": ACCENT,
}
