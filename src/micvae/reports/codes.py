"""Codes against factors: what each latent knows of each factor, seen and not scored."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from micvae.reports.style import (
    ACCENT,
    INK,
    MUTED,
    SEQUENTIAL,
    by_kl,
    latent_name,
    new_figure,
    styled,
)
from micvae.representation import Representation

SAMPLES = 5_000
LATENTS = 8
"""At most so many latents are shown, those of the highest KL."""

FACTORS = 6
"""At most so many factors are shown, the first ones."""

FEW = 24
"""A factor of at most so many values gets one strip per value."""

BINS = 48


@styled
def codes_against_factors(representation: Representation, factors: Sequence[int]) -> Figure:
    """Draw a panel per latent (rows, by falling KL) and factor (columns).

    A factor of few values shows the distribution of the code at each value, with its median;
    any other the joint density. Gaussian latents share one scale of the code, so that an
    inactive one looks as flat as it is; latents of another kind have the scale of their values.

    Args:
        representation: codes beside their factors.
        factors: the columns to show, none of them constant.
    """
    part = representation.sample(SAMPLES)
    latents = by_kl(representation.latent_kl)[:LATENTS]
    shown = list(factors)[:FACTORS]
    scales = _scales(part, latents)
    figure = new_figure(max(1.2 * len(shown) + 0.7, 3.0), 0.95 * len(latents) + 0.55)
    grid = figure.subplots(len(latents), len(shown), sharex="col", sharey="row", squeeze=False)
    for axes_row, latent, scale in zip(grid, latents, scales, strict=True):
        for axes, k in zip(axes_row, shown, strict=True):
            _panel(axes, part.factors[:, k], part.codes[:, latent], scale)
        first = axes_row[0]
        first.set_ylim(*scale)
        alive = bool(representation.active[latent])
        first.set_ylabel(
            latent_name(latent) + ("" if alive else "\ninactive"),
            color=INK if alive else MUTED,
            fontstyle="normal" if alive else "italic",
        )
    for axes, k in zip(grid[-1], shown, strict=True):
        axes.set_xlabel(representation.factor_names[k])
    figure.supylabel("code: posterior mean", fontsize=8.5)
    return figure


def _scales(part: Representation, latents: Sequence[int]) -> list[tuple[float, float]]:
    """The range of the axis of each latent's code."""
    kinds = part.encoded.latent_kinds
    gaussian = [latent for latent in latents if kinds[latent] == "gaussian"]
    common = (-1.0, 1.0)
    if gaussian:
        low, high = np.quantile(part.codes[:, gaussian], [0.001, 0.999])
        common = (min(float(low), -1.0), max(float(high), 1.0))
    scales = []
    for latent in latents:
        low, high = float(part.codes[:, latent].min()), float(part.codes[:, latent].max())
        margin = 0.08 * (high - low) or 1.0
        scales.append(common if kinds[latent] == "gaussian" else (low - margin, high + margin))
    return scales


def _panel(
    axes: Axes,
    factor: NDArray[np.float64],
    code: NDArray[np.float32],
    limits: tuple[float, float],
) -> None:
    values = np.unique(factor)
    if len(values) <= FEW:
        parts = [code[factor == value] for value in values]
        strips = [_strip(place, part, limits) for place, part in enumerate(parts)]
        axes.add_collection(PolyCollection(strips, facecolor=ACCENT, alpha=0.5, linewidth=0))
        medians = [float(np.median(part)) for part in parts]
        axes.plot(range(len(values)), medians, "o", color=INK, markersize=2.5)
        every = -(-len(values) // 6)
        axes.set_xticks(range(0, len(values), every), [f"{v:.4g}" for v in values[::every]])
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
