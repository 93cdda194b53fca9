"""Samples of the training data in the page: codes, factors, and images or vectors."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from micvae.data import FactorDataset, FactorKind
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.representation import Representation
from micvae.training.run import Run

MOST = 800
"""Largest number of samples in the page."""

BYTES = 4_000_000
"""Largest size of their images before compression, or of their vectors."""

ACROSS = 20
"""Images in a row of the sheet."""


def read_dataset(run: Run) -> tuple[FactorDataset | None, str]:
    """The run's data, or None and why it cannot be read."""
    try:
        with warnings.catch_warnings():
            # The page shows the notes that the run's record has of its data.
            warnings.simplefilter("ignore", MicvaeWarning)
            return run.dataset(), ""
    except (MicvaeError, OSError) as error:
        return None, str(error)


@dataclass(frozen=True, kw_only=True)
class FactorColumn:
    """A factor of the samples in the page."""

    name: str
    kind: FactorKind
    values: str
    """Of the samples, see `packed`."""
    low: float
    """Smallest value in the data."""
    high: float
    """Largest value in the data."""
    distinct: int
    """Number of different values in the data."""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Some of the training data; the first sample has the code nearest to the mean code."""

    n: int
    total: int
    """Number of samples of the data."""
    rows: tuple[int, ...]
    """Which of the data."""
    codes: str
    """`(n, D)`, see `packed`."""
    factors: tuple[FactorColumn, ...]
    """Those that vary."""
    across: int = ACROSS
    """Images in a row of the sheet."""
    sheet: str | None = None
    """Images side by side in one PNG; None for vectors and without the data."""
    vectors: str | None = None
    """`(n, F)`, see `packed`; None for images and without the data."""


def gather_samples(
    representation: Representation, dataset: FactorDataset | None, image_shape: tuple[int, ...]
) -> Samples:
    """Choose samples of the data for the page.

    Args:
        representation: codes of the data beside its factors.
        dataset: the data itself, or None where it cannot be read.
        image_shape: `(C, H, W)`, or `(F,)` for vectors.
    """
    codes, pictures = representation.codes, len(image_shape) == 3
    per_sample = int(np.prod(image_shape)) * (1 if pictures else 4)
    n = min(len(codes), MOST, max(1, BYTES // per_sample))
    first = int(np.argmin(((codes - codes.mean(0)) ** 2).sum(1)))
    drawn = np.random.default_rng(0).choice(len(codes), n, replace=False)
    rows = np.concatenate([[first], drawn[drawn != first]])[:n]
    columns = zip(
        representation.factor_names,
        representation.factor_kinds,
        representation.factors.T,
        strict=True,
    )
    images = None if dataset is None else np.asarray(dataset.images[rows], dtype=np.float32)
    return Samples(
        n=n,
        total=len(codes),
        rows=tuple(rows.tolist()),
        codes=packed(codes[rows]),
        factors=tuple(
            FactorColumn(
                name=name,
                kind=kind,
                values=packed(column[rows]),
                low=float(column.min()),
                high=float(column.max()),
                distinct=len(np.unique(column)),
            )
            for name, kind, column in columns
            if np.ptp(column) > 0
        ),
        sheet=sheet(images) if images is not None and pictures else None,
        vectors=packed(images) if images is not None and not pictures else None,
    )


def sheet(images: NDArray[np.float32]) -> str:
    """Images `(n, C, H, W)` side by side in one PNG, as a data URI, without an alpha channel."""
    n, channels, height, width = images.shape
    shown = images[:, :3] if channels >= 3 else images[:, :1]
    down = -(-n // ACROSS)
    whole = np.zeros((down * height, ACROSS * width, shown.shape[1]), np.uint8)
    for i, image in enumerate(shown):
        y, x = height * (i // ACROSS), width * (i % ACROSS)
        whole[y : y + height, x : x + width] = np.rint(image.transpose(1, 2, 0) * 255)
    content = io.BytesIO()
    Image.fromarray(whole.squeeze(2) if shown.shape[1] == 1 else whole).save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def packed(array: NDArray[Any]) -> str:
    """Numbers as base64 of little-endian 32-bit floats."""
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()
