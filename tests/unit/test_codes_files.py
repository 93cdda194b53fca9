"""Codes and images as files: they are the run's own, to the bit, however they are batched."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from micvae.data import FactorDataset, from_npz, read_matrix, squares
from micvae.errors import DataError, MicvaeError, RunError
from micvae.networks import MLP, Patch
from micvae.objectives import VAEObjective
from micvae.sharing.codes import decode_to, encode_to, read_codes
from micvae.sharing.load_model import open_trained
from micvae.training import RunConfig, train_run

DATA = "squares(n=128)"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = RunConfig(
        objective=VAEObjective(),
        data=DATA,
        epochs=1,
        network=Patch(width=4, hidden=8),
        device="cpu",
    )
    return train_run(config, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def trained(run):
    return run.trained_model()


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    sources = np.random.default_rng(0).normal(size=(64, 2))
    np.savez(folder / "v.npz", images=sources @ [[1.0, 2.0, 3.0], [3.0, -1.0, 0.5]])
    config = RunConfig(
        objective=VAEObjective(),
        data=str(folder / "v.npz"),
        epochs=1,
        latent_dim=2,
        network=MLP(hidden=4, depth=1),
        batch_size=32,
        device="cpu",
    )
    return train_run(config, folder / "run").trained_model()


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_codes_are_the_runs_own_to_the_bit(run, trained, tmp_path, suffix):
    out = encode_to(trained, run.dataset(), tmp_path / f"codes{suffix}")
    table = read_matrix(out, "codes")
    assert table.names == ("row", "z0", "z1", "z2", "size", "intensity", "rotation")
    own = run.representation()
    np.testing.assert_array_equal(table.values[:, 0], np.arange(128))
    np.testing.assert_array_equal(table.values[:, 1:4].astype(np.float32), own.codes)
    np.testing.assert_array_equal(table.values[:, 4:], own.factors)
    np.testing.assert_array_equal(read_codes(out, trained).astype(np.float32), own.codes)


def test_batches_bound_what_is_held_and_change_no_row(run, trained, tmp_path):
    seen = []
    out = encode_to(
        trained, run.dataset(), tmp_path / "c.parquet", lambda *at: seen.append(at), batch_size=50
    )
    assert seen == [(50, 128), (100, 128), (128, 128)]
    assert pq.ParquetFile(out).num_row_groups == 3
    # Products of another size are summed in another order: some units in the last place.
    np.testing.assert_allclose(read_codes(out, trained), run.representation().codes, atol=1e-6)


def test_columns_are_found_by_name_and_arrays_by_position(trained, tmp_path):
    codes = np.random.default_rng(0).normal(size=(5, 3))
    header, rows = "z2,note,z0,z1", [f"{c[2]!r},x,{c[0]!r},{c[1]!r}" for c in codes.tolist()]
    (tmp_path / "c.csv").write_text("\n".join([header, *rows]))
    np.save(tmp_path / "c.npy", codes)
    np.savez(tmp_path / "c.npz", codes=codes)
    for name in ("c.csv", "c.npy", "c.npz"):
        np.testing.assert_array_equal(read_codes(tmp_path / name, trained), codes)


def test_a_factor_named_as_a_latent_keeps_its_own_column(trained, tmp_path):
    import dataclasses

    data = dataclasses.replace(squares(8), factor_names=("z0", "row", "rotation"))
    out = encode_to(trained, data, tmp_path / "c.parquet")
    names = pq.read_schema(out).names
    assert names == ["row", "z0", "z1", "z2", "z0 (factor)", "row (factor)", "rotation"]


def test_images_come_back_as_data_and_as_pictures(run, trained, tmp_path):
    codes = run.representation().codes[:7]
    expected = trained.decode(codes)
    assert expected.shape == (7, 1, 32, 32) and 0 <= expected.min() <= expected.max() <= 1
    decode_to(trained, codes, tmp_path / "i.npz", batch_size=3)
    # Batches of another size: some units in the last place of probabilities.
    np.testing.assert_allclose(from_npz(tmp_path / "i.npz").images, expected, atol=1e-6)
    decode_to(trained, codes, tmp_path / "png")
    files = sorted((tmp_path / "png").iterdir())
    assert [f.name for f in files] == [f"{i:04}.png" for i in range(7)]
    shown = np.stack([np.asarray(Image.open(f)) for f in files])
    np.testing.assert_array_equal(shown, (expected[:, 0] * 255).round().astype(np.uint8))


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".npz"])
def test_vectors_come_back(vectors, tmp_path, suffix):
    codes = np.random.default_rng(1).normal(size=(9, 2)).astype(np.float32)
    out = decode_to(vectors, codes, tmp_path / f"v{suffix}", batch_size=9)
    found = read_matrix(out, "images")
    np.testing.assert_array_equal(found.values.astype(np.float32), vectors.decode(codes))
    if suffix != ".npz":
        assert found.names == ("x0", "x1", "x2")


SMALLER = FactorDataset("smaller", np.zeros((8, 1, 16, 16)))
CODES = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda t, p: encode_to(t, SMALLER, p / "c.csv"), DataError, "16×16"),
        (lambda t, p: encode_to(t, squares(8), p / "c.txt"), MicvaeError, "ends in .txt"),
        (lambda t, p: decode_to(t, CODES[:, :2], p / "i.npz"), DataError, r"takes numbers \(N, 3"),
        (lambda t, p: decode_to(t, CODES * np.nan, p / "png"), DataError, "NaN or infinite"),
        (lambda t, p: decode_to(t, CODES, p / "i.csv"), MicvaeError, "a folder of PNG"),
        (lambda t, p: open_trained(str(p)), RunError, "neither run.json nor config.json"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_left(
    trained, tmp_path, action, error, message
):
    with pytest.raises(error, match=message):
        action(trained, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(trained, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="not an empty folder"):
        decode_to(trained, CODES, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.csv", "z0,z1\n1,2\n", "has no column z2"),
        ("c.csv", "z0,z1,z2\n1,2,x\n", "text instead of codes"),
        ("c.csv", "z0,z1,z2\n1,2,inf\n", "NaN or infinite code in row 0"),
        ("c.npy", np.zeros((4, 2)), "has 2 columns"),
        ("c.npy", np.array([[0.0, np.nan, 1.0]]), "NaN or infinite"),
    ],
)
def test_unusable_codes_are_refused(trained, tmp_path, name, content, message):
    path = tmp_path / name
    np.save(path, content) if name == "c.npy" else path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_codes(path, trained)
