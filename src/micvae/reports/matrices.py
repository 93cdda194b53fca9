"""Heat maps with numbers in their cells, a row per latent."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from micvae.reports.style import (
    CHARACTER,
    DIVERGING,
    INK,
    MUTED,
    PAPER,
    SEQUENTIAL,
    by_kl,
    latent_name,
    new_figure,
    on_cell,
    short,
    styled,
)
from micvae.text import number

SMALLEST_TOP = 0.1
"""At the dark end at least, in nats or what the numbers are: noise about 0 is not painted dark."""


@styled
def factor_matrix(
    factor_mi: Sequence[Sequence[float]],
    names: Sequence[str],
    latent_kl: Sequence[float],
    active: Sequence[bool],
    top: float | None = None,
    null: Sequence[Sequence[float]] | None = None,
) -> Figure:
    """Draw I(z_d; v_k), a row per latent by falling KL, a column per factor.

    Args:
        factor_mi: `(D, K)`, nats.
        names: the K factors; long ones are shortened.
        latent_kl: `(D,)`, nats: decides the order.
        active: `(D,)`: the labels of inactive latents are grey.
        top: nats at the dark end of the colours; by default the largest entry.
        null: `(D, K)`, nats: up to there independent ones are estimated; values up to there are put
            in brackets.
    """
    order = by_kl(latent_kl)
    matrix = np.asarray(factor_mi, dtype=np.float64)[order]
    within = None if null is None else matrix <= np.asarray(null, dtype=np.float64)[order]
    title = "I(latent; factor), nats"
    return heat_map(matrix, order, names, active, "factor", title, top, within=within)


@styled
def latent_matrix(
    latent_mi: Sequence[Sequence[float]],
    latent_kl: Sequence[float],
    active: Sequence[bool],
    top: float | None = None,
    null: Sequence[Sequence[float]] | None = None,
) -> Figure:
    """Draw I(z_i; z_j) of the aggregate posterior, `(D, D)`, nats; the diagonal is left out.

    Entries no larger than those of `null` `(D, D)`, nats, are put in brackets.
    """
    order = by_kl(latent_kl)
    within = None
    if null is not None:
        found = np.asarray(latent_mi) <= np.asarray(null)
        within = found[np.ix_(order, order)]
    matrix = np.asarray(latent_mi, dtype=np.float64)[np.ix_(order, order)]
    np.fill_diagonal(matrix, np.nan)
    names = [latent_name(d) for d in order]
    title = "I(latent; latent), nats"
    return heat_map(matrix, order, names, active, "latent", title, top, within=within)


def heat_map(
    matrix: NDArray[np.float64],
    order: Sequence[int],
    columns: Sequence[str],
    active: Sequence[bool],
    what: str,
    title: str,
    top: float | None = None,
    signed: bool = False,
    within: NDArray[np.bool_] | None = None,
) -> Figure:
    """Draw any matrix with a row per latent; in the common style.

    Args:
        matrix: `(D, K)`, rows in the order in which they are shown; NaN where there is nothing.
        order: the latent of each row.
        columns: K names; long ones are shortened.
        active: per latent, whether it is; the labels of inactive ones are grey.
        what: the columns are.
        title: what the numbers are, and their unit.
        top: the value at the dark end of the colours; by default the largest, of signed ones the
            largest whatever its sign.
        signed: colours for numbers on both sides of 0.
        within: `(D, K)`, which numbers to put in brackets; none by default.
    """
    rows, count = matrix.shape
    finite = np.abs(matrix[np.isfinite(matrix)])
    top = max(SMALLEST_TOP, finite.max(initial=0.0) if top is None else top)
    cell = 0.62 if count <= 5 else 0.45
    names = [short(name) for name in columns]
    longest = CHARACTER * max(map(len, names))
    width = max(cell * count + 1.6, 3.0)
    turned = longest > (width - 1.6) / count - 0.04
    # Space for the rotated names to the left of the map and below it, which keeps its size.
    left, below = (max(0.0, 0.77 * longest - 0.5), 0.64 * longest) if turned else (0.0, 0.0)
    figure = new_figure(width + left, min(cell, 0.5) * rows + 1.1 + below)
    axes = figure.add_subplot()
    colours, bottom = (DIVERGING, -top) if signed else (SEQUENTIAL, 0.0)
    image = axes.imshow(matrix, cmap=colours, vmin=bottom, vmax=top, aspect="auto")
    for r, row in enumerate(matrix):
        for c, value in enumerate(row):
            text = number(value, 2 if top < 100 else 0) if np.isfinite(value) else "·"
            if within is not None and within[r, c] and np.isfinite(value):
                text = f"({text})"
            colour = on_cell(abs(value), top)
            axes.text(c, r, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(count), names)
    if turned:
        axes.tick_params(axis="x", labelrotation=40)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")
    axes.set_yticks(range(rows), [latent_name(d) for d in order])
    for label, latent in zip(axes.get_yticklabels(), order, strict=True):
        label.set_color(INK if active[latent] else MUTED)
        label.set_fontstyle("normal" if active[latent] else "italic")
    axes.set_xlabel(what)
    axes.set_ylabel("latent, by falling KL")
    axes.set_title(title)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xticks(np.arange(1, count) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, rows) - 0.5, minor=True)
    axes.grid(which="minor", color=PAPER, linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.9, aspect=18)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2, labelsize=7.5)
    return figure
