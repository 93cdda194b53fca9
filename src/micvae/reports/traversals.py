"""What each latent does to the image: one varies, the others are held."""

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from micvae.models import VAE
from micvae.reports.style import (
    MARK,
    MUTED,
    by_kl,
    latent_name,
    new_figure,
    number,
    show_tiles,
    styled,
)
from micvae.representation import Representation

COLUMNS = 9
MOST = 12
"""At most so many latents are shown, those of the highest KL."""


@styled
def traversals(model: VAE, representation: Representation) -> Figure:
    """Draw a row per latent, by falling KL: it varies, the others stay at one image's.

    The image is the one whose code is nearest to the mean code. The frame marks the column that
    is nearest to the image's own value. A number goes from −2 to 2 (a uniform one through its
    interval), a quantised latent through its codebook, a categorical one through its categories.
    """
    codes = representation.codes
    start = codes[np.argmin(((codes - codes.mean(0)) ** 2).sum(1))]
    kl, active = representation.latent_kl, representation.active
    order = by_kl(kl)[:MOST]
    values = np.stack([model.space.values(latent, COLUMNS).numpy() for latent in order])
    grid = np.tile(start, (len(order), COLUMNS, 1))
    for row, latent in enumerate(order):
        grid[row, :, latent] = values[row]
    device = next(model.parameters()).device
    with torch.inference_mode():
        z = torch.from_numpy(grid.reshape(-1, len(start)).astype(np.float32)).to(device)
        images = model.decode_codes(z).mean.cpu().numpy()
    images = images.reshape(len(order), COLUMNS, *images.shape[1:])
    figure = new_figure(0.38 * COLUMNS + 0.95, 0.39 * len(order) + 0.55)
    axes = figure.add_subplot()
    labels = [
        f"{latent_name(d)}  KL {kl[d]:.2f}" + ("" if active[d] else "\ninactive") for d in order
    ]
    x, y = show_tiles(axes, images, labels)
    for label, latent in zip(axes.get_yticklabels(), order, strict=True):
        if not active[latent]:
            label.set_color(MUTED)
            label.set_fontstyle("italic")
    if (values == values[0]).all():
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
