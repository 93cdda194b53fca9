"""The toy data against its own description."""

import warnings

import numpy as np
import pytest

from micvae.data import load, squares
from micvae.errors import AliasedAnglesWarning, DataError


def supersampled(size, grey, angle, times=64):
    """The true mean brightness of each pixel, by brute force over a fine grid."""
    fine = (np.arange(32 * times) + 0.5) / times - 16
    x, y = fine[None, :], -fine[:, None]
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    inside = (np.abs(c * x + s * y) <= size / 2) & (np.abs(c * y - s * x) <= size / 2)
    return grey * inside.reshape(32, times, 32, times).mean((1, 3))


def test_shapes_ranges_and_names():
    data = squares(500, seed=3)
    assert data.images.shape == (500, 1, 32, 32) and data.images.dtype == np.float32
    assert data.factors.shape == (500, 3)
    assert data.factor_names == ("size", "intensity", "rotation")
    assert data.factor_kinds == ("continuous", "continuous", "categorical")
    assert set(np.unique(data.factors[:, 2])) == {0.0, 22.5, 45.0, 67.5}
    assert data.images.min() == 0 and data.images.max() <= 1


def test_factors_are_uniform_and_independent():
    factors = squares(20_000, seed=1).factors
    low, high = factors.min(0), factors.max(0)
    np.testing.assert_allclose(low[:2], [6, 0.2], atol=0.01)
    np.testing.assert_allclose(high[:2], [22, 1], atol=0.01)
    unit = (factors[:, :2] - low[:2]) / (high - low)[:2]
    # A uniform's mean has standard error 0.29 / sqrt(20,000) = 0.002; a correlation 0.007.
    np.testing.assert_allclose(unit.mean(0), 0.5, atol=0.01)
    np.testing.assert_allclose(unit.var(0), 1 / 12, atol=0.003)
    correlation = np.corrcoef(factors.T)
    assert np.abs(correlation[np.triu_indices(3, 1)]).max() < 0.03


@pytest.mark.parametrize("angle", [0.0, 22.5, 45.0, 67.5, 10.0])
@pytest.mark.parametrize("size", [8.0, 13.7, 20.0])
def test_rendering_agrees_with_brute_force(size, angle):
    image = squares(2).images_of([[size, 0.8, angle]])[0, 0]
    truth = supersampled(size, 0.8, angle)
    # Exact for upright squares, but for the reference's own grid of 1/64 pixel; within 0.05 of
    # coverage on the border pixels of turned ones.
    assert np.abs(image - truth).max() < 0.8 * (1 / 64 if angle == 0 else 0.05)
    assert image.sum() == pytest.approx(0.8 * size**2, rel=0.02)


def test_images_belong_to_factors():
    data = squares(50, seed=5)
    np.testing.assert_array_equal(data.images, data.images_of(data.factors))
    some = data.subset([4, 2])
    np.testing.assert_array_equal(some.images, data.images_of(data.factors[[4, 2]]))


def test_a_quarter_turn_is_invisible_and_half_of_it_is_not():
    data = squares(2)
    base = data.images_of([[12, 1, 22.5]])
    np.testing.assert_allclose(data.images_of([[12, 1, 112.5]]), base, atol=1e-5)
    assert np.abs(data.images_of([[12, 1, 67.5]]) - base).max() > 0.3


def test_the_seed_decides():
    np.testing.assert_array_equal(squares(20, seed=1).images, squares(20, seed=1).images)
    assert not np.array_equal(squares(20, seed=1).factors, squares(20, seed=2).factors)


def test_aliased_angles_are_named():
    with pytest.warns(AliasedAnglesWarning, match="0°, 90°, 180° are indistinguishable"):
        data = squares(10, angles=(0, 45, 90, 180))
    assert len(data.notes) == 1 and "0°, 90°, 180°" in data.notes[0] and "45" not in data.notes[0]


def test_distinct_angles_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert squares(10).notes == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n is 0"),
        ({"angles": ()}, "angles"),
        ({"size": (10, 30)}, "size"),
        ({"size": (12, 8)}, "size"),
        ({"intensity": (0, 1)}, "intensity"),
        ({"intensity": (0.5, 1.5)}, "intensity"),
    ],
)
def test_impossible_squares_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        squares(**{"n": 4, **options})


def test_factors_to_render_must_fit(toy):
    with pytest.raises(DataError, match=r"expected \(M, 3\)"):
        toy.images_of([[1.0, 2.0]])
    with pytest.raises(DataError, match="NaN"):
        toy.images_of([[np.nan, 1.0, 0.0]])


def test_load_reads_options():
    data = load("squares(n=7, seed=2, angles=(0, 45))")
    assert len(data) == 7 and set(data.factors[:, 2]) <= {0.0, 45.0}
    with pytest.raises(DataError, match="colour"):
        load("squares(colour=1)")
    with pytest.raises(DataError, match="no data set or file 'circles'"):
        load("circles")
