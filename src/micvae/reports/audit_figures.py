"""Figures of an audit."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator

from micvae.identifiability.audit.decoder import AuditedDecoder
from micvae.identifiability.audit.record import Audited, ComparedPair, Dependence, Truth
from micvae.identifiability.audit.rotations import Against
from micvae.identifiability.conditions import Check
from micvae.records import Missing
from micvae.reports.style import (
    INK,
    MUTED,
    PALETTE,
    SEQUENTIAL,
    new_figure,
    on_cell,
    styled,
)
from micvae.text import number


@styled
def spectra(runs: Sequence[Audited], names: Sequence[str]) -> Figure:
    """Draw the singular values of the decoder's Jacobian over their rank."""
    figure = new_figure(5.6, 3.0)
    axes = figure.add_subplot()
    for place, (run, name) in enumerate(zip(runs, names, strict=True)):
        if isinstance(run.generator, Missing):
            continue
        low, middle, high = np.asarray(run.generator.singular_values).T
        where = np.arange(1, len(middle) + 1)
        colour = PALETTE[place % len(PALETTE)]
        axes.fill_between(where, np.maximum(low, 1e-12), high, color=colour, alpha=0.15, lw=0)
        axes.plot(where, middle, color=colour, marker="o", ms=4, lw=1.2, label=name)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")  # the default writes mathematical markup
    axes.yaxis.set_minor_formatter(LogFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("rank of the singular value")
    axes.set_ylabel("singular value,\npixel values per unit of a latent")
    measured = [run.generator.images for run in runs if isinstance(run.generator, AuditedDecoder)]
    axes.set_title(f"{measured[0]} images")
    axes.grid(axis="y")
    if len(runs) <= 10:
        axes.legend(loc="best")
    return figure


@styled
def nulls(runs: Sequence[Audited], names: Sequence[str]) -> Figure:
    """Draw R_MI and total correlation beside their null intervals, a row per run."""
    panels: tuple[tuple[str, str, str], ...] = (
        ("sources", "tc", "TC of the factors"),
        ("latents", "r_mi", "R_MI of the latents"),
        ("latents", "tc", "TC of the latents"),
    )
    figure = new_figure(8.6, 1.25 + 0.32 * len(runs))
    for axes, (part, name, title) in zip(
        np.asarray(figure.subplots(1, 3, sharey=True)), panels, strict=True
    ):
        for row, run in enumerate(runs):
            found: Dependence | Missing = getattr(run, part)
            if isinstance(found, Missing):
                axes.text(0, row, "not known", color=MUTED, ha="center", va="center")
                continue
            check: Check = getattr(found, name)
            _interval(axes, row, check.low, check.high, check.value)
        axes.axvline(0, color=MUTED, lw=0.8)
        axes.set_title(title)
        axes.set_xlabel("nats")
        axes.xaxis.set_major_locator(MaxNLocator(4))
        _named(axes, names)
    return figure


@styled
def factors(runs: Sequence[Audited], names: Sequence[str]) -> Figure:
    """Draw MCC beside random rotations, and excess information beside its limit."""
    known = [
        (run.truth, name)
        for run, name in zip(runs, names, strict=True)
        if isinstance(run.truth, Truth)
    ]
    rows = [
        (name, factor, row)
        for truth, name in known
        for factor, row in zip(truth.factors, truth.excess, strict=True)
    ]
    figure = new_figure(8.6, 1.3 + 0.26 * max(len(rows), 3 * len(known)))
    scores, excess = np.asarray(figure.subplots(1, 2))
    labels: list[str] = []
    for truth, name in known:
        for key, said in (("pearson", "linear"), ("spearman", "ranks"), ("nonlinear", "maps")):
            found: Against = getattr(truth, f"mcc_{key}")
            _interval(scores, len(labels), found.low, found.high, found.value)
            labels.append(f"{name}, {said}")
    _named(scores, labels)
    scores.set_xlabel("MCC")
    scores.set_title("beside random rotations")
    scores.set_xlim(right=1.02)
    for place, (_, _, row) in enumerate(rows):
        if row is None:
            excess.text(0, place, "no latent of its own, or no other", color=MUTED, va="center")
            continue
        _interval(excess, place, row.null_median, row.limit, row.value)
    _named(excess, [f"{name}, {factor}" for name, factor, _ in rows])
    excess.axvline(0, color=MUTED, lw=0.8)
    excess.set_xlabel("I(factor; other latents | its own), nats")
    excess.set_title("excess information")
    return figure


@styled
def agreement(pairs: Sequence[ComparedPair], names: Sequence[str]) -> Figure:
    """Draw MCC between runs: of ranks, of random rotations, and after an affine map."""
    count = len(names)
    values = np.full((3, count, count), np.nan)
    for pair in pairs:
        i, j = pair.first, pair.second
        found = (pair.ranks.value, pair.ranks.median, pair.affine)
        values[:, i, j] = values[:, j, i] = found
    figure = new_figure(2.4 + 0.5 * 3 * max(count, 3), 1.5 + 0.42 * max(count, 2))
    grid = np.asarray(figure.subplots(1, 3, sharey=True))
    titles = ("latent for latent", "random rotations", "after an affine map")
    for axes, matrix, title in zip(grid, values, titles, strict=True):
        image = axes.imshow(matrix, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
        for (i, j), value in np.ndenumerate(matrix):
            text = number(value, 2) if np.isfinite(value) else "·"
            colour = on_cell(value, 1.0)
            axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=8)
        axes.set_title(title)
        axes.set_xticks(range(count), names, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(count), names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=list(grid), shrink=0.9, aspect=18, label="MCC")
    bar.outline.set_visible(False)
    return figure


def _interval(axes: Axes, row: int, low: float, high: float, value: float) -> None:
    axes.hlines(row, low, high, color=PALETTE[0], alpha=0.3, linewidth=6)
    colour = PALETTE[1] if value > high else PALETTE[0]  # below is not beyond chance
    axes.plot(value, row, marker="o", ms=5, color=colour, linestyle="none")


def _named(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(axis="x")
