"""`train_run`: train a model into the folder of a run."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from micvae import __version__
from micvae.data import FactorDataset, load, parts
from micvae.data.places import starting_points
from micvae.data.standardised import moments
from micvae.data.value_range import TrainedScale, expecting
from micvae.data.vectors import check_float32, warn_of_rounding
from micvae.errors import RunError
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
from micvae.records import write
from micvae.representation import Representation
from micvae.torch_state import with_torch_defaults
from micvae.tracking import RunLog, Tracking, tracked
from micvae.training import checkpoint
from micvae.training.config import RunConfig
from micvae.training.convergence import judge
from micvae.training.data_identity import IN_MEMORY, as_trained_on
from micvae.training.device import describe, resolve
from micvae.training.log import read_log
from micvae.training.record import DataRecord, RunRecord
from micvae.training.run import RECORD, REPRESENTATION, WEIGHTS, Run, data_changed
from micvae.training.trainer import CHECKPOINT, LOG, Progress, Trainer

OWN_LOG = RunLog()


@with_torch_defaults
def train_run(
    config: RunConfig,
    path: Path,
    report: Callable[[Progress], None] = lambda progress: None,
    dataset: FactorDataset | None = None,
    tracking: Tracking = OWN_LOG,
    reload: Callable[[], FactorDataset] | None = None,
) -> Run:
    """Train into the folder `path`, or continue an interrupted run of the same configuration.

    Args:
        config: of the training.
        path: a new or empty folder, or one with a run of the same configuration.
        report: called with the progress every few dozen steps.
        dataset: the data of `config.data`, if it is loaded already.
        tracking: other tools that show the training; they change no bit of the run.
        reload: makes `dataset` once more, where `config.data` does not name it; see
            `micvae.training.data_identity.as_trained_on`.

    Raises:
        RunError: where `path` holds something else, or a run on other data, or another process
            trains there.
        FileError: where the system refuses to write there.
        DataError: where vectors that are not standardised need more digits than float32 has.
        MicvaeError: where the tracker's library is not installed, or it cannot start.

    Examples:
        >>> from micvae.objectives import VAEObjective
        >>> from micvae.training import RunConfig, train_run
        >>> config = RunConfig(objective=VAEObjective(), data="squares(n=128)", epochs=1)
        >>> run = train_run(config, "runs/vae")
        >>> run.done, sorted(run.final_terms())
        (True, ['kl', 'kl_0', 'kl_1', 'kl_2', 'loss', 'reconstruction'])
    """
    path = expanded(path)

    def loaded_again() -> FactorDataset:
        if reload is not None:
            return reload()
        return load(config.data) if dataset is None or config.data != IN_MEMORY else dataset

    if (finished := _finished(path, config, dataset, loaded_again)) is not None:
        return finished
    check_writable(path)
    dataset = dataset or data_for(config, path)
    if (path / RECORD).exists():
        wanted = Run(path).data.fingerprint
        dataset = as_trained_on(dataset, wanted, loaded_again) or dataset.as_float32()
    else:
        _check_precision(dataset)
        dataset = dataset.as_float32()
    tracker = tracking.open(path)
    record = RunRecord(
        micvae=__version__,
        status="training",
        config=config,
        data=DataRecord.of(dataset, starting_points(config.description, path)),
        environment=describe(resolve(config.device)),
    )
    trainer = Trainer(config, dataset)  # refuses unusable data before a file is written
    make_folder(path)
    with owned(path) as ownership:
        if (finished := _finished(path, config, dataset, loaded_again)) is not None:
            return finished  # by another process meanwhile
        begun = (path / RECORD).exists()
        if begun and Run(path).data.fingerprint != record.data.fingerprint:
            raise RunError(data_changed(config.data, path, "begun"))
        write(path / RECORD, record)

        def on_progress(progress: Progress) -> None:
            ownership.check()
            report(progress)
            rate = {"images_per_second": progress.images_per_second}
            tracker.log(progress.step, progress.terms | rate)

        with tracked(tracker, title(config, dataset.name), config.to_json()):
            model = trainer.fit(path, on_progress)
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
    """Load the data of a configuration; if `path` holds a run on it, as that run read it.

    Raises:
        RunError: where there is a run whose record cannot be read.
        DataError: where there is no such data, or it cannot be used.
    """
    begun = Run(path) if (path / RECORD).exists() else None
    if begun is None or begun.config.data != config.data:
        return load(config.data)
    with expecting(trained=TrainedScale.of(begun.data.source)):
        return load(config.data)


def _finished(
    path: Path,
    config: RunConfig,
    dataset: FactorDataset | None,
    reload: Callable[[], FactorDataset],
) -> Run | None:
    """The finished run in a folder; None if training starts or continues there.

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
    if dataset is not None and as_trained_on(dataset, run.data.fingerprint, reload) is None:
        raise RunError(data_changed(config.data, path, "made"))
    if (path / CHECKPOINT).exists() or any(path.glob(f"{OWN}*")):
        # A process that is killed in its last step leaves these.
        with contextlib.suppress(OSError, RunError), owned(path):
            (path / CHECKPOINT).unlink(missing_ok=True)
            remove_abandoned(path)
    return run


def track_scores(run: Run, scores: Mapping[str, float], tracking: Tracking) -> None:
    """Send scores to the tool that showed the training."""
    name = title(run.config, run.data.name)
    with tracked(tracking.open(run.path), name, run.config.to_json()) as tracker:
        tracker.scores(scores)


def title(config: RunConfig, data: str) -> str:
    """Name of a run in a list of runs."""
    return f"{config.method} on {data}, seed {config.seed}"


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


def _difference(old: RunConfig, new: RunConfig) -> str:
    a, b = old.to_json(), new.to_json()
    return ", ".join(f"{key}: {a[key]} there, {b[key]} here" for key in a if a[key] != b[key])
