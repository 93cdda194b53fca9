"""Trackers: what was handed over is read back with each library's own reader, and offline."""

import dataclasses
import json
import struct
import sys

import numpy as np
import pytest

from micvae.errors import DivergedError, MicvaeError
from micvae.networks import Patch
from micvae.objectives import VAEObjective
from micvae.tracking import TRACKERS, MLflow, RunLog, TensorBoard, Wandb, tracked
from micvae.training import Run, RunConfig, train_run
from micvae.training.train import track_scores

# Two flushes per epoch: one after 50 steps, one at the end of the epoch's 60.
CONFIG = RunConfig(
    objective=VAEObjective(),
    data="squares(n=120)",
    epochs=2,
    batch_size=2,
    network=Patch(width=4, hidden=8),
    device="cpu",
)
STEPS = [50, 60, 110, 120]
SCORES = {"mig": 0.25, "active_units": 2.0}


class Heard:
    """A tracker that keeps what it is told."""

    def __init__(self):
        self.told = []

    def start(self, name, config):
        self.told.append(("start", name, config))

    def log(self, step, terms):
        self.told.append(("log", step, terms))

    def scores(self, scores):
        self.told.append(("scores", scores))

    def finish(self, status):
        self.told.append(("finish", status))


@pytest.fixture
def heard(monkeypatch):
    tracker = Heard()
    monkeypatch.setattr(RunLog, "open", lambda self, folder: tracker)
    return tracker


def means(run):
    """The mean of every term between flushes, from the run's own log."""
    log = run.log()
    spans = list(zip([0, 50, 60, 110], STEPS, strict=True))
    return {k: [v[a:b].mean() for a, b in spans] for k, v in log.items() if k != "step"}


def test_a_tracker_is_told_the_means_between_flushes(tmp_path, heard):
    run = train_run(CONFIG, tmp_path / "run")
    kinds = [entry[0] for entry in heard.told]
    assert kinds == ["start", *["log"] * 4, "finish"] and heard.told[-1] == ("finish", "done")
    assert heard.told[0][1:] == ("vae on squares, seed 0", CONFIG.to_json())
    logged = heard.told[1:-1]
    assert [step for _, step, _ in logged] == STEPS
    for name, expected in means(run).items():
        # Means of float32: rounding of their sum.
        np.testing.assert_allclose([terms[name] for *_, terms in logged], expected, rtol=1e-5)
    assert all(terms["images_per_second"] > 0 for *_, terms in logged)
    track_scores(run, SCORES, RunLog())
    assert ("scores", SCORES) in heard.told


def test_a_finished_run_is_not_tracked_again(tmp_path, heard):
    train_run(CONFIG, tmp_path / "run")
    before = len(heard.told)
    train_run(CONFIG, tmp_path / "run")
    assert len(heard.told) == before


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt, "stopped"), (DivergedError, "failed")]
)
def test_a_tracker_hears_how_it_ended(tmp_path, heard, error, status):
    def interrupt(progress):
        raise error("now")

    with pytest.raises(error):
        train_run(CONFIG, tmp_path / "run", interrupt)
    assert heard.told[-1] == ("finish", status)


def test_a_tracker_changes_no_bit_and_is_no_part_of_the_configuration(tmp_path):
    shown = train_run(CONFIG, tmp_path / "shown", tracking=TensorBoard())
    alone = train_run(CONFIG, tmp_path / "alone")
    assert shown.record.config == alone.record.config
    for name in ("weights.safetensors", "log.parquet"):
        assert (shown.path / name).read_bytes() == (alone.path / name).read_bytes()


def test_tensorboard_reads_what_was_handed_over(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train_run(CONFIG, tmp_path / "run", tracking=TensorBoard())
    track_scores(run, SCORES, TensorBoard())
    events = EventAccumulator(str(run.path / "tracking" / "tensorboard")).Reload()
    for name, expected in means(run).items():
        found = events.Scalars(f"train/{name}")
        assert [event.step for event in found] == STEPS
        np.testing.assert_allclose([event.value for event in found], expected, rtol=1e-5)
    assert [event.value for event in events.Scalars("scores/mig")] == [0.25]
    assert "configuration/text_summary" in events.Tags()["tensors"]


# SQLAlchemy says so of a loader that MLflow's tables use.
@pytest.mark.filterwarnings("ignore:The ``noload`` loader:DeprecationWarning")
# SQLite connections are closed by the garbage collector, which MLflow leaves them to.
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
def test_mlflow_reads_what_was_handed_over(tmp_path):
    from mlflow.tracking import MlflowClient

    kind = MLflow(store=str(tmp_path / "shared.db"))
    run = train_run(CONFIG, tmp_path / "run", tracking=kind)
    track_scores(run, SCORES, kind)
    client = MlflowClient(f"sqlite:///{tmp_path / 'shared.db'}")
    (stored,) = client.search_runs([client.get_experiment_by_name("micvae").experiment_id])
    assert stored.info.status == "FINISHED" and stored.info.run_name == "vae on squares, seed 0"
    assert stored.data.params["objective"] == "vae(beta=1.0)"
    assert stored.data.metrics["scores/mig"] == 0.25
    for name, expected in means(run).items():
        history = client.get_metric_history(stored.info.run_id, f"train/{name}")
        assert [metric.step for metric in history] == STEPS
        np.testing.assert_allclose([metric.value for metric in history], expected, rtol=1e-5)
    assert [a.path for a in client.list_artifacts(stored.info.run_id)] == ["run.json"]
    assert list((tmp_path / "artifacts").rglob("run.json"))


def records(path):
    """The records of a .wandb file: blocks of 32 KiB of checksum, length, kind and content."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, held = path.read_bytes(), 7, b""
    assert content[:4] == b":W&B"
    while at + 7 <= len(content):
        left = 2**15 - at % 2**15
        if left < 7:
            at += left
            continue
        length, kind = struct.unpack("<HB", content[at + 4 : at + 7])
        held += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            record = Record()
            record.ParseFromString(held)
            yield record
            held = b""


def test_wandb_keeps_an_offline_run(tmp_path, monkeypatch):
    import wandb

    monkeypatch.setenv("HOME", str(tmp_path))
    run = train_run(dataclasses.replace(CONFIG, epochs=1), tmp_path / "run", tracking=Wandb())
    track_scores(run, SCORES, Wandb())
    wandb.teardown()  # ends its process
    first, second = sorted((run.path / "tracking" / "wandb").glob("offline-run-*"))
    (file,), (again,) = first.glob("*.wandb"), second.glob("*.wandb")
    assert file.name == again.name  # syncing joins them
    terms, steps = {}, []
    for record in records(file):
        if record.WhichOneof("record_type") == "history":
            row = {i.key or "/".join(i.nested_key): i.value_json for i in record.history.item}
            steps.append(json.loads(row["_step"]))
            terms = {k: json.loads(v) for k, v in row.items()}
    log = run.log()
    assert steps == [50, 60]
    np.testing.assert_allclose(terms["train/loss"], log["loss"][50:60].mean(), rtol=1e-5)
    summaries = [r.summary for r in records(again) if r.WhichOneof("record_type") == "summary"]
    found = {i.key or "/".join(i.nested_key): i.value_json for s in summaries for i in s.update}
    assert json.loads(found["scores/mig"]) == 0.25


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("tensorboard", "torch.utils.tensorboard"),
        ("mlflow", "mlflow.tracking"),
        ("wandb", "wandb"),
    ],
)
def test_without_its_library_nothing_is_written(tmp_path, monkeypatch, name, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MicvaeError, match=r'pip install "micvae\[tracking\]"'):
        train_run(CONFIG, tmp_path / "run", tracking=TRACKERS[name]())
    assert not (tmp_path / "run").exists()


def test_what_cannot_start_is_one_line():
    class Broken(Heard):
        def start(self, name, config):
            raise OSError("disk full\nTraceback …")

    with (
        pytest.raises(MicvaeError, match=r"could not start: disk full\.$"),
        tracked(Broken(), "", {}),
    ):
        pass


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Wandb, {"mode": "cloud"}, "mode is 'cloud'; choose offline or online"),
        (MLflow, {"store": "http://there"}, "give the path of a SQLite file"),
        (MLflow, {"experiment": " "}, "give a name"),
    ],
)
def test_impossible_trackers_are_refused(kind, options, message):
    with pytest.raises(MicvaeError, match=message):
        kind(**options)


def test_the_command_line_chooses_a_tracker(tmp_path, capsys):
    from micvae.cli import main

    arguments = ["train", "vae", "--data", "squares(n=64)", "--epochs", "1", "--network"]
    arguments += ["patch(width=4, hidden=8)", "--out", str(tmp_path / "run")]
    main([*arguments, "--tracker", "tensorboard"])
    assert list((tmp_path / "run" / "tracking" / "tensorboard").glob("events*"))
    assert Run(tmp_path / "run").done
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--tracker", "comet"])
    assert stop.value.code == 2 and "comet" in capsys.readouterr().err
