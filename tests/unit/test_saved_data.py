"""A data set that was saved comes back field by field, alone, in a selection and with a run."""

import dataclasses
import json

import numpy as np
import pytest

from micvae.data import FactorDataset, load, squares, standardised
from micvae.data.saved import ABOUT
from micvae.data.standardised import own_vectors
from micvae.errors import DataError
from micvae.training.units import Units

RNG = np.random.default_rng(0)
FACTORS = {
    "factors": np.stack([RNG.uniform(size=12), RNG.integers(0, 3, 12), RNG.integers(0, 2, 12)], 1),
    "factor_names": ("size", 'it\'s a "kind"', "größe"),
    "factor_kinds": ("continuous", "categorical", "ordinal"),
    "factor_values": (None, np.arange(4.0), np.asarray([0.0, 1.0, 1.5])),  # more than occur
    "notes": ("One.", "Zwei: ä."),
    "source": {"data": "photos", "of": {"data": "/x.npz", "value_range": [0, 4095]}},
    "auxiliary": RNG.normal(size=(12, 2)),
    "sequence": np.repeat([3, 1], 6),
}
DATASETS = {
    "bytes": FactorDataset("a", RNG.integers(0, 256, (12, 1, 8, 8)) / np.float32(255), **FACTORS),
    "dark bytes": FactorDataset("b", RNG.integers(0, 3, (12, 1, 8, 8)) / np.float32(255)),
    "floats": FactorDataset("c", RNG.uniform(size=(12, 3, 8, 8)), **FACTORS),
    "dark floats": FactorDataset("d", RNG.uniform(0, 1e-3, (12, 1, 8, 8))),
    "many channels": FactorDataset("e", RNG.uniform(size=(12, 13, 16, 16))),
    "partners": FactorDataset(
        "f",
        RNG.integers(0, 256, (12, 1, 8, 8)) / np.float32(255),
        partners=RNG.uniform(size=(12, 1, 8, 8)),  # no bytes, so that the images are none, too
    ),
    "byte partners": FactorDataset(
        "g",
        RNG.integers(0, 256, (12, 1, 8, 8)) / np.float32(255),
        partners=RNG.integers(0, 3, (12, 1, 8, 8)) / np.float32(255),
    ),
    "float64 vectors": FactorDataset(
        "h", RNG.normal(1e5, 1e-3, (12, 3)), feature_names=("x", "y", "z z"), **FACTORS
    ),
    "float32 vectors": FactorDataset("i", RNG.normal(size=(12, 2)).astype(np.float32)),
    "generated": squares(12, seed=1),
}


def same(one, other):
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other


@pytest.mark.parametrize("name", DATASETS)
def test_every_field_comes_back(name, tmp_path):
    dataset = DATASETS[name]
    dataset.save(tmp_path / "saved.npz")
    again = FactorDataset.load(tmp_path / "saved.npz")
    for field in dataclasses.fields(FactorDataset):
        if field.name != "renderer":  # a function, which no file holds
            before, after = getattr(dataset, field.name), getattr(again, field.name)
            assert same(before, after), field.name


def test_it_is_a_file_of_one_s_own(tmp_path):
    """`--data` reads it, and a further reading is known to be of the data that was saved."""
    data = DATASETS["bytes"]
    data.save(tmp_path / "saved.npz")
    read = load(str(tmp_path / "saved.npz"))
    assert same(read.images, data.images) and same(read.factor_values, data.factor_values)
    assert read.source == {"data": str(tmp_path / "saved.npz"), "of": data.source}
    darker = load(f"arrays({str(tmp_path / 'saved.npz')!r}, value_range=(0, 510))")
    np.testing.assert_allclose(darker.images, data.images / 2, atol=1e-7)


def test_a_selection_keeps_units_and_names(tmp_path):
    """Standardised vectors were taken for measured ones, and kinds and notes were lost."""
    table = standardised(DATASETS["float64 vectors"])
    table.save(tmp_path / "data.npz")
    kept = load(tmp_path / "data.npz")
    assert not own_vectors(kept.source, kept.image_shape)
    assert kept.factor_kinds == table.factor_kinds and kept.notes == table.notes
    assert kept.feature_names == table.feature_names and same(kept.sequence, table.sequence)
    assert Units.of(kept.source, (3,)) == Units.of(table.source, (3,)) != Units()


@pytest.mark.parametrize(
    "about", ["{", "[" * 9999, "3", json.dumps({"name": 3}), json.dumps({"name": "x", "notes": 1})]
)
def test_a_damaged_record_is_refused(about, tmp_path):
    arrays = {"images": np.zeros((4, 8, 8), np.uint8), ABOUT: np.asarray(about)}
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=f"{ABOUT} in"):
        load(tmp_path / "x.npz")


def test_other_arrays_of_a_file_are_its_own_matter(tmp_path):
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, about=np.asarray("taken in 2020"))
    assert len(load(tmp_path / "x.npz")) == 4
