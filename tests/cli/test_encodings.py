"""Every command prints under any encoding of its output, and files are UTF-8 whatever that is."""

import ast
import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import micvae
from micvae.cli import COMMANDS, main
from micvae.cli.terminal import PLAIN

ENCODINGS = ("cp1252", "ascii", "latin-1", "cp437")
NETWORK = "patch(width=4, hidden=8)"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A run whose data has a name that no western encoding has, codes and factors."""
    folder = tmp_path_factory.mktemp("печать")
    before = Path.cwd()
    os.chdir(folder)
    try:
        train = ["train", "vae", "--data", "squares(n=128)", "--epochs", "1"]
        main([*train, "--network", NETWORK, "--out", "бег"])
        generator = np.random.default_rng(0)
        np.save("codes.npy", generator.normal(size=(60, 3)))
        names = "размер,größe\n" + "\n".join(f"{i % 3},{i % 4}" for i in range(60))
        Path("factors.csv").write_text(names, "utf-8")
    finally:
        os.chdir(before)
    return folder


def printed(arguments, encoding, monkeypatch):
    """What a command writes to an output of this encoding, strict as Python opens it."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding, "strict") for _ in range(2))
    with monkeypatch.context() as patched, warnings.catch_warnings():
        patched.setenv("COLUMNS", "200")
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        try:
            main(arguments)
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
        out.flush()
        err.flush()
    return status, out.buffer.getvalue().decode(encoding), err.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("command", [*COMMANDS, "--help"])
def test_help_is_printed(command, monkeypatch):
    """`train --help` ended in UnicodeEncodeError at its first λ."""
    arguments = [command] if command == "--help" else [command, "--help"]
    _, usual, _ = printed(arguments, "utf-8", monkeypatch)
    assert "usage" in usual
    for encoding in ENCODINGS:
        status, said, problem = printed(arguments, encoding, monkeypatch)
        assert status == 0 and "usage" in said and problem == "", encoding
        assert said.count("\\") == usual.count("\\"), "characters without a plain form"


TRAIN = ["train", "vae", "--data"]
OUTPUTS = [
    *(["list", what] for what in ("methods", "latents", "metrics", "estimators", "data")),
    ["evaluate", "--codes", "codes.npy", "--factors", "factors.csv", "--metrics", "mig"],
    ["evaluate", "--codes", "codes.npy", "--intervals", "--metrics", "active_units"],
    ["report", "бег"],
    ["encode", "бег", "squares(n=64)", "--out", "коды.csv"],
    ["decode", "бег", "codes.npy", "--out", "images.npz"],
    ["export", "бег"],
    ["share", "бег", "--out", "shared"],
    ["audit", "бег", "--quick"],
    [
        "train",
        "vae",
        "--data",
        "squares(n=96)",
        "--network",
        NETWORK,
        "--epochs",
        "1",
        "--out",
        "ü",
    ],
    [*TRAIN, "нет.npz", "--out", "new"],
]


@pytest.mark.elsewhere
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("arguments", OUTPUTS, ids=lambda a: " ".join(a[:4]))
def test_output_is_printed(arguments, encoding, place, monkeypatch):
    """`list data`, `evaluate` and `export` ended in UnicodeEncodeError."""
    monkeypatch.chdir(place)
    status, said, problem = printed(arguments, encoding, monkeypatch)
    assert status == (2 if "нет.npz" in arguments else 0), problem
    assert "UnicodeEncodeError" not in problem and (said or status)


def test_the_scores_of_a_run_are_printed(place, monkeypatch):
    monkeypatch.chdir(place)
    status, said, problem = printed(["evaluate", "бег"], "cp1252", monkeypatch)
    assert status == 0 and "UnicodeEncodeError" not in problem
    assert "^: higher is better, v: lower." in said
    assert "sum over i!=j of I(z_i; z_j)" in said


def test_replaced_characters_are_plain(place, monkeypatch):
    monkeypatch.chdir(place)
    _, said, _ = printed(["export", "бег"], "ascii", monkeypatch)
    assert "images -> codes" in said and "\\u0431\\u0435\\u0433" in said
    assert all(plain.isascii() and plain for plain in PLAIN.values())


@pytest.mark.parametrize(
    ("environment", "arguments"),
    [
        ({"PYTHONIOENCODING": "cp1252"}, ["list", "data"]),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, ["train", "--help"]),
    ],
)
def test_redirected_output(environment, arguments):
    """As a shell starts it, which decides on the encoding before Python runs a line."""
    command = [sys.executable, "-m", "micvae", *arguments]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0 and done.stderr == b"", done.stderr.decode(errors="replace")
    assert len(done.stdout) > 1000


ROOT = Path(micvae.__file__).parent


def without_encoding(path):
    """Calls that read or write text in whatever encoding the system prefers."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        given = {keyword.arg for keyword in node.keywords}
        binary = any(isinstance(t, str) and "b" in t and len(t) <= 3 for t in texts)
        codec = any(t in ("utf-8", "ascii") for t in texts)
        method = isinstance(node.func, ast.Attribute)
        if method and name in ("read_text", "write_text") and not codec and "encoding" not in given:
            yield f"{path.name}:{node.lineno}"
        if not method and name == "open" and not binary and "encoding" not in given:
            yield f"{path.name}:{node.lineno}"


def test_files_are_read_and_written_as_utf_8():
    assert [call for path in ROOT.rglob("*.py") for call in without_encoding(path)] == []


def test_a_call_without_an_encoding_is_found(tmp_path):
    """A check that finds nothing anywhere is worth nothing."""
    path = tmp_path / "bad.py"
    path.write_text("p.read_text()\nopen(p)\np.write_text(x, 'utf-8')\nopen(p, 'rb')\n", "utf-8")
    assert list(without_encoding(path)) == ["bad.py:1", "bad.py:2"]
