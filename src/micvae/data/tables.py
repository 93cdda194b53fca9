"""Tables of codes and factors: .npy, .npz, .csv and .parquet files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from micvae.data.array_header import check_npy, check_ratio, check_size, few, npz_arrays
from micvae.data.dataset import FactorKind
from micvae.data.memory import memory
from micvae.data.vectors import check_whole
from micvae.errors import DataError, MicvaeError
from micvae.files import expanded
from micvae.paths import checked_file
from micvae.text import column_name

READABLE = (".npy", ".npz", ".csv", ".parquet")
ROW = "row"
"""Column of a table of codes, as `micvae encode` writes it: the number of the sample."""

MISSING = frozenset(
    (
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "<NA>",
        "NaN",
        "nan",
        "-nan",
        "-NaN",
        "null",
        "NULL",
        "None",
        "none",
    )
)
"""What programs write for a missing number in a .csv file, besides an empty cell."""
LONGEST_LINE = 2**24
"""Bytes of a line of a .csv file."""

PER_COLUMN = 10_000
"""Bytes that reading a .csv file takes for each of its columns, however few rows there are."""

_INDEX = ("", "Unnamed: 0", "__index_level_0__")
"""Names of the column of row numbers that pandas writes."""


@dataclass(frozen=True, eq=False)
class TableFile:
    """A matrix read from a file.

    Args:
        values: `(N, C)` floats; columns of text are numbered 0, 1, … in alphabetical order.
        names: C column names, "0", "1", … where the file has none.
        text: per column, whether it was text.
        columns: the columns `(N,)` in the types they had, text as its numbers.

    Examples:
        >>> from pathlib import Path
        >>> import pyarrow as pa
        >>> import pyarrow.csv
        >>> from micvae.data import read_matrix
        >>> written = pa.table({"row": [0, 1], "z0": [0.5, 0.2], "z1": [1.5, 2.0]})
        >>> pa.csv.write_csv(written, "codes.csv")
        >>> read_matrix(Path("codes.csv"), "codes").codes().names
        ('z0', 'z1')
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    text: tuple[bool, ...]
    columns: tuple[NDArray[Any], ...] = ()

    @property
    def single(self) -> tuple[bool, ...]:
        """Per column, whether it was float32 or shorter."""
        return tuple(c.dtype.kind == "f" and c.dtype.itemsize <= 4 for c in self.columns)

    def typed(self) -> Any:
        """The matrix without a loss of digits: an array, or a table where types differ."""
        if len({column.dtype for column in self.columns}) == 1:
            return np.stack(self.columns, axis=1)
        import pyarrow

        return pyarrow.table(dict(zip(self.names, self.columns, strict=True)))

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
        """The factors: the other columns of a table of codes, else all columns but an index.

        Raises:
            DataError: for a table of codes without any.
        """
        table = self._without_index()
        if not self._of_encode():
            return table
        kept = [i for i, n in enumerate(table.names) if n != ROW and not is_latent(n)]
        if not kept:
            raise DataError(f"factors: the table has codes only ({few(table.names)}).")
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
        text = tuple(self.text[i] for i in kept)
        columns = tuple(self.columns[i] for i in kept)
        return TableFile(self.values[:, kept], names, text, columns)


def is_latent(name: str) -> bool:
    """Whether a column is called as `micvae encode` calls latents: z0, z1, …"""
    return re.fullmatch(r"z\d+", name) is not None


def read_matrix(path: Path, wanted: str) -> TableFile:
    """Read a matrix `(N, C)`; a single column may be one-dimensional.

    An .npz file holds it under the name `wanted`, or holds one array. .csv files have a header
    row; .csv and .parquet columns may be text. A missing entry is refused: an empty cell, and in a
    .csv column of numbers a word for one, such as NA. In a column of text such a word is text like
    any other, and so it is where nothing else is in the column and it stands in quotes. Of data,
    whole numbers beyond 2^53 are refused, too.

    Args:
        path: the file.
        wanted: what it is to hold, `codes` or `factors`: for messages, and for .npz files.

    Raises:
        DataError: for a file that cannot be read, or does not hold a matrix of numbers or text.

    Examples:
        >>> from pathlib import Path
        >>> import pyarrow as pa
        >>> import pyarrow.csv
        >>> from micvae.data import read_matrix
        >>> written = pa.table({"size": [1.0, 2.0], "shape": ["round", "square"]})
        >>> pa.csv.write_csv(written, "factors.csv")
        >>> table = read_matrix(Path("factors.csv"), "factors")
        >>> table.names, table.text, table.values.tolist()
        (('size', 'shape'), (False, True), [[1.0, 0.0], [2.0, 1.0]])
    """
    path = expanded(path)
    if path.is_dir() or not checked_file(path).is_file():
        raise DataError(f"{wanted}: there is no file {path}.")
    try:
        suffix = path.suffix.lower()
        if suffix in (".npy", ".npz"):
            return _of_array(_load_numpy(path, wanted), path, wanted)
        if suffix in (".csv", ".parquet"):
            return _of_columns(_load_columns(path, suffix), path, wanted)
    except MicvaeError:
        raise
    except Exception as error:  # NumPy, zipfile and Arrow raise a dozen kinds on a broken file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{wanted}: {path} cannot be read: {reason}.") from None
    raise DataError(
        f"{wanted}: {path} ends in {path.suffix or 'nothing'}; expected {', '.join(READABLE)}."
    )


def _load_numpy(path: Path, wanted: str) -> NDArray[Any]:
    if path.suffix.lower() == ".npy":
        try:
            check_npy(path)
        except DataError as error:
            raise DataError(f"{wanted}: {path.name} cannot be read: {error}") from None
        loaded: NDArray[Any] = np.load(path, allow_pickle=False)
        return loaded
    with npz_arrays(path) as file:
        if wanted not in file.names and len(file.names) != 1:
            raise DataError(
                f"{path} has no array named {wanted}; it has {few(file.names) or 'nothing'}."
            )
        return file.read(wanted if wanted in file.names else file.names[0])


def _of_array(array: NDArray[Any], path: Path, wanted: str) -> TableFile:
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.size == 0:
        raise DataError(f"{wanted}: {path} has shape {array.shape}; expected (N, columns).")
    names = tuple(map(str, range(array.shape[1])))
    if array.dtype.kind in "US":
        array = array.astype(str)
        found = [np.unique(column, return_inverse=True) for column in array.T]
        columns = {n: Column(i, texts) for n, (texts, i) in zip(names, found, strict=True)}
        return _of_columns(columns, path, wanted)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{wanted}: {path} holds {array.dtype}; expected numbers or text.")
    if array.dtype.kind in "iu" and wanted == "data":
        check_whole(array, str(path))
    text = (False,) * array.shape[1]
    return TableFile(array.astype(np.float64), names, text, tuple(array.T))


class Column(NamedTuple):
    """A column of a table: numbers, or where `texts` are given the places of each entry in them.

    Args:
        values: `(N,)`.
        texts: what the values number, in alphabetical order.
        empty: entries that are missing.
    """

    values: NDArray[Any]
    texts: NDArray[Any] | None = None
    empty: int = 0


def _load_columns(path: Path, suffix: str) -> dict[str, Column]:
    table = _load_csv(path) if suffix == ".csv" else _load_parquet(path)
    columns: dict[str, Column] = {}
    for stored, column in zip(table.column_names, table.columns, strict=True):
        name = column_name(stored) if suffix == ".csv" else stored
        if name in columns:
            raise DataError(
                f"{path} has two columns named {name}; give every column a name of its own."
            )
        columns[name] = _column(column)
        if suffix == ".csv" and (missing := _missing_words(columns[name], stored, path)):
            count, words = missing
            raise DataError(
                f"{path}: column {name} has {count} missing entries ({', '.join(words)}); leave "
                "these rows out."
            )
    return columns


def _missing_words(column: Column, name: str, path: Path) -> tuple[int, list[str]] | None:
    """How many entries of a .csv column stand for a missing number, and how they are written.

    None where there are none; in a column of text such words are text.
    """
    if column.empty:
        return None
    if column.texts is None:
        count = int(np.isnan(column.values).sum()) if column.values.dtype.kind == "f" else 0
        return (count, ["nan"]) if count else None
    missing = [text.strip() in MISSING for text in column.texts]
    others = [text for text, is_word in zip(column.texts, missing, strict=True) if not is_word]
    if not any(missing) or not all(map(_is_number, others)):
        return None
    if others:
        count = int(np.asarray(missing)[column.values].sum())
        return count, [t for t, is_word in zip(column.texts, missing, strict=True) if is_word]
    count = _unquoted(name, path)
    return (count, ["a word without quotes"]) if count else None


def _unquoted(name: str, path: Path) -> int:
    """The entries that stand without quotes, in a column of nothing but words for missing ones."""
    import pyarrow.csv

    options = pyarrow.csv.ConvertOptions(
        include_columns=[name],
        null_values=sorted(MISSING),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    with path.open("rb") as file:
        table = pyarrow.csv.read_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(block_size=LONGEST_LINE),
            convert_options=options,
        )
    return int(table.column(0).null_count)


def _column(column: Any) -> Column:
    """A column of Arrow's; of texts each is taken once, however often and long it is."""
    import pyarrow as pa

    if column.null_count:
        return Column(np.zeros(len(column)), empty=column.null_count)
    if _is_text(column.type):
        column = column.dictionary_encode()
    if not pa.types.is_dictionary(column.type):
        return Column(column.to_numpy())
    whole = column.unify_dictionaries().combine_chunks()
    parts = whole.chunks if isinstance(whole, pa.ChunkedArray) else [whole]
    if not parts:
        return Column(np.empty(0))
    texts = parts[0].dictionary.to_pylist()
    used, places = np.unique(np.concatenate([p.indices for p in parts]), return_inverse=True)
    order = sorted(range(len(used)), key=lambda i: texts[used[i]])
    rank = np.empty(len(used), np.int64)
    rank[order] = np.arange(len(used))
    return Column(rank[places], np.asarray([texts[used[i]] for i in order], dtype=object))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _load_csv(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.csv

    with path.open("rb") as file:
        first = file.readline(LONGEST_LINE + 1).split(b"\r")[0]
    count = first.count(b",") + 1
    if len(first) > LONGEST_LINE or count * PER_COLUMN > memory():
        raise DataError(
            f"{path}: its first line has {len(first):,} bytes and {count:,} columns, more than can "
            "be read; save the numbers as an .npy file."
        )
    try:
        # Only the whole column shows whether a word is text or a missing entry.
        options = pyarrow.csv.ConvertOptions(null_values=[""], strings_can_be_null=True)
        with path.open("rb") as file:  # Arrow takes no path that is not UTF-8
            table = pyarrow.csv.read_csv(
                file,
                read_options=pyarrow.csv.ReadOptions(block_size=LONGEST_LINE),
                convert_options=options,
            )
    except pa.ArrowInvalid as error:
        if "straddling" in str(error):
            raise DataError(
                f"{path} has a line of more than {LONGEST_LINE:,} bytes; save the numbers as an "
                ".npy file."
            ) from None
        if count == 1 and (b";" in first or b"\t" in first):
            raise DataError(_without_commas(path)) from None
        if "got" in str(error):  # Arrow: "Expected 2 columns, got 3: 1,2,5"
            said = str(error).splitlines()[0].partition("Expected ")[2]
            raise DataError(
                f"{path} has rows of different lengths: expected {said}; write decimals with a "
                "point, and put a text that holds a comma into quotation marks."
            ) from None
        raise
    (only, *others) = table.column_names
    if not others and {";", "\t"} & set(only) and _is_text(table.column(0).type):
        raise DataError(_without_commas(path))
    if all(map(_is_number, table.column_names)):
        raise DataError(
            f"{path} has no header row: its first line holds numbers only. Name the columns."
        )
    return table


def _without_commas(path: Path) -> str:
    return (
        f"{path} has no commas between its columns; save it with commas, and with points in "
        "decimals."
    )


def _load_parquet(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet

    with path.open("rb") as file:  # Arrow takes no path that is not UTF-8
        described = pyarrow.parquet.read_metadata(file)
    names = []
    for field in described.schema.to_arrow_schema():
        kind = field.type
        of = kind.value_type if pa.types.is_dictionary(kind) else kind
        number = pa.types.is_integer(of) or pa.types.is_floating(of) or pa.types.is_boolean(of)
        fixed = number or pa.types.is_temporal(of) or pa.types.is_null(of)
        if not (fixed or _is_text(of)):
            raise DataError(
                f"column {field.name} of {path} holds {kind}; expected numbers or text."
            )
        if _is_text(of):
            names.append(field.name)
    groups = range(described.num_row_groups)
    unpacked = sum(described.row_group(i).total_byte_size for i in groups)
    size = max(8 * described.num_rows * described.num_columns, unpacked)
    check_ratio(size, path.stat().st_size, str(path))
    check_size(2 * size, str(path))  # as they are in the file, and as one matrix
    with path.open("rb") as file:
        return pyarrow.parquet.read_table(file, read_dictionary=names)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a .parquet table of numbers and texts, a dictionary per row; null as None.

    Raises:
        DataError: where it declares other columns, or more than this machine can hold.
        OSError: where it is missing or cannot be read, as Arrow raises it.
        pyarrow.ArrowException: where it is damaged.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    table = _load_parquet(checked_file(path))
    texts = 0
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            for part in column.chunks:
                lengths = pc.binary_length(part.dictionary).to_numpy(zero_copy_only=False)
                places = part.indices.drop_null().to_numpy()
                texts += int(np.bincount(places, minlength=len(lengths)) @ lengths)
    check_ratio(texts, path.stat().st_size, str(path))
    check_size(texts, str(path))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _of_columns(columns: dict[str, Column], path: Path, wanted: str) -> TableFile:
    if not columns or not len(next(iter(columns.values())).values):
        raise DataError(f"{wanted}: {path} is empty; a header row and a row per sample are needed.")
    values: list[NDArray[Any]] = []
    text: list[bool] = []
    wrong: dict[str, str] = {}
    for name, (column, texts, empty) in columns.items():
        if texts is not None and not all(texts):
            raise DataError(
                f"{wanted}: column {name} of {path} has empty entries; fill them, or leave out "
                "their rows."
            )
        if empty:
            wrong[name] = f"has {empty} empty entries"
        elif column.dtype.kind in "biuf":
            if column.dtype.kind in "iu" and texts is None and wanted == "data":
                check_whole(column, f"column {name} of {path}")
            values.append(column)
            text.append(texts is not None)
        elif column.dtype.kind in "mM":
            wrong[name] = f"holds dates or times ({column.dtype})"
        else:
            wrong[name] = f"holds {column.dtype}"
    if wrong:
        raise DataError(_refused(wrong, [n for n in columns if n not in wrong], text, path, wanted))
    floats = np.stack([column.astype(np.float64) for column in values], axis=1)
    return TableFile(floats, tuple(columns), tuple(text), tuple(values))


def _refused(
    wrong: dict[str, str], others: list[str], text: list[bool], path: Path, wanted: str
) -> str:
    """One sentence that names every column that cannot be read."""
    if wanted == "data":
        wrong = wrong | {n: "holds text" for n, words in zip(others, text, strict=True) if words}
    remedies = ["leave out these columns" if len(wrong) > 1 else "leave it out"]
    faults = " ".join(wrong.values())
    if "empty" in faults:
        remedies.append("fill the entries or leave out their rows")
    if "dates" in faults:
        remedies.append("give dates as a number of days or seconds")
    if "text" in faults:
        remedies.append("encode text as 0, 1, …")
    named = few([f"column {name} {fault}" for name, fault in wrong.items()])
    only = "numbers" if wanted == "data" else "numbers or text"
    return f"{wanted}: {path}: {named}; expected {only}: {', or '.join(remedies)}."
