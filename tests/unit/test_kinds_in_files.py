"""Kinds of factors in the files of one's own data: said there, or guessed with a word on it."""

import csv
import warnings

import numpy as np
import pytest
from PIL import Image

from micvae.data import load
from micvae.data.factor_table import kinds_of_header
from micvae.errors import AmbiguousKindWarning, DataError

N = 200
AGE = (np.arange(N) * 7) % 73 + 18
SIZE = np.arange(N) % 3
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 8, 8)).astype(np.uint8)


def npz(path, **more):
    np.savez(path / "own.npz", images=IMAGES, factors=np.c_[AGE, SIZE], **more)
    return path / "own.npz"


def h5(path, **more):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path / "own.h5", "w") as file:
        for name, value in {"images": IMAGES, "factors": np.c_[AGE, SIZE], **more}.items():
            file[name] = [v.encode() for v in value] if isinstance(value, list) else value
    return path / "own.h5"


def folder(path, header=("age", "size")):
    (path / "own").mkdir()
    with (path / "own" / "factors.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", *header])
        for i in range(N):
            Image.fromarray(IMAGES[i]).save(path / "own" / f"{i:03}.png")
            rows.writerow([f"{i:03}.png", AGE[i], SIZE[i]])
    return path / "own"


NAMES = {"factor_names": ["age", "size"]}


@pytest.mark.parametrize(
    ("write", "remedy"),
    [
        (lambda path: npz(path, **NAMES), "specify it by an array factor_kinds of texts"),
        (lambda path: h5(path, **NAMES), "specify it by an array factor_kinds of texts"),
        (folder, r"in the header of factors.csv, as in age \(ordinal\)"),
    ],
)
def test_a_guess_names_the_factor_and_the_remedy_of_the_file(tmp_path, write, remedy):
    path = write(tmp_path)
    said = rf"'age' is taken as continuous \(73 distinct values\); .*{remedy}"
    with pytest.warns(AmbiguousKindWarning, match=said):
        dataset = load(str(path))
    assert dataset.factor_kinds == ("continuous", "ordinal")


@pytest.mark.parametrize(
    "write",
    [
        lambda path: npz(path, **NAMES, factor_kinds=["ordinal", "categorical"]),
        lambda path: h5(path, **NAMES, factor_kinds=["ordinal", "categorical"]),
        lambda path: folder(path, ("age (ordinal)", "size (categorical)")),
    ],
)
def test_the_remedy_works(tmp_path, write):
    path = write(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = load(str(path))
    assert dataset.factor_kinds == ("ordinal", "categorical")
    assert dataset.factor_names == ("age", "size")


def test_one_kind_in_a_header_leaves_the_others_to_the_guess(tmp_path):
    dataset = load(str(folder(tmp_path, ("age (ordinal)", "size"))))
    assert dataset.factor_kinds == ("ordinal", "ordinal")


def test_an_unknown_kind_in_a_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="factor_kinds has 'round'; use one of continuous"):
        load(str(npz(tmp_path, factor_kinds=["round", "ordinal"])))
    with pytest.raises(DataError, match="factor_kinds has 1 entries, but factors has 2 columns"):
        load(str(npz(tmp_path, factor_kinds=["ordinal"])))


@pytest.mark.parametrize(
    ("cell", "name", "kind"),
    [
        ("age", "age", None),
        ("age (continuous)", "age", "continuous"),
        ("wall hue (angular) ", "wall hue", "angular"),
        ("age (years)", "age (years)", None),
        ("age (years) (ordinal)", "age (years)", "ordinal"),
        ("(ordinal)", "(ordinal)", None),
        (" (ordinal)", " (ordinal)", None),
    ],
)
def test_kinds_of_headers(cell, name, kind):
    assert kinds_of_header([cell]) == ((name,), (kind,))
