"""What each latent does to the image: one varies, the others are held."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from micvae.models import VAEModel
from micvae.reports.material import Material
from micvae.reports.page import Group
from micvae.reports.style import (
    MARK,
    MUTED,
    by_kl,
    latent_name,
    new_figure,
    number,
    show_tiles,
    styled,
    tile_size,
)
from micvae.representation import Representation
from micvae.sharing.latents import QUANTILES, spread

COLUMNS = 9
STANDARD = (-2.33, 2.33)
"""Where the 1% and 99% quantiles of standard normal draws are."""

MAX_LATENTS = 12
"""At most so many latents are shown, those of the highest KL."""


MIN_WIDTH = 0.5
"""Of a range: that of a latent whose values all but coincide would show nothing but noise."""


def values_along(
    model: VAEModel, representation: Representation, latent: int
) -> NDArray[np.floating]:
    """The codes of a row: those the decoder has seen, `(COLUMNS,)`."""
    usual = model.space.values(latent, COLUMNS).numpy()
    if model.space.kinds[latent] != "gaussian":
        return np.asarray(usual)
    drawn = spread(representation)[:, latent].astype(np.float64)
    low, high = np.quantile(drawn, QUANTILES).tolist()
    if abs(low - STANDARD[0]) < 1 and abs(high - STANDARD[1]) < 1:
        return np.asarray(usual)
    missing = max(0.0, MIN_WIDTH - (high - low)) / 2
    return np.linspace(low - missing, high + missing, COLUMNS)


def decoded_along(
    model: VAEModel, representation: Representation, latents: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.floating], NDArray[np.float32]]:
    """Follow the decoder's mean along each latent, the others held at one sample's code.

    Returns:
        The code held, `(D,)`, that nearest to the mean code; the values of each latent,
        `(latents, COLUMNS)`; and the expected samples, `(latents, COLUMNS, C, H, W)` or
        `(latents, COLUMNS, F)`.
    """
    codes = representation.codes
    start = codes[np.argmin(((codes - codes.mean(0)) ** 2).sum(1))]
    values = np.stack([values_along(model, representation, latent) for latent in latents])
    grid = np.tile(start, (len(latents), COLUMNS, 1))
    for row, latent in enumerate(latents):
        grid[row, :, latent] = values[row]
    device = next(model.parameters()).device
    with torch.inference_mode():
        z = torch.from_numpy(grid.reshape(-1, len(start)).astype(np.float32)).to(device)
        samples = model.decode_codes(z).mean.cpu().numpy()
    return start, values, samples.reshape(len(latents), COLUMNS, *samples.shape[1:])


@styled
def traversals(model: VAEModel, representation: Representation) -> Figure:
    """Draw a row per latent, by falling KL: it varies, the others stay at one image's.

    The image is the one whose code is nearest to the mean code. The frame marks the column that
    is nearest to the image's own value. A Gaussian latent goes from −2 to 2 where its codes are
    spread like the prior's, else from the 1% to the 99% quantile of what it takes over the data;
    a uniform one through its interval, a quantised latent through its codebook, a categorical one
    through its categories.
    """
    kl, active = representation.latent_kl, representation.active
    order = by_kl(kl)[:MAX_LATENTS]
    start, values, images = decoded_along(model, representation, order)
    width, height = tile_size(images.shape[2:], 0.38)
    alike = bool((values == values[0]).all())
    least = 0.26 if active.all() and alike else 0.3  # two lines of a label
    figure = new_figure(
        width * COLUMNS + 0.95, max(1.03 * height, least) * len(order) + (0.55 if alike else 0.35)
    )
    axes = figure.add_subplot()
    labels = []
    for d, along in zip(order, values, strict=True):
        below = "" if active[d] else "inactive"
        if not alike and model.space.kinds[d] == "gaussian":
            low, high = (number(value, 1).removesuffix(".0") for value in along[[0, -1]])
            below = ", ".join(filter(None, [below, f"{low} to {high}"]))
        labels.append(f"{latent_name(d)}  KL {kl[d]:.2f}" + (f"\n{below}" if below else ""))
    x, y = show_tiles(axes, images, labels)
    for label, latent in zip(axes.get_yticklabels(), order, strict=True):
        if not active[latent]:
            label.set_color(MUTED)
            label.set_fontstyle("italic")
    if alike:
        axes.set_xticks(x, [number(value, 1).removesuffix(".0") for value in values[0]])
        axes.set_xlabel("value of the latent")
    else:
        axes.set_xlabel("every latent through its own values, rising")
    height, width = images.shape[-2:]
    for row, latent in enumerate(order):
        nearest = x[np.argmin(np.abs(values[row] - start[latent]))]
        corner = (nearest - width / 2, y[row] - height / 2)
        axes.add_patch(Rectangle(corner, width, height, fill=False, color=MARK, linewidth=1.4))
    return figure


def traversals_group(materials: Sequence[Material]) -> Group | None:
    """Traversals of every run that decodes to images."""
    suited = [m for m in materials if m.pictures]
    if not suited:
        return None
    plates = [
        m.plate("traversals", traversals(m.model, m.representation), "Images along each latent")
        for m in suited
    ]
    caption = (
        "One row per latent, by falling KL (nats). The latent runs through its values; the others "
        "stay at the posterior mean of one image, the one whose code is nearest to the mean code. "
        "The red frame marks the value nearest to that image's own. A Gaussian latent runs from "
        "−2 to 2; where its values over the data are spread differently, it runs from their 1% to "
        "their 99% quantile, given beside the row. In a disentangled representation each row "
        "changes one factor only. An inactive latent changes nothing."
    )
    if any(len(m.scores.latent_kl) > MAX_LATENTS for m in suited):
        caption += f" The {MAX_LATENTS} latents of the highest KL are shown."
    return Group("Latent traversals", caption, plates)
