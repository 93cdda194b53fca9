"""Formats of the user's own data files, one line each; commands and messages list them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from micvae.data.dataset import FactorDataset
from micvae.data.files import from_npy, from_npz, from_table
from micvae.data.hdf5 import from_hdf5


@dataclass(frozen=True)
class Format:
    """How files of some suffixes are read.

    Args:
        suffixes: in lower case, with their dot.
        read: reads a file by its path; with `options` also takes the range of values and the
            layout, as `from_npz` does.
        summary: what a file holds, for `micvae list data`.
        options: whether `arrays('PATH', …)` reads such files.

    Examples:
        >>> from micvae.data import FORMATS
        >>> FORMATS[0].suffixes
        ('.npz',)
    """

    suffixes: tuple[str, ...]
    read: Callable[..., FactorDataset]
    summary: str
    options: bool = False


FORMATS = [
    Format((".npz",), from_npz, "images; optional factors, partners, …", options=True),
    Format((".npy",), from_npy, "images or vectors", options=True),
    Format((".h5", ".hdf5"), from_hdf5, "as .npz, and read in parts", options=True),
    Format((".csv", ".parquet"), from_table, "a table of numbers: vectors"),
]


def format_of(path: Path) -> Format | None:
    """The format of a file by its suffix; None for an unknown one."""
    return next((one for one in FORMATS if path.suffix.lower() in one.suffixes), None)


def suffixes(options: bool = False) -> list[str]:
    """All known suffixes; with `options` those that `arrays` reads."""
    return [suffix for one in FORMATS if one.options or not options for suffix in one.suffixes]
