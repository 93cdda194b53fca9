"""`Run`: the folder of one training."""

import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from micvae.data import DataDescription, FactorDataset
from micvae.data.places import StartingPoints
from micvae.data.value_range import TrainedScale, expecting
from micvae.errors import MicvaeError, MicvaeWarning, RunError
from micvae.files import expanded
from micvae.models import VAEModel
from micvae.paths import checked_file
from micvae.records import read, shown
from micvae.representation import Representation
from micvae.torch_state import with_torch_defaults
from micvae.training.checkpoint_io import restored_model
from micvae.training.convergence import Convergence, collapsed_said, judge
from micvae.training.data_identity import IN_MEMORY, as_trained_on
from micvae.training.device import EnvironmentRecord
from micvae.training.log import read_log
from micvae.training.record import DataRecord, RunRecord, Scores
from micvae.training.trained_model import TrainedModel
from micvae.training.trainer import CHECKPOINT, LOG, Trainer
from micvae.training.units import Units

RECORD = "run.json"
RUNS = "runs"
"""Folder of a study with a folder per run."""
WEIGHTS = "weights.safetensors"
REPRESENTATION = "representation.npz"
SCORES = "scores.json"
DATA = "data.npz"
FILES = (RECORD, LOG, WEIGHTS, REPRESENTATION, SCORES, DATA, CHECKPOINT)
"""Files of a run's folder that are read."""
MOST_TIMES = 1000
"""How many samples may be generated per sample that is kept, of a split for instance."""


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

    Examples:
        >>> from micvae.objectives import VAEObjective
        >>> from micvae.training import Run, RunConfig, train_run
        >>> config = RunConfig(objective=VAEObjective(), data="squares(n=128)", epochs=2)
        >>> run = train_run(config, "runs/vae")
        >>> Run("runs/vae").log()["loss"].shape  # 2 epochs of 2 batches
        (4,)
        >>> run.representation().codes.shape
        (128, 3)
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
    def version(self) -> str:
        """The version of micvae that trained it."""
        return self.record.micvae

    @property
    def data(self) -> DataRecord:
        """The description of the data that it was trained on; `dataset` loads the data itself."""
        return self.record.data

    @property
    def environment(self) -> EnvironmentRecord:
        """Libraries and device that it was trained with."""
        return self.record.environment

    @property
    def seconds(self) -> float | None:
        """Time that training took; None while it is not finished."""
        return self.record.seconds

    @property
    def image_shape(self) -> tuple[int, ...]:
        """`(C, H, W)` of the images, or `(F,)` of the vectors, that it was trained on."""
        return self.data.image_shape

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return self.data.n // self.config.batch_size

    @property
    def has_data(self) -> bool:
        """Whether the data is stored with the run, or can be loaded by the name it was given."""
        return (self.path / DATA).exists() or self.config.data != IN_MEMORY

    def dataset(self) -> FactorDataset:
        """Load the training data; refuses data that has changed.

        Raises:
            RunError: where the data has changed, or its description generates far more samples
                than the record counts; nothing is generated then.
        """
        self._check_amount()
        if not (self.path / DATA).exists():
            return self._named()
        dataset = as_trained_on(self._stored(), self.data.fingerprint, self._stored)
        if dataset is None:
            raise self._changed()
        return dataset

    def _changed(self) -> RunError:
        return RunError(data_changed(self.config.data, self.path, "made"))

    def _check_amount(self) -> None:
        """Refuse a record whose data has another size, before anything is generated."""
        n, made = self.data.n, self.config.description.generated
        if made > MOST_TIMES * n:
            raise RunError(
                f"{self.path / RECORD} counts {n:,} samples, and its data {self.config.data} would "
                f"make {made:,}; one of them is wrong, so nothing is generated."
            )
        if (self.path / REPRESENTATION).exists():
            rows = Representation.rows(self.path / REPRESENTATION)
            if rows != n:
                raise RunError(
                    f"{self.path / RECORD} counts {n:,} samples, and {REPRESENTATION} has "
                    f"{rows:,}; they are not from the same run."
                )

    def _named(self) -> FactorDataset:
        """The data by its name or path, looked for in the places of `_places`."""
        if self.config.data == IN_MEMORY:
            raise RunError(
                f"{self.path} was trained on an array, which is not stored with it; store both by "
                "Disentangler.save(path, data=X)."
            )
        problem: MicvaeError | None = None
        for data in self._places():
            reload = partial(self._read, data)
            try:
                dataset = as_trained_on(reload(), self.data.fingerprint, reload)
            except MicvaeError as error:
                problem = problem or error
                continue
            if dataset is not None:
                return dataset
            problem = self._changed()
        assert problem is not None  # there is at least one place
        raise problem

    def _read(self, data: DataDescription) -> FactorDataset:
        with expecting(trained=TrainedScale.of(self.data.source)):
            return data.load()

    def _places(self) -> list[DataDescription]:
        """Where the data may be found, the likeliest place first."""
        data, recorded = self.config.description, self.data.paths_from or StartingPoints()
        found, folder = [data], self.path.resolve()
        if recorded.absolute is not None:
            found.insert(0, data.from_folder(Path(recorded.absolute)))
        if recorded.from_run is not None:
            found.append(data.from_folder(folder / recorded.from_run))
        found += [data.beside(folder), data.beside(folder.parent)]
        return list({str(one): one for one in found}.values())

    def _stored(self) -> FactorDataset:
        known = self.data
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

    def check_done(self) -> None:
        """Refuse a run whose training is not finished.

        Raises:
            RunError: names the command that continues it.
        """
        if not self.done:
            raise RunError(
                f"{self.path} is not finished; run the same micvae train command again to go on."
            )

    def trained_model(self, device: str = "cpu") -> TrainedModel:
        """The trained model, which encodes, decodes and scores samples.

        Args:
            device: auto, cpu, cuda or mps.

        Raises:
            RunError: where training is not finished, or a file of the run is damaged.
        """
        return TrainedModel(
            name=str(self.path),
            config=self.config,
            image_shape=self.image_shape,
            model=self.model(device),
            feature_names=self.data.feature_names,
            units=self.units,
            pixel_scale=TrainedScale.of(self.data.source),
        )

    @property
    def units(self) -> Units:
        """How vectors are transformed before the model reads them.

        Raises:
            RunError: where the record is damaged.
        """
        return Units.of(self.data.source, self.image_shape)

    def model(self, device: str = "cpu") -> VAEModel:
        """Rebuild the trained networks alone; `trained_model` also knows the units of the data."""
        self.check_done()
        return restored_model(self.config, self.image_shape, self.path / WEIGHTS, device)

    def log(self) -> dict[str, np.ndarray]:
        """Every term at every step: a column per term, in nats, and `step`.

        Raises:
            RunError: where the file is missing or damaged, or not the log of a run.
        """
        columns = read_log(self.path / LOG)
        for name in ("step", "loss", "reconstruction", "kl"):
            if name not in columns:
                raise RunError(
                    f"{self.path / LOG} has no column {name}; it is not the log of a run."
                )
        return columns

    def last_epoch(self) -> dict[str, float]:
        """Mean of every logged term over the last epoch of the training.

        Raises:
            RunError: where the log is damaged, or shorter than an epoch.
        """
        steps, columns = self.steps_per_epoch, self.log()
        found = len(columns["step"])
        if not 0 < steps <= found:
            raise RunError(
                f"{self.path / LOG} has {found} steps, fewer than the {steps} of an epoch; it is "
                "truncated, or from another run."
            )
        return {k: float(v[-steps:].mean()) for k, v in columns.items() if k != "step"}

    def final_terms(self) -> dict[str, float]:
        """Mean of every loss term of the finished model, nats.

        They are the means of the last epoch, unless the method changes the model after the last
        step (`Objective.changes_after_training`). Then they were computed with the finished model.
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
        steps = max(1, self.steps_per_epoch)  # an earlier version did not store it
        return judge(self.log()["loss"], self.config, steps)

    def remarks(self) -> list[str]:
        """Warnings about the training: a loss that still falls, collapsed latents."""
        said = (self.convergence().sentence(), collapsed_said(self.representation().latent_kl))
        return [sentence for sentence in said if sentence]

    @with_torch_defaults
    def representation(self) -> Representation:
        """The codes of the training samples: computed once, then read from a file.

        Raises:
            RunError: where the file is damaged, or does not belong to this run.
        """
        path = self.path / REPRESENTATION
        if not path.exists():
            dataset = self.dataset()
            codes = self.trained_model().encode_prepared(dataset)
            Representation.of(codes, dataset).save(path)
        found, data = Representation.load(path), self.data
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
        """The scores of `micvae evaluate`; None before it has run.

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


def data_changed(data: str, path: Path, made: str) -> str:
    """A message: the data is no longer what a run was trained on."""
    return (
        f"the data at {data} has changed since {path} was {made}; restore it, or train again with "
        "another --out."
    )
