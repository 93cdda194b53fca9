"""What goes into the explorer's page, and what is said where it cannot be made."""

import base64
import io
import json
import re
import threading
import urllib.error
import urllib.request

import numpy as np
import pytest
import torch
from PIL import Image

from micvae import explorer
from micvae.cli import main
from micvae.cli.explore import server_of
from micvae.data import squares
from micvae.errors import MicvaeError, RunError
from micvae.explorer import build, content, runtime, samples
from micvae.explorer.latent_names import read_names
from micvae.files import write_json
from micvae.networks import MLP, Patch
from micvae.objectives import METHODS
from micvae.records import write
from micvae.training.config import RunConfig
from micvae.training.run import Run
from micvae.training.train import train_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explorer")


@pytest.fixture(scope="module")
def run(folder):
    """A run on one's own images, one of whose factors has a name that would end an element."""
    toy = squares(64, seed=0)
    images = np.repeat(toy.images, 3, axis=1)
    images[:, 1] *= 0.5
    names = ["</script><b>size", "intensity", "constant"]
    factors = np.column_stack([toy.factors[:, :2], np.ones(64)])
    np.savez(folder / "own.npz", images=images, factors=factors, factor_names=names)
    config = RunConfig(
        objective=METHODS["vae"](),
        data=str(folder / "own.npz"),
        network=Patch(width=4, hidden=8),
        epochs=1,
        batch_size=32,
        device="cpu",
    )
    return train_run(config, folder / "run")


@pytest.fixture
def a_runtime(monkeypatch):
    """The page is put together alike, whatever is to run in it."""
    monkeypatch.setattr(build, "runtime_files", lambda: (b"script", b"machine"))


def embedded(path):
    html = path.read_text()
    found = re.findall(r'<script type="application/json" id="content">(.*?)</script>', html, re.S)
    return json.loads(found[0])


def floats(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_samples_are_those_of_the_data(run):
    representation, dataset = run.representation(), run.dataset()
    found = samples.gather_samples(representation, dataset, dataset.image_shape)
    rows, codes = list(found.rows), representation.codes
    assert sorted(rows) == list(range(64))
    assert rows[0] == np.argmin(((codes - codes.mean(0)) ** 2).sum(1))
    assert np.array_equal(floats(found.codes).reshape(64, -1), codes[rows])
    assert [f.name for f in found.factors] == ["</script><b>size", "intensity"]
    expected = dataset.factors[rows, 1].astype(np.float32)
    assert np.array_equal(floats(found.factors[1].values), expected)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(found.sheet.split(",")[1]))))
    for place in (0, 19, 20, 63):
        y, x = 32 * (place // found.across), 32 * (place % found.across)
        there = picture[y : y + 32, x : x + 32].transpose(2, 0, 1)
        assert np.array_equal(there, np.rint(255 * dataset.images[rows[place]]))


def test_large_images_are_fewer(run, monkeypatch):
    dataset = run.dataset()
    monkeypatch.setattr(samples, "BYTES", 10 * 3 * 32 * 32)
    found = samples.gather_samples(run.representation(), dataset, dataset.image_shape)
    assert found.n == len(found.rows) == len(set(found.rows)) == 10


def test_nothing_that_is_named_ends_an_element(run, a_runtime, tmp_path):
    page = explorer.explore_run(run, tmp_path / "deep" / "page.html")
    html = page.read_text()
    assert "<b>size" not in html
    assert embedded(page)["samples"]["factors"][0]["name"] == "</script><b>size"
    addresses = set(re.findall(r"(?:src|href)=\"([^\"]*)\"", html))
    assert addresses == {"#latents"}


def test_the_page_does_without_the_data(run, a_runtime, tmp_path, folder, monkeypatch):
    (folder / "own.npz").rename(folder / "elsewhere.npz")
    try:
        page = explorer.explore_run(run, tmp_path / "page.html")
    finally:
        (folder / "elsewhere.npz").rename(folder / "own.npz")
    assert "The training data could not be read" in page.read_text()
    found = embedded(page)["samples"]
    assert found["n"] == 64 and found["sheet"] is None


def test_without_a_kl_the_effect_orders_latents(folder):
    """Point latents have none: first comes what moves the decoded vector most."""
    config = RunConfig(
        objective=METHODS["fast-ica"](),
        data="independent(n=96, sources=3)",
        network=MLP(depth=0),
        latent_dim=3,
        epochs=1,
        batch_size=32,
        device="cpu",
    )
    run = train_run(config, folder / "point")
    model, representation = run.model(), run.representation()
    found = content.gather_content(run, model, representation, run.dataset())
    assert not found.informative
    effects = [found.latents[d].effect for d in found.order]
    assert effects == sorted(effects, reverse=True) and effects[-1] > 0
    with torch.no_grad():  # a latent that the decoder does not read
        model.space.unmixing.copy_(torch.eye(3))
        model.decoder[0].weight[:, 1] = 0
    described = content.describe_latents(model, representation)
    effects = content.decoder_effects(model, representation.codes, described)
    assert effects[1] == 0 and min(effects[0], effects[2]) > 0
    low, high = np.quantile(run.dataset().images.astype(float), (0.01, 0.99), axis=0)
    assert [f.low for f in found.features] == pytest.approx(low.tolist())
    assert [f.high for f in found.features] == pytest.approx(high.tolist())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["size"], "must map latents to names"),
        ({"z9": "size"}, r"names 'z9'; the latents are z0, z1"),
        ({"z0": 3}, "z0 is 3; give a text"),
        ({"z0": " "}, "give a text of 1 to 40"),
        ({"z0": "x" * 41}, "give a text of 1 to 40"),
    ],
    ids=str,
)
def test_names_that_are_none(tmp_path, given, message):
    write_json(tmp_path / "latent_names.json", given)
    with pytest.raises(RunError, match=message):
        read_names(tmp_path, ["z0", "z1"])


def test_names_are_read(tmp_path):
    assert read_names(tmp_path, ["z0"]) == {}
    write_json(tmp_path / "latent_names.json", {"z1": " size "})
    assert read_names(tmp_path, ["z0", "z1"]) == {"z1": "size"}


def test_without_the_runtime_it_is_said_where_to_get_it(run, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(runtime, "MACHINE", "not-there.wasm")
    with pytest.raises(SystemExit) as ended:
        main(["explore", str(run.path), "--out", str(tmp_path / "page.html")])
    assert ended.value.code == 2
    assert "make src/micvae/explorer/runtime" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_commands_write_and_say_where(run, a_runtime, tmp_path, capsys):
    main(["explore", str(run.path)])
    main(["export", str(run.path), "--out", str(tmp_path / "onnx")])
    said = capsys.readouterr().out
    assert f"explorer: {run.path / 'explore.html'}" in said
    for name in ("encoder.onnx", "decoder.onnx", "model.json"):
        assert str(tmp_path / "onnx" / name) in said and (tmp_path / "onnx" / name).is_file()
    assert float(re.findall(r"largest difference to PyTorch (\S+)", said)[0]) < 1e-4


@pytest.mark.parametrize("command", ["explore", "export"])
@pytest.mark.parametrize("missing", ["folder", "weights"])
def test_what_is_no_finished_run_is_refused(command, missing, run, tmp_path, capsys, a_runtime):
    broken = tmp_path / "run"
    if missing == "weights":
        broken.mkdir()
        write(broken / "run.json", run.record)
        (broken / "weights.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0")
    with pytest.raises(SystemExit) as ended:
        main([command, str(broken)])
    assert ended.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len([line for line in said if line.startswith("micvae: error")]) == 1
    assert not list(tmp_path.rglob("*.onnx")) and not list(tmp_path.rglob("*.html"))


def test_out_must_be_a_file_and_a_port_a_port(run, tmp_path, a_runtime, capsys):
    with pytest.raises(RunError, match="is a folder"):
        explorer.explore_run(Run(run.path), tmp_path)
    with pytest.raises(SystemExit):
        main(["explore", str(run.path), "--port", "70000"])
    assert "port is 70000" in capsys.readouterr().err


def test_the_page_is_served_and_nothing_else(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>all of it")
    with server_of(page, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                assert answer.read() == b"<p>all of it"
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}/../run.json", timeout=20)
            refused.value.close()
            assert refused.value.code == 404
            with pytest.raises(MicvaeError, match="cannot be served"):
                server_of(page, server.server_port)
        finally:
            server.shutdown()
            thread.join()
