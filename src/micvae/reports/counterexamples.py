"""Figures of counterexamples to identifiability."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import rankdata

from micvae.identifiability.record import TheoremRecord
from micvae.identifiability.trials import SHOWN_ANGLES, SOURCES
from micvae.reports.style import (
    GRID,
    INK,
    MARK,
    MUTED,
    PALE,
    PALETTE,
    PAPER,
    SEQUENTIAL,
    LineLook,
    new_figure,
    styled,
)
from micvae.text import number

Points = Mapping[str, NDArray[np.float64]]

_LIMIT = 3.6
"""Standard deviations shown of a source; a Laplace draw in 100 lies outside."""
QUARTERS = ListedColormap(PALETTE[:4])
"""A cyclic colour map, for a variable on a circle."""
_MARKERS = ("o", "s", "^")


@styled
def rotations(points: Points) -> Figure:
    """Draw observations and, for a few angles, the latents that explain them; a row per source."""
    figure = new_figure(8.6, 5.4)
    columns = 1 + len(SHOWN_ANGLES)
    grid = np.asarray(figure.subplots(len(SOURCES), columns))
    for row, name in enumerate(SOURCES):
        sources = points[f"{name} sources"]
        shown = [points[f"{name} observations"], sources]
        shown += [points[f"{name} {angle:.0f}"] for angle in SHOWN_ANGLES[1:]]
        for column, values in enumerate(shown):
            axes = grid[row, column]
            _scatter(axes, values, sources[:, 0])
            axes.set_xlim(-_LIMIT, _LIMIT)
            axes.set_ylim(-_LIMIT, _LIMIT if column else _LIMIT + 2)
            if row == 0:
                titles = ("observations x", "sources s")
                angle = SHOWN_ANGLES[column - 1]
                axes.set_title(titles[column] if column < 2 else f"latents, {angle:.0f}°")
            if row == len(SOURCES) - 1:
                axes.set_xlabel(("x₁", "s₁")[column] if column < 2 else "z₁")
            axes.set_ylabel(("x₂", "s₂")[column] if column < 2 else "z₂", labelpad=1)
        grid[row, 0].set_ylabel(f"{name} sources\nx₂")
    return figure


@styled
def angles(result: TheoremRecord) -> Figure:
    """Draw MCC, total correlation and information about the sources over the angle."""
    figure = new_figure(9.2, 3.0)
    scores, dependence, information = np.asarray(figure.subplots(1, 3))
    fine = np.linspace(0.5, 89.5, 179)
    for place, name in enumerate(SOURCES):
        rows = [row for row in result.rotations if row.sources == name]
        colour, marker = PALETTE[place], _MARKERS[place]
        style = LineLook(color=colour, marker=marker, linestyle="none", markersize=4, label=name)
        if not rows:
            continue
        curve = result.curves[name]
        where = [row.angle for row in rows]
        scores.plot([c.angle for c in curve], [c.mcc_pearson for c in curve], color=colour, lw=1.2)
        scores.plot(where, [row.mcc_pearson for row in rows], **style)
        aside = np.asarray(where) + 2.4 * (place - 1)
        low, high = [row.joint.low for row in rows], [row.joint.high for row in rows]
        dependence.vlines(aside, low, high, color=colour, alpha=0.25, linewidth=4)
        dependence.plot(aside, [row.joint.value for row in rows], **style)
        between = np.asarray([row.information for row in rows])
        finite = [0 < angle < 90 for angle in where]
        information.plot(np.asarray(where)[finite], between[finite, 0, 0], **style)
        style["markerfacecolor"] = PAPER
        information.plot(np.asarray(where)[finite], between[finite, 0, 1], **style)
    sine, cosine = np.sin(np.deg2rad(fine)), np.cos(np.deg2rad(fine))
    information.plot(fine, -np.log(sine), color=INK, lw=1)
    information.plot(fine, -np.log(cosine), color=MUTED, lw=1, ls="--")
    information.text(12, 1.95, "I(z₁; s₁)", color=INK)
    information.text(78, 1.95, "I(z₁; s₂)", color=MUTED, ha="right")
    dependence.axhline(0, color=MUTED, lw=0.8)
    for axes, title, unit in (
        (scores, "agreement with the sources", "MCC (Pearson)"),
        (dependence, "dependence of the latents", "total correlation, nats"),
        (information, "what a latent says of a source", "mutual information, nats"),
    ):
        axes.set_title(title)
        axes.set_xlabel("rotation, degrees")
        axes.set_ylabel(unit)
        axes.set_xticks(range(0, 91, 15))
        axes.grid(axis="y")
    scores.set_ylim(0.6, 1.02)
    reach = max(abs(end) for row in result.rotations for end in (row.joint.low, row.joint.high))
    dependence.set_ylim(-2.2 * reach, 2.2 * reach)
    information.set_ylim(-0.15, 2.3)
    scores.legend(loc="upper center", handletextpad=0.1)
    return figure


@styled
def darmois(result: TheoremRecord, points: Points) -> Figure:
    """Draw sources, observations and Darmois' latents of a linear and of a nonlinear mixing."""
    figure = new_figure(6.4, 4.3)
    grid = np.asarray(figure.subplots(2, 3))
    titles = {"sources": ("sources s", "s"), "observations": ("observations x", "x")}
    titles |= {"latents": ("Darmois' latents z", "z")}
    trials = {"linear": result.darmois.linear, "nonlinear": result.darmois.nonlinear}
    for row, (mixing, trial) in enumerate(trials.items()):
        kind = trial.sources
        colour = points[f"darmois {mixing} sources"][:, 0]
        for axes, (part, (title, letter)) in zip(grid[row], titles.items(), strict=True):
            _scatter(axes, points[f"darmois {mixing} {part}"], colour)
            if row == 0:
                axes.set_title(title)
            if part == "latents":
                axes.set_xticks([0, 1])
                axes.set_yticks([0, 1])
            axes.set_xlabel(f"{letter}₁", labelpad=1)
            axes.set_ylabel(f"{letter}₂", labelpad=1)
        grid[row, 0].set_ylabel(f"{mixing}, {kind}\ns₂")
    return figure


@styled
def modular(result: TheoremRecord, points: Points) -> Figure:
    """Draw every pair of the modular sum, coloured by the third, and the exact dependence."""
    figure = new_figure(9.2, 2.6)
    panels = list(np.asarray(figure.subplots(1, 4, width_ratios=(1, 1, 1, 1.35))))
    values = points["modular sum"]
    for axes, (i, j, k) in zip(panels, ((0, 1, 2), (0, 2, 1), (1, 2, 0)), strict=False):
        _scatter(axes, values[:, [i, j]], values[:, k], QUARTERS, ranked=False)
        axes.set_xlabel("z" + "₁₂₃"[i], labelpad=1)
        axes.set_ylabel("z" + "₁₂₃"[j], labelpad=1)
        axes.set_xticks([0, 1])
        axes.set_yticks([0, 1])
        axes.set_title("colour: quarter of z" + "₁₂₃"[k])
    tables = result.modular.tables
    counts = [row.values for row in tables]
    axes = panels[3]
    for place, (key, label) in enumerate(
        (
            ("discrete_joint", "TC, K values"),
            ("binned_joint", "TC, K bins"),
            ("discrete_pairwise", "I of a pair, both"),
        )
    ):
        colour = (PALETTE[0], PALETTE[2], MARK)[place]
        shown = [abs(getattr(row, key)) for row in tables]
        axes.plot(counts, shown, color=colour, marker=_MARKERS[place], ms=4, lw=1.2, label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [number(count, 0) for count in counts])
    axes.minorticks_off()
    axes.set_xlabel("K")
    axes.set_ylabel("nats")
    axes.set_title("exact dependence")
    axes.grid(axis="y")
    axes.legend(loc="upper left", handlelength=1.5)
    axes.set_ylim(-0.25, 5)
    return figure


def _scatter(
    axes: Axes,
    values: NDArray[np.float64],
    colour: NDArray[np.float64],
    cmap: Colormap = SEQUENTIAL,
    ranked: bool = True,
) -> None:
    shade = 0.22 + 0.78 * rankdata(colour) / len(colour) if ranked else colour
    x, y = values.T
    axes.set_facecolor(PALE)
    axes.scatter(  # rasterized, or the SVG holds every point
        x, y, c=shade, s=2.2, cmap=cmap, vmin=0, vmax=1, linewidths=0, rasterized=True
    )
    axes.set_box_aspect(1)
    axes.tick_params(length=2, color=GRID, labelsize=7)
