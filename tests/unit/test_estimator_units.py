"""What a fitted estimator remembers of its samples, and files that hold it."""

import os
import stat
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from micvae import Disentangler
from micvae.data import FactorDataset, squares, standardised
from micvae.errors import DataError, MicvaeError, RunError
from micvae.estimator.inputs import with_factors
from micvae.files import new_folder, replacing, write_text
from micvae.information import aggregate_pairwise_mi
from micvae.objectives import find
from micvae.training import RunConfig, checkpoint
from micvae.training.trainer import Trainer

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(5, 3, size=(64, 4)).astype(np.float32)
TRAIN = FactorDataset("train", VECTORS)
TEST = FactorDataset("test", VECTORS * 2 + 7)


def small(**options):
    given = {"latent_dim": 2, "epochs": 1, "device": "cpu", "network": "mlp(hidden=8, depth=1)"}
    return Disentangler("vae", **(given | options))


def reloaded(learner, path):
    return Disentangler.load(learner.save(path), device="cpu")


# What a loaded estimator remembers


@pytest.mark.parametrize(
    ("shape", "layout", "expected"),
    [
        ((32, 8, 8, 8), "channels_last", "channels_last"),
        ((32, 8, 8, 8), "channels_first", "channels_first"),
        ((32, 3, 8, 8), "channels_last", "channels_last"),
        ((32, 8, 8, 3), "channels_last", "auto"),  # as found without being told
        ((32, 8, 8), "auto", "auto"),
    ],
    ids=str,
)
def test_the_layout_is_loaded_where_it_had_to_be_said(shape, layout, expected, tmp_path):
    images = RNG.random(shape, dtype=np.float32)
    learner = small(layout=layout).fit(images)
    loaded = reloaded(learner, tmp_path / "run")
    assert loaded.layout == expected
    np.testing.assert_array_equal(loaded.transform(images), learner.transform(images))
    assert loaded.inverse_transform(loaded.transform(images)).shape == shape


@pytest.mark.parametrize("wanted", [True, False])
def test_standardisation_is_loaded(wanted, tmp_path):
    learner = small(standardise=wanted).fit(VECTORS)
    loaded = reloaded(learner, tmp_path / "run")
    assert loaded.standardise is wanted
    np.testing.assert_array_equal(loaded.transform(VECTORS), learner.transform(VECTORS))
    assert loaded.fit(VECTORS).config_ == learner.config_
    np.testing.assert_array_equal(loaded.transform(VECTORS), learner.transform(VECTORS))


def test_the_column_of_images_is_loaded(tmp_path):
    datasets = pytest.importorskip("datasets")
    kind = datasets.Array2D((8, 8), "float32")
    rows = {"one": RNG.random((32, 8, 8)).tolist(), "two": RNG.random((32, 8, 8)).tolist()}
    table = datasets.Dataset.from_dict(rows, datasets.Features({"one": kind, "two": kind}))
    learner = small(column="two").fit(table)
    loaded = reloaded(learner, tmp_path / "run")
    assert loaded.column == "two"
    np.testing.assert_array_equal(loaded.transform(table), learner.transform(table))


# Units


def test_vectors_in_other_units_are_brought_to_those_of_the_model():
    learner = small().fit(standardised(TRAIN))
    expected = learner.transform(TEST)
    # the second way rounds to float32 once more, 6e-8 of numbers of size 1 to 10
    np.testing.assert_allclose(learner.transform(standardised(TEST)), expected, atol=1e-4)
    np.testing.assert_allclose(
        learner.score_samples(standardised(TEST)), learner.score_samples(TEST), rtol=1e-4
    )
    np.testing.assert_array_equal(learner.transform(standardised(TRAIN)), learner.transform(TRAIN))


def test_standardised_vectors_are_refused_where_raw_ones_were_fitted():
    learner = small(standardise=False).fit(VECTORS)
    with pytest.raises(DataError, match="not trained on standardised data"):
        learner.transform(standardised(TRAIN))
    assert learner.transform(standardised(TRAIN).images).shape == (64, 2)


# Samples and labels


def test_a_module_of_the_users_that_is_named_datasets(monkeypatch):
    for there in (types.ModuleType("datasets"), types.SimpleNamespace(Dataset="none")):
        monkeypatch.setitem(sys.modules, "datasets", there)
        assert small().fit_transform(VECTORS).shape == (64, 2)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", np.nan, "b", None], dtype=object),
        ["a", float("nan"), "b", "c"],
        ["a", None, "b", "c"],
        pd.Series(["a", pd.NA, "b", "c"], dtype="string"),
        pd.Series(["a", None, "b", "c"], dtype="category"),
        pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "form": ["a", None, "b", "c"]}),
        np.array(["2020-01-01", "NaT", "2020-01-02", "2020-01-03"], dtype="datetime64[D]"),
        np.array([1, None, 2, 3], dtype=object),
    ],
    ids=range(8),
)
def test_missing_labels_are_no_category(labels):
    data = FactorDataset("v", VECTORS[:4])
    with pytest.raises(DataError, match=r"has no value for \d of 4 samples, the first .* sample 1"):
        with_factors(data, labels)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["b", "a", "nan", "a"], [1, 0, 2, 0]),  # a text that somebody wrote
        (np.array(["b", "a", "a", "c"]), [1, 0, 0, 2]),
        (["3", "1", "2", "1"], [3, 1, 2, 1]),
        (np.array([True, False, True, True], dtype=object), [1, 0, 1, 1]),
    ],
)
def test_labels_that_are_there_are_read(labels, expected):
    read = with_factors(FactorDataset("v", VECTORS[:4]), labels).factors
    np.testing.assert_array_equal(read[:, 0], expected)


# Files


@pytest.fixture
def umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_files_have_the_mode_that_the_umask_gives(tmp_path, umask):
    write_text(tmp_path / "mine.txt", "secret")
    checkpoint.save_tensors(tmp_path / "a.safetensors", {"a": torch.ones(1)}, {})
    with new_folder(tmp_path / "mine"):
        pass
    assert mode(tmp_path / "mine.txt") == mode(tmp_path / "a.safetensors") == 0o600
    assert mode(tmp_path / "mine") == 0o700
    os.umask(0o002)
    write_text(tmp_path / "ours.txt", "shared")
    with new_folder(tmp_path / "ours"):
        pass
    assert mode(tmp_path / "ours.txt") == 0o664 and mode(tmp_path / "ours") == 0o775
    assert os.umask(0o002) == 0o002


def test_what_is_flushed_is_open_for_writing_and_no_folder_is_replaced(tmp_path, monkeypatch):
    """As Windows has it: fsync refuses read-only handles, and folders are never overwritten."""
    fcntl = pytest.importorskip("fcntl")
    flags, replace = [], type(tmp_path).replace
    monkeypatch.setattr(os, "fsync", lambda n: flags.append(fcntl.fcntl(n, fcntl.F_GETFL)))
    write_text(tmp_path / "a.txt", "text")
    assert [f & os.O_ACCMODE for f in flags] == [os.O_RDWR]

    def strict(self, target):
        assert not (self.is_dir() and target.exists())
        return replace(self, target)

    monkeypatch.setattr(type(tmp_path), "replace", strict)
    (tmp_path / "empty").mkdir()
    with new_folder(tmp_path / "empty") as temporary:
        write_text(temporary / "b.txt", "text")
    assert (tmp_path / "empty" / "b.txt").read_text() == "text"
    with pytest.raises(RunError, match="not an empty folder"), new_folder(tmp_path / "empty"):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "empty"]


def test_nothing_is_left_of_what_failed(tmp_path):
    write_text(tmp_path / "a.txt", "before")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "b"):
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "before"


def test_a_checkpoint_that_was_loaded_is_no_longer_open(tmp_path):
    config = RunConfig(objective=find("vae"), latent_dim=2, epochs=1, device="cpu")
    data = squares(128)
    one, two = Trainer(config, data), Trainer(config, data)
    one.fit(tmp_path)
    path = next(tmp_path.glob("checkpoint*"))
    checkpoint.load(path, two.modules, two.optimizers, two.streams)
    for name, optimizer in one.optimizers.items():
        of_one, of_two = optimizer.state.values(), two.optimizers[name].state.values()
        assert len(of_one) == len(of_two) > 0
        for a, b in zip(of_one, of_two, strict=True):
            assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
    if sys.platform == "linux":
        with Path("/proc/self/maps").open() as maps:
            assert str(path) not in maps.read()


# Beyond float32


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_numbers_beyond_float32_are_refused(kind):
    z, scale = RNG.normal(size=(50, 2)), np.ones((50, 2))
    for given, message in [
        ((z * 1e39, z, scale), "z: float32 holds"),
        ((z, z * 1e39, scale), "loc: float32 holds"),
        ((z, z, scale * 1e-40), "scale: must be positive, at least 1.18e-38"),
        ((z, z, scale * 1e-60), "scale: must be positive"),
    ]:
        with pytest.raises(MicvaeError, match=message):
            aggregate_pairwise_mi(*map(kind, given))
    usual = aggregate_pairwise_mi(*map(kind, (z, z, scale)))
    large = aggregate_pairwise_mi(*map(kind, (z * 2.0**99, z * 2.0**99, scale * 2.0**99)))
    # a power of two changes no digit of the distances, and log scale cancels up to rounding
    np.testing.assert_allclose(usual, large, atol=1e-4)
    with pytest.raises(MicvaeError, match="too large for float32"):
        aggregate_pairwise_mi(*map(kind, (z * 1e38, -z * 1e38, scale)))
