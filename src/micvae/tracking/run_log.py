"""No tracker: the run folder's own log is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from micvae.tracking.base import Status, Tracker, Tracking


@dataclass(frozen=True)
class RunLog(Tracking):
    """Only `log.parquet` and `scores.json`, which every run writes itself."""

    summary: ClassVar[str] = "the run folder's own log"

    def open(self, folder: Path) -> Tracker:
        """Nothing to open."""
        return _Silent()


class _Silent:
    def start(self, name: str, config: Mapping[str, Any]) -> None:
        pass

    def log(self, step: int, terms: Mapping[str, float]) -> None:
        pass

    def scores(self, scores: Mapping[str, float]) -> None:
        pass

    def finish(self, status: Status) -> None:
        pass
