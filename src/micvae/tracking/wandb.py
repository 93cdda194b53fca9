"""Weights & Biases: offline, unless asked otherwise."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from micvae.errors import MicvaeError
from micvae.paths import member
from micvae.tracking.base import FOLDER, Status, Tracker, Tracking, missing

MODES = ("offline", "online")
ENDED: dict[Status, int] = {"done": 0, "stopped": 255, "failed": 1}


@dataclass(frozen=True)
class Wandb(Tracking):
    """Metrics `train/…` and `scores/…`, written to RUN/tracking/wandb.

    Offline, nothing leaves this machine; `wandb sync RUN/tracking/wandb/offline-run-*` uploads it
    later. A training that goes on, and its scores, are further folders of the same run, which
    syncing joins.
    """

    summary: ClassVar[str] = "Weights & Biases, offline in RUN/tracking/wandb"

    mode: str = "offline"
    """offline, or online: uploaded while it runs, to the account that is logged in."""

    project: str = "micvae"
    """Under which name runs stand together."""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise MicvaeError(f"mode is {self.mode!r}; choose {' or '.join(MODES)}.")

    def open(self, folder: Path) -> Tracker:
        """Load wandb."""
        try:
            import wandb
        except ImportError:
            raise missing("wandb") from None
        return _Session(wandb, folder, self.mode, self.project)


class _Session:
    def __init__(self, wandb: Any, folder: Path, mode: str, project: str) -> None:
        self._wandb, self._folder, self._mode, self._project = wandb, folder, mode, project

    def start(self, name: str, config: Mapping[str, Any]) -> None:
        place = member(self._folder, f"{FOLDER}/wandb").parent
        place.mkdir(parents=True, exist_ok=True)
        content = f"{self._folder.resolve()} {sorted(config.items())}".encode()
        settings = self._wandb.Settings(
            mode=self._mode, silent=True, console="off", disable_git=True, disable_code=True
        )
        self._run = self._wandb.init(
            dir=str(place),
            project=self._project,
            id=hashlib.blake2b(content, digest_size=8).hexdigest(),
            resume="allow",
            name=name,
            config=dict(config),
            settings=settings,
        )

    def log(self, step: int, terms: Mapping[str, float]) -> None:
        self._run.log({f"train/{name}": value for name, value in terms.items()}, step=step)

    def scores(self, scores: Mapping[str, float]) -> None:
        for name, value in scores.items():
            self._run.summary[f"scores/{name}"] = value

    def finish(self, status: Status) -> None:
        self._run.finish(exit_code=ENDED[status])
