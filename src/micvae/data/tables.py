"""Codes and factors that somebody else computed: .npy, .npz, .csv and .parquet files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorKind
from micvae.data.declared import check_npy, check_npz, check_size
from micvae.errors import DataError
from micvae.files import expanded

READABLE = (".npy", ".npz", ".csv", ".parquet")
ROW = "row"
"""Column of a table of codes, as `micvae encode` writes it: the number of the sample."""

_INDEX = ("", "Unnamed: 0", "__index_level_0__")
"""What pandas calls the column of row numbers when it writes a table, or reads its own again."""


@dataclass(frozen=True, eq=False)
class TableFile:
    """A matrix read from a file.

    Args:
        values: `(N, C)` floats; columns of text are numbered 0, 1, … in alphabetical order.
        names: C column names, "0", "1", … where the file has none.
        text: per column, whether it was text.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    text: tuple[bool, ...]

    def kinds(self) -> tuple[FactorKind | None, ...]:
        """`categorical` for columns of text; None, to be guessed, for the others."""
        return tuple("categorical" if text else None for text in self.text)

    def codes(self) -> TableFile:
        """The latents: z0, z1, … of a table of codes, else all columns but an index.

        A table of codes is what `micvae encode` writes: it has a column `row` and z0, z1, ….
        """
        if not self._of_encode():
            return self._without_index()
        return self._only([i for i, name in enumerate(self.names) if is_latent(name)])

    def factors(self) -> TableFile:
        """The factors: of a table of codes what stands beside them, else all columns but an index.

        Raises:
            DataError: for a table of codes without any.
        """
        table = self._without_index()
        if not self._of_encode():
            return table
        kept = [i for i, n in enumerate(table.names) if n != ROW and not is_latent(n)]
        if not kept:
            raise DataError(f"factors: there are codes only ({', '.join(table.names)}).")
        return table._only(kept)

    def _of_encode(self) -> bool:
        return ROW in self.names and any(map(is_latent, self.names))

    def _without_index(self) -> TableFile:
        """Leave out a column that pandas added, which numbers the rows."""
        numbers = np.arange(len(self.values))
        kept = [
            i
            for i, (name, text) in enumerate(zip(self.names, self.text, strict=True))
            if name not in _INDEX or text or not np.array_equal(self.values[:, i], numbers)
        ]
        return self._only(kept) if kept else self

    def _only(self, kept: list[int]) -> TableFile:
        names = tuple(self.names[i] for i in kept)
        return TableFile(self.values[:, kept], names, tuple(self.text[i] for i in kept))


def is_latent(name: str) -> bool:
    """Whether a column is called as `micvae encode` calls latents: z0, z1, …"""
    return re.fullmatch(r"z\d+", name) is not None


def read_matrix(path: Path, wanted: str) -> TableFile:
    """Read a matrix `(N, C)`; a single column may be one-dimensional.

    An .npz file holds it under the name `wanted`, or holds one array. .csv files have a header
    row; .csv and .parquet columns may be text. A missing or empty entry is refused.

    Args:
        path: the file.
        wanted: what it is to hold, `codes` or `factors`: for messages, and for .npz files.

    Raises:
        DataError: for a file that cannot be read, or does not hold a matrix of numbers or text.
    """
    path = expanded(path)
    if not path.is_file():
        raise DataError(f"{wanted}: there is no file {path}.")
    try:
        suffix = path.suffix.lower()
        if suffix in (".npy", ".npz"):
            return _of_array(_load_numpy(path, wanted), path, wanted)
        if suffix in (".csv", ".parquet"):
            return _of_columns(_load_columns(path, suffix), path, wanted)
    except DataError:
        raise
    except Exception as error:  # NumPy, zipfile and Arrow raise a dozen kinds on a broken file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{wanted}: {path} cannot be read: {reason}.") from None
    raise DataError(
        f"{wanted}: {path} ends in {path.suffix or 'nothing'}; expected {', '.join(READABLE)}."
    )


def _load_numpy(path: Path, wanted: str) -> NDArray[Any]:
    try:
        (check_npy if path.suffix.lower() == ".npy" else check_npz)(path)
    except DataError as error:
        raise DataError(f"{wanted}: {path.name} cannot be read: {error}") from None
    with path.open("rb") as opened:
        loaded = np.load(opened, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded as file:
            name = wanted if wanted in file.files else file.files[0] if file.files else ""
            if wanted not in file.files and len(file.files) != 1:
                raise DataError(
                    f"{path} has no array named {wanted}; it has "
                    f"{', '.join(file.files) or 'nothing'}."
                )
            array: NDArray[Any] = file[name]
            return array


def _of_array(array: NDArray[Any], path: Path, wanted: str) -> TableFile:
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.size == 0:
        raise DataError(f"{wanted}: {path} has shape {array.shape}; expected (N, columns).")
    names = tuple(map(str, range(array.shape[1])))
    if array.dtype.kind in "US":
        array = array.astype(str)
        return _of_columns(dict(zip(names, array.T, strict=True)), path, wanted)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{wanted}: {path} holds {array.dtype}; expected numbers or text.")
    return TableFile(array.astype(np.float64), names, (False,) * array.shape[1])


def _load_columns(path: Path, suffix: str) -> dict[str, NDArray[Any]]:
    import pyarrow.csv
    import pyarrow.parquet

    if suffix == ".csv":
        holes = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
        table = pyarrow.csv.read_csv(path, convert_options=holes)
        if all(map(_is_number, table.column_names)):
            raise DataError(
                f"{path} has no header row: its first line holds numbers only. Name the columns."
            )
    else:
        described = pyarrow.parquet.read_metadata(path)
        check_size(8 * described.num_rows * described.num_columns, str(path))
        table = pyarrow.parquet.read_table(path)
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.null_count:
            raise DataError(f"{path}: column {name} has {column.null_count} empty entries.")
        if name in columns:
            raise DataError(f"{path} has two columns named {name}.")
        columns[name] = column.to_numpy()
    return columns


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _of_columns(columns: dict[str, NDArray[Any]], path: Path, wanted: str) -> TableFile:
    if not columns or not len(next(iter(columns.values()))):
        raise DataError(f"{wanted}: {path} is empty.")
    values, text = [], []
    for name, column in columns.items():
        if column.dtype.kind in "UO" and all(isinstance(entry, str) for entry in column):
            if not all(column):
                raise DataError(f"{wanted}: column {name} of {path} has empty entries.")
            values.append(np.unique(column.astype(str), return_inverse=True)[1])
            text.append(True)
        elif column.dtype.kind in "biuf":
            values.append(column)
            text.append(False)
        else:
            raise DataError(
                f"{wanted}: column {name} of {path} holds {column.dtype}; expected numbers or text."
            )
    return TableFile(np.stack(values, axis=1).astype(np.float64), tuple(columns), tuple(text))
