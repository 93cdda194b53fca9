"""dSprites drawn anew, against twelve published images and its own description."""

import numpy as np
import pytest

from micvae.data import dsprites, load
from micvae.data.dsprites import render
from micvae.errors import DataError


@pytest.mark.shared_data
def test_published_images_are_drawn_to_the_pixel(dsprites_12):
    with np.load(dsprites_12) as file:
        published, factors = file["imgs"], file["latents_values"][:, 1:]
    difference = np.abs(render(factors)[:, 0] - published).mean((1, 2))
    # 0 today; one pixel of one image is 1/4096, the least that could go wrong.
    assert difference.max() < 1 / 4096


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (1, 19.2**2),
        (2, np.pi * 12.76 * 7.206),
        # The heart curve encloses 180π units, each of 9.6/16 by 19.2/28.92 pixels.
        (3, 180 * np.pi * 9.6 / 16 * 19.2 / 28.9232524),
    ],
)
def test_areas(shape, area):
    generator = np.random.default_rng(0)
    factors = np.stack([np.full(400, shape), np.ones(400), *generator.random((3, 400))], axis=1) * [
        1,
        1,
        2 * np.pi,
        1,
        1,
    ]
    # Pixels at random places count an area without bias; one image is off by some 5 pixels.
    assert render(factors).sum((1, 2, 3)).mean() == pytest.approx(area, abs=4 * 5 / np.sqrt(400))
    factors[:, 1] = 0.5
    assert render(factors).sum((1, 2, 3)).mean() == pytest.approx(area / 4, abs=1)


def test_positions_scale_and_direction():
    left, right, down = render(np.asarray([[1, 1, 0, 0, 0], [1, 1, 0, 1, 0], [1, 1, 0, 0, 1]]))
    np.testing.assert_array_equal(right[0], np.roll(left[0], 32, axis=1))
    np.testing.assert_array_equal(down[0], np.roll(left[0], 32, axis=0))
    heart, turned = render(np.asarray([[3, 1, 0, 0.5, 0.5], [3, 1, np.pi / 2, 0.5, 0.5]]))
    rows, columns = np.nonzero(heart[0])
    assert columns[rows == rows.max()].mean() == pytest.approx(31.5, abs=0.6)  # its tip is below
    assert len(columns[rows == rows.max()]) < 5 < len(columns[rows == rows.min()])
    # A quarter turn counter-clockwise brings the tip to the right.
    rows, columns = np.nonzero(turned[0])
    assert rows[columns == columns.max()].mean() == pytest.approx(31.5, abs=0.6)


@pytest.mark.parametrize(
    ("shape", "same"),
    [(1, (True, True, True)), (2, (False, True, True)), (3, (False, False, True))],
    ids=["square", "ellipse", "heart"],
)
def test_symmetries(shape, same):
    """After a quarter, a half and a whole turn."""
    turns = [0, np.pi / 2, np.pi, 2 * np.pi]
    images = render(np.asarray([[shape, 1, turn, 0.31, 0.64] for turn in turns]))
    assert tuple(np.array_equal(images[0], image) for image in images[1:]) == same


def test_notes_name_the_symmetries():
    assert any("90°" in note and "180°" in note for note in dsprites(1).notes)
    assert any("2π" in note for note in dsprites(1).notes)


def test_every_combination_stays_inside_and_is_binary():
    data = dsprites(3000, seed=1)
    assert set(np.unique(data.images)) == {0, 1}
    assert data.images[:, :, [0, -1]].max() == data.images[..., [0, -1]].max() == 0


def test_factors_are_uniform_and_independent():
    data = dsprites(20_000, seed=2)
    for column, values in zip(data.factors.T, data.factor_values, strict=True):
        share = np.unique(column, return_counts=True)[1] / len(column)
        assert len(share) == len(values)
        # A share p of 20,000 has standard error sqrt(p / 20,000); five of them.
        assert np.abs(share - 1 / len(values)).max() < 5 * np.sqrt(1 / len(values) / 20_000)
    assert np.abs(np.corrcoef(data.factors.T)[np.triu_indices(5, 1)]).max() < 0.04


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([4, 1, 0, 0, 0], "factor shape is 4; expected one of 1, 2, 3"),
        ([1, 2, 0, 0, 0], "factor scale is 2; expected 0.5 to 1"),
        ([1, 1, 7, 0, 0], "orientation is 7"),
        ([1, 1, 0, 0, -0.1], "posY is -0.1"),
    ],
)
def test_factors_outside_the_ranges_are_refused(factors, message):
    with pytest.raises(DataError, match=message):
        dsprites(1).images_of(factors)


def test_impossible_numbers_are_refused():
    for text in ("dsprites(n=0)", "dsprites(n=2.5)", "dsprites(n=True)", "scenes(n=0)"):
        with pytest.raises(DataError, match=r"n is .*give a whole number"):
            load(text)
    with pytest.raises(DataError, match="seed is -1"):
        load("dsprites(n=2, seed=-1)")
