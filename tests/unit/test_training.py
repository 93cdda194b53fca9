"""The loop: it learns, it is reproducible to the bit, it survives being killed."""

import dataclasses
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from micvae.data import squares
from micvae.distributions import Gaussian, LearnedGaussian
from micvae.errors import DataError, DivergedError, MicvaeError, RunError
from micvae.information import ESTIMATORS
from micvae.models import encode
from micvae.networks import MLP, Patch
from micvae.objectives import CSIsolate, FactorVAE, MIConstrained, VAEObjective
from micvae.objectives.schedules import Ramp
from micvae.records import write
from micvae.training import checkpoint
from micvae.training.config import RunConfig
from micvae.training.device import resolve
from micvae.training.log import read_log
from micvae.training.run import Run
from micvae.training.train import train_run
from micvae.training.trainer import CHECKPOINT, Trainer

SMALL = RunConfig(
    objective=MIConstrained(),
    data="squares(n=256)",
    network=Patch(width=4, hidden=16),
    epochs=3,
    batch_size=32,
    device="cpu",
)

# One with an adversary of its own, one with a learned likelihood and a schedule, one with two
# batches a step and an adversary at its own rate, and one restart.
CASES = {
    "mixture": SMALL,
    "adversary": dataclasses.replace(
        SMALL, objective=MIConstrained(estimator=ESTIMATORS["density-ratio"](width=8))
    ),
    "schedule": dataclasses.replace(
        SMALL, objective=VAEObjective(beta=Ramp(0, 1, steps=12)), likelihood=LearnedGaussian()
    ),
    "second batch": dataclasses.replace(SMALL, objective=FactorVAE(width=8, depth=2)),
    "selection": dataclasses.replace(SMALL, objective=CSIsolate(noise=0.2, warm_up=12)),
    "restart": dataclasses.replace(SMALL, restart=1),
    "rate": dataclasses.replace(SMALL, learning_rate=Ramp(1e-3, 0, steps=12, begin=12)),
}


def content(run):
    """Everything that must be equal to the bit."""
    tensors, _ = checkpoint.load_tensors(run.path / "weights.safetensors")
    codes = run.representation()
    return {k: t.numpy() for k, t in tensors.items()} | run.log() | {"codes": codes.codes}


def assert_same_bits(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


def test_training_lowers_the_loss(tmp_path):
    log = train_run(dataclasses.replace(SMALL, epochs=10), tmp_path / "run").log()
    assert len(log["loss"]) == 80
    assert log["loss"][-8:].mean() < 0.6 * log["loss"][0]


@pytest.mark.parametrize("config", CASES.values(), ids=CASES)
def test_a_seed_decides_every_bit(tmp_path, config):
    one, two = (content(train_run(config, tmp_path / name)) for name in "ab")
    assert_same_bits(one, two)
    other = content(train_run(dataclasses.replace(config, seed=1), tmp_path / "c"))
    assert not np.array_equal(one["codes"], other["codes"])


def _stop_at(step):
    def report(progress):
        if progress.step >= step:
            raise KeyboardInterrupt

    return report


@pytest.mark.parametrize("config", CASES.values(), ids=CASES)
@pytest.mark.parametrize("step", [1, 8, 9, 20])
def test_an_interrupted_training_ends_with_the_same_bits(tmp_path, config, step):
    whole = content(train_run(config, tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        train_run(config, tmp_path / "broken", _stop_at(step))
    assert not Run(tmp_path / "broken").done
    assert_same_bits(whole, content(train_run(config, tmp_path / "broken")))
    assert not (tmp_path / "broken" / CHECKPOINT).exists()


CHILD = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from micvae.files import read_json
from micvae.training.config import RunConfig
from micvae.training.train import train_run
train_run(RunConfig.from_json(read_json(Path(sys.argv[1]))), Path(sys.argv[2]))
"""


def test_a_training_killed_by_the_system_ends_with_the_same_bits(tmp_path):
    """kill −9 cannot be caught: what is on disk must be enough at any moment."""
    from micvae.files import write_json

    config = dataclasses.replace(SMALL, data="squares(n=2048)", epochs=6)
    write_json(tmp_path / "config.json", config.to_json())
    broken = tmp_path / "broken"
    command = [sys.executable, "-c", CHILD, str(tmp_path / "config.json"), str(broken)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while not (broken / CHECKPOINT).exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = Run(broken)
    assert not run.done and (broken / CHECKPOINT).exists(), "it was not killed in the middle"
    resumed = content(train_run(config, broken))
    assert_same_bits(content(train_run(config, tmp_path / "whole")), resumed)


def test_the_time_taken_counts_the_sessions_that_were_interrupted(tmp_path):
    def slow_then_stopped(progress):
        time.sleep(0.4)
        _stop_at(9)(progress)

    with pytest.raises(KeyboardInterrupt):
        train_run(SMALL, tmp_path / "run", slow_then_stopped)
    began = time.perf_counter()
    run = train_run(SMALL, tmp_path / "run")
    session = time.perf_counter() - began
    assert run.seconds > session  # which is longer than what it took by itself


def test_a_restart_sees_the_same_data_otherwise(tmp_path):
    first = train_run(SMALL, tmp_path / "first")
    again = train_run(dataclasses.replace(SMALL, restart=1), tmp_path / "again")
    assert first.data == again.data
    assert first.log()["loss"][0] != again.log()["loss"][0]  # other weights and another batch


def test_an_adversary_learns_at_its_own_rate():
    config = dataclasses.replace(SMALL, objective=FactorVAE(width=8, depth=2))
    optimizers = Trainer(config, squares(256)).optimizers
    assert optimizers["model"].defaults["lr"] == config.learning_rate(0)
    assert optimizers["discriminator"].defaults["lr"] == config.objective.discriminator_rate
    assert optimizers["discriminator"].defaults["betas"] == (0.5, 0.9)


def test_the_rate_of_every_step_is_the_schedules(tmp_path):
    """Under a rate that ends after 8 steps nothing moves any more, but what has its own rate."""
    rate = Ramp(1e-3, 0, steps=1, begin=7)
    config = dataclasses.replace(
        SMALL, objective=FactorVAE(width=8, depth=2), learning_rate=rate, epochs=1
    )
    after = {}
    for epochs in (1, 2):
        trainer = Trainer(dataclasses.replace(config, epochs=epochs), squares(256))
        folder = tmp_path / str(epochs)
        folder.mkdir()
        trainer.fit(folder)
        after[epochs] = {
            name: torch.cat([p.detach().flatten() for p in module.parameters()])
            for name, module in trainer.modules.items()
        }
    assert torch.equal(after[1]["model"], after[2]["model"])
    assert not torch.equal(after[1]["discriminator"], after[2]["discriminator"])


def test_every_term_is_logged_at_every_step(tmp_path):
    run = train_run(SMALL, tmp_path / "run")
    log = run.log()
    np.testing.assert_array_equal(log["step"], np.arange(24))
    np.testing.assert_allclose(log["kl"], log["kl_0"] + log["kl_1"] + log["kl_2"], rtol=1e-5)
    expected = log["reconstruction"] + log["kl"] + run.config.objective.mi_weight(0) * log["r_mi"]
    np.testing.assert_allclose(log["loss"], expected, rtol=1e-5)
    assert run.last_epoch()["loss"] == pytest.approx(log["loss"][-8:].mean(), rel=1e-6)


def test_divergence_says_where_and_keeps_the_last_checkpoint(tmp_path):
    """From the second epoch on the weight is so large that float32 overflows."""
    late = Ramp(0, 1e38, steps=1, begin=11)
    config = dataclasses.replace(SMALL, objective=VAEObjective(beta=late))
    message = r"diverged at step 1[23].*Try a smaller learning rate.*last good checkpoint is kept"
    with pytest.raises(DivergedError, match=message):
        train_run(config, tmp_path / "run")
    early = dataclasses.replace(config, objective=VAEObjective(beta=Ramp(0, 1e38, steps=1)))
    with pytest.raises(DivergedError) as error:
        train_run(early, tmp_path / "early")
    assert "checkpoint" not in str(error.value)  # there is none yet
    state, metadata = checkpoint.load_tensors(tmp_path / "run" / CHECKPOINT)
    assert metadata["step"] == "8"
    assert all(t.isfinite().all() for t in state.values() if t.is_floating_point())
    assert len(read_log(tmp_path / "run" / "log.parquet")["loss"]) == 8


def test_codes_do_not_depend_on_how_they_are_batched(tmp_path):
    run = train_run(SMALL, tmp_path / "run")
    images = run.dataset().images
    whole, parts = (encode(run.model(), images, size) for size in (1000, 7))
    np.testing.assert_allclose(whole[0], parts[0], atol=1e-5)
    np.testing.assert_allclose(whole[1], parts[1], atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dim": 0}, "latent_dim is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": 1}, "batch_size is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
    ],
)
def test_impossible_settings_are_refused(options, message):
    with pytest.raises(MicvaeError, match=message):
        dataclasses.replace(SMALL, **options)


def test_too_little_data_is_refused(tmp_path):
    config = dataclasses.replace(SMALL, batch_size=300)
    with pytest.raises(DataError, match="256 images, fewer than batch_size 300"):
        train_run(config, tmp_path / "run")


def test_unknown_devices_are_refused():
    with pytest.raises(MicvaeError, match="choose auto, cpu, cuda, mps"):
        resolve("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(MicvaeError, match="'cuda' is not available here"):
            resolve("cuda")


def test_a_configuration_survives_its_file():
    configs = [*CASES.values(), dataclasses.replace(SMALL, likelihood=Gaussian(0.2))]
    for config in configs:
        assert RunConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": "gan"}, "unknown method 'gan'"),
        ({"colour": 1}, "'colour'"),
        ({"epochs": "many"}, "epochs is 'many'"),
        ({"network": "patch(width=open)"}, "width is open"),
    ],
)
def test_a_configuration_from_a_stranger_is_checked(change, message):
    with pytest.raises(MicvaeError, match=message):
        RunConfig.from_json(SMALL.to_json() | change)


class TestRunFolder:
    @pytest.fixture
    def run(self, tmp_path):
        return train_run(SMALL, tmp_path / "run")

    def test_it_says_everything_about_itself(self, run):
        record = run.record
        assert record.status == "done" and record.seconds > 0
        assert record.environment.torch == torch.__version__
        assert record.data.factor_names == ("size", "intensity", "rotation")
        assert Run(run.path).config == SMALL

    def test_training_again_changes_nothing(self, run):
        before = {p.name: p.stat().st_mtime_ns for p in run.path.iterdir()}
        train_run(SMALL, run.path)
        assert {p.name: p.stat().st_mtime_ns for p in run.path.iterdir()} == before

    def test_another_configuration_is_refused(self, run):
        other = dataclasses.replace(SMALL, epochs=4)
        with pytest.raises(RunError, match="epochs: 3 there, 4 here"):
            train_run(other, run.path)

    def test_a_folder_with_something_else_is_left_alone(self, tmp_path):
        (tmp_path / "thesis.tex").write_text("years of work")
        with pytest.raises(RunError, match="is not a run"):
            train_run(SMALL, tmp_path)
        assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]

    def test_a_run_goes_on_that_knew_no_names_of_features(self, tmp_path):
        rows = np.random.default_rng(0).normal(size=(64, 2))
        np.savetxt(tmp_path / "own.csv", rows, delimiter=",", header="a,b", comments="")
        network = MLP(hidden=4, depth=1)
        config = dataclasses.replace(SMALL, data=str(tmp_path / "own.csv"), network=network)
        run = train_run(config, tmp_path / "run")
        assert run.data.feature_names == ("a", "b")
        data = dataclasses.replace(run.data, feature_names=())
        record = dataclasses.replace(run.record, data=data, status="training", seconds=None)
        write(run.path / "run.json", record)
        assert train_run(config, tmp_path / "run").done

    def test_changed_data_is_noticed(self, tmp_path):
        images = squares(64).images
        np.savez(tmp_path / "own.npz", images=images)
        config = dataclasses.replace(SMALL, data=str(tmp_path / "own.npz"), epochs=1)
        run = train_run(config, tmp_path / "run")
        np.savez(tmp_path / "own.npz", images=1 - images)
        with pytest.raises(RunError, match="has changed since"):
            run.dataset()

    @pytest.mark.parametrize("name", ["weights.safetensors", "log.parquet", "representation.npz"])
    @pytest.mark.parametrize("keep", [0, 100])
    def test_truncated_files_are_named(self, run, name, keep):
        path = run.path / name
        path.write_bytes(path.read_bytes()[:keep])
        read = {"w": run.model, "l": run.log, "r": run.representation}[name[0]]
        with pytest.raises(RunError, match=name):
            read()

    @pytest.mark.parametrize(
        ("text", "message"),
        [("", "cannot be read as JSON"), ("[]", "the record is"), ("{}", "micvae is missing")],
    )
    def test_a_broken_record_is_named(self, tmp_path, text, message):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(RunError, match=rf"run\.json.*{message}"):
            Run(tmp_path)

    def test_weights_of_another_network_are_refused(self, run):
        other = train_run(
            dataclasses.replace(SMALL, network=Patch(width=8, hidden=16)), run.path.parent / "b"
        )
        weights = Path("weights.safetensors")
        (run.path / weights).write_bytes((other.path / weights).read_bytes())
        with pytest.raises(RunError, match="does not fit the model"):
            run.model()


def test_representation_survives_its_file_and_knows_its_latents(tmp_path):
    from micvae.representation import Encoded, Representation

    dataset = squares(300)
    codes = np.stack([dataset.factors[:, 0], np.full(300, 0.5), dataset.factors[:, 1]], 1)
    scale = np.stack([np.full(300, 0.1), np.ones(300), np.full(300, 0.2)], 1)
    kinds = ("gaussian", "continuous", "discrete")
    encoded = Encoded(codes.astype("f4"), scale.astype("f4"), -codes, np.arange(3.0), kinds)
    made = Representation.of(encoded, dataset)
    made.save(tmp_path / "r.npz")
    read = Representation.load(tmp_path / "r.npz")
    for name in ("codes", "scale", "factors", "latent_kl"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
    assert read.factor_names == made.factor_names and read.factor_kinds == made.factor_kinds
    assert made.active.tolist() == [True, False, True]
    assert read.encoded.latent_kinds == kinds and not read.gaussian
    stored = dict(np.load(tmp_path / "r.npz")) | {"latent_kinds": ("gaussian", "number", "value")}
    np.savez(tmp_path / "older.npz", **stored)
    assert Representation.load(tmp_path / "older.npz").encoded.latent_kinds == kinds
    part = made.sample(100)
    assert len(part) == 100 and made.sample(1000) is made
    np.testing.assert_allclose(part.encoded.draws, -part.codes, rtol=1e-6)  # rows stay together


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_trains_as_well_as_the_cpu(tmp_path):
    config = dataclasses.replace(SMALL, epochs=10)
    cpu = train_run(config, tmp_path / "cpu").last_epoch()["loss"]
    gpu = train_run(dataclasses.replace(config, device="cuda"), tmp_path / "gpu")
    assert gpu.last_epoch()["loss"] == pytest.approx(cpu, rel=0.05)
