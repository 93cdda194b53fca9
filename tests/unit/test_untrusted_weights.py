"""No NaN and no infinite number leaves a command as a result."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from builders import tiny_run
from micvae import Disentangler
from micvae.cli import main
from micvae.data import squares
from micvae.errors import MicvaeError, NotFiniteError, RunError
from micvae.files import write_json
from micvae.models import VAEModel, check_finite, elbo, encode
from micvae.networks import Patch
from micvae.sharing import onnx
from micvae.sharing.hub import from_pretrained, save_pretrained
from micvae.training import Run
from micvae.training.units import Units

SQUARES = "squares(n=128)"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = tiny_run(tmp_path_factory.mktemp("finished") / "run")
    save_pretrained(run, run.path.parent / "shared", intervals=False)
    return run.path.parent


@pytest.fixture
def folder(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def changed(path, part, value, dtype):
    """Fill the weights of one part of the model."""
    tensors = load_file(path)
    for name, tensor in tensors.items():
        if name.startswith(part) and name.endswith("weight"):
            tensors[name] = torch.full(tensor.shape, value, dtype=dtype)
    save_file(tensors, path)


@pytest.mark.parametrize("place", ["run/weights.safetensors", "shared/model.safetensors"])
@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1e300, torch.float64),
        (4e38, torch.float64),
        (float("nan"), torch.float32),
        (float("-inf"), torch.float32),
        (float("inf"), torch.float16),
        (float("nan"), torch.bfloat16),
    ],
)
def test_weights_are_finite_in_single_precision(place, value, dtype, folder):
    changed(folder / place, "encoder", value, dtype)
    with pytest.raises(RunError, match="holds NaN or infinite values"):
        Run(folder / "run").model() if "run" in place else from_pretrained(folder / "shared")


CODES = "are NaN or infinite in"


@pytest.mark.parametrize(
    ("part", "arguments"),
    [
        ("encoder", ["encode", "run", SQUARES, "--out", "c.csv"]),
        ("encoder", ["encode", "shared", SQUARES, "--out", "c.parquet"]),
        ("encoder", ["evaluate", "run"]),
        ("encoder", ["export", "run"]),
        ("encoder", ["report", "run"]),
        ("encoder", ["explore", "run"]),
        ("decoder", ["decode", "run", "codes.npy", "--out", "d.npz"]),
        ("decoder", ["decode", "shared", "codes.npy", "--out", "pictures"]),
        ("decoder", ["export", "run"]),
        ("decoder", ["report", "run"]),
        ("decoder", ["explore", "run"]),
        ("encoder", ["audit", "run", "--quick", "--out", "audited"]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_commands(part, arguments, folder, capsys, monkeypatch):
    """Weights of 1e38 are finite, and their products are not."""
    monkeypatch.setattr("micvae.explorer.build.runtime_files", lambda: (b"", b""))
    np.save(folder / "codes.npy", np.ones((5, 3)))
    for place in ("run/weights.safetensors", "shared/model.safetensors"):
        changed(folder / place, part, 1e38, torch.float32)
    (folder / "run" / "representation.npz").unlink()  # it is computed again
    before = {p for p in folder.rglob("*") if p.name not in ("scores.json", "representation.npz")}
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    said = capsys.readouterr().err
    assert stop.value.code == 2 and "Traceback" not in said and "infinite" in said
    assert len([line for line in said.splitlines() if line.strip()]) == 1
    after = {p for p in folder.rglob("*") if p.name not in ("scores.json", "representation.npz")}
    assert after == before


def test_the_estimator(monkeypatch):
    data = squares(96, seed=0)
    fitted = Disentangler("vae", epochs=1, network=Patch(width=4, hidden=8)).fit(data.images)
    with torch.no_grad():
        for parameter in fitted.model_.parameters():
            parameter.fill_(1e38)
    for action in (
        lambda: fitted.transform(data.images),
        lambda: fitted.inverse_transform(np.ones((4, fitted.latent_dim))),
        lambda: fitted.sample(3),
        lambda: fitted.score_samples(data.images),
    ):
        with pytest.raises(NotFiniteError, match=CODES):
            action()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_comparison_of_an_export_refuses_either_side(bad, folder, monkeypatch):
    """Infinite minus infinite is NaN, which is above no tolerance."""
    model = Run(folder / "run").model()
    onnx.export_networks(model, (1, 32, 32))
    real = onnx._session

    class Session:
        def __init__(self, content):
            self.inner = real(content)

        def run(self, names, inputs):
            found = self.inner.run(names, inputs)
            found[0][0] = bad
            return found

    with monkeypatch.context() as patched:
        patched.setattr(onnx, "_session", Session)
        with pytest.raises(onnx.ExportError, match="NaN or infinite"):
            onnx.export_networks(model, (1, 32, 32))
    forward = onnx.Encoding.forward
    monkeypatch.setattr(onnx.Encoding, "forward", lambda self, x: forward(self, x) + bad)
    with pytest.raises(onnx.ExportError, match="NaN or infinite"):
        onnx.export_networks(model, (1, 32, 32))


def test_vectors_far_outside_are_named(folder):
    model = Run(folder / "run").model()
    images = squares(8, seed=0).images
    images = images.copy()
    images[2] = 3e38
    for action in (lambda: encode(model, images), lambda: elbo(model, images)):
        with pytest.raises(NotFiniteError, match=r"in 1 of 8 samples|KL divergences"):
            action()


def test_units_that_overflow(folder):
    trained = Run(folder / "run").trained_model()
    trained = replace(trained, units=Units(mean=(1.7e308,), scale=(1.7e308,)))
    with np.errstate(over="ignore"), pytest.raises(NotFiniteError, match=CODES):
        trained.decode(np.ones((2, 3)))


def test_json(tmp_path):
    with pytest.raises(RunError, match="a result is NaN or infinite"):
        write_json(tmp_path / "scores.json", {"mig": float("nan")})
    assert not list(tmp_path.iterdir())
    write_json(tmp_path / "scores.json", {"mig": 0.5})
    assert json.loads((tmp_path / "scores.json").read_text()) == {"mig": 0.5}


def test_what_is_finite_passes():
    check_finite(torch.ones(3, 2), "codes")
    check_finite(np.ones((3, 2)), "codes")
    assert issubclass(NotFiniteError, MicvaeError) and VAEModel is not None
