"""TensorBoard: event files in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from micvae.paths import member
from micvae.tracking.base import FOLDER, Status, Tracker, Tracking, missing


@dataclass(frozen=True)
class TensorBoard(Tracking):
    """Scalars `train/…` and `scores/…`; look at them with `tensorboard --logdir RUN/tracking`."""

    summary: ClassVar[str] = "TensorBoard event files in RUN/tracking/tensorboard"

    def open(self, folder: Path) -> Tracker:
        """Load TensorBoard."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise missing("tensorboard") from None
        return _Events(SummaryWriter, member(folder, f"{FOLDER}/tensorboard"))


class _Events:
    def __init__(self, writer: Any, folder: Path) -> None:
        self._kind, self._folder = writer, folder

    def start(self, name: str, config: Mapping[str, Any]) -> None:
        self._writer = self._kind(log_dir=str(self._folder))
        lines = ["| setting | value |", "| --- | --- |"]
        lines += [f"| {key} | {value} |" for key, value in config.items()]
        self._writer.add_text("configuration", f"{name}\n\n" + "\n".join(lines))

    def log(self, step: int, terms: Mapping[str, float]) -> None:
        for name, value in terms.items():
            self._writer.add_scalar(f"train/{name}", value, step)

    def scores(self, scores: Mapping[str, float]) -> None:
        for name, value in scores.items():
            self._writer.add_scalar(f"scores/{name}", value)

    def finish(self, status: Status) -> None:
        self._writer.add_text("status", status)
        self._writer.close()
