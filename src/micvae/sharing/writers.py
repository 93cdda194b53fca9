"""Tables, arrays and images written batch by batch; an interrupted file leaves nothing."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.errors import MicvaeError
from micvae.files import new_folder, replacing
from micvae.text import encodable, spreadsheet_name

Put = Callable[[NDArray[np.float32 | np.float64]], None]
TABLES = (".parquet", ".csv")
MARK = b"written by micvae"
"""Marks files of micvae, which a command may overwrite."""


def checked_suffix(path: Path, allowed: Sequence[str], what: str) -> str:
    """The suffix of a file that is to be written; refuses others."""
    suffix = path.suffix.lower()
    if suffix not in allowed:
        known = " or ".join(s or "nothing (a folder of PNG)" for s in allowed)
        raise MicvaeError(f"out: {path} ends in {suffix or 'nothing'}; {what} go to {known}.")
    if path.is_dir() and suffix:
        raise MicvaeError(f"out: {path} is a folder; give the path of a file.")
    return suffix


@contextmanager
def table_writer(
    path: Path, kinds: Sequence[tuple[str, Any]]
) -> Iterator[Callable[[Sequence[NDArray[Any]]], None]]:
    """Write a .parquet or .csv table; yields a function that appends rows, column by column.

    Spreadsheets read a name that begins with `=`, `+`, `-` or `@` as a formula. A .csv file
    therefore has an apostrophe before it, which `micvae.data.read_matrix` removes.

    Args:
        path: the file.
        kinds: name and NumPy type of every column.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    parquet = path.suffix.lower() == ".parquet"
    names = [encodable(name) for name, _ in kinds]
    if not parquet:
        names = [spreadsheet_name(name) for name in names]
    types = [pa.from_numpy_dtype(kind) for _, kind in kinds]
    schema = pa.schema(list(zip(names, types, strict=True)), metadata={MARK: b""})
    with replacing(path) as temporary:
        writer = pyarrow.parquet.ParquetWriter if parquet else pyarrow.csv.CSVWriter
        with temporary.open("wb") as file, writer(file, schema) as opened:
            yield lambda columns: opened.write_table(pa.table(list(columns), schema=schema))


@contextmanager
def npz_writer(
    path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Iterator[Put]:
    """Write one array of known shape into an .npz file; yields a function that appends rows."""
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
        archive.open(f"{name}.npy", "w", force_zip64=True) as member,
    ):
        archive.comment = MARK
        np.lib.format.write_array_header_1_0(member, header)
        yield lambda rows: _write(member, np.ascontiguousarray(rows, dtype).tobytes())


def _write(member: Any, content: bytes) -> None:
    member.write(content)


@contextmanager
def png_writer(folder: Path, count: int) -> Iterator[Put]:
    """Write images `(B, C, H, W)` in [0, 1] as 0000.png, 0001.png, … into a new folder."""
    from PIL import Image

    digits = max(4, len(str(count - 1)))
    with new_folder(folder) as temporary:
        written = 0

        def put(images: NDArray[np.float32 | np.float64]) -> None:
            nonlocal written
            pictures = (np.moveaxis(images, 1, 3) * 255).round().astype(np.uint8)
            for picture in pictures:
                shaped = picture[..., 0] if picture.shape[2] == 1 else picture
                Image.fromarray(shaped).save(temporary / f"{written:0{digits}}.png")
                written += 1

        yield put
