"""Learning curves: every logged term, and the KL of every latent."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from micvae.objectives.terms import NATS, term
from micvae.reports.material import Material
from micvae.reports.page import Group
from micvae.reports.style import ACCENT, PALETTE, by_kl, latent_name, new_figure, styled

POINTS = 400
"""Bins of the raw line: it keeps the lowest and the highest value of each."""


@styled
def curves(
    log: Mapping[str, NDArray[np.floating]], steps_per_epoch: int, columns: int = 2
) -> Figure:
    """Draw a panel per term and one for the KL per latent: raw values faint, smoothed above.

    Args:
        log: a column per term and `step`, as `Run.log` returns it.
        steps_per_epoch: for the upper axis.
        columns: how many panels stand side by side.
    """
    latents = [name for name in log if name.startswith("kl_") and name[3:].isdigit()]
    terms = [name for name in log if name != "step" and name not in latents]
    panels = len(terms) + bool(latents)
    columns = min(columns, panels)
    rows = -(-panels // columns)
    figure = new_figure(2.7 * columns + 0.4 + 0.5 * (columns == 1), 1.4 * rows + 0.55)
    places = figure.add_gridspec(rows, columns)
    grid: list[Axes] = []
    for place in range(panels):
        row, column = divmod(place, columns)
        last = place == panels - 1  # it takes the rest of its row
        cell = places[row, column:] if last else places[row, column]
        grid.append(figure.add_subplot(cell, sharex=grid[0] if grid else None))
    for axes, name in zip(grid, terms, strict=False):
        _line(axes, log[name], ACCENT)
        axes.set_title(term(name).title)
        axes.set_ylim(*_window(log[name]))
    if latents:
        axes = grid[len(terms)]
        axes.set_title("KL per latent")
        ends = [float(log[name][-steps_per_epoch:].mean()) for name in latents]
        for place, latent in enumerate(by_kl(ends)):
            colour = PALETTE[place % len(PALETTE)]
            _line(axes, log[latents[latent]], colour, latent_name(latent))
        axes.set_ylim(bottom=0)
        axes.legend(
            ncols=1 if len(latents) <= 4 else 2 if len(latents) <= 8 else 3,
            handlelength=1,
            columnspacing=0.8,
            labelspacing=0.2,
            loc="best",
        )
    for place, axes in enumerate(grid):
        axes.grid(axis="y")
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        if place < columns:
            epochs = axes.secondary_xaxis(
                "top",
                functions=(
                    lambda step: np.asarray(step) / steps_per_epoch,
                    lambda epoch: np.asarray(epoch) * steps_per_epoch,
                ),
            )
            epochs.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            epochs.set_xlabel("epoch", labelpad=3)
        if place + columns >= panels:
            axes.set_xlabel("step")
        else:
            axes.tick_params(labelbottom=False)
    every = all(term(name).unit == NATS for name in terms)
    unit = "nats per sample" if every else "nats per sample, unless a title says otherwise"
    figure.supylabel(unit, fontsize=8.5)
    return figure


def _line(axes: Axes, values: NDArray[np.floating], colour: str, label: str = "") -> None:
    x, y = envelope(np.asarray(values, dtype=np.float64))
    axes.plot(x, y, color=colour, alpha=0.28, linewidth=0.6)
    x, y = smoothed(np.asarray(values, dtype=np.float64))
    axes.plot(x, y, color=colour, linewidth=1.5, label=label)


def envelope(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep, of a long line, the lowest and the highest value of every bin, where they are."""
    if len(values) <= 2 * POINTS:
        return np.arange(len(values), dtype=np.float64), values
    edges = np.linspace(0, len(values), POINTS + 1).astype(int)
    kept: list[int] = []
    for start, end in pairwise(edges.tolist()):
        part = values[start:end]
        kept += sorted({start + int(part.argmin()), start + int(part.argmax())})
    index = np.asarray(kept)
    return index.astype(np.float64), values[index]


def smoothed(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A centred running mean over a fortieth of the training, at no more points than are seen.

    The window is cut at both ends, so that it stays centred on what it averages.
    """
    half = max(1, len(values) // 80)
    centre = np.unique(np.linspace(0, len(values) - 1, min(len(values), 300)).astype(int))
    total = np.concatenate([[0.0], np.cumsum(values)])
    reach = np.minimum(np.minimum(centre, len(values) - 1 - centre), half)
    low, high = centre - reach, centre + reach + 1
    return centre.astype(np.float64), (total[high] - total[low]) / (high - low)


def _window(values: NDArray[np.floating]) -> tuple[float, float]:
    """Limits that show most of the values: the first steps may lie far above them."""
    settled = values[len(values) // 20 :]
    low, high = float(settled.min()), float(settled.max())
    margin = 0.06 * (high - low) or max(1e-3, 0.01 * abs(high))
    return low - margin, high + margin


def curves_group(materials: Sequence[Material]) -> Group | None:
    """Learning curves of every run that ends with its last step."""
    suited = [m for m in materials if not m.run.config.objective.closed_form_fit]
    if not suited:
        return None
    columns = 1 if len(suited) > 2 else 2
    plates = []
    for m in suited:
        steps = max(1, m.run.steps_per_epoch)
        drawn = curves(m.run.log(), steps, columns=columns)
        plates.append(m.plate("curves", drawn, "Every term of the loss over the steps of training"))
    caption = (
        "Every logged term over training, in nats per sample unless its title names another unit. "
        "Faint: single steps. Solid: the running mean over a fortieth of the training. The first "
        "steps may lie above the frame. A latent whose KL falls to 0 is inactive. R_MI, mutual "
        "information and total correlation are estimates on one batch here, coarser than those in "
        "the table: on B samples mutual information is at most log B per pair, and estimates by "
        "an adversary or by kernels can be negative."
    )
    return Group("Learning curves", caption, plates)
