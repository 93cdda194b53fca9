"""`Run`: a folder that says everything about one training."""

import contextlib
import hashlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from micvae import __version__
from micvae.data import DataDescription, FactorDataset, LazyImages, load, parts
from micvae.data.places import StartingPoints, starting_points
from micvae.data.standardised import moments
from micvae.data.value_range import TrainedScale, expecting
from micvae.data.vectors import check_float32, rounded_first, warn_of_rounding
from micvae.errors import DataError, MicvaeError, MicvaeWarning, RunError
from micvae.files import (
    OWN,
    check_writable,
    expanded,
    file_errors,
    is_empty,
    make_folder,
    remove_abandoned,
)
from micvae.locks import owned
from micvae.models import VAEModel
from micvae.paths import checked_file
from micvae.records import Json, encoded, read, shown, write
from micvae.representation import Representation
from micvae.torch_state import with_torch_defaults
from micvae.tracking import RunLog, Tracking, tracked
from micvae.training import checkpoint
from micvae.training.checkpoint_io import restored_model
from micvae.training.config import RunConfig
from micvae.training.convergence import Convergence, collapsed_said, judge
from micvae.training.device import describe, resolve
from micvae.training.log import read_log
from micvae.training.record import DataRecord, RunRecord, Scores
from micvae.training.trainer import CHECKPOINT, LOG, Progress, Trainer

RECORD = "run.json"
RUNS = "runs"
"""Folder of a study with a folder per run."""
WEIGHTS = "weights.safetensors"
REPRESENTATION = "representation.npz"
SCORES = "scores.json"
DATA = "data.npz"
FILES = (RECORD, LOG, WEIGHTS, REPRESENTATION, SCORES, DATA, CHECKPOINT)
"""What is read of a run's folder."""
MOST_TIMES = 1000
"""Samples that may be made for each that is left, of a split for instance."""
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
        self.path = expanded(path)
        for name in FILES:
            checked_file(self.path / name, self.path)
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

    @property
    def has_data(self) -> bool:
        """Whether the data is stored with the run, or named in it; an array may be neither."""
        return (self.path / DATA).exists() or self.config.data != IN_MEMORY

    def dataset(self) -> FactorDataset:
        """Load the data again, as it was trained on; refuses data that is no longer the same.

        Raises:
            RunError: where the data has changed, or where its description would make far more
                samples than the record counts; none is made then.
        """
        self._check_amount()
        if not (self.path / DATA).exists():
            return self._named()
        dataset = as_recorded(self._stored(), self.record, self._stored)
        if dataset is None:
            raise self._changed()
        return dataset

    def _changed(self) -> RunError:
        return RunError(_changed(self.config.data, self.path, "made"))

    def _check_amount(self) -> None:
        """Refuse a record that names data of another size, before that is made."""
        n, made = self.record.data.n, self.config.description.generated
        if made > MOST_TIMES * n:
            raise RunError(
                f"{self.path / RECORD} counts {n:,} samples, and its data {self.config.data} would "
                f"make {made:,}; one of them is wrong, and nothing is made."
            )
        if (self.path / REPRESENTATION).exists():
            rows = Representation.rows(self.path / REPRESENTATION)
            if rows != n:
                raise RunError(
                    f"{self.path / RECORD} counts {n:,} samples, and {REPRESENTATION} has "
                    f"{rows:,}; they are not of one run."
                )

    def _named(self) -> FactorDataset:
        """The data by its name or path: seen from where it was given, from here, or beside it."""
        if self.config.data == IN_MEMORY:
            raise RunError(
                f"{self.path} was trained on an array, which is not stored with it; store both by "
                "Disentangler.save(path, data=X)."
            )
        problem: MicvaeError | None = None
        for data in self._places():
            again = partial(self._read, data)
            try:
                dataset = as_recorded(again(), self.record, again)
            except MicvaeError as error:
                problem = problem or error
                continue
            if dataset is not None:
                return dataset
            problem = self._changed()
        assert problem is not None  # there is at least one place
        raise problem

    def _read(self, data: DataDescription) -> FactorDataset:
        with expecting(trained=TrainedScale.of(self.record.data.source)):
            return data.load()

    def _places(self) -> list[DataDescription]:
        """Where the data may be found, the likeliest place first."""
        data, recorded = self.config.description, self.record.data.paths_from or StartingPoints()
        found, folder = [data], self.path.resolve()
        if recorded.absolute is not None:
            found.insert(0, data.from_folder(Path(recorded.absolute)))
        if recorded.from_run is not None:
            found.append(data.from_folder(folder / recorded.from_run))
        found += [data.beside(folder), data.beside(folder.parent)]
        return list({str(one): one for one in reversed(found)}.values())[::-1]

    def _stored(self) -> FactorDataset:
        known = self.record.data
        with expecting(trained=TrainedScale()):  # stored as bytes where that loses nothing
            stored = FactorDataset.load(self.path / DATA)
        return replace(
            stored,
            name=known.name,
            factor_kinds=known.factor_kinds,
            factor_values=(),
            notes=known.notes,
            source=known.source,
        )

    def model(self, device: str = "cpu") -> VAEModel:
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
        """Mean of every logged term over the last epoch of the training.

        Raises:
            RunError: where the log is damaged, or shorter than an epoch.
        """
        steps = self.record.data.n // self.config.batch_size
        columns = self.log()
        found = len(columns["step"])
        if not 0 < steps <= found:
            raise RunError(
                f"{self.path / LOG} has {found} steps, fewer than the {steps} of an epoch; it is "
                "cut short, or of another run."
            )
        return {k: float(v[-steps:].mean()) for k, v in columns.items() if k != "step"}

    def final_terms(self) -> dict[str, float]:
        """Mean of every term of the finished model: what a reader of the result is shown.

        They are those of the last epoch, unless the method changes the model after the last step
        (`Objective.changes_after_training`). Then they were computed anew with the finished model.
        For a run of an earlier version, which did not store them, they are computed from its data;
        without the data there are none.

        Raises:
            RunError: where a file of the run is damaged.
        """
        if not self.config.objective.changes_after_training:
            return self.last_epoch()
        if self.record.final_terms is not None:
            return dict(self.record.final_terms)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MicvaeWarning)
                dataset = self.dataset()
        except (MicvaeError, OSError):
            return {}
        trainer = Trainer(replace(self.config, device="cpu"), dataset)
        trainer.model.load_state_dict(self.model().state_dict())
        return trainer.terms_of_model()

    def convergence(self) -> Convergence:
        """Whether the loss had stopped falling, as `micvae.training.convergence.judge` has it.

        Raises:
            RunError: where the log is damaged.
        """
        if self.record.convergence is not None:
            return self.record.convergence
        steps = max(1, self.record.data.n // self.config.batch_size)  # an earlier version's
        return judge(self.log()["loss"], self.config, steps)

    def remarks(self) -> list[str]:
        """What the training itself has to say: a loss that still falls, latents that collapsed."""
        said = (self.convergence().sentence(), collapsed_said(self.representation().latent_kl))
        return [sentence for sentence in said if sentence]

    @with_torch_defaults
    def representation(self) -> Representation:
        """The codes of the training images: computed once, then read.

        Raises:
            RunError: where the file is damaged, or does not belong to this run.
        """
        path = self.path / REPRESENTATION
        if not path.exists():
            dataset = self.dataset()
            codes = self.config.objective.encode_dataset(self.model(), dataset)
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


@with_torch_defaults
def train_run(
    config: RunConfig,
    path: Path,
    report: Callable[[Progress], None] = lambda progress: None,
    dataset: FactorDataset | None = None,
    tracking: Tracking = OWN_LOG,
    again: Callable[[], FactorDataset] | None = None,
) -> Run:
    """Train into the folder `path`; go on where a run of the same configuration stopped.

    Args:
        config: what to train.
        path: a new or empty folder, or one with a run of this very configuration.
        report: called with the progress every few dozen steps.
        dataset: what `config.data` names, where it is loaded already.
        tracking: where else the training is shown; it changes no bit of the run.
        again: makes `dataset` once more, where `config.data` does not name it: for a run that was
            begun by micvae 0.1, which read vectors in float32.

    Raises:
        RunError: where `path` holds something else, or a run on other data, or another process
            trains there.
        FileError: where the system refuses to write there.
        DataError: where vectors that are not standardised need more digits than float32 has.
        MicvaeError: where the tracker's library is not installed, or it cannot start.
    """
    path = expanded(path)

    def again_now() -> FactorDataset:
        if again is not None:
            return again()
        return load(config.data) if dataset is None or config.data != IN_MEMORY else dataset

    if (finished := _finished(path, config, dataset, again_now)) is not None:
        return finished
    check_writable(path)
    dataset = dataset or data_for(config, path)
    if (path / RECORD).exists():
        dataset = as_recorded(dataset, Run(path).record, again_now) or dataset.as_float32()
    else:
        _check_precision(dataset)
        dataset = dataset.as_float32()
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
            paths_from=starting_points(config.description, path),
        ),
        environment=describe(resolve(config.device)),
    )
    trainer = Trainer(config, dataset)  # refuses what cannot be trained before anything is written
    make_folder(path)
    with owned(path) as ownership:
        if (finished := _finished(path, config, dataset, again_now)) is not None:
            return finished  # by another process meanwhile
        if (path / RECORD).exists():
            begun = Run(path).record.data
            if _without_reading(encoded(begun)) != _without_reading(encoded(record.data)):
                raise RunError(_changed(config.data, path, "begun"))
        write(path / RECORD, record)

        def handed_over(progress: Progress) -> None:
            ownership.check()
            report(progress)
            rate = {"images_per_second": progress.images_per_second}
            tracker.log(progress.step, progress.terms | rate)

        with tracked(tracker, title(config, dataset.name), config.to_json()):
            model = trainer.fit(path, handed_over)
            terms = trainer.terms_of_model() if config.objective.changes_after_training else None
            ownership.check()
            checkpoint.save_tensors(path / WEIGHTS, model.state_dict(), {"micvae": __version__})
            codes = config.objective.encode_dataset(model, dataset)
            ownership.check()
            Representation.of(codes, dataset).save(path / REPRESENTATION)
            losses, steps = read_log(path / LOG)["loss"], trainer.steps_per_epoch
            record = replace(
                record,
                status="done",
                seconds=round(trainer.seconds, 3),
                convergence=judge(losses, config, steps),
                final_terms=terms,
            )
            write(path / RECORD, record)
            (path / CHECKPOINT).unlink(missing_ok=True)
    return Run(path)


def data_for(config: RunConfig, path: Path) -> FactorDataset:
    """Load the data of a configuration; where `path` holds a run on it, as that run read it.

    Raises:
        RunError: where there is a run whose record cannot be read.
        DataError: where there is no such data, or it cannot be used.
    """
    begun = Run(path) if (path / RECORD).exists() else None
    if begun is None or begun.config.data != config.data:
        return load(config.data)
    with expecting(trained=TrainedScale.of(begun.record.data.source)):
        return load(config.data)


def _finished(
    path: Path,
    config: RunConfig,
    dataset: FactorDataset | None,
    again: Callable[[], FactorDataset],
) -> Run | None:
    """The run in a folder where it is finished; None where training begins there, or goes on.

    Raises:
        RunError: where the folder holds something else, or a run of another configuration or of
            other data.
    """
    with file_errors(path):
        begun = (path / RECORD).exists()
        if not begun and path.exists() and not is_empty(path):
            raise RunError(f"{path} exists and is not a run; choose another --out.")
    if not begun:
        return None
    run = Run(path)
    if run.config != config:
        raw = replace(config, data=run.config.data)
        remedy = "choose another --out, or remove the folder"
        if run.config == raw and config.data == str(run.config.description.wrapped("standardised")):
            remedy = f"add --no-standardise to go on with it, {remedy}"
        raise RunError(
            f"{path} holds a run of another configuration ({_difference(run.config, config)}); "
            f"{remedy}."
        )
    if not run.done:
        return None
    if dataset is not None and as_recorded(dataset, run.record, again) is None:
        raise RunError(_changed(config.data, path, "made"))
    if (path / CHECKPOINT).exists() or any(path.glob(f"{OWN}*")):
        # A process that is killed in its last step leaves these.
        with contextlib.suppress(OSError, RunError), owned(path):
            (path / CHECKPOINT).unlink(missing_ok=True)
            remove_abandoned(path)
    return run


def _changed(data: str, path: Path, made: str) -> str:
    return (
        f"the data at {data} has changed since {path} was {made}; restore it, or train again with "
        "another --out."
    )


def track_scores(run: Run, scores: Mapping[str, float], tracking: Tracking) -> None:
    """Show scores where the run's training was shown."""
    name = title(run.config, run.record.data.name)
    with tracked(tracking.open(run.path), name, run.config.to_json()) as tracker:
        tracker.scores(scores)


def title(config: RunConfig, data: str) -> str:
    """What a run is called in a list of runs."""
    return f"{config.method} on {data}, seed {config.seed}"


def as_recorded(
    dataset: FactorDataset, record: RunRecord, again: Callable[[], FactorDataset]
) -> FactorDataset | None:
    """The data set as networks read it, where it is what a run was trained on; else None.

    Args:
        dataset: the data as it is now.
        record: of the run.
        again: makes `dataset` once more: vectors of runs of micvae 0.1 were rounded to float32
            before anything else, and are read so again.
    """
    wanted = record.data.fingerprint
    now = dataset.as_float32()
    if fingerprint(now) == wanted:
        return now
    if dataset.pictures:
        return None
    try:
        with rounded_first():
            before = again()
    except DataError:  # beyond float32: no run of micvae 0.1 was trained on it
        return None
    return before if fingerprint(before) == wanted else None


def _check_precision(dataset: FactorDataset) -> None:
    """Refuse vectors in float64 that float32 does not resolve, warn of float32 that has lost it."""
    if dataset.pictures or dataset.source.get("data") in ("standardised", "whitened"):
        return
    mean, scale = moments(dataset.images)
    names = dataset.feature_names
    if dataset.images.dtype == np.float32:
        warn_of_rounding(mean, scale, dataset.name, names)
    else:
        check_float32(parts(dataset.images), mean, scale, dataset.name, names)


def fingerprint(dataset: FactorDataset) -> str:
    """A digest of images and factors; the same for images that are read in parts."""
    digest = hashlib.blake2b(digest_size=16)
    more = [a for a in (dataset.partners, dataset.auxiliary, dataset.sequence) if a is not None]
    for array in (dataset.images, dataset.factors, *more):
        digest.update(repr((array.shape, str(array.dtype))).encode())
        for block in parts(array) if isinstance(array, LazyImages) else [array]:
            digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()


def _without_reading(data: Json) -> Json:
    """What a record says of data but for names of features, and for how pictures were read.

    The fingerprint is of what was read; older records say neither.
    """
    left_out = {"feature_names", "value_range", "dtype", "value_range_given", "paths_from"}
    if not isinstance(data, Mapping):
        return data
    return {k: _without_reading(v) for k, v in data.items() if k not in left_out}


def _difference(old: RunConfig, new: RunConfig) -> str:
    a, b = old.to_json(), new.to_json()
    return ", ".join(f"{key}: {a[key]} there, {b[key]} here" for key in a if a[key] != b[key])
