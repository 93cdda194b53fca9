"""A path is read as it is written: brackets, quotes, backslashes, spaces and a leading ~."""

from pathlib import Path

import numpy as np
import pytest

from micvae import Disentangler
from micvae.cli import main
from micvae.data import describe, load
from micvae.errors import DataError, MicvaeError
from micvae.objectives import find
from micvae.sharing.paths import public

IMAGES = np.random.default_rng(0).integers(0, 256, (24, 8, 8), dtype=np.uint8)
TINY = {"latent_dim": 2, "epochs": 1, "network": "patch(width=4, hidden=8)", "device": "cpu"}

NAMES = [
    "dsprites (1).npz",
    "squares(n=8).npz",
    "squares(n=8)",
    "own (copy.npz",
    "it's.npz",
    'a "quoted" one.npz',
    "with space.npz",
    r"C:\Users\me\new.npz",
    r"new\table.npz",
    "[a], {b}=c; d.npz",
    "größe.npz",
    "~old.npz",
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_what_exists_is_a_path(name, here):
    """Alone, and in the wrappers and descriptions as Python writes it and as a user does."""
    suffix = Path(name).suffix
    with (here / name).open("wb") as file:
        np.savez(file, images=IMAGES)
    if suffix != ".npz":
        with pytest.raises(DataError, match="ends in none of"):  # a path, not the data set
            load(name)
        return
    expected = load(name).images
    np.testing.assert_array_equal(expected[:, 0], IMAGES / np.float32(255))
    quote = '"' if "'" in name else "'"
    typed = name.replace(quote, "\\" + quote)
    for text in (
        f"split({name!r}, share=0.5)",
        f"split({quote}{typed}{quote}, share=0.5)",
        f"split({f'split({name!r}, share=0.5)'!r}, share=0.5)",
    ):
        assert 6 <= len(load(text)) <= 12
    for text in (f"arrays({name!r})", f"arrays({quote}{typed}{quote}, value_range=(0, 255))"):
        np.testing.assert_array_equal(load(text).images, expected)
    learner = Disentangler("vae", value_range=(0, 255), batch_size=8, **TINY).fit(name)
    assert learner.representation_.codes.shape == (24, 2)
    assert "\\" not in public(name) and ":" not in public(name)


@pytest.mark.parametrize(
    "text",
    [r"split('C:\Users\me\x.npz')", r"split('C:\data\new\table.npz')", r"arrays('D:\n\u.npz')"],
)
def test_backslashes_of_a_path_stay(text):
    """Python would take \\U for a broken character, and \\n and \\t for other characters."""
    path = text.split("'")[1]
    assert [*describe(text).steps()][-1].own_path == path
    with pytest.raises(DataError) as refused:
        load(text)
    assert repr(path) in str(refused.value) and "is not understood" not in str(refused.value)


def test_a_backslash_before_a_quotation_mark_says_what_to_write():
    with pytest.raises(MicvaeError, match=r"in a path, write / or \\\\ in place of a \\ before a"):
        load("split('C:\\data\\')")


def test_escape_sequences_of_other_choices_are_python_s():
    assert find(r"cs-isolate(label='a\nb')").label == "a\nb"
    assert describe(r"arrays('a\\b', layout='auto')").own_path == "a\\b"


def test_a_leading_tilde_is_the_home_directory(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("USERPROFILE", str(here))
    (here / "photos").mkdir()
    np.savez(here / "own.npz", images=IMAGES)
    np.save(here / "photos" / "own.npy", IMAGES)
    for text in (
        "~/own.npz",
        "split('~/own.npz', share=0.5)",
        "arrays('~/own.npz')",
        "~/photos/own.npy",
    ):
        assert load(text).image_shape == (1, 8, 8)
    learner = Disentangler("vae", batch_size=8, **TINY).fit("~/own.npz")
    assert learner.transform("~/own.npz").shape == (24, 2)
    with pytest.raises(DataError, match="holds no images"):
        load("~/photos")
    with pytest.raises(MicvaeError, match="there is no such home directory"):
        load("~nobody-of-that-name/own.npz")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dsprites (2).npz", r"there is no data set or file 'dsprites \(2\)\.npz'"),
        ("missing (1).npz", r"there is no data set or file 'missing \(1\)\.npz'"),
        ("squares(n=8", "is not understood"),
        ("x" * 300, "there is no data set or file"),
        ("correlated('" + "x" * 300 + "')", "there is no data set or file"),
        ("own\0.npz", "give the path of a file or folder as text"),
    ],
)
def test_what_is_not_there(text, message, here):
    with pytest.raises(MicvaeError, match=message):
        load(text)


def test_from_the_command_line(here, capsys):
    np.savez(here / "dsprites (1).npz", images=IMAGES)
    small = ["--epochs", "1", "--batch-size", "8", "--network", "patch(width=4, hidden=8)"]
    main(["train", "vae", "--data", "dsprites (1).npz", "--out", "run", *small])
    main(["encode", "run", "dsprites (1).npz", "--out", "codes.csv"])
    assert "24 rows" in capsys.readouterr().out
