"""Layouts of image arrays: position of the channel axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from numpy.typing import NDArray

from micvae.errors import DataError

Layout = Literal["auto", "channels_first", "channels_last"]
Arrangement = Literal["NF", "NHW", "NCHW", "NHWC"]
SMALLEST_SIDE = 8  # networks for images need this many pixels, so that fewer must be channels
USUAL = (1, 3, 4)  # channels: grey, colour, colour and transparency


def arrangement(
    shape: tuple[int, ...],
    what: str,
    layout: Layout = "auto",
    option: Callable[[str], str] = str,
) -> Arrangement:
    """Distinguish vectors `(N, F)`, and `(N, H, W)`, `(N, C, H, W)` and `(N, H, W, C)`.

    Of four axes, the second counts the channels where it is 1, 3 or 4, or where it alone is
    below 8, which no side of an image is; else the last one where the same is true of that.
    `layout` decides where that leaves a doubt; `option` writes it as it is given to whoever reads
    this array, for the message.

    Raises:
        DataError: for another number of axes, or where both or neither could count channels.
    """
    if len(shape) in (2, 3):
        return "NF" if len(shape) == 2 else "NHW"
    if len(shape) != 4:
        raise DataError(
            f"{what} has shape {shape}; expected (N, H, W), (N, H, W, C) or (N, C, H, W), or "
            "vectors (N, F)."
        )
    if layout != "auto":
        return "NCHW" if layout == "channels_first" else "NHWC"
    if shape[1] in USUAL or shape[1] < SMALLEST_SIDE <= shape[3]:
        return "NCHW"
    if shape[3] in USUAL or shape[3] < SMALLEST_SIDE <= shape[1]:
        return "NHWC"
    example = option("layout='channels_first'")
    raise DataError(
        f"{what} has shape {shape}, and {shape[1]} and {shape[3]} may both be a number of "
        f"channels; specify it by {example} or 'channels_last'."
    )


def channels_first(images: NDArray[Any], found: Arrangement) -> NDArray[Any]:
    """Turn images so arranged into `(N, C, H, W)`; vectors stay."""
    if found == "NHW":
        return images[:, None]
    return images.transpose(0, 3, 1, 2) if found == "NHWC" else images


def as_arranged(images: NDArray[Any], found: Arrangement) -> NDArray[Any]:
    """Undo `channels_first`."""
    if found == "NHW":
        return images[:, 0]
    return images.transpose(0, 2, 3, 1) if found == "NHWC" else images
