"""Every kind of latents and every network computes the same in ONNX as in PyTorch."""

import io

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from micvae import spelling
from micvae.distributions import LATENTS, AutoLikelihood, Gaussian, Latents
from micvae.models import build_vae
from micvae.networks import MLP, NETWORKS, Network, Patch
from micvae.objectives import METHODS
from micvae.records import read
from micvae.sharing import onnx as sharing
from micvae.sharing.onnx import ExportError, export_networks, export_run
from micvae.sharing.record import OnnxDescription
from micvae.training.config import RunConfig
from micvae.training.train import train_run

CPU = torch.device("cpu")
D = 3
KINDS = {name: kind() for name, kind in LATENTS.items()} | {
    text: spelling.read(text, Latents)
    for text in (
        "gaussian(prior='mixture(components=3)')",
        "joint(categories=(3, 5), numbers='uniform')",
        "noisy(inner='joint', noise=3)",
        "point(absolute=True)",
    )
}
SHAPES = {"conv": [(1, 32, 32), (3, 32, 48)], "patch": [(1, 32, 32), (4, 16, 16)]}
CASES = [
    *(("patch(width=4, hidden=8)", (1, 16, 16), name) for name in KINDS),
    *((name, shape, "gaussian") for name in NETWORKS for shape in SHAPES.get(name, [(1, 16, 16)])),
    *((name, (5,), "gaussian") for name in ("auto", "mlp", "sparse")),
    ("mlp", (5,), "joint"),
    ("sparse", (5,), "point"),
]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def model_of(network, shape, latents):
    """A model whose affine map of codes and running averages are not the identity."""
    chosen = spelling.read(network, Network)
    model = build_vae(chosen, AutoLikelihood(), KINDS[latents], D, shape, generator(), CPU)
    for name, buffer in model.space.named_buffers():
        if name.split(".")[-1] in ("unmixing", "offset", "running_mean", "running_var"):
            buffer.copy_(torch.rand(buffer.shape, generator=generator(1)) + 0.5)
    return model.eval()


def outputs(network, batch):
    session = onnxruntime.InferenceSession(network.content, providers=["CPUExecutionProvider"])
    return session.run([network.output], {network.input: batch.numpy()})[0]


@pytest.mark.parametrize(("network", "shape", "latents"), CASES, ids=str)
def test_the_same_numbers(network, shape, latents):
    """On batches that the export itself did not look at, of a size it did not try.

    1e-6 is some units in the last place of numbers near 1; a code of a quantised latent is a copy
    of a codebook's entry, and differs only if another entry was taken.
    """
    model = model_of(network, shape, latents)
    encoder, decoder = export_networks(model, shape)
    assert 0 <= max(encoder.difference, decoder.difference) < 1e-6
    x = torch.rand((5, *shape), generator=generator(2))
    with torch.no_grad():
        codes = model.codes(x)[0]
        means = model.decode_codes(codes).mean
    np.testing.assert_allclose(outputs(encoder, x), codes, atol=1e-6)
    # Through the inverse error function, PyTorch's own path is the less exact of the two.
    atol = 1e-5 if "uniform" in latents or "noisy" in latents else 1e-6
    np.testing.assert_allclose(outputs(decoder, codes), means, atol=atol)


def test_a_file_is_valid_and_its_batch_free():
    encoder, decoder = export_networks(model_of("mlp", (5,), "gaussian"), (5,))
    for network, reads, gives in ((encoder, 5, D), (decoder, D, 5)):
        model = onnx.load(io.BytesIO(network.content))
        onnx.checker.check_model(model, full_check=True)
        (read,), (given,) = model.graph.input, model.graph.output
        shapes = [value.type.tensor_type.shape.dim for value in (read, given)]
        assert [s[0].dim_param for s in shapes] == ["batch", "batch"]
        assert [s[1].dim_value for s in shapes] == [reads, gives]
    assert (encoder.input, decoder.output) == ("vectors", "vectors")


def test_images_stay_in_their_range():
    """A Gaussian's mean may leave [0, 1]; what is exported is what can be shown."""
    model = build_vae(MLP(), Gaussian(), KINDS["gaussian"], D, (1, 8, 8), generator(), CPU).eval()
    with torch.no_grad():
        model.decoder[-2].bias.uniform_(-2, 3, generator=generator(3))
    _, decoder = export_networks(model, (1, 8, 8))
    found = outputs(decoder, torch.zeros(2, D))
    assert found.min() == 0 and found.max() == 1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = RunConfig(
        objective=METHODS["joint-vae"](),
        data="squares(n=64, seed=0)",
        network=Patch(width=4, hidden=8),
        epochs=1,
        batch_size=32,
        device="cpu",
    )
    return train_run(config, tmp_path_factory.mktemp("runs") / "run")


def test_a_run_is_exported_beside_its_description(run, tmp_path):
    out = tmp_path / "onnx"
    description = export_run(run, out)
    assert description == read(OnnxDescription, out / "model.json")
    assert {p.name for p in out.iterdir()} == {"encoder.onnx", "decoder.onnx", "model.json"}
    codes = run.representation().codes
    session = onnxruntime.InferenceSession(out / description.encoder.file)
    reads = description.encoder.input
    assert reads.shape == ("batch", 1, 32, 32)
    found = session.run(None, {reads.name: run.dataset().images})[0]
    # The codes that metrics see, from convolutions whose sums are taken in another order.
    np.testing.assert_allclose(found, codes, atol=1e-5)
    first, *_, last = description.latents
    assert first.kind == "gaussian" and first.values is None
    draws = run.representation().encoded.draws
    assert first.low == pytest.approx(np.quantile(draws[:, 0], 0.01), abs=1e-6)
    assert last.kind == "discrete" and last.values == (0, 1, 2, 3)
    assert description.config == run.config


class Sorting(nn.Module):
    """An operation that ONNX does not have."""

    def forward(self, x):
        return torch.linalg.eigvalsh(x[:, None] * x[..., None])


class Forgetting(nn.Module):
    """Not the same twice: what is exported cannot be what PyTorch computes next."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return x + self.calls


@pytest.mark.parametrize(
    ("broken", "message"),
    [(Sorting(), "no ONNX counterpart for its codes"), (Forgetting(), "codes differ by up to")],
)
def test_what_cannot_be_exported_is_said_and_leaves_nothing(
    run, tmp_path, monkeypatch, broken, message
):
    monkeypatch.setattr(sharing, "Encoding", lambda model: nn.Sequential(nn.Flatten(), broken))
    with pytest.raises(ExportError, match=message):
        export_run(run, tmp_path / "onnx")
    assert not (tmp_path / "onnx").exists()


def test_a_folder_that_is_a_file_is_refused(run, tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ExportError, match="give --out a folder"):
        export_run(run, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"
