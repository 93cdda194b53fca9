"""Two quantities against each other: a point per method with its intervals, every seed a dot."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from micvae.reports.quantities import Quantity
from micvae.reports.style import INK, MUTED, PALETTE, PAPER, new_figure, styled
from micvae.studies.statistics import MeanInterval

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")


class Spot(NamedTuple):
    """One method: intervals along both axes, and its seeds."""

    x: MeanInterval
    y: MeanInterval
    seeds: Sequence[tuple[float, float]]


@styled
def trade_off(
    spots: Mapping[str, Spot], across: Quantity, upward: Quantity, chosen: str = ""
) -> Figure:
    """Draw methods on a plane, each with a colour and a shape of its own.

    Args:
        spots: by method.
        across: what is on the horizontal axis.
        upward: what is on the vertical axis; where lower is better the axis is turned, so that
            the upper right corner is always the best one.
        chosen: the method that is ringed; none where empty.
    """
    figure = new_figure(6.4, 3.9)
    axes = figure.add_subplot()
    handles = []
    for place, (label, spot) in enumerate(spots.items()):
        colour, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
        x, y = (interval.mean for interval in spot[:2])
        for u, v in spot.seeds:
            axes.plot(u, v, marker=marker, ms=3, alpha=0.45, color=colour, linestyle="none")
        if spot.x.low is not None and spot.x.high is not None:
            axes.hlines(y, spot.x.low, spot.x.high, color=colour, lw=1.6)
        if spot.y.low is not None and spot.y.high is not None:
            axes.vlines(x, spot.y.low, spot.y.high, color=colour, lw=1.6)
        if label == chosen:
            axes.plot(x, y, marker="o", ms=15, mfc="none", mec=INK, mew=1.3, linestyle="none")
        style = {"marker": marker, "ms": 7.5, "color": colour, "mec": PAPER, "linestyle": "none"}
        axes.plot(x, y, **style)  # type: ignore[arg-type]
        said = f"{label}, recommended" if label == chosen else label
        handles.append(Line2D([], [], label=said, **style))  # type: ignore[arg-type]
    for quantity, axis in ((across, axes.xaxis), (upward, axes.yaxis)):
        axis.set_label_text(quantity.axis)
        if quantity.direction == "lower":
            axis.set_inverted(True)
    axes.text(1, 1.02, "better ↗", transform=axes.transAxes, ha="right", color=MUTED)
    axes.grid()
    columns = 2 if len(handles) > 1 else 1
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
    return figure
