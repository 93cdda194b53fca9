"""What the system refuses is one line with status 2, and nothing half-written is left.

Under real conditions: files in the way, names that are too long, folders that may not be written
to, a bound on the size of files, a full disk, output that nobody reads, Ctrl-C three times.
"""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from micvae.cli import main
from micvae.data import squares
from micvae.errors import FileError, MicvaeError
from micvae.files import check_writable, make_folder, new_folder, read_json, replacing, write_text
from micvae.sharing.codes import encode_to
from micvae.sharing.hub import save_pretrained
from micvae.sharing.onnx import export_run
from micvae.training import checkpoint, train_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="conditions of POSIX systems")
NETWORK = "patch(width=4, hidden=8)"
SMALL = ["--data", "squares(n=96)", "--epochs", "1", "--network", NETWORK]


@pytest.fixture
def folder(finished_run, tmp_path, monkeypatch):
    """A run in run/, codes and factors, and a file that is in the way."""
    place = tmp_path / "work"
    place.mkdir()
    shutil.copytree(finished_run.path, place / "run")
    generator = np.random.default_rng(0)
    np.save(place / "codes.npy", generator.normal(size=(60, 3)))
    np.save(place / "factors.npy", generator.integers(0, 3, (60, 2)))
    (place / "file").write_text("years of work", "utf-8")
    monkeypatch.chdir(place)
    return place


def content(folder):
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def refused(arguments, capsys):
    """The one line that a command ends with."""
    with warnings.catch_warnings(), pytest.raises(SystemExit) as stop:
        main(arguments)
    said = capsys.readouterr().err
    lines = [line for line in said.splitlines() if line.strip()]
    assert stop.value.code == 2, said
    assert lines[-1].startswith("micvae: error: ") and "Traceback" not in said
    return lines[-1]


COMMANDS = {
    "train": (["train", "vae", *SMALL], ""),
    "encode to .csv": (["encode", "run", "squares(n=64)"], ".csv"),
    "encode to .parquet": (["encode", "run", "squares(n=64)"], ".parquet"),
    "decode to .npz": (["decode", "run", "codes.npy"], ".npz"),
    "decode to a folder": (["decode", "run", "codes.npy"], ""),
    "export": (["export", "run"], ""),
    "share": (["share", "run"], ""),
    "evaluate": (
        ["evaluate", "--codes", "codes.npy", "--factors", "factors.npy", "--metrics", "mig"],
        ".json",
    ),
    "audit": (["audit", "run", "--quick"], ""),
    "theorem": (["theorem", "--quick"], ""),
    "report": (["report", "run", "run"], ""),
    "study": (["study", "vae", *SMALL, "--seeds", "1", "--workers", "1"], ""),
    "select": (["select", "squares(n=96)", "--methods", "vae", "--seeds", "2"], ""),
    "reproduce": (["reproduce", "--quick"], ""),
}
PLACES = {
    "a file in the way": ("file/x", "a file stands where a folder is needed"),
    "a name that is too long": ("n" * 300, "the name is too long"),
}


@pytest.mark.elsewhere
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", COMMANDS)
def test_an_output_that_cannot_be(name, place, folder, capsys):
    """Said before any work is done, by every command with --out."""
    (out, reason), (command, suffix) = PLACES[place], COMMANDS[name]
    before, started = content(folder), time.perf_counter()
    said = refused([*command, "--out", f"{out}{suffix}"], capsys)
    assert reason in said and f"error: {out[:4]}" in said
    assert content(folder) == before
    assert time.perf_counter() - started < 20


@contextlib.contextmanager
def as_another_user(folder):
    """Lose the right to write everywhere, where the tests run as root; `folder` can be read."""
    if os.geteuid() != 0:
        yield
        return
    for above in (folder, *folder.parents):
        if not above.stat().st_mode & 0o001 and above.stat().st_uid == 0:
            above.chmod(0o755)
    os.seteuid(12345)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only(tmp_path):
    place = tmp_path / "read only"
    place.mkdir()
    place.chmod(0o555)
    yield place
    place.chmod(0o755)


WRITERS = {
    "write_text": lambda run, out: write_text(out / "x.txt", "text"),
    "make_folder": lambda run, out: make_folder(out / "a" / "b"),
    "train_run": lambda run, out: train_run(run.config, out / "run"),
    "encode_to": lambda run, out: encode_to(run.trained_model(), run.dataset(), out / "codes.csv"),
    "export_run": lambda run, out: export_run(run, out / "onnx"),
    "save_pretrained": lambda run, out: save_pretrained(run, out / "shared", intervals=False),
    "Representation.save": lambda run, out: run.representation().save(out / "r.npz"),
    "check_writable": lambda run, out: check_writable(out / "a" / "b"),
}


@pytest.mark.elsewhere
@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_is_read_only(name, finished_run, read_only, tmp_path):
    WRITERS[name](finished_run, tmp_path / "warm")  # loads what only root may read
    denied = pytest.raises(FileError, match="permission is denied; choose")
    with as_another_user(finished_run.path), denied as found:
        WRITERS[name](finished_run, read_only)
    assert str(read_only) in str(found.value)
    assert list(read_only.iterdir()) == []


@contextlib.contextmanager
def files_of_at_most(size):
    """Writing beyond it fails as on a full disk, in the middle of a file."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


LARGE = {
    "text": (lambda run, out: write_text(out / "x.txt", "x" * 100_000)),
    "weights": (
        lambda run, out: checkpoint.save_tensors(
            out / "w.safetensors", run.model().state_dict(), {}
        )
    ),
    "an archive": (lambda run, out: run.representation().save(out / "r.npz")),
    "a table": (lambda run, out: encode_to(run.trained_model(), run.dataset(), out / "codes.csv")),
    "a parquet": (
        lambda run, out: encode_to(run.trained_model(), run.dataset(), out / "c.parquet")
    ),
    "a shared folder": (lambda run, out: save_pretrained(run, out / "sent", intervals=False)),
    "a run": (lambda run, out: train_run(run.config, out / "again")),
}


@pytest.mark.elsewhere
@pytest.mark.parametrize("name", LARGE)
def test_a_file_that_the_system_cuts_short(name, finished_run, tmp_path):
    with (
        files_of_at_most(1500),
        pytest.raises(FileError, match="cannot be used: the file would be"),
    ):
        LARGE[name](finished_run, tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.name.startswith(".")] == []
    assert all(p.stat().st_size < 1500 for p in tmp_path.rglob("*") if p.is_file())


@pytest.fixture
def full_disk(tmp_path):
    """A disk of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("name", LARGE)
def test_a_disk_that_is_full(name, finished_run, full_disk):
    """And where there is space again, the same call goes through."""
    filler = full_disk / "filler"
    filler.write_bytes(b"0" * 60_000)
    try:
        with pytest.raises(FileError, match="the disk is full; free some space"):
            LARGE[name](finished_run, full_disk)
            write_text(full_disk / "more.txt", "x" * 5_000)
    finally:
        assert [p for p in full_disk.rglob("*") if p.name.startswith(".")] == []
    filler.unlink()


def test_a_long_name_that_the_system_allows_is_written(tmp_path):
    """The temporary file's name, which is longer, must not be the reason to refuse it."""
    path = tmp_path / ("ä" * 120 + ".txt")
    write_text(path, "text")
    assert path.read_text("utf-8") == "text"


def test_what_the_body_raises_is_left_alone(tmp_path):
    for manager in (replacing, new_folder):
        with pytest.raises(ValueError, match="own"), manager(tmp_path / "x"):
            raise ValueError("own")
    assert list(tmp_path.iterdir()) == []


# --- memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "squares(n=1000000000000)"], "n is 1000000000000, which needs at least 4 PB"),
        ([*SMALL, "--latent-dim", "1000000000000"], "there is not enough memory"),
    ],
)
def test_more_than_the_memory(arguments, message, folder, capsys):
    before = content(folder)
    assert message in refused(["train", "vae", *arguments, "--out", "new"], capsys)
    assert content(folder) == before


def test_memory_that_runs_out_anywhere(monkeypatch, capsys):
    def greedy(what):
        np.empty(2**60, np.uint8)

    monkeypatch.setattr("micvae.cli.commands.print_list", greedy)
    assert "there is not enough memory (Unable to allocate" in refused(["list", "data"], capsys)


# --- the home directory -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["train", "encode to .csv", "decode to .npz", "export", "evaluate"]
)
def test_a_tilde_is_the_home_directory(name, folder, tmp_path, monkeypatch):
    """A shell leaves that of --out=~/x as it is; it was the name of a folder."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    command, suffix = COMMANDS[name]
    main([*command, f"--out=~/new{suffix}"])
    assert (home / f"new{suffix}").exists() and not (folder / "~").exists()


def test_data_and_runs_in_the_home_directory(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    np.save("images.npy", squares(96).images)
    main(["train", "vae", "--data=~/images.npy", *SMALL[2:], "--out=~/new"])
    main(["encode", "~/new", "split('~/images.npy')", "--out=~/codes.csv"])
    assert (folder / "codes.csv").is_file() and not (folder / "~").exists()


def test_a_home_directory_that_is_not_known(folder, capsys):
    said = refused(["export", "run", "--out=~nobody-of-this-name/x"], capsys)
    assert "there is no such home directory; write the path in full" in said


# --- the terminal -----------------------------------------------------------------------------


def micvae(*arguments, **options):
    command = [sys.executable, "-m", "micvae", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def test_output_that_nobody_reads_any_more():
    with micvae("--help") as process:
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait() == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_output_to_a_disk_that_is_full():
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123, a device
        done = subprocess.run(
            [sys.executable, "-m", "micvae", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("micvae: error:") and "the disk is full" in done.stderr
    assert done.stderr.count("\n") == 1


def interrupted_thrice(process, ready):
    """Wait until a run has a checkpoint, then press Ctrl-C three times within 20 ms."""
    deadline = time.monotonic() + 60
    while not ready() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, process.stderr.read()
    for _ in range(3):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.006)
    _, said = process.communicate(timeout=60)
    lines = [line for line in said.splitlines() if line.strip()]
    assert process.returncode == 130, said
    assert lines == ["micvae: stopped; the same command goes on from here."]


def test_three_interrupts_of_a_training_are_one_line_and_it_goes_on(tmp_path):
    command = ["train", "vae", "--data", "squares(n=512)", "--network", NETWORK, "--epochs", "60"]
    command += ["--device", "cpu", "--out", str(tmp_path / "run")]
    process = micvae(*command, start_new_session=True)
    interrupted_thrice(process, (tmp_path / "run" / "checkpoint.safetensors").exists)
    assert [p for p in (tmp_path / "run").iterdir() if p.name.startswith(".")] == []
    assert read_json(tmp_path / "run" / "run.json")["status"] == "training"
    main(command)
    assert (tmp_path / "run" / "weights.safetensors").is_file()


def test_three_interrupts_of_a_study_are_one_line(tmp_path):
    """Workers that are just starting say nothing either."""
    command = ["study", "vae", "--data", "squares(n=512)", "--network", NETWORK]
    command += ["--epochs", "2000", "--seeds", "2", "--workers", "2", "--out", str(tmp_path)]
    process = micvae(*command, start_new_session=True)
    interrupted_thrice(process, lambda: any(tmp_path.rglob("run.json")))


def test_an_interrupt_is_python_s_own_again_afterwards(monkeypatch):
    def stopped(what):
        raise KeyboardInterrupt

    monkeypatch.setattr("micvae.cli.commands.print_list", stopped)
    with pytest.raises(SystemExit) as stop:
        main(["list", "data"])
    assert stop.value.code == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_errors_of_the_system_are_errors_of_micvae():
    assert issubclass(FileError, MicvaeError) and issubclass(FileError, OSError)
