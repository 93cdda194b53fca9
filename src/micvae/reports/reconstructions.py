"""Images above their reconstructions."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure

from micvae.data import Images
from micvae.models import VAEModel
from micvae.reports.material import Material
from micvae.reports.page import Group
from micvae.reports.style import new_figure, show_tiles, styled, tile_size

COLUMNS = 9


@styled
def reconstructions(model: VAEModel, images: Images, seed: int = 0) -> Figure:
    """Draw images in the upper row, and below each the decoder's mean at its posterior mean.

    Args:
        model: a trained model.
        images: all images `(N, C, H, W)`; a few are chosen at random.
        seed: determines which.
    """
    count = min(COLUMNS, len(images))
    index = np.sort(np.random.default_rng(seed).choice(len(images), count, replace=False))
    originals = images[index]
    device = next(model.parameters()).device
    with torch.inference_mode():
        codes, _ = model.codes(torch.from_numpy(originals).to(device))
        decoded = model.decode_codes(codes).mean.cpu().numpy()
    width, height = tile_size(originals.shape[1:], 0.38)
    figure = new_figure(width * count + 0.95, 2.1 * height + 0.1)
    show_tiles(figure.add_subplot(), np.stack([originals, decoded]), ["original", "reconstructed"])
    return figure


def reconstructions_group(materials: Sequence[Material]) -> Group | None:
    """Images and reconstructions of every run whose images can be read."""
    plates = [
        m.plate(
            "reconstructions",
            reconstructions(m.model, m.dataset.images),
            "Originals above their reconstructions",
        )
        for m in materials
        if m.dataset is not None and m.dataset.pictures
    ]
    caption = (
        "Above: images of the data. Below: the decoder's mean at the posterior mean of each image. "
        "Differences between the two rows show what the latents do not encode."
    )
    return Group("Reconstructions", caption, plates) if plates else None
