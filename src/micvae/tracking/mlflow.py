"""MLflow: a run in a local SQLite store."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from micvae import records
from micvae.errors import MicvaeError
from micvae.paths import member
from micvae.tracking.base import FOLDER, Status, Tracker, Tracking, missing

ENDED: dict[Status, str] = {"done": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
RECORD = "mlflow.json"


@dataclass(frozen=True)
class MLflow(Tracking):
    """Parameters, metrics `train/…` and `scores/…`, in an experiment of a SQLite file.

    Look at them with `mlflow ui --backend-store-uri sqlite:///RUN/tracking/mlflow.db`. Runs that
    share a store stand beside each other: `--tracker "mlflow(store='out/mlflow.db')"`.
    """

    summary: ClassVar[str] = "MLflow, in RUN/tracking/mlflow.db or another SQLite file"

    store: str = ""
    """A SQLite file; RUN/tracking/mlflow.db where left out. Artifacts lie beside it."""

    experiment: str = "micvae"
    """Under which name runs stand together."""

    def __post_init__(self) -> None:
        if not isinstance(self.store, str) or "://" in self.store:
            raise MicvaeError(f"store is {self.store!r}; give the path of a SQLite file.")
        if not isinstance(self.experiment, str) or not self.experiment.strip():
            raise MicvaeError(f"experiment is {self.experiment!r}; give a name.")

    def open(self, folder: Path) -> Tracker:
        """Load MLflow, which reports nothing to anybody unless told to by the environment."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        try:
            from mlflow.tracking import MlflowClient
        except ImportError:
            raise missing("mlflow") from None
        store = Path(self.store) if self.store else member(folder, f"{FOLDER}/mlflow.db")
        if not self.store:
            member(folder, f"{FOLDER}/artifacts")
        return _Client(MlflowClient, folder, store.resolve(), self.experiment)


@dataclass(frozen=True)
class Shown:
    """What `mlflow.json` holds: where a training is shown already."""

    REMEDY: ClassVar[str] = "Remove it, and the run is shown as a new one."

    store: str
    """The database."""
    run: str
    """Its name in there."""


class _Client:
    def __init__(self, client: Any, folder: Path, store: Path, experiment: str) -> None:
        self._kind, self._folder, self._store, self._name = client, folder, store, experiment

    def start(self, name: str, config: Mapping[str, Any]) -> None:
        self._store.parent.mkdir(parents=True, exist_ok=True)
        self._client = self._kind(f"sqlite:///{self._store}")
        record = self._folder / FOLDER / RECORD
        known = records.read(Shown, record) if record.exists() else None
        if known and known.store == str(self._store):  # a training that goes on, or its scores
            self._run = known.run
            self._client.update_run(self._run, status="RUNNING")
            return
        found = self._client.get_experiment_by_name(self._name)
        place = (self._store.parent / "artifacts").as_uri()
        experiment = (
            self._client.create_experiment(self._name, artifact_location=place)
            if found is None
            else found.experiment_id
        )
        self._run = self._client.create_run(experiment, run_name=name).info.run_id
        for key, value in config.items():
            self._client.log_param(self._run, key, value)
        records.write(record, Shown(store=str(self._store), run=self._run))

    def log(self, step: int, terms: Mapping[str, float]) -> None:
        self._hand_over({f"train/{name}": value for name, value in terms.items()}, step)

    def scores(self, scores: Mapping[str, float]) -> None:
        self._hand_over({f"scores/{name}": value for name, value in scores.items()}, 0)

    def finish(self, status: Status) -> None:
        record = self._folder / "run.json"
        if record.exists():
            self._client.log_artifact(self._run, str(record))
        self._client.set_terminated(self._run, ENDED[status])

    def _hand_over(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(self._run, metrics=metrics)
