"""A factor as the number of a sequence or as u, successors, and factors shown as images."""

import numpy as np
import pytest

from micvae.data import (
    FactorDataset,
    auxiliary,
    blocks,
    load,
    rendered,
    sequences,
    squares,
    successors,
)
from micvae.errors import DataError

FACTORS = np.asarray([[2, 5, 0.5], [1, 9, 1.0], [2, 4, 2.0], [7, 0, 3.0], [1, 8, 4.0], [2, 6, 5.0]])


def films(**more):
    """Six frames of three films; an image holds its film, its time and its angle."""
    names = ("film", "time", "angle")
    kinds = ("categorical", "ordinal", "angular")
    images = FACTORS.astype(np.float32)
    return FactorDataset("films", images, FACTORS, names, kinds, **more)


def test_frames_stand_together_in_the_order_they_had():
    made = sequences(films(), column="film")
    np.testing.assert_array_equal(made.sequence, [0, 0, 1, 1, 1, 2])
    np.testing.assert_array_equal(made.images[:, 1], [9, 8, 5, 4, 6, 0])
    np.testing.assert_array_equal(made.factors, made.images.astype(float))
    assert made.factor_names == ("film", "time", "angle")


def test_frames_are_sorted_by_time():
    made = sequences(films(), column=0, time="time")
    np.testing.assert_array_equal(made.images[:, 1], [8, 9, 4, 5, 6, 0])


def test_what_numbers_the_sequences_need_not_be_scored():
    made = sequences(films(renderer=lambda f: f), column="film", time="time", keep=False)
    assert made.factor_names == ("angle",) and made.factors.shape == (6, 1)
    assert made.factor_kinds == ("angular",) and made.renderer is None
    np.testing.assert_array_equal(made.factors[:, 0], made.images[:, 2])


def test_everything_beside_the_images_is_sorted_with_them():
    made = sequences(films(partners=FACTORS, auxiliary=FACTORS[:, 1]), column="film")
    np.testing.assert_array_equal(made.partners, made.images)
    np.testing.assert_array_equal(made.auxiliary[:, 0], made.images[:, 1])


def test_sequences_of_one_frame_are_refused():
    with pytest.raises(DataError, match="a different value for every image"):
        sequences(films(), column="time")
    with pytest.raises(DataError, match="no factor 'hour'"):
        sequences(films(), column="film", time="hour")


def test_successors_stay_in_their_sequence():
    index, there = successors([4, 4, 4, 0, 1, 1])
    np.testing.assert_array_equal(index, [1, 2, 2, 3, 5, 5])
    np.testing.assert_array_equal(there, [True, True, False, False, True, False])
    index, there = successors(np.zeros(1, int))
    assert index.tolist() == [0] and there.tolist() == [False]
    with pytest.raises(DataError, match="one number per frame"):
        successors(np.zeros((3, 2), int))


def test_successors_of_a_problem_are_the_next_frames():
    data = load("sparse_transitions(n=600, length=3, rate=20.0, seed=1)")
    index, there = successors(data.sequence)
    assert there.sum() == 400
    steps = data.factors[index] - data.factors
    assert (steps[~there] == 0).all()
    # Laplace steps of rate 20 have mean size 0.05; other pairs of frames differ by about 1.1.
    assert np.abs(steps[there]).mean() == pytest.approx(0.05, rel=0.1)


def test_a_category_is_one_column_per_value():
    made = auxiliary(films(), column="film")
    expected = FACTORS[:, :1] == np.asarray([[1, 2, 7]])
    np.testing.assert_array_equal(made.auxiliary, expected)
    assert made.factor_names == ("film", "time", "angle")


def test_numbers_and_angles_as_u():
    np.testing.assert_array_equal(auxiliary(films(), column="time").auxiliary, FACTORS[:, 1:2])
    made = auxiliary(films(), column="angle", keep=False)
    assert made.factor_names == ("film", "time")
    angle = np.arctan2(made.auxiliary[:, 1], made.auxiliary[:, 0]) % (2 * np.pi)
    np.testing.assert_allclose(angle, FACTORS[:, 2])


def test_values_that_a_part_lacks_keep_their_column():
    part = films().subset([0, 2])
    assert auxiliary(part, column="film").auxiliary.tolist() == [[0, 1, 0], [0, 1, 0]]


def test_blocks_are_of_equal_length_and_end_with_their_sequence():
    data = load("sparse_transitions(n=15, length=5, sources=2)")
    assert blocks(data, length=2).auxiliary[:, 0].tolist() == [
        *(0, 0, 1, 1, 2),
        *(3, 3, 4, 4, 5),
        *(6, 6, 7, 7, 8),
    ]
    assert blocks("independent(n=6)", length=4).auxiliary[:, 0].tolist() == [0, 0, 0, 0, 1, 1]
    with pytest.raises(DataError, match="one block of length 6"):
        blocks("independent(n=6)", length=6)


def test_sources_are_scaled_to_what_the_scene_shows():
    data = load("independent(n=300, sources=3, seed=2)")
    made = rendered(data)
    low, high = data.factors.min(0), data.factors.max(0)
    shown = np.asarray([6, 0.2, 0]) + (data.factors - low) / (high - low) * [16, 0.8, 67.5]
    np.testing.assert_allclose(made.images, squares(1).images_of(shown), atol=1e-6)
    np.testing.assert_array_equal(made.factors, data.factors)
    np.testing.assert_array_equal(made.images_of(high[None] + 1), made.images_of(high[None]))
    assert any(note.startswith("Of the vectors, before rendering: ") for note in made.notes)


def test_properties_without_a_factor_stay_in_the_middle():
    made = rendered("independent(n=50, sources=1)")
    lit = made.images.max((1, 2, 3))
    np.testing.assert_allclose(lit, 0.6, atol=1e-6)  # the middle of 0.2 and 1


def test_u_sequences_and_partners_stay_with_the_images():
    data = load("segments(n=200, sources=2)")
    np.testing.assert_array_equal(rendered(data).auxiliary, data.auxiliary)
    data = load("sparse_transitions(n=200, sources=3)")
    np.testing.assert_array_equal(rendered(data).sequence, data.sequence)
    data = load("sharing_pairs(n=100, sources=4, changes=2)")
    made = rendered(data, scene="dsprites")
    np.testing.assert_array_equal(made.partners, made.images_of(data.hidden["partners"]))
    assert made.images.shape == (100, 1, 64, 64)


def test_what_cannot_be_rendered_is_refused():
    with pytest.raises(DataError, match="5 factors, but squares shows 3"):
        rendered("independent(n=50)")
    with pytest.raises(DataError, match="choose from squares, dsprites"):
        rendered("independent(n=50, sources=2)", scene="cats")
    with pytest.raises(
        DataError, match="factors of the partners of squares, in pairs are not known"
    ):
        rendered("pairs('squares(n=50)')")
