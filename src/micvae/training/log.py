"""The per-step log: every term in nats, and the KL of every latent."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from micvae.data.array_header import check_ratio, check_size
from micvae.errors import DivergedError, RunError
from micvae.files import replacing
from micvae.objectives import Losses
from micvae.paths import checked_file
from micvae.records import shown

DIVERGED = 1e6  # times the first step's loss
LARGEST = 1e30  # nats; sums over a training stay finite in single precision


class StepLog:
    """Collects one row per step without waiting for the device, and refuses what is not finite."""

    def __init__(self) -> None:
        self.columns: list[str] = []
        self._pending: list[Tensor] = []
        self._blocks: list[np.ndarray] = []

    def __len__(self) -> int:
        """Rows so far, pending ones included."""
        return sum(map(len, self._blocks)) + len(self._pending)

    def add(self, losses: Losses) -> None:
        """Append the terms of one step; nothing is copied from the device yet."""
        if not self.columns:
            latents = range(len(losses.latent_kl))
            self.columns = [*losses.terms, *(f"kl_{d}" for d in latents)]
        row = torch.cat([torch.stack(list(losses.terms.values())), losses.latent_kl])
        self._pending.append(row.detach())

    def flush(self) -> dict[str, float]:
        """Take over the pending rows and return their mean per column.

        Raises:
            DivergedError: names the first step whose terms are not finite or out of all bounds.
        """
        if not self._pending:
            return {}
        start = sum(map(len, self._blocks))
        block = torch.stack(self._pending).cpu().numpy()
        self._pending = []
        first = self._blocks[0][0] if self._blocks else block[0]
        bad = ~np.isfinite(block).all(1) | (np.abs(block[:, 0]) > DIVERGED * (1 + abs(first[0])))
        if bad.any():
            at = int(np.argmax(bad))
            shown = ", ".join(f"{n} {v:.4g}" for n, v in zip(self.columns, block[at], strict=True))
            raise DivergedError(
                f"training diverged at step {start + at} ({shown}). Try a smaller learning rate, a "
                'larger batch, a weight that ramps up such as "ramp(0, 2, steps=1000)", or a '
                "likelihood with a larger scale."
            )
        self._blocks.append(block)
        return dict(zip(self.columns, block.mean(0).tolist(), strict=True))

    def save(self, path: Path) -> None:
        """Write all rows as one Parquet table with a `step` column."""
        rows = np.concatenate(self._blocks)
        names = ["step", *self.columns]
        table = pa.table([np.arange(len(rows)), *rows.T.copy()], names=names)
        with replacing(path) as temporary, temporary.open("wb") as file:
            pq.write_table(table, file)  # Arrow takes no path that is not UTF-8

    def load(self, path: Path, steps: int) -> None:
        """Take up the first `steps` rows of a log that was saved."""
        columns = read_log(path)
        if "step" not in columns or len(columns) < 2:
            raise RunError(
                f"{path} has no column step and terms beside it; it is not the log of a run."
            )
        del columns["step"]
        rows = np.stack(list(columns.values()), axis=1)
        if len(rows) < steps:
            raise RunError(f"{path} has {len(rows)} steps, but the checkpoint is at {steps}.")
        self.columns = list(columns)
        self._blocks = [rows[:steps]]


def read_log(path: Path) -> dict[str, np.ndarray]:
    """Read a saved log: a column per term, in nats, and `step`.

    Raises:
        RunError: where it cannot be read, or holds anything but finite numbers under names of
            their own.
    """
    checked_file(path)
    try:
        with path.open("rb") as file:  # Arrow takes no path that is not UTF-8
            described = pq.read_metadata(file)
        size = 8 * described.num_rows * described.num_columns
        check_ratio(size, path.stat().st_size, str(path))
        check_size(size, str(path))
        _check_numbers(described.schema.to_arrow_schema(), path)
        with path.open("rb") as file:
            table = pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        raise RunError(
            f"{path} is not a readable Parquet file: {str(error).rstrip('.')}."
        ) from None
    if len(table) == 0:
        raise RunError(f"{path} has no steps; it is not the log of a run.")
    columns = {name: np.asarray(table[name].to_numpy()) for name in table.column_names}
    for name, values in columns.items():
        if table[name].null_count or not (np.abs(values) <= LARGEST).all():
            raise RunError(
                f"{path}: column {shown(name)} holds empty, NaN or infinite values; it is not the "
                "log of a run."
            )
    return columns


def _check_numbers(schema: pa.Schema, path: Path) -> None:
    kinds = [field.type for field in schema]
    if not kinds or not all(pa.types.is_floating(k) or pa.types.is_integer(k) for k in kinds):
        raise RunError(f"{path} holds columns that are not numbers; it is not the log of a run.")
    if len(set(schema.names)) < len(schema.names):
        raise RunError(f"{path} has two columns with the same name; it is not the log of a run.")
