"""How long runs will take, from a few of their steps."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from micvae.data import FactorDataset
from micvae.studies.study import Cell
from micvae.torch_state import with_torch_defaults
from micvae.training.run import RECORD, Run
from micvae.training.trainer import Trainer

WARM = 2
STEPS = 8


@with_torch_defaults
def expected_seconds(
    cells: Sequence[Cell],
    folder: Path,
    dataset: FactorDataset,
    workers: int,
    step: Callable[[int, int, str], None] = lambda done, total, what: None,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Seconds until all cells are trained: some steps of each row, times what is left to do.

    It leaves out what reading the data and scoring take, and what workers take from each other.

    Args:
        cells: the runs of a study, all on `dataset`.
        folder: the study's folder; what is finished there costs nothing.
        dataset: what they train on.
        workers: how many train at a time, one thread each.
        step: called with rows done, rows in all, and the row.
        clock: what the steps are timed with, in seconds; `time.process_time` leaves out what other
            processes take of the machine.

    Raises:
        MicvaeError: where a row cannot be trained on this data at all.
    """
    left: dict[str, list[Cell]] = {}
    for cell in cells:
        if not _finished(folder / cell.path):
            left.setdefault(cell.row, []).append(cell)
    total = 0.0
    with _one_thread():
        for done, (row, mine) in enumerate(left.items()):
            step(done, len(left), row)
            trainer = Trainer(mine[0].config, dataset)
            steps = mine[0].config.epochs * trainer.steps_per_epoch
            total += len(mine) * steps * _seconds_per_step(trainer, clock)
    step(len(left), len(left), "timed")
    return total / max(1, min(workers, sum(map(len, left.values()))))


def said(seconds: float) -> str:
    """A time in a readable unit: `40 seconds`, `7 minutes`, `2.5 hours`."""
    if seconds < 1.5:
        return "a second"
    if seconds < 90:
        return f"{round(seconds)} seconds"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


def _seconds_per_step(trainer: Trainer, clock: Callable[[], float]) -> float:
    trainer.model.train()
    started, taken = clock(), 0
    for taken in trainer.steps():
        if taken == min(WARM, trainer.steps_per_epoch - 1):
            started = clock()
        if taken == WARM + STEPS:
            break
    trainer.log.flush()  # waits for the device
    counted = max(1, taken - min(WARM, trainer.steps_per_epoch - 1))
    return (clock() - started) / counted


def _finished(path: Path) -> bool:
    return (path / RECORD).is_file() and Run(path).done


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute as a worker does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
