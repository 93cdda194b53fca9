"""`factors.csv`: the factors of the pictures in a folder."""

import csv
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import KINDS, FactorKind
from micvae.errors import DataError, MicvaeError, MicvaeWarning
from micvae.paths import checked_file

FACTORS_CSV = "factors.csv"
SEPARATORS = ",;\t"


def read_factors(
    path: Path, files: Sequence[Path]
) -> tuple[tuple[str, ...], NDArray[np.float64] | None]:
    """Read the factors of pictures.

    The table has a header row, a first column of files and a column of numbers per factor, apart
    by commas, semicolons or tabs; see `kinds_of_header` for kinds in the header. Rows of files that
    are not there are left out with a warning.

    Args:
        path: of the table, which need not exist.
        files: the pictures, relative to the table's folder.

    Returns:
        The names of the factors and a row for each picture `(N, K)`; without a table () and None.

    Raises:
        DataError: names the line and column of what cannot be read, and a picture that has no row
            or rows that contradict each other.
    """
    if not path.exists():
        return (), None
    lines = _lines(path)
    _, header = next(lines, (0, []))
    if not header:
        raise DataError(f"{path} cannot be read as a table: it is empty; a header row is needed.")
    known = {file.as_posix() for file in files}
    if _file(header[0], known) in known:
        raise DataError(
            f"{path} has no header row: line 1 already names a picture; begin with a line such as "
            "file,shape,size."
        )
    rows: dict[str, list[float]] = {}
    first: dict[str, int] = {}
    for number, line in lines:
        if len(line) != len(header):
            raise DataError(
                f"{path}, line {number} has {len(line)} columns, not {len(header)}; put a text "
                "that holds the separator into quotation marks, and give every column of the "
                "header a value."
            )
        named = zip(header[1:], line[1:], strict=True)
        values = [_number(cell, f"{path}, line {number}, column {name}") for name, cell in named]
        file = _file(line[0], known)
        if rows.setdefault(file, values) != values:
            raise DataError(
                f"{path} has two different rows for {file}, in lines {first[file]} and {number}; "
                "remove one of them."
            )
        first.setdefault(file, number)
    missing = [name for name in (file.as_posix() for file in files) if name not in rows]
    if missing:
        instead = next((f"; a row is of {name}" for name in rows if name not in known), "")
        raise DataError(
            f"{path} has no row for {len(missing)} of {len(files)} images, e.g. {missing[0]}"
            f"{instead}; add the rows, or remove these pictures from the folder."
        )
    extra = [name for name in rows if name not in known]
    if extra:
        are, shown = ("row is", "") if len(extra) == 1 else ("rows are", "e.g. ")
        warnings.warn(
            f"{path}: {len(extra)} {are} left out, as the files do not exist ({shown}{extra[0]}).",
            MicvaeWarning,
            stacklevel=2,
        )
    table = np.asarray([rows[file.as_posix()] for file in files], dtype=np.float64)
    return tuple(header[1:]), table


def kinds_of_header(
    header: Sequence[str],
) -> tuple[tuple[str, ...], tuple[FactorKind | None, ...]]:
    """Names and kinds of factors out of a header: `age (continuous)` is age, and continuous.

    A name without one of the four kinds behind it is kept as it is, and its kind is None.
    """
    names: list[str] = []
    kinds: list[FactorKind | None] = []
    for cell in header:
        name, _, rest = cell.strip().rpartition(" (")
        kind = next((kind for kind in KINDS if name and rest == f"{kind})"), None)
        names.append(cell if kind is None else name)
        kinds.append(kind)
    return tuple(names), tuple(kinds)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, with their numbers."""
    try:
        text = checked_file(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(
            f"{path} is not encoded as UTF-8; save it as UTF-8 (CSV UTF-8 in a spreadsheet)."
        ) from None
    except MicvaeError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read as a table: {error}.") from None
    top = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=top.count))
    try:
        for line in reader:
            if line:
                yield reader.line_num, line
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num} cannot be read: {error}.") from None


def _file(cell: str, known: set[str]) -> str:
    """The picture that a cell names; Windows paths are accepted."""
    name = PurePosixPath(cell).as_posix()
    return name if name in known else PurePosixPath(cell.strip().replace("\\", "/")).as_posix()


def _number(cell: str, where: str) -> float:
    if not cell.strip():
        raise DataError(f"{where} is empty; give a number.")
    try:
        value = float(cell)
    except ValueError:
        hint = "encode categories as 0, 1, …"
        if cell.strip().lstrip("+-").replace(",", "").isdigit():
            hint = "write decimals with a point"
        raise DataError(f"{where} is {cell!r}, which is not a number; {hint}.") from None
    if not math.isfinite(value):
        raise DataError(f"{where} is {cell}; remove the picture or give a finite number.")
    return value
