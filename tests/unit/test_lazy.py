"""Data that is larger than memory: read in parts, to the same bits as at once."""

import subprocess
import sys

import h5py
import numpy as np
import pytest
from PIL import Image

from micvae import Disentangler
from micvae.cli import main
from micvae.data import FactorDataset, LazyImages, load, squares, standardised
from micvae.data.layout import arrangement
from micvae.data.lazy import InMemory, parts, rows_of
from micvae.data.on_disk import Items, of_array
from micvae.data.value_range import Reading
from micvae.errors import DataError
from micvae.networks import MLP, Patch
from micvae.objectives import find
from micvae.training import checkpoint
from micvae.training.config import RunConfig
from micvae.training.data_identity import fingerprint
from micvae.training.train import train_run

TOY = squares(96, seed=0)
GREY = np.round(TOY.images[:, 0] * 255).astype(np.uint8)
COLOUR = np.random.default_rng(0).integers(0, 256, (20, 16, 12, 3), dtype=np.uint8)
FLOATS = COLOUR.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)


@pytest.fixture
def in_parts(monkeypatch):
    """Everything counts as large."""
    monkeypatch.setattr("micvae.data.lazy.LARGE", 0)


def npy(path, array):
    np.save(path / "own.npy", array)
    return load(str(path / "own.npy")).images


def npz(path, array):
    np.savez(path / "own.npz", other=np.zeros(7), images=array)
    return load(str(path / "own.npz")).images


def h5(path, array, **options):
    with h5py.File(path / "own.h5", "w") as file:
        file.create_dataset("images", data=array, **options)
    return load(str(path / "own.h5")).images


def folder(path, array):
    for i, picture in enumerate(array):
        Image.fromarray(picture).save(path / f"{i:03}.png")
    return load(str(path)).images


def mapped(path, array, part=slice(None)):
    stored = np.lib.format.open_memmap(path / "map.npy", "w+", array.dtype, array.shape)
    stored[:] = array
    return of_array(stored[part], arrangement(array.shape, "X"), Reading("X"))[0]


SOURCES = {
    "npy": (npy, COLOUR),
    "npy, channels first": (npy, COLOUR.transpose(0, 3, 1, 2).copy()),
    "npy, floats": (npy, FLOATS),
    "npz": (npz, COLOUR),
    "h5": (h5, COLOUR),
    "h5, packed": (lambda p, a: h5(p, a, chunks=(3, 16, 12, 3), compression="gzip"), COLOUR),
    "folder": (folder, COLOUR),
    "map": (mapped, COLOUR),
    "part of a map": (
        lambda p, a: mapped(p, np.concatenate([a[:5], a]), slice(5, None)),
        COLOUR,
    ),
    "strided map": (lambda p, a: mapped(p, np.repeat(a, 2, 0), slice(None, None, 2)), COLOUR),
    "memory": (lambda p, a: of_array(a, "NHWC", Reading("X"))[0], COLOUR),
    "items": (
        lambda p, a: Items(lambda i: a[i], a.shape, a.dtype, "NHWC", Reading("X")),
        COLOUR,
    ),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_rows_are_those_of_the_array(source, tmp_path, in_parts):
    read, array = source
    images = read(tmp_path, array)
    assert isinstance(images, LazyImages)
    assert images.shape == FLOATS.shape and len(images) == 20 and images.ndim == 4
    mask, none = np.arange(20) % 3 == 0, np.array([], dtype=int)
    for index in (slice(None), slice(7, 3), slice(2, 40), [5, 5, 3, -1, 19, 4], mask, none, 7, -2):
        found = images[index]
        assert found.dtype == np.float32 and found.flags.c_contiguous
        np.testing.assert_array_equal(found, FLOATS[index])
    np.testing.assert_array_equal(np.asarray(images), FLOATS)
    with pytest.raises(IndexError):
        images[[20]]


def test_small_data_is_read_at_once(tmp_path):
    for read in (npy, npz, h5):
        images = read(tmp_path, COLOUR)
        assert isinstance(images, np.ndarray)
        np.testing.assert_array_equal(images, FLOATS)


def test_parts_of_parts_stay_unread(tmp_path, in_parts):
    images = npy(tmp_path, COLOUR)
    part = rows_of(rows_of(images, [9, 2, 2, 7, 0]), [3, 0, 1])
    assert isinstance(part, LazyImages)
    np.testing.assert_array_equal(part[:], FLOATS[[7, 9, 2]])


def test_parts_are_small():
    held = InMemory(np.zeros((700, 64, 64, 3), np.uint8), "NHWC", Reading("X"))
    sizes = [block.nbytes for block in parts(held)]
    assert max(sizes) <= 2**24 and sum(sizes) == 700 * 64 * 64 * 3 * 4 and len(sizes) > 1


@pytest.mark.parametrize("method", ["vae", "factor-vae", "ada-gvae", "slow-vae"])
def test_same_bits_as_in_memory(method, tmp_path, monkeypatch):
    """Also with a second batch, with partners, and with neighbours in time."""
    partners, sequence = np.roll(GREY, 1, axis=0), np.arange(96) // 8
    np.savez(tmp_path / "own.npz", images=GREY, partners=partners, sequence=sequence)
    config = RunConfig(
        objective=find(method),
        data=str(tmp_path / "own.npz"),
        network=Patch(width=4, hidden=8),
        epochs=2,
        batch_size=32,
        device="cpu",
    )
    whole = train_run(config, tmp_path / "whole")
    monkeypatch.setattr("micvae.data.lazy.LARGE", 0)
    dataset = load(config.data)
    assert isinstance(dataset.images, LazyImages) and isinstance(dataset.partners, LazyImages)
    parts = train_run(config, tmp_path / "parts", dataset=dataset)
    assert whole.data == parts.data  # the fingerprint is in it
    one, two = (checkpoint.load_tensors(r.path / "weights.safetensors")[0] for r in (whole, parts))
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name])
    np.testing.assert_array_equal(whole.representation().codes, parts.representation().codes)


def test_a_table_is_standardised_in_parts(tmp_path, monkeypatch):
    vectors = np.random.default_rng(0).normal(3, 9, (50, 4)).astype(np.float32)
    np.save(tmp_path / "own.npy", vectors)
    monkeypatch.setattr("micvae.data.lazy.BLOCK", 7 * 16)  # seven rows
    whole = standardised(load(str(tmp_path / "own.npy")))
    monkeypatch.setattr("micvae.data.lazy.LARGE", 0)
    parts = standardised(load(str(tmp_path / "own.npy")))
    assert isinstance(parts.images, LazyImages)
    np.testing.assert_array_equal(parts.images[:], whole.images)
    assert fingerprint(parts) == fingerprint(whole)
    assert whole.images.mean(0) == pytest.approx([0] * 4, abs=1e-6)
    assert whole.images.std(0) == pytest.approx([1] * 4, abs=1e-6)


def test_the_estimator_reads_in_parts(tmp_path, in_parts):
    settings = {"latent_dim": 2, "epochs": 1, "batch_size": 32, "device": "cpu"}
    learner = Disentangler("vae", network=Patch(width=4, hidden=8), **settings)
    codes = learner.fit_transform(GREY)
    np.save(tmp_path / "own.npy", GREY)
    np.testing.assert_array_equal(learner.transform(np.load(tmp_path / "own.npy", "r")), codes)
    assert learner.score(str(tmp_path / "own.npy")) == learner.score(GREY)
    with pytest.raises(DataError, match="too large to be stored"):
        learner.save(tmp_path / "run", data=GREY)
    table = np.random.default_rng(0).normal(size=(64, 3))
    learner = Disentangler("vae", network=MLP(hidden=8, depth=1), **settings).fit(table)
    assert learner.transform(table).shape == (64, 2)
    table[5, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        learner.fit(table)


@pytest.mark.parametrize("suffix", ["npy", "h5", "folder"])
def test_from_the_command_line(suffix, tmp_path, in_parts, capsys):
    data = tmp_path / "data"
    data.mkdir()
    {"npy": npy, "h5": h5, "folder": folder}[suffix](data, GREY)
    path = data if suffix == "folder" else data / f"own.{suffix}"
    out = tmp_path / "run"
    command = ["train", "vae", "--data", path, "--out", out, "--epochs", 1, "--batch-size", 32]
    main([*map(str, command), "--network", "patch(width=4, hidden=8)"])
    assert f"next: micvae evaluate {out}" in capsys.readouterr().out
    if suffix == "npy":  # what reads the run does not care where the images came from
        main(["report", str(out)])
        assert (out / "report.html").exists()


def test_what_is_broken_is_said(tmp_path, in_parts):
    np.save(tmp_path / "own.npy", COLOUR)
    whole = (tmp_path / "own.npy").read_bytes()
    (tmp_path / "own.npy").write_bytes(whole[:-10])
    with pytest.raises(DataError, match="truncated"):
        load(str(tmp_path / "own.npy"))
    for wrong, message in ((np.nan, "NaN"), (2.0, r"value_range=\(0, 2\)")):
        bad = FLOATS.copy()
        bad[13, 1, 2, 3] = wrong
        with pytest.raises(DataError, match=message):
            load_of(tmp_path, bad)
    with pytest.raises(DataError, match="dtype complex128"):
        load_of(tmp_path, np.zeros((4, 16, 16), np.complex128))
    with pytest.raises(DataError, match="could run code"):
        load_of(tmp_path, np.array([{"a": 1}] * 3, dtype=object))
    with pytest.raises(DataError, match="image 3 has shape"):
        sizes = [COLOUR[0]] * 3 + [COLOUR[0, :8]]
        images = Items(sizes.__getitem__, (4, 16, 12, 3), np.dtype(np.uint8), "NHWC", Reading("X"))
        fingerprint(FactorDataset("own", images))


def test_what_is_stored_column_by_column_is_read_at_once(tmp_path, in_parts):
    np.testing.assert_array_equal(
        load_of(tmp_path, np.asfortranarray(FLOATS)).images, load_of(tmp_path, FLOATS).images
    )
    np.savez(tmp_path / "own.npz", images=np.asfortranarray(FLOATS))
    np.testing.assert_array_equal(load(str(tmp_path / "own.npz")).images, FLOATS)


def load_of(path, array):
    np.save(path / "bad.npy", array, allow_pickle=True)
    return load(str(path / "bad.npy"))


def test_unusable_hdf5_files_are_refused(tmp_path):
    path = tmp_path / "own.h5"
    path.write_bytes(b"no such file")
    with pytest.raises(DataError, match="cannot be read as an HDF5 file"):
        load(str(path))
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["images"] = GREY
    with h5py.File(path, "w") as file:
        file["pictures"] = GREY
    with pytest.raises(DataError, match="no data set named images; it has pictures"):
        load(str(path))
    with h5py.File(path, "w") as file:
        file["images"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "images")
    with pytest.raises(DataError, match="is stored outside of this file"):
        load(str(path))
    with h5py.File(path, "w") as file:
        file["images"], file["factors"], file["factor_names"] = GREY, TOY.factors, ["a", "b", "c"]
    data = load(str(path))
    assert data.factor_names == ("a", "b", "c") and data.n_factors == 3


CAPPED = """
import resource, sys
from pathlib import Path
import numpy as np
import torch
torch.set_num_threads(1)
from micvae.data import LazyImages, lazy
from micvae.networks import Patch
from micvae.objectives import find
from micvae.training.config import RunConfig
from micvae.training.train import train_run

def train(data, name):
    network = Patch(width=2, hidden=4)
    config = RunConfig(objective=find("vae"), data=data, network=network, epochs=1, device="cpu")
    return train_run(config, Path(sys.argv[2]) / name)

train("squares(n=1024)", "first")  # everything is loaded now that training needs
lazy.LARGE = 2**26
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
cap = size + 150 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
try:
    np.load(sys.argv[1]).astype(np.float32)
except MemoryError:
    print("too large for the cap")
print(train(sys.argv[1], "run").representation().codes.shape)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="address space is capped by Linux")
def test_training_within_a_capped_address_space(tmp_path):
    """72 MB of images, 288 MB as floats, and 150 MB more than what the program itself takes.

    `benchmarks/lazy.py` does the same with 4 GiB; what counts as large is lowered here for speed.
    """
    header = {"descr": "|u1", "fortran_order": False, "shape": (4400, 128, 128)}
    with (tmp_path / "big.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4400 * 128 * 128)  # zeros that take no room on disk
    given = [sys.executable, "-c", CAPPED, str(tmp_path / "big.npy"), str(tmp_path)]
    done = subprocess.run(given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["too large for the cap", "(4400, 3)"]
