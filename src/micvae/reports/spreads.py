"""Figures of many runs: a dot per seed, and the mean with its interval."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from micvae.reports.quantities import Quantity
from micvae.reports.style import ACCENT, INK, MARK, MUTED, LineLook, new_figure, styled
from micvae.studies.statistics import bootstrap_interval

Spread = Mapping[str, Sequence[float]]
"""Values over seeds, by method."""

_DOTS: LineLook = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 4,
    "alpha": 0.55,
    "color": ACCENT,
}
_MEAN: LineLook = {"linestyle": "none", "marker": "D", "markersize": 5, "color": INK}
_MEAN_ON_BAR: LineLook = {**_MEAN, "linestyle": "-"}
_PUBLISHED: LineLook = {
    "linestyle": "none",
    "marker": "D",
    "markersize": 7,
    "markerfacecolor": "none",
    "markeredgecolor": MARK,
    "markeredgewidth": 1.5,
}


@styled
def distributions(
    spreads: Mapping[Quantity, Spread],
    published: Mapping[Quantity, Mapping[str, float]] | None = None,
) -> Figure:
    """Draw a panel per quantity, a line per method: seeds, mean, interval, the published value.

    Args:
        spreads: values over seeds, by quantity and method.
        published: values printed elsewhere, shown as hollow diamonds.
    """
    published = published or {}
    methods = list(dict.fromkeys(method for spread in spreads.values() for method in spread))
    figure, grid = _panels(len(spreads), len(methods))
    for axes, (quantity, spread) in zip(grid, spreads.items(), strict=False):
        printed = published.get(quantity, {})
        for place, method in enumerate(methods):
            _across(axes, place, spread.get(method, ()))
            if method in printed:
                axes.plot([printed[method]], [place], **_PUBLISHED)
        _finish(axes, methods, quantity.axis, quantity.direction)
        _widen(axes)
    handles = _handles()
    if published:
        handles.append(Line2D([], [], label="printed in the paper", **_PUBLISHED))
    _legend(figure, handles)
    return figure


@styled
def differences(spreads: Mapping[Quantity, Spread], baseline: str) -> Figure:
    """Draw, by seed, each method's value minus the baseline's, with mean, interval and 0."""
    methods = list(dict.fromkeys(method for spread in spreads.values() for method in spread))
    figure, grid = _panels(len(spreads), len(methods))
    for axes, (quantity, spread) in zip(grid, spreads.items(), strict=False):
        axes.axvline(0, color=MARK, linewidth=1.2)
        for place, method in enumerate(methods):
            _across(axes, place, spread.get(method, ()))
        _finish(axes, methods, f"Δ {quantity.axis}", quantity.direction)
        low, high = axes.get_xlim()
        reach = max(abs(low), abs(high), 1e-6)
        axes.set_xlim(-reach, reach)
        axes.set_xlabel(axes.get_xlabel() or f"difference to {baseline}")
    _legend(figure, _handles())
    return figure


@styled
def ablation(spreads: Mapping[Quantity, Mapping[float, Sequence[float]]]) -> Figure:
    """Draw each quantity over the values of λ, at even distances, so that 0 has its place."""
    weights = sorted({weight for spread in spreads.values() for weight in spread})
    columns = min(3, len(spreads))
    rows = -(-len(spreads) // columns)
    figure = new_figure(2.45 * columns, 1.95 * rows + 0.35)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for axes, (quantity, spread) in zip(grid, spreads.items(), strict=False):
        means = {}
        for place, weight in enumerate(weights):
            values = spread.get(weight, ())
            if not values:
                continue
            mean, low, high = bootstrap_interval(values)
            means[place] = mean
            axes.plot(place - 0.2 + _jitter(len(values)), values, **_DOTS)
            if low is not None and high is not None:
                axes.plot([place, place], [low, high], color=INK, linewidth=2)
        axes.plot(list(means), list(means.values()), color=MUTED, linewidth=1, zorder=1)
        axes.plot(list(means), list(means.values()), **_MEAN)
        axes.set_title(quantity.axis)
        axes.set_xticks(range(len(weights)), [f"{weight:g}" for weight in weights])
        axes.set_xlim(-0.5, len(weights) - 0.5)
        axes.grid(axis="y")
        _widen(axes, vertical=True)
    for place, axes in enumerate(grid):
        axes.set_visible(place < len(spreads))
        if place + columns >= len(spreads):
            axes.set_xlabel("λ (not to scale)")
            axes.tick_params(labelbottom=True)
    _legend(figure, _handles())
    return figure


def _panels(count: int, methods: int) -> tuple[Figure, Sequence[Axes]]:
    columns = min(2, count)
    rows = -(-count // columns)
    figure = new_figure(3.1 * columns + 1.6, (0.42 * methods + 0.95) * rows + 0.35)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, list(grid)


def _across(axes: Axes, place: int, values: Sequence[float]) -> None:
    """One method's line: the seeds above, below them the mean on its interval."""
    if not values:
        return
    mean, low, high = bootstrap_interval(values)
    axes.plot(values, place - 0.24 + _jitter(len(values)), **_DOTS)
    if low is not None and high is not None:
        axes.plot([low, high], [place, place], color=INK, linewidth=2)
    axes.plot([mean], [place], **_MEAN)


def _jitter(count: int) -> np.ndarray:
    """Small, even and always the same offsets, so that equal values stay apart."""
    order = np.argsort(np.arange(count) * 0.618034 % 1, kind="stable")
    return (order - (count - 1) / 2) * (0.2 / max(count, 3))


def _finish(axes: Axes, methods: Sequence[str], title: str, direction: str) -> None:
    axes.set_title(title)
    axes.set_yticks(range(len(methods)), methods)
    axes.set_ylim(len(methods) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if direction:
        better = "higher is better →" if direction == "higher" else "← lower is better"
        axes.set_xlabel(better, fontsize=7.5, color=MUTED)


def _widen(axes: Axes, vertical: bool = False) -> None:
    """Give identical values an axis of some width."""
    low, high = axes.get_ylim() if vertical else axes.get_xlim()
    least = 0.02 * max(abs(low), abs(high), 0.5)
    if high - low < least:
        middle = (low + high) / 2
        (axes.set_ylim if vertical else axes.set_xlim)(middle - least / 2, middle + least / 2)


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], label="one seed", **_DOTS),
        Line2D([], [], label="mean, 95% bootstrap interval", **_MEAN_ON_BAR),
    ]


def _legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
