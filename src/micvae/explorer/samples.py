"""Some of the training data, to move from: its codes, its factors, and what it looks like."""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from micvae.data import FactorDataset
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.representation import Representation
from micvae.training.run import Run

MOST = 800
"""At most so many samples go into the page."""

BYTES = 4_000_000
"""So many bytes of pictures at most, before compression, or numbers of vectors."""

ACROSS = 20  # pictures in a row of the sheet


def read_dataset(run: Run) -> tuple[FactorDataset | None, str]:
    """The run's data, or None and why it cannot be had; the page does without."""
    try:
        with warnings.catch_warnings():
            # What there is to say of the data stands on the page, from the run's own record.
            warnings.simplefilter("ignore", MicvaeWarning)
            return run.dataset(), ""
    except (MicvaeError, OSError) as error:
        return None, str(error)


def gather_samples(
    representation: Representation, dataset: FactorDataset | None, image_shape: tuple[int, ...]
) -> dict[str, Any]:
    """Samples of the data as plain values; the first has the code nearest to the mean code.

    Args:
        representation: codes of the data beside its factors.
        dataset: the data itself, or None where it cannot be read.
        image_shape: `(C, H, W)`, or `(F,)` for vectors.

    Returns:
        `n`, `rows` (which of the data), `codes` (n, D), `factors` (one entry per factor that
        varies), and, with a data set, `sheet` (pictures side by side in one PNG) or `vectors`.
    """
    codes = representation.codes
    per_sample = int(np.prod(image_shape)) * (1 if len(image_shape) == 3 else 4)
    n = min(len(codes), MOST, max(1, BYTES // per_sample))
    first = int(np.argmin(((codes - codes.mean(0)) ** 2).sum(1)))
    drawn = np.random.default_rng(0).choice(len(codes), n, replace=False)
    rows = np.concatenate([[first], drawn[drawn != first]])[:n]
    found: dict[str, Any] = {
        "n": n,
        "total": len(codes),
        "rows": rows.tolist(),
        "codes": packed(codes[rows]),
        "factors": [
            {
                "name": name,
                "kind": kind,
                "values": packed(column[rows]),
                "low": float(column.min()),
                "high": float(column.max()),
                "distinct": len(np.unique(column)),
            }
            for name, kind, column in zip(
                representation.factor_names,
                representation.factor_kinds,
                representation.factors.T,
                strict=True,
            )
            if np.ptp(column) > 0
        ],
    }
    if dataset is not None and len(image_shape) == 3:
        found |= {
            "sheet": sheet(np.asarray(dataset.images[rows], dtype=np.float32)),
            "across": ACROSS,
        }
    elif dataset is not None:
        found |= {"vectors": packed(dataset.images[rows])}
    return found


def sheet(images: NDArray[np.float32]) -> str:
    """Pictures `(n, C, H, W)` side by side in one PNG, as a data URI; an opacity is left out."""
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
