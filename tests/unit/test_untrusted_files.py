"""Named pipes, devices, sockets and folders in place of files are refused, and not opened."""

import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from micvae.cli import main
from micvae.data import load, read_matrix
from micvae.data.factor_table import read_factors
from micvae.data.files import from_npy, from_npz
from micvae.data.hdf5 import from_hdf5
from micvae.data.tables import read_rows
from micvae.errors import FileError, MicvaeError
from micvae.files import read_json
from micvae.reports.tables import read_table
from micvae.reports.theorem import report_theorem
from micvae.representation import Representation
from micvae.sharing.hub import from_pretrained
from micvae.training import Run, checkpoint
from micvae.training.log import read_log
from micvae.training.run import FILES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket may have some 100 letters only
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


PLACES = {
    "a named pipe": os.mkfifo,
    "a socket": bound,
    "a folder": Path.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.fixture(autouse=True)
def in_time():
    """Opening a pipe that nobody writes to waits for ever."""

    def late(*_: object) -> None:
        raise TimeoutError("waited for a file")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("x.npz", from_npz),
        ("x.npz", lambda path: read_matrix(path, "codes")),
        ("x.npz", Representation.load),
        ("x.npz", Representation.rows),
        ("x.npy", from_npy),
        ("x.npy", lambda path: read_matrix(path, "codes")),
        ("x.h5", from_hdf5),
        ("x.csv", lambda path: read_matrix(path, "codes")),
        ("x.parquet", lambda path: read_matrix(path, "codes")),
        ("x.parquet", read_rows),
        ("table.parquet", lambda path: read_table(path.parent)),
        ("log.parquet", read_log),
        ("factors.csv", lambda path: read_factors(path, [])),
        ("x.json", read_json),
        ("theorem.json", lambda path: report_theorem(path.parent)),
        ("w.safetensors", checkpoint.shapes),
        ("w.safetensors", checkpoint.load_tensors),
        ("config.json", lambda path: from_pretrained(path.parent)),
    ],
)
def test_readers(kind, name, read, tmp_path):
    PLACES[kind](tmp_path / name)
    with pytest.raises(MicvaeError, match=rf"{kind}, not a file|there is no file") as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("name", FILES)
def test_files_of_a_run(kind, name, finished_run, tmp_path):
    shutil.copytree(finished_run.path, tmp_path / "run")
    (tmp_path / "run" / name).unlink(missing_ok=True)
    PLACES[kind](tmp_path / "run" / name)
    with pytest.raises(FileError, match=f"{kind}, not a file"):
        Run(tmp_path / "run")


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "--codes", "x.npy"],
        ["evaluate", "--codes", "codes.npy", "--out", "x.json"],
        ["encode", "run", "squares(n=8)", "--out", "x.csv"],
        ["encode", "run", "x.npz", "--out", "c.csv"],
        ["decode", "run", "codes.npy", "--out", "x.npz"],
        ["decode", "run", "x.parquet", "--out", "c.npz"],
        ["explore", "run", "--out", "x.html"],
        ["train", "vae", "--data", "x.h5", "--out", "new"],
        ["report", "run"],
        ["export", "run"],
        ["share", "run", "--out", "shared"],
    ],
    ids=lambda arguments: " ".join(arguments[:4]),
)
def test_commands(kind, arguments, finished_run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished_run.path, "run")
    np.save("codes.npy", np.zeros((9, 3)))
    name = next((a for a in arguments if a.startswith("x.")), "run/weights.safetensors")
    Path(name).unlink(missing_ok=True)
    PLACES[kind](Path(name))
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    said = capsys.readouterr().err
    assert stop.value.code == 2 and "Traceback" not in said
    assert len([line for line in said.splitlines() if line.strip()]) == 1


def test_pictures_that_are_pipes_are_none(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(MicvaeError, match="holds no images"):
        load(str(tmp_path))
