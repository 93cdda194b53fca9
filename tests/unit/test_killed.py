"""Whatever is killed at whatever moment, the same command then goes on to the same result."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import dying_workers
import numpy as np
import pytest

from micvae import records
from micvae.errors import MicvaeWarning, RunError
from micvae.files import read_json, write_json
from micvae.locks import owner_of
from micvae.networks import MLP
from micvae.objectives import VAEObjective
from micvae.representation import Representation
from micvae.scoring import evaluate_run
from micvae.sharing.hub import from_pretrained
from micvae.studies import pool
from micvae.training.config import RunConfig
from micvae.training.run import Run
from micvae.training.train import train_run
from micvae.training.trainer import CHECKPOINT, LOG

TINY = ["--data", "squares(n=100)", "--batch-size", "32", "--latent-dim", "2", "--network", "mlp"]
TRAIN = ["train", "vae", *TINY, "--epochs", "2", "--out", "run"]
CONFIG = RunConfig(
    objective=VAEObjective(),
    data="squares(n=100)",
    batch_size=32,
    latent_dim=2,
    epochs=2,
    network=MLP(),
    device="cpu",
)

COMMANDS = {
    "train": ([], TRAIN, 4),
    "share": ([TRAIN], ["share", "run", "--out", "shared"], 2),
    "export": ([TRAIN], ["export", "run"], 2),
    "report": ([TRAIN, [*TRAIN[:-1], "two", "--seed", "1"]], ["report", "run", "two"], 31),
    "audit": ([TRAIN], ["audit", "run", "--quick"], 61),
    "study": ([], ["study", "vae", *TINY, "--epochs", "1", "--seeds", "1", "--out", "s"], 23),
    "select": (
        [],
        [
            "select",
            TINY[1],
            "--out",
            "s",
            "--methods",
            "vae",
            *TINY[2:],
            "--epochs",
            "1",
            "--seeds",
            "2",
        ],
        67,
    ),
}
"""What to run before, what to kill, and at every so manieth change of the file system.

Every change was tried once; these are enough to see each kind of file half-made.
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process that has loaded everything")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_killed_command_goes_on_to_the_same_result(tmp_path, command):
    setup, arguments, every = COMMANDS[command]
    job = json.dumps({"setup": setup, "command": arguments, "every": every})
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), job], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    changes, wrong = json.loads(done.stdout.splitlines()[-1])
    assert changes > 10 and not wrong, wrong


def test_an_unfinished_model_is_not_opened(tmp_path):
    (tmp_path / ".micvae-unfinished").write_text("share")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RunError, match="is not finished: micvae share was interrupted"):
        from_pretrained(tmp_path)


OWNING = """
import sys
from micvae.cli import main
main(sys.argv[1:])
"""


class TestTwoProcesses:
    def test_the_second_is_refused_by_name_and_the_first_ends_undisturbed(self, tmp_path):
        whole = train_run(CONFIG, tmp_path / "whole")
        caught = []

        def second(progress):
            if not caught:
                with pytest.raises(RunError) as refused:
                    train_run(CONFIG, tmp_path / "run")
                caught.append(str(refused.value))

        run = train_run(CONFIG, tmp_path / "run", second)
        assert f"in use by process {os.getpid()} on" in caught[0]
        assert_same(run, whole)

    def test_both_killed_the_run_goes_on(self, tmp_path):
        """Two processes that started at the same time, of which one is refused."""
        config = dataclasses.replace(CONFIG, data="squares(n=2048)", epochs=30)
        long = ["train", "vae", "--data", "squares(n=2048)", *TINY[2:], "--epochs", "30"]
        command = [sys.executable, "-c", OWNING, *long, "--out", str(tmp_path / "run")]
        both = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(2)
        ]
        end = time.monotonic() + 120
        while not (tmp_path / "run" / CHECKPOINT).exists() and time.monotonic() < end:
            time.sleep(0.01)
        owner = owner_of(tmp_path / "run")
        assert owner is not None and owner.pid in {process.pid for process in both}
        for process in both:
            process.send_signal(signal.SIGKILL)
            process.wait()
        left = Run(tmp_path / "run")
        assert not left.done
        config = left.config
        epochs = len(left.log()["step"]) // 64 + 1
        stopped = _stops_after(epochs * 64)
        with pytest.raises(KeyboardInterrupt):
            train_run(config, tmp_path / "run", stopped)
        with pytest.raises(KeyboardInterrupt):
            train_run(config, tmp_path / "whole", _stops_after(epochs * 64))
        one, two = (Run(tmp_path / name).log() for name in ("run", "whole"))
        for name, column in one.items():
            np.testing.assert_array_equal(column, two[name][: len(column)], err_msg=name)

    def test_files_written_twice_at_once_are_whole(self, tmp_path):
        run = train_run(CONFIG, tmp_path / "run")
        expected = evaluate_run(run)
        whole = run.representation()
        wrong = []

        def write():
            for _ in range(10):
                whole.save(run.path / "representation.npz")
                records.write(run.path / "scores.json", expected)

        def read():
            for _ in range(30):
                found = Representation.load(run.path / "representation.npz")
                if not np.array_equal(found.codes, whole.codes) or run.scores() != expected:
                    wrong.append(found)

        threads = [threading.Thread(target=one) for one in (write, write, read)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong and not [*run.path.glob(".micvae-*")]


def _stops_after(step):
    def report(progress):
        if progress.step >= step:
            raise KeyboardInterrupt

    return report


def assert_same(one, two):
    a, b = one.log(), two.log()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    np.testing.assert_array_equal(one.representation().codes, two.representation().codes)


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A run that was stopped after its first epoch, and what it would have been."""
    folder = tmp_path_factory.mktemp("broken")
    config = dataclasses.replace(CONFIG, epochs=3)
    with pytest.raises(KeyboardInterrupt):
        train_run(config, folder / "run", _stops_after(4))
    assert (folder / "run" / CHECKPOINT).exists()
    return folder / "run", train_run(config, folder / "whole"), config


def _shorter(path, rows):
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(path)[:rows], path)


def _longer(path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table, table]), path)


DAMAGE = {
    "log longer": (lambda run: _longer(run / LOG), None),
    "log shorter": (lambda run: _shorter(run / LOG, 2), "log.parquet has 2 steps, but the"),
    "log empty": (lambda run: _shorter(run / LOG, 0), "log.parquet has no steps"),
    "log gone": (lambda run: (run / LOG).unlink(), "log.parquet is not a readable Parquet"),
    "log cut": (lambda run: os.truncate(run / LOG, 100), "log.parquet is not a readable Parquet"),
    "checkpoint gone": (lambda run: (run / CHECKPOINT).unlink(), None),
    "checkpoint empty": (
        lambda run: os.truncate(run / CHECKPOINT, 0),
        "checkpoint.safetensors is not a readable safetensors",
    ),
    "checkpoint cut": (
        lambda run: os.truncate(run / CHECKPOINT, 1000),
        "checkpoint.safetensors is not a readable safetensors",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_or_log_is_no_dead_end(tmp_path, broken, damage):
    """It goes on, or begins again with one sentence that says why; the bits are the same."""
    source, whole, config = broken
    run = tmp_path / "run"
    shutil.copytree(source, run)
    change, said = DAMAGE[damage]
    change(run)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MicvaeWarning)
        assert_same(train_run(config, run), whole)
    told = [str(w.message) for w in caught if issubclass(w.category, MicvaeWarning)]
    assert len(told) == (said is not None)
    assert said is None or (told[0].startswith("training begins again:") and said in told[0])


def test_a_checkpoint_of_another_configuration_names_the_remedy(tmp_path, broken):
    source, _, _ = broken
    shutil.copytree(source, tmp_path / "run")
    record = read_json(tmp_path / "run" / "run.json")
    record["config"]["latent_dim"] = 3
    write_json(tmp_path / "run" / "run.json", record)
    other = RunConfig.from_json(record["config"])
    with pytest.raises(
        RunError, match=r"does not fit this configuration.*Remove the file to begin"
    ):
        train_run(other, tmp_path / "run")
    (tmp_path / "run" / CHECKPOINT).unlink()
    assert train_run(other, tmp_path / "run").done


class TestWorkers:
    """Real processes that are really killed."""

    @pytest.fixture
    def work(self, monkeypatch):
        def put(target):
            def start(context, score):
                here, there = context.Pipe()
                process = context.Process(target=target, args=(there,), daemon=True)
                process.start()
                there.close()
                return pool._Worker(process, here)

            monkeypatch.setattr(pool, "_start", start)

        return put

    def jobs(self, folder, seeds):
        configs = [dataclasses.replace(CONFIG, seed=seed, epochs=1) for seed in range(seeds)]
        return [pool.Job(config, str(folder / str(config.seed))) for config in configs]

    def test_one_that_dies_between_two_jobs_is_replaced(self, tmp_path, work):
        work(dying_workers.dies_between_jobs)
        jobs = self.jobs(tmp_path, 2)
        assert pool.run_jobs(jobs, 1) == {}
        assert all(Run(job.folder).done and Run(job.folder).scores() for job in jobs)

    def test_a_job_that_kills_its_worker_thrice_fails_and_the_study_goes_on(self, tmp_path, work):
        work(dying_workers.dies_in_a_job)
        jobs = self.jobs(tmp_path, 3)
        failures = pool.run_jobs(jobs, 2)
        assert list(failures) == [1]
        assert "ended 3 times (killed by SIGKILL)" in failures[1]
        assert "fewer --workers" in failures[1]
        assert Run(jobs[0].folder).done and Run(jobs[2].folder).done

    def test_workers_that_never_begin_end_the_study_with_a_reason(self, tmp_path, work):
        work(dying_workers.never_begins)
        failures = pool.run_jobs(self.jobs(tmp_path, 1), 1)
        assert "was started and ended 3 times (killed by SIGKILL)" in failures[0]

    def test_a_worker_ends_with_the_process_that_started_it(self, tmp_path):
        """Else it would still own the run when the same command is given again."""
        code = (
            "import sys, threading, os, time, signal\n"
            "from pathlib import Path\n"
            "from micvae.files import read_json\n"
            "from micvae.studies.pool import Job, run_jobs\n"
            "from micvae.training.config import RunConfig\n"
            "if __name__ == '__main__':\n"
            "    config = RunConfig.from_json(read_json(Path(sys.argv[1])))\n"
            "    jobs = [Job(config, sys.argv[2])]\n"
            "    run_jobs(jobs, 1, lambda e: os.kill(os.getpid(), signal.SIGKILL))\n"
        )
        config = dataclasses.replace(CONFIG, data="squares(n=4096)", epochs=1000)
        write_json(tmp_path / "config.json", config.to_json())
        (tmp_path / "study.py").write_text(code)
        command = [str(tmp_path / "study.py"), str(tmp_path / "config.json"), str(tmp_path / "run")]
        done = subprocess.run([sys.executable, *command])
        assert done.returncode == -signal.SIGKILL
        end = time.monotonic() + 20
        while owner_of(tmp_path / "run") is not None and time.monotonic() < end:
            time.sleep(0.05)
        assert owner_of(tmp_path / "run") is None and (tmp_path / "run" / "run.json").exists()
