"""`Run`: a folder that says everything about one training."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from micvae import __version__
from micvae.data import FactorDataset, LazyImages, from_npz, load, parts
from micvae.data.places import beside, from_folder_of, starting_points
from micvae.errors import MicvaeError, RunError
from micvae.files import check_writable, expanded, file_errors, make_folder, read_json, write_json
from micvae.models import VAE
from micvae.representation import Representation
from micvae.torch_state import with_torch_defaults
from micvae.tracking import RunLog, Tracking, tracked
from micvae.training import checkpoint
from micvae.training.config import RunConfig
from micvae.training.device import describe, resolve
from micvae.training.log import read_log
from micvae.training.restored import checked_shape, restored_model
from micvae.training.trainer import CHECKPOINT, LOG, Progress, Trainer

RECORD = "run.json"
RUNS = "runs"
"""Folder of a study with a folder per run."""
WEIGHTS = "weights.safetensors"
REPRESENTATION = "representation.npz"
SCORES = "scores.json"
DATA = "data.npz"
IN_MEMORY = "in memory"
"""What stands for the name of data that was handed over as an array."""
OWN_LOG = RunLog()
FOUND = {
    "metrics",
    "samples",
    "seed",
    "active",
    "active_units",
    "latent_kl",
    "r_mi",
    "factor_names",
}


class Run:
    """One training on disk.

    ========================  =======================================================
    `run.json`                configuration, data, environment, status, time taken
    `log.parquet`             every term at every step, in nats
    `checkpoint.safetensors`  the whole state, while training is not finished
    `weights.safetensors`     the trained weights
    `representation.npz`      codes of the training images beside their factors
    `scores.json`             what `micvae evaluate` found
    `data.npz`                the data, where it was an array and is to be kept with the run
    ========================  =======================================================

    Args:
        path: a folder that holds `run.json`.

    Raises:
        RunError: where there is none, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = expanded(path)
        if not (self.path / RECORD).is_file():
            of_study = (self.path / RUNS).is_dir()
            end = f"; it holds a study, whose runs are in {self.path / RUNS}" if of_study else ""
            raise RunError(f"{self.path} is not a run: it has no {RECORD}{end}.")
        self.record: dict[str, Any] = read_json(self.path / RECORD)
        if not isinstance(self.record, dict):
            raise RunError(f"{self.path / RECORD} is no record of a run: it has no usable names.")
        try:
            self.config = RunConfig.from_json(self.record["config"])
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.path / RECORD} has no usable {error}.") from None
        wrong = _wrong_fact(self.record.get("data"))
        if wrong is not None:
            raise RunError(f"{self.path / RECORD} has no usable data: {wrong}.")

    @property
    def done(self) -> bool:
        """Whether training has finished."""
        return self.record.get("status") == "done"

    @property
    def notes(self) -> list[str]:
        """What a reader of any result must know of the data."""
        return list(self.record["data"]["notes"])

    @property
    def image_shape(self) -> tuple[int, ...]:
        """`(C, H, W)` of the images, or `(F,)` of the vectors, that it was trained on."""
        return checked_shape(self.record["data"]["image_shape"])

    def dataset(self) -> FactorDataset:
        """Load the data again; refuses data that is no longer the same."""
        if not (self.path / DATA).exists():
            return self._named()
        dataset = self._stored()
        if not self._is_same(dataset):
            raise self._changed()
        return dataset

    def _is_same(self, dataset: FactorDataset) -> bool:
        return bool(fingerprint(dataset) == self.record["data"]["fingerprint"])

    def _changed(self) -> RunError:
        return RunError(f"the data at {self.config.data} has changed since {self.path} was made.")

    def _named(self) -> FactorDataset:
        """The data by its name or path: seen from where it was given, from here, or beside it."""
        if self.config.data == IN_MEMORY:
            raise RunError(
                f"{self.path} was trained on an array, which is not stored with it; store both by "
                "Disentangler.save(path, data=X)."
            )
        problem: MicvaeError | None = None
        for data in self._places():
            try:
                dataset = load(data)
            except MicvaeError as error:
                problem = problem or error
                continue
            if self._is_same(dataset):
                return dataset
            problem = self._changed()
        assert problem is not None  # there is at least one place
        raise problem

    def _places(self) -> list[str]:
        """What `load` may find the data by, the likeliest first."""
        data, recorded = self.config.data, self.record["data"].get("paths_from")
        found = [data]
        if isinstance(recorded, dict) and all(isinstance(v, str) for v in recorded.values()):
            if "absolute" in recorded:
                found.insert(0, from_folder_of(data, Path(recorded["absolute"])))
            if "from_run" in recorded:
                found.append(from_folder_of(data, self.path.resolve() / recorded["from_run"]))
        folder = self.path.resolve()
        found += [beside(data, folder), beside(data, folder.parent)]
        return list(dict.fromkeys(found))

    def _stored(self) -> FactorDataset:
        known = self.record["data"]
        return replace(
            from_npz(self.path / DATA),
            name=known["name"],
            factor_kinds=tuple(known["factor_kinds"]),
            factor_values=(),
            notes=tuple(known["notes"]),
            source=known["source"],
        )

    def model(self, device: str = "cpu") -> VAE:
        """Rebuild the trained model, with the networks that were trained beside it."""
        if not self.done:
            raise RunError(
                f"{self.path} is not finished; run the same micvae train command again to go on."
            )
        return restored_model(self.config, self.image_shape, self.path / WEIGHTS, device)

    def log(self) -> dict[str, np.ndarray]:
        """Every term at every step: a column per term, in nats, and `step`."""
        columns = read_log(self.path / LOG)
        for name in ("step", "loss", "reconstruction", "kl"):
            if name not in columns:
                raise RunError(f"{self.path / LOG} has no column {name}; it is no log of a run.")
        return columns

    def last_epoch(self) -> dict[str, float]:
        """Mean of every logged term over the last epoch, in nats."""
        steps = self.record["data"]["n"] // self.config.batch_size
        return {k: float(v[-steps:].mean()) for k, v in self.log().items() if k != "step"}

    @with_torch_defaults
    def representation(self) -> Representation:
        """The codes of the training images: computed once, then read."""
        path = self.path / REPRESENTATION
        if not path.exists():
            dataset = self.dataset()
            encoded = self.config.objective.represent(self.model(), dataset)
            Representation.of(encoded, dataset).save(path)
        return Representation.load(path)

    def scores(self) -> dict[str, Any] | None:
        """What `micvae evaluate` stored, or None before that."""
        path = self.path / SCORES
        if not path.exists():
            return None
        scores = read_json(path)
        missing = FOUND - scores.keys() if isinstance(scores, dict) else FOUND
        if missing or not isinstance(scores["metrics"], dict):
            raise RunError(
                f"{path} is no result of micvae evaluate: it has no "
                f"{min(missing, default='metrics')}; evaluate the run again."
            )
        return dict(scores)


@with_torch_defaults
def train_run(
    config: RunConfig,
    path: Path,
    report: Callable[[Progress], None] = lambda progress: None,
    dataset: FactorDataset | None = None,
    tracking: Tracking = OWN_LOG,
) -> Run:
    """Train into the folder `path`; go on where a run of the same configuration stopped.

    Args:
        config: what to train.
        path: a new or empty folder, or one with a run of this very configuration.
        report: called with the progress every few dozen steps.
        dataset: what `config.data` names, where it is loaded already.
        tracking: where else the training is shown; it changes no bit of the run.

    Raises:
        RunError: where `path` holds something else, or a run on other data.
        FileError: where the system refuses to write there.
        MicvaeError: where the tracker's library is not installed, or it cannot start.
    """
    path = expanded(path)
    with file_errors(path):
        begun = (path / RECORD).exists()
    if begun:
        run = Run(path)
        if run.config != config:
            raise RunError(
                f"{path} holds a run of another configuration ({_difference(run.config, config)}); "
                "choose another --out, or remove the folder."
            )
        if run.done:
            if dataset is not None and fingerprint(dataset) != run.record["data"]["fingerprint"]:
                raise RunError(f"the data at {config.data} has changed since {path} was made.")
            return run
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists and is not a run; choose another --out.")
    check_writable(path)
    dataset = dataset or load(config.data)
    tracker = tracking.open(path)
    record: dict[str, Any] = {
        "micvae": __version__,
        "status": "training",
        "config": config.to_json(),
        "data": {
            "name": dataset.name,
            "source": dict(dataset.source),
            "fingerprint": fingerprint(dataset),
            "n": len(dataset),
            "image_shape": list(dataset.image_shape),
            "factor_names": list(dataset.factor_names),
            "factor_kinds": list(dataset.factor_kinds),
            "notes": list(dataset.notes),
            **({"feature_names": list(names)} if (names := dataset.feature_names) else {}),
            **({"paths_from": found} if (found := starting_points(config.data, path)) else {}),
        },
        "environment": describe(resolve(config.device)),
    }
    trainer = Trainer(config, dataset)  # refuses what cannot be trained before anything is written
    make_folder(path)
    if begun:
        known = Run(path).record["data"]
        words = dict.fromkeys(("feature_names", "paths_from"))  # which change no bit
        if {**known, **words} != {**record["data"], **words}:
            raise RunError(f"the data at {config.data} has changed since {path} was begun.")
    write_json(path / RECORD, record)

    def handed_over(progress: Progress) -> None:
        report(progress)
        rate = {"images_per_second": progress.images_per_second}
        tracker.log(progress.step, progress.terms | rate)

    with tracked(tracker, title(config, dataset.name), config.to_json()):
        model = trainer.fit(path, handed_over)
        checkpoint.save_tensors(path / WEIGHTS, model.state_dict(), {"micvae": __version__})
        encoded = config.objective.represent(model, dataset)
        Representation.of(encoded, dataset).save(path / REPRESENTATION)
        record |= {"status": "done", "seconds": round(trainer.seconds, 3)}
        write_json(path / RECORD, record)
        (path / CHECKPOINT).unlink(missing_ok=True)
    return Run(path)


def track_scores(run: Run, scores: Mapping[str, float], tracking: Tracking) -> None:
    """Show scores where the run's training was shown."""
    name = title(run.config, run.record["data"]["name"])
    with tracked(tracking.open(run.path), name, run.config.to_json()) as tracker:
        tracker.scores(scores)


def title(config: RunConfig, data: str) -> str:
    """What a run is called in a list of runs."""
    return f"{config.method} on {data}, seed {config.seed}"


def fingerprint(dataset: FactorDataset) -> str:
    """A digest of images and factors; the same for images that are read in parts."""
    digest = hashlib.blake2b(digest_size=16)
    more = [a for a in (dataset.partners, dataset.auxiliary, dataset.sequence) if a is not None]
    for array in (dataset.images, dataset.factors, *more):
        digest.update(repr((array.shape, str(array.dtype))).encode())
        for block in parts(array) if isinstance(array, LazyImages) else [array]:
            digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()


def _wrong_fact(data: Any) -> str | None:
    """What of a record's data is missing or of another type, or None."""
    if not isinstance(data, dict):
        return "there is none"
    kinds = {"name": str, "fingerprint": str, "n": int, "image_shape": list}
    lists = ("factor_names", "factor_kinds", "notes")
    kinds |= {name: list for name in (*lists, *({"feature_names"} & data.keys()))}
    for name, kind in kinds.items():
        if not isinstance(data.get(name), kind):
            return f"{name} is {data.get(name)!r}"
        if (
            kind is list
            and name != "image_shape"
            and not all(isinstance(v, str) for v in data[name])
        ):
            return f"{name} is {data[name]!r}"
    return "n is less than 1" if data["n"] < 1 else None


def _difference(old: RunConfig, new: RunConfig) -> str:
    a, b = old.to_json(), new.to_json()
    return ", ".join(f"{key}: {a[key]} there, {b[key]} here" for key in a if a[key] != b[key])
