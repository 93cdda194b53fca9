"""Columns whose labels are no text are not taken in another order."""

import numpy as np
import pandas as pd
import pytest

from micvae import Disentangler
from micvae.errors import DataError, MicvaeError
from micvae.files import check_writable, expanded
from micvae.metrics.inputs import check_inputs

X = np.random.default_rng(0).laplace(size=(200, 3))


def learner():
    return Disentangler("fast-ica", latent_dim=3, epochs=1, device="cpu")


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2],
        [400.0, 410.0, 420.0],
        list(pd.to_datetime(["2020-01-01", "2020-02-01", "2020-03-01"])),
    ],
    ids=["numbers", "wavelengths", "dates"],
)
def test_labels_that_are_no_text_are_kept_in_order(labels):
    frame = pd.DataFrame(X, columns=labels)
    fitted = learner().fit(frame)
    np.testing.assert_array_equal(fitted.transform(frame), fitted.representation_.codes)
    with pytest.raises(DataError, match="order"):
        fitted.transform(frame[[labels[2], labels[0], labels[1]]])


@pytest.mark.parametrize("path", ["a\0b", "caf\udce9/run"])
def test_paths_that_cannot_be_written_are_refused_at_once(path, tmp_path):
    with pytest.raises(MicvaeError, match=r"zero byte|not UTF-8"):
        check_writable(expanded(path))


@pytest.mark.parametrize("offset", [0, 1e8, 1e12, 3e14])
def test_offsets_that_float64_resolves_change_no_code(offset):
    moved = X * 100 + offset
    codes = learner().fit_transform(moved)
    matched = np.abs(np.corrcoef(codes.T, learner().fit_transform(X).T)[:3, 3:]).max(axis=1)
    assert (matched > 0.999).all()


def test_an_offset_that_float64_rounds_is_said():
    with pytest.warns(UserWarning, match=r"float64 and varies by .* subtract an offset"):
        learner().fit(X + 1e15)


def test_a_constant_column_far_from_zero_is_no_rounded_one():
    learner().fit(np.column_stack([X, np.full(len(X), 0.1), np.full(len(X), 1e9)]))


def test_numbers_that_a_frame_calls_categories_are_categories():
    ages = np.random.default_rng(0).integers(18, 91, 400)
    frame = pd.DataFrame({"age": pd.Categorical(ages)})
    fitted = learner().fit(np.tile(X, (2, 1)), y=frame)
    assert fitted.representation_.factor_kinds == ("categorical",)
    checked = check_inputs(np.tile(X, (2, 1)), frame)
    assert checked.kinds == ("categorical",) and checked.discrete == (True,)
