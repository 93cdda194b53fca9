"""Samples of the data, and the effect of each factor."""

import numpy as np
from matplotlib.figure import Figure

from micvae.data import FactorDataset
from micvae.reports.page import Group, Plate
from micvae.reports.style import new_figure, show_tiles, styled, tile_size

COLUMNS = 9


@styled
def samples(dataset: FactorDataset, seed: int = 0, rows: int = 4) -> Figure:
    """Draw a grid of images, chosen at random without replacement."""
    rows = max(1, min(rows, len(dataset) // COLUMNS))
    count = min(rows * COLUMNS, len(dataset))
    index = np.random.default_rng(seed).choice(len(dataset), count, replace=False)
    images = dataset.images[index].reshape(rows, -1, *dataset.image_shape)
    width, height = tile_size(dataset.image_shape, 0.44)
    figure = new_figure(width * images.shape[1] + 0.1, height * rows + 0.1)
    show_tiles(figure.add_subplot(), images)
    return figure


@styled
def factor_rows(dataset: FactorDataset) -> Figure:
    """Draw one row per factor of a generated data set: it varies, the others stay in the middle."""
    columns = _columns(dataset)
    middle = np.asarray([column[len(column) // 2] for column in columns])
    factors = np.repeat(middle[None], COLUMNS * len(columns), axis=0).reshape(
        -1, COLUMNS, len(columns)
    )
    labels = []
    for k, values in enumerate(columns):
        shown = np.resize(values, COLUMNS)  # few values are repeated in order, and so fill the row
        factors[k, :, k] = shown
        labels.append(f"{dataset.factor_names[k]}\n{_range(values)}")
    images = dataset.images_of(factors.reshape(-1, len(columns)))
    width, height = tile_size(dataset.image_shape, 0.4)
    figure = new_figure(width * COLUMNS + 1.2, max(height, 0.3) * len(columns) + 0.15)
    show_tiles(
        figure.add_subplot(), images.reshape(len(columns), COLUMNS, *dataset.image_shape), labels
    )
    return figure


def _columns(dataset: FactorDataset) -> list[np.ndarray]:
    """Per factor the values to show: its own where they are few, else an even grid."""
    shown = []
    for column, values in zip(dataset.factors.T, dataset.factor_values, strict=True):
        if values is None:
            shown.append(np.linspace(column.min(), column.max(), COLUMNS))
        else:
            every = np.linspace(0, len(values) - 1, min(len(values), COLUMNS)).round().astype(int)
            shown.append(np.asarray(values)[every])
    return shown


def _range(values: np.ndarray) -> str:
    if len(values) <= 4:
        return ", ".join(f"{value:.3g}" for value in values)
    return f"{values[0]:.3g} to {values[-1]:.3g}"


def data_group(dataset: FactorDataset) -> Group:
    """Images of the data and, for generated data, the effect of each factor."""
    plates = [Plate("samples", samples(dataset), f"Images of {dataset.name}.")]
    caption = f"Random images of {dataset.name}, out of {len(dataset):,}."
    if dataset.renderer is not None and dataset.n_factors:
        alt = f"One row per factor of {dataset.name}: {', '.join(dataset.factor_names)}."
        plates.append(Plate("factors", factor_rows(dataset), alt))
        caption += (
            " Beside them one row per factor: it varies from left to right and the others stay in "
            "the middle of their range. Ideally each latent does the same in the traversals below. "
            "A factor of few values repeats them."
        )
    return Group("The data", caption, plates)
