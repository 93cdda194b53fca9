"""Plots of codes against factors."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from micvae.reports.material import Material
from micvae.reports.page import Group
from micvae.reports.style import (
    ACCENT,
    CHARACTER,
    INK,
    MUTED,
    SEQUENTIAL,
    by_kl,
    latent_name,
    new_figure,
    styled,
    wrapped,
)
from micvae.representation import Representation

SAMPLES = 5_000
LATENTS = 8
"""At most so many latents are shown, those of the highest KL."""

FACTORS = 6
"""At most so many factors are shown, the first ones."""

MAX_VALUES = 24
"""A factor of at most so many values gets one strip per value."""

BINS = 48
PANEL = 1.05
"""Inches across."""


@styled
def codes_against_factors(representation: Representation, factors: Sequence[int]) -> Figure:
    """Draw a panel per latent (rows, by falling KL) and factor (columns).

    A factor of few values shows the distribution of the code at each value, with its median;
    any other the joint density. Every row has the scale of its latent's codes; that of a Gaussian
    one is at least 2 wide, so that an inactive one looks as flat as it is.

    Args:
        representation: codes beside their factors.
        factors: the columns to show, none of them constant.
    """
    part = representation.sample(SAMPLES)
    latents = by_kl(representation.latent_kl)[:LATENTS]
    shown = list(factors)[:FACTORS]
    scales = _scales(part, latents)
    figure = new_figure(max((PANEL + 0.15) * len(shown) + 0.7, 3.0), 0.95 * len(latents) + 0.55)
    grid = figure.subplots(len(latents), len(shown), sharex="col", sharey="row", squeeze=False)
    for axes_row, latent, scale in zip(grid, latents, scales, strict=True):
        for axes, k in zip(axes_row, shown, strict=True):
            _panel(axes, part.factors[:, k], part.codes[:, latent], scale)
        first = axes_row[0]
        first.set_ylim(*scale)
        first.yaxis.set_major_locator(MaxNLocator(3, prune="both"))
        alive = bool(representation.active[latent])
        first.set_ylabel(
            latent_name(latent) + ("" if alive else "\ninactive"),
            color=INK if alive else MUTED,
            fontstyle="normal" if alive else "italic",
        )
    for axes, k in zip(grid[-1], shown, strict=True):
        axes.set_xlabel(wrapped(representation.factor_names[k], 15))
    figure.supylabel("code: posterior mean", fontsize=8.5)
    return figure


def _scales(part: Representation, latents: Sequence[int]) -> list[tuple[float, float]]:
    """The range of the axis of each latent's code."""
    scales = []
    for latent in latents:
        codes = part.codes[:, latent]
        if part.encoded.latent_kinds[latent] == "gaussian":
            low, high = np.quantile(codes, [0.001, 0.999]).tolist()
            margin = max(0.08 * (high - low), 1 - (high - low) / 2)
        else:
            low, high = float(codes.min()), float(codes.max())
            margin = 0.08 * (high - low) or 1.0
        scales.append((low - margin, high + margin))
    return scales


def _panel(
    axes: Axes,
    factor: NDArray[np.float64],
    code: NDArray[np.float32],
    limits: tuple[float, float],
) -> None:
    values = np.unique(factor)
    if len(values) <= MAX_VALUES:
        parts = [code[factor == value] for value in values]
        strips = [_strip(place, part, limits) for place, part in enumerate(parts)]
        axes.add_collection(PolyCollection(strips, facecolor=ACCENT, alpha=0.5, linewidth=0))
        medians = [float(np.median(part)) for part in parts]
        axes.plot(range(len(values)), medians, "o", color=INK, markersize=2.5)
        names = [f"{v:.4g}" for v in values]
        fit = max(2, int(PANEL / (CHARACTER * (max(map(len, names)) + 1.5))))
        every = -(-len(values) // min(fit, 6))
        axes.set_xticks(range(0, len(values), every), names[::every])
        axes.set_xlim(-0.6, len(values) - 0.4)
    else:
        counts, x, y = np.histogram2d(factor, code, BINS, ((values[0], values[-1]), limits))
        axes.imshow(
            counts.T,
            origin="lower",
            extent=(x[0], x[-1], y[0], y[-1]),
            aspect="auto",
            cmap=SEQUENTIAL,
            norm=PowerNorm(0.5, 0, max(1.0, counts.max())),
        )
        axes.xaxis.set_major_locator(MaxNLocator(3, prune="both"))


def _strip(
    place: int, code: NDArray[np.float32], limits: tuple[float, float]
) -> NDArray[np.float64]:
    """The distribution of the code at one value of the factor, mirrored about its place."""
    counts, edges = np.histogram(np.clip(code, *limits), 60, limits)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.3) ** 2)
    density = np.convolve(counts, kernel, mode="same")
    half = 0.46 * density / max(density.max(), 1e-9)
    seen = np.flatnonzero(half > 0.004)
    part = slice(seen[0], seen[-1] + 1) if len(seen) else slice(0, 0)
    centre, half = ((edges[1:] + edges[:-1]) / 2)[part], half[part]
    left, right = np.stack([place - half, centre]), np.stack([place + half, centre])
    return np.concatenate([left, right[:, ::-1]], axis=1).T


def codes_group(materials: Sequence[Material]) -> Group | None:
    """Codes against factors, of every run whose data has factors that vary."""
    suited = [(m, factors) for m in materials if (factors := m.representation.varying_factors)]
    if not suited:
        return None
    plates = [
        m.plate(
            "codes-factors",
            codes_against_factors(m.representation, factors),
            "Codes of every latent against every factor",
        )
        for m, factors in suited
    ]
    caption = (
        f"The code (posterior mean) of each latent against each factor, from at most {SAMPLES:,} "
        "images. Darker is denser. A factor of few values shows the spread of the code at each "
        "value, with the median as a dot. A latent that encodes one factor gives a narrow curve in "
        "that column and shapeless bands in the others."
    )
    if any(len(f) > FACTORS or len(m.scores.latent_kl) > LATENTS for m, f in suited):
        caption += f" At most {LATENTS} latents (highest KL) and {FACTORS} factors are shown."
    return Group("Codes against factors", caption, plates)
