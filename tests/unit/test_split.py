"""Samples kept aside at random."""

import numpy as np
import pytest

from micvae.data import FactorDataset, load, split, squares
from micvae.errors import DataError

IMAGES = np.arange(60, dtype=np.float32)[:, None] * np.ones(2, np.float32)


def rows_of(dataset: FactorDataset) -> list[int]:
    return dataset.images[:, 0].astype(int).tolist()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_both_parts_are_all_of_it_once(share):
    data = FactorDataset("rows", IMAGES)
    rest, aside = (split(data, share=share, train=train, seed=2) for train in (True, False))
    assert len(aside) == round(share * 60)
    assert sorted(rows_of(rest) + rows_of(aside)) == list(range(60))
    assert rows_of(aside) == sorted(rows_of(aside))
    assert rows_of(aside) != rows_of(split(data, share=share, train=False, seed=3))


def test_whole_sequences_are_kept_aside_and_of_a_single_one_its_end():
    sequence = np.repeat(np.arange(12), 5)
    data = FactorDataset("frames", IMAGES, sequence=sequence)
    rest, aside = (split(data, share=0.25, train=train) for train in (True, False))
    assert len(np.unique(aside.sequence)) == 3
    assert not set(rest.sequence) & set(aside.sequence)
    single = FactorDataset("film", IMAGES, sequence=np.zeros(60, dtype=int))
    assert rows_of(split(single, share=0.2, train=False)) == list(range(48, 60))


def test_without_factors_nothing_of_them_is_left():
    part = split("squares(n=50, seed=1)", factors=False)
    assert part.n_factors == 0 and part.renderer is None
    with_them = split("squares(n=50, seed=1)")
    np.testing.assert_array_equal(part.images, with_them.images)
    assert with_them.factor_names == ("size", "intensity", "rotation")


def test_named_on_the_command_line_it_nests():
    inner = split(squares(n=50), share=0.2)
    assert load("split('split(\\'squares(n=50)\\', share=0.2)')").images.shape[0] == 36
    assert len(inner) == 40


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"share": 0}, "share is 0"),
        ({"share": 1.0}, "share is 1.0"),
        ({"share": "half"}, "share is 'half'"),
        ({"share": 0.001}, "holds out none of them"),
        ({"share": 0.999}, "holds out all of them"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_an_impossible_part_is_refused(given, message):
    with pytest.raises(DataError, match=message):
        split(FactorDataset("rows", IMAGES), **given)
