"""Recognise files of `micvae encode` and `micvae decode` without reading their data."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

from micvae.data.tables import ROW, is_latent
from micvae.sharing.writers import MARK


def is_codes(path: Path) -> bool:
    """Whether a .csv or .parquet file is a table of codes: `row`, z0, …, factors."""
    names = _names(path)
    return len(names) > 1 and names[0] == ROW and is_latent(names[1])


def is_decoded(path: Path) -> bool:
    """Whether a .npz, .parquet or .csv file holds images or vectors that were decoded.

    The first two carry a mark, since other data may look alike. A .csv file has no place for one:
    it is recognised by its names x0, x1, … in quotes, which few other programs write.
    """
    try:
        if path.suffix.lower() == ".npz":
            with zipfile.ZipFile(path) as archive:
                return archive.comment == MARK
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet

            with path.open("rb") as file:
                return MARK in (pyarrow.parquet.read_schema(file).metadata or {})
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
    names = _names(path)
    with path.open("rb") as file:
        start = file.read(5)
    return start == b'"x0",' and names == [f"x{i}" for i in range(len(names))]


def _names(path: Path) -> list[str]:
    """Names of a table's columns; none where it cannot be read."""
    try:
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet

            with path.open("rb") as file:
                return list(map(str, pyarrow.parquet.read_schema(file).names))
        with path.open(newline="", encoding="utf-8-sig") as file:
            return next(csv.reader(file), [])
    except (OSError, ValueError, csv.Error):  # Arrow's errors are ValueErrors
        return []
