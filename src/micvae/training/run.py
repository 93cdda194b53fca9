"""`Run`: a folder that says everything about one training."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from micvae import __version__
from micvae.data import FactorDataset, LazyImages, from_npz, load, parts
from micvae.errors import RunError
from micvae.models import VAE
from micvae.records import encoded, read, shown, write
from micvae.representation import Representation
from micvae.tracking import RunLog, Tracking, tracked
from micvae.training import checkpoint
from micvae.training.config import RunConfig
from micvae.training.device import describe, resolve
from micvae.training.log import read_log
from micvae.training.record import DataRecord, RunRecord, Scores
from micvae.training.restored import restored_model
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
        self.path = Path(path)
        if not (self.path / RECORD).is_file():
            of_study = (self.path / RUNS).is_dir()
            end = f"; it holds a study, whose runs are in {self.path / RUNS}" if of_study else ""
            raise RunError(f"{self.path} is not a run: it has no {RECORD}{end}.")
        self.record = read(RunRecord, self.path / RECORD)
        self.config = self.record.config

    @property
    def done(self) -> bool:
        """Whether training has finished."""
        return self.record.status == "done"

    @property
    def notes(self) -> list[str]:
        """What a reader of any result must know of the data."""
        return list(self.record.data.notes)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """`(C, H, W)` of the images, or `(F,)` of the vectors, that it was trained on."""
        return self.record.data.image_shape

    def dataset(self) -> FactorDataset:
        """Load the data again; refuses data that is no longer the same."""
        dataset = self._stored() if (self.path / DATA).exists() else self._named()
        if fingerprint(dataset) != self.record.data.fingerprint:
            raise RunError(
                f"the data at {self.config.data} has changed since {self.path} was made."
            )
        return dataset

    def _named(self) -> FactorDataset:
        if self.config.data == IN_MEMORY:
            raise RunError(
                f"{self.path} was trained on an array, which is not stored with it; store both by "
                "Disentangler.save(path, data=X)."
            )
        return load(self.config.data)

    def _stored(self) -> FactorDataset:
        known = self.record.data
        return replace(
            from_npz(self.path / DATA),
            name=known.name,
            factor_kinds=known.factor_kinds,
            factor_values=(),
            notes=known.notes,
            source=known.source,
        )

    def model(self, device: str = "cpu") -> VAE:
        """Rebuild the trained model, with the networks that were trained beside it."""
        if not self.done:
            raise RunError(
                f"{self.path} is not finished; run the same micvae train command again to go on."
            )
        return restored_model(self.config, self.image_shape, self.path / WEIGHTS, device)

    def log(self) -> dict[str, np.ndarray]:
        """Every term at every step: a column per term, in nats, and `step`.

        Raises:
            RunError: where the file is missing or damaged, or not the log of a run.
        """
        columns = read_log(self.path / LOG)
        for name in ("step", "loss", "reconstruction", "kl"):
            if name not in columns:
                raise RunError(f"{self.path / LOG} has no column {name}; it is no log of a run.")
        return columns

    def last_epoch(self) -> dict[str, float]:
        """Mean of every logged term over the last epoch, in nats."""
        steps = self.record.data.n // self.config.batch_size
        columns = self.log()
        found = len(columns["step"])
        if not 0 < steps <= found:
            raise RunError(
                f"{self.path / LOG} has {found} steps, fewer than the {steps} of an epoch; it is "
                "cut short, or of another run."
            )
        return {k: float(v[-steps:].mean()) for k, v in columns.items() if k != "step"}

    def representation(self) -> Representation:
        """The codes of the training images: computed once, then read.

        Raises:
            RunError: where the file is damaged, or does not belong to this run.
        """
        path = self.path / REPRESENTATION
        if not path.exists():
            dataset = self.dataset()
            codes = self.config.objective.represent(self.model(), dataset)
            Representation.of(codes, dataset).save(path)
        found, data = Representation.load(path), self.record.data
        for what, there, wanted in (
            ("samples", len(found), data.n),
            ("latents", found.codes.shape[1], self.config.latent_dim),
            ("factors", found.factor_names, data.factor_names),
            ("kinds of factors", found.factor_kinds, data.factor_kinds),
        ):
            if there != wanted:
                raise RunError(
                    f"{path} does not belong to {self.path / RECORD}: {what} are {shown(there)} "
                    f"there, {shown(wanted)} here; remove it, and it is computed again."
                )
        return found

    def scores(self) -> Scores | None:
        """What `micvae evaluate` stored, or None before that.

        Raises:
            RunError: where the file is damaged, or does not belong to this run.
        """
        path = self.path / SCORES
        if not path.exists():
            return None
        scores = read(Scores, path)
        if len(scores.active) != self.config.latent_dim:
            raise RunError(
                f"{path}: active is a list of {len(scores.active)}, and the run has "
                f"{self.config.latent_dim} latents. {Scores.REMEDY}"
            )
        return scores


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
        MicvaeError: where the tracker's library is not installed, or it cannot start.
    """
    path = Path(path)
    if (path / RECORD).exists():
        run = Run(path)
        if run.config != config:
            raise RunError(
                f"{path} holds a run of another configuration ({_difference(run.config, config)}); "
                "choose another --out, or remove the folder."
            )
        if run.done:
            if dataset is not None and fingerprint(dataset) != run.record.data.fingerprint:
                raise RunError(f"the data at {config.data} has changed since {path} was made.")
            return run
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists and is not a run; choose another --out.")
    dataset = dataset or load(config.data)
    tracker = tracking.open(path)
    record = RunRecord(
        micvae=__version__,
        status="training",
        config=config,
        data=DataRecord(
            name=dataset.name,
            source=dict(dataset.source),
            fingerprint=fingerprint(dataset),
            n=len(dataset),
            image_shape=dataset.image_shape,
            factor_names=dataset.factor_names,
            factor_kinds=dataset.factor_kinds,
            notes=dataset.notes,
            feature_names=dataset.feature_names,
        ),
        environment=describe(resolve(config.device)),
    )
    trainer = Trainer(config, dataset)  # refuses what cannot be trained before anything is written
    path.mkdir(parents=True, exist_ok=True)
    if (path / RECORD).exists():
        begun, now = (
            encoded(replace(data, feature_names=()))  # which runs of earlier versions do not know
            for data in (Run(path).record.data, record.data)
        )
        if begun != now:
            raise RunError(f"the data at {config.data} has changed since {path} was begun.")
    write(path / RECORD, record)

    def handed_over(progress: Progress) -> None:
        report(progress)
        rate = {"images_per_second": progress.images_per_second}
        tracker.log(progress.step, progress.terms | rate)

    with tracked(tracker, title(config, dataset.name), config.to_json()):
        model = trainer.fit(path, handed_over)
        checkpoint.save_tensors(path / WEIGHTS, model.state_dict(), {"micvae": __version__})
        codes = config.objective.represent(model, dataset)
        Representation.of(codes, dataset).save(path / REPRESENTATION)
        record = replace(record, status="done", seconds=round(trainer.seconds, 3))
        write(path / RECORD, record)
        (path / CHECKPOINT).unlink(missing_ok=True)
    return Run(path)


def track_scores(run: Run, scores: Mapping[str, float], tracking: Tracking) -> None:
    """Show scores where the run's training was shown."""
    name = title(run.config, run.record.data.name)
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


def _difference(old: RunConfig, new: RunConfig) -> str:
    a, b = old.to_json(), new.to_json()
    return ", ".join(f"{key}: {a[key]} there, {b[key]} here" for key in a if a[key] != b[key])
