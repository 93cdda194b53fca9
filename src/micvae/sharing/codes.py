"""Codes of a data set as a table, and images of a table of codes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data import FactorDataset, read_matrix
from micvae.data.array_header import few
from micvae.data.tables import ROW, is_latent
from micvae.errors import DataError
from micvae.files import check_writable, expanded
from micvae.sharing.writers import (
    TABLES,
    checked_suffix,
    npz_writer,
    png_writer,
    table_writer,
)
from micvae.training.trained_model import BATCH_SIZE, TrainedModel

Report = Callable[[int, int], None]


def encode_to(
    trained: TrainedModel,
    dataset: FactorDataset,
    out: Path,
    report: Report = lambda done, total: None,
    batch_size: int = BATCH_SIZE,
) -> Path:
    """Write the codes of a data set as a table: a row per sample, in the order of the data.

    Columns: `row` (0, 1, …), one per latent (`z0`, `z1`, …: posterior means, float32), and one per
    known factor by its name; " (factor)" is appended to a name that equals another column's.

    Args:
        trained: the model.
        dataset: what to encode.
        out: a .parquet or .csv file; an existing one is replaced.
        report: called with the number of samples done, and of all.
        batch_size: samples that are encoded at a time, which bounds the memory; all are encoded
            together where a code depends on other samples, as in sequences.

    Raises:
        MicvaeError: where `out` ends otherwise.
        DataError: where the samples have another shape than the model takes, or other units.
    """
    out = expanded(out)
    check_writable(out)
    checked_suffix(out, TABLES, "codes")
    dataset = trained.prepared(dataset)
    latents = trained.latent_names
    factors = [f"{n} (factor)" if n == ROW or is_latent(n) else n for n in dataset.factor_names]
    kinds: list[tuple[str, Any]] = [(ROW, np.dtype(np.int64))]
    kinds += [(name, np.dtype(np.float32)) for name in latents]
    kinds += [(name, np.dtype(np.float64)) for name in factors]
    encode = trained.encode_prepared
    whole = None if trained.config.objective.encodes_samplewise else encode(dataset).codes
    with table_writer(out, kinds) as put:
        for start in range(0, len(dataset), batch_size):
            rows = np.arange(start, min(start + batch_size, len(dataset)))
            codes = encode(dataset.subset(rows)).codes if whole is None else whole[rows]
            put([rows, *codes.T.copy(), *dataset.factors[rows].T.copy()])
            report(int(rows[-1]) + 1, len(dataset))
    return out


def read_codes(path: Path, trained: TrainedModel) -> NDArray[np.float64]:
    """Read codes `(N, D)`: columns named as the latents of a table, or an array of D columns.

    Raises:
        DataError: where a latent has no column, or a code is no finite number.
    """
    table = read_matrix(Path(path), "codes")
    names = trained.latent_names
    if Path(path).suffix.lower() in TABLES:
        places = {name: place for place, name in enumerate(table.names)}
        missing = [name for name in names if name not in places]
        if missing:
            raise DataError(
                f"{path} has no column {missing[0]}; {trained.name} needs {few(names)}, "
                f"and the file has {few(table.names)}."
            )
        chosen = [places[name] for name in names]
    else:
        chosen = list(range(len(table.names)))
    if any(table.text[column] for column in chosen):
        raise DataError(f"{path} holds text instead of codes; give the codes as numbers.")
    codes = table.values[:, chosen]
    if not np.isfinite(codes).all():
        row = int(np.argmin(np.isfinite(codes).all(1)))
        raise DataError(f"{path} holds a NaN or infinite code in row {row}; remove that row.")
    if codes.shape[1] != len(names):
        raise DataError(
            f"{path} has {codes.shape[1]} columns; {trained.name} has {len(names)} latents; give "
            "a column for each."
        )
    return np.asarray(codes)


def decode_to(
    trained: TrainedModel,
    codes: NDArray[Any],
    out: Path,
    report: Report = lambda done, total: None,
    batch_size: int = BATCH_SIZE,
) -> Path:
    """Write the expected images (or vectors) of codes `(N, D)`, in their order.

    Args:
        trained: the model.
        codes: as `encode_to` writes and `read_codes` reads them.
        out: for images an .npz file (array `images`, `(N, C, H, W)` float32 in [0, 1], which
            `--data` takes again) or a new folder of PNG; for vectors a .parquet or .csv file with
            columns `x0`, `x1`, …, or an .npz file (array `images`, `(N, F)`); vectors are float64
            where the model was trained on standardised ones.
        report: called with the number of samples done, and of all.
        batch_size: samples that are decoded at a time.

    Raises:
        MicvaeError: where `out` ends otherwise, or PNG cannot hold so many channels.
        DataError: where codes are not finite numbers, D of them per row.
    """
    out = expanded(out)
    check_writable(out)
    suffix, count = _decoded_suffix(trained, out), len(codes)
    columns = suffix in TABLES
    with _writer(trained, out, suffix, count) as put:
        for start in range(0, count, batch_size):
            images = trained.decode(codes[start : start + batch_size])
            put(images.T.copy() if columns else images)
            report(min(start + batch_size, count), count)
    return out


def _decoded_suffix(trained: TrainedModel, out: Path) -> str:
    if len(trained.image_shape) == 1:
        return checked_suffix(out, (".npz", *TABLES), "vectors")
    suffix = checked_suffix(out, (".npz", ""), "images")
    if suffix == "" and trained.image_shape[0] not in (1, 3, 4):
        raise DataError(
            f"images of {trained.image_shape[0]} channels cannot be written as PNG; give "
            "--out a name in .npz."
        )
    return suffix


def _writer(
    trained: TrainedModel, out: Path, suffix: str, count: int
) -> AbstractContextManager[Callable[[Any], None]]:
    if suffix == ".npz":
        shape = (count, *trained.image_shape)
        return npz_writer(out, "images", shape, trained.decoded_dtype)
    if suffix == "":
        return png_writer(out, count)
    names = [f"x{f}" for f in range(trained.image_shape[0])]
    return table_writer(out, [(name, trained.decoded_dtype) for name in names])
