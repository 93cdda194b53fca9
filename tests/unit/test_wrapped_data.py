"""Data made of other data: correlated factors, combinations held out, and pairs."""

import numpy as np
import pytest

from micvae.data import FactorDataset, correlated, held_out, load, pairs, squares, whitened
from micvae.errors import DataError


def grid(sizes=(4, 5, 3), copies=1, **more):
    """Every combination of factors, without a renderer; an image holds its own factors."""
    factors = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1).astype(float)
    factors = np.repeat(factors, copies, axis=0)
    values = tuple(np.arange(float(size)) for size in sizes)
    return FactorDataset("grid", drawn(factors), factors, factor_values=values, **more)


def drawn(factors):
    images = np.zeros((len(factors), 1, 2, 4), np.float32)
    images[:, 0, 0, : factors.shape[1]] = factors / 10
    return images


def shown(images):
    """The factors that an image of `grid` holds."""
    return (images[:, 0, 0, :3] * 10).round()


# --- correlated -------------------------------------------------------------------------------


def joint(sizes, strength):
    """The density of two finite factors on the grid, by its definition."""
    a, b = (np.arange(size) / (size - 1) for size in sizes)
    p = np.exp(-((a[:, None] - b[None]) ** 2) / (2 * strength**2))
    return p / p.sum()


@pytest.mark.parametrize("strength", [0.1, 0.4])
@pytest.mark.parametrize("rendered", [False, True])
def test_correlated_factors_follow_the_density(strength, rendered):
    data = grid(renderer=drawn if rendered else None)
    n = 20_000
    made = correlated(data, factors=(1, 2), strength=strength, n=n, seed=1)
    assert len(made) == n
    np.testing.assert_array_equal(shown(made.images), made.factors)
    i, j = made.factors[:, 1].astype(int), made.factors[:, 2].astype(int)
    found = np.zeros((5, 3))
    np.add.at(found, (i, j), 1 / n)
    expected = joint((5, 3), strength)
    # A share p of n has standard error sqrt(p / n); five of them, or three samples of the rarest.
    assert (np.abs(found - expected) <= 5 * np.sqrt(expected / n) + 3 / n).all()
    share = np.bincount(made.factors[:, 0].astype(int)) / n
    assert np.abs(share - 1 / 4).max() < 5 * np.sqrt(1 / 4 / n)  # the others stay as they are


def test_continuous_factors_are_drawn_anew_and_rendered():
    data = squares(2000, seed=1)
    made = correlated(data, factors=("size", "intensity"), strength=0.1, n=3000, seed=2)
    np.testing.assert_array_equal(made.images, made.images_of(made.factors))
    assert len(np.unique(made.factors, axis=0)) > 2900  # combinations that were not there
    a, b = ((made.factors[:, k] - low) / span for k, low, span in ((0, 6, 16), (1, 0.2, 0.8)))
    # Of two uniform values with that weight: known by numerical integration over a fine grid.
    expected = joint((2001, 2001), 0.1)
    u = np.arange(2001) / 2000
    spread = np.sqrt((expected * (u[:, None] - u[None]) ** 2).sum())
    assert np.sqrt(((a - b) ** 2).mean()) == pytest.approx(spread, rel=0.05)
    assert np.abs(np.corrcoef(made.factors[:, 0], made.factors[:, 2])[0, 1]) < 0.1


def test_a_weak_correlation_is_hardly_any_and_a_strong_one_is_strong():
    r = [
        np.corrcoef(correlated(squares(4000), strength=s).factors[:, :2].T)[0, 1]
        for s in (0.05, 0.2, 0.7, 10)
    ]
    assert (np.diff(r) < 0).all() and r[0] > 0.95 and abs(r[-1]) < 0.06


def test_resampling_is_said():
    made = correlated(grid(copies=3), strength=0.2, n=500, seed=1)
    np.testing.assert_array_equal(shown(made.images), made.factors)
    assert "with replacement" in made.notes[-1] and "factor 0 and factor 1" in made.notes[-1]
    assert "with replacement" not in correlated(squares(50)).notes[-1]


def test_what_was_held_out_stays_out_when_correlated():
    made = load("correlated(\"held_out('squares(n=2000)', share=0.5)\", strength=0.4)")
    low, high = (squares(2000).factors.min(0), squares(2000).factors.max(0))
    unit = ((made.factors - low) / (high - low))[:, :2]
    assert not (unit > 0.5).all(1).any() and "with replacement" in made.notes[-1]
    assert made.source["of"]["data"] == "held_out"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factors": (0, 0)}, "two different ones"),
        ({"factors": (0,)}, "give two"),
        ({"factors": ("size", "colour")}, "no factor 'colour'; choose from size, intensity"),
        ({"factors": (0, 3)}, "no factor 3"),
        ({"strength": 0}, "strength is 0"),
        ({"strength": float("inf")}, "strength is inf"),
        ({"strength": 1e-6}, "give more"),
        ({"n": 0}, "n is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_impossible_correlations_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        correlated(squares(500), **options)


def test_constant_factors_cannot_be_correlated():
    data = FactorDataset("own", np.zeros((4, 1, 2, 2)), np.column_stack([np.arange(4), np.ones(4)]))
    with pytest.raises(DataError, match="does not vary"):
        correlated(data)


# --- held out ---------------------------------------------------------------------------------


def test_training_and_test_set_are_complements():
    data = grid()
    for options in ({}, {"factors": (0, 1, 2), "share": 0.4}, {"where": {1: (2, 3), 2: [0, 2]}}):
        train, test = (held_out(data, train=train, **options) for train in (True, False))
        both = np.concatenate([train.factors, test.factors])
        assert len(train) + len(test) == len(np.unique(both, axis=0)) == len(data)
        np.testing.assert_array_equal(shown(train.images), train.factors)
        np.testing.assert_array_equal(shown(test.images), test.factors)
        for k in range(3):  # every value is still seen in training
            np.testing.assert_array_equal(np.unique(train.factors[:, k]), data.factor_values[k])


@pytest.mark.parametrize(
    ("share", "values"), [(0.25, [3]), (0.5, [2, 3]), (0.75, [1, 2, 3]), (0.6, [2, 3])]
)
def test_the_upper_corner(share, values):
    test = held_out(grid((4, 4)), share=share, train=False)
    np.testing.assert_array_equal(np.unique(test.factors[:, 0]), values)
    np.testing.assert_array_equal(np.unique(test.factors[:, 1]), values)
    assert len(test) == len(values) ** 2


def test_ranges_and_values_of_choice():
    text = "held_out('squares(n=4000)', where={'size': (14, 22), 'rotation': [45]}, train=False)"
    test = load(text)
    assert test.factors[:, 0].min() >= 14 and set(test.factors[:, 2]) == {45}
    # Half of the sizes, a quarter of the angles: 1/8 of 4000, with a standard error of 21.
    assert len(test) == pytest.approx(500, abs=100)
    assert "size from 14 to 22 and rotation 45" in test.notes[-1]
    assert test.source["where"] == {"size": {"from": 14, "to": 22}, "rotation": [45]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 0}, "share is 0"),
        ({"share": 1}, "share is 1"),
        ({"factors": ()}, "at least one"),
        ({"factors": ("colour",)}, "no factor 'colour'"),
        ({"where": {}}, "give values per factor"),
        ({"where": 3}, "give values per factor"),
        ({"where": {0: 3}}, "tuple"),
        ({"where": {0: (1, 2, 3)}}, "tuple"),
        ({"where": {0: ["a"]}}, "tuple"),
        ({"where": {0: (100, 200)}}, "none of the 60"),
        ({"where": {0: (0, 200)}}, "all of the 60"),
    ],
)
def test_impossible_selections_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        held_out(grid(), **options)


def test_pairs_would_show_what_is_held_out():
    with pytest.raises(DataError, match="hold out first"):
        load("held_out(\"pairs('squares(n=50)')\")")
    train = load("pairs(\"held_out('dsprites(n=6000)', factors=('shape', 'scale'))\")")
    seen = held_out(load("dsprites(n=6000)"), factors=("shape", "scale"))
    assert len(train) < len(seen)  # looked up among what is seen, not rendered
    rows = {image.tobytes() for image in seen.images}
    assert all(image.tobytes() in rows for image in train.partners[:200])


# --- pairs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [1, 2, 3])
@pytest.mark.parametrize("rendered", [False, True])
def test_partners_differ_in_exactly_so_many_factors(changes, rendered):
    data = grid(copies=20, renderer=drawn if rendered else None)
    made = pairs(data, changes=changes, seed=1)
    assert len(made) == len(data) and made.notes == ()
    np.testing.assert_array_equal(made.images, data.images)
    different = shown(made.partners) != made.factors
    assert (different.sum(1) == changes).all()
    # Each factor changes in 1200·changes/3 pairs, with a standard error of at most 16.
    assert np.abs(different.sum(0) - 400 * changes).max() < 5 * 16 * (changes < 3) + 1
    # The new value is each of the others equally often, within five standard errors.
    moved = different[:, 0] & (made.factors[:, 0] == 0)
    counts = np.bincount(shown(made.partners)[moved, 0].astype(int), minlength=4)
    assert counts[0] == 0 and np.abs(counts[1:] - moved.sum() / 3).max() < 5 * np.sqrt(moved.sum())


def test_a_random_number_of_changes():
    made = pairs(grid(copies=20), changes=None, seed=1)
    different = (shown(made.partners) != made.factors).sum(1)
    # One or two of three factors, 600 each with a standard error of 17.
    assert set(different) == {1, 2} and abs((different == 1).sum() - 600) < 90


def test_continuous_factors_take_another_value_of_the_data():
    data = squares(300, seed=1)
    made = pairs(data, changes=None, seed=2)
    assert made.partners.shape == data.images.shape and made.notes == data.notes
    same = np.abs(made.partners - made.images).max((1, 2, 3)) == 0
    assert not same.any()


def test_images_without_a_partner_are_left_out_and_it_is_said():
    whole = grid((10, 10, 10))
    some = whole.subset(np.random.default_rng(0).permutation(1000)[:250])
    made = pairs(some, seed=1)
    assert len(made) < 250 and f"{250 - len(made)} of 250 images have no partner" in made.notes[-1]
    np.testing.assert_array_equal(shown(made.images), made.factors)
    assert ((shown(made.partners) != made.factors).sum(1) == 1).all()
    with pytest.raises(DataError, match=r"only \d+ of 30 images .* read more images"):
        pairs(whole.subset(np.random.default_rng(0).permutation(1000)[:30]))


def test_equal_images_of_equal_factors_are_no_partners():
    """Two samples of the same factors differ in none."""
    twice = grid((3, 1, 1), copies=2)
    made = pairs(twice)
    assert ((shown(made.partners) != made.factors).sum(1) == 1).all()


@pytest.mark.parametrize("changes", [0, 4, -1, 1.5, True, "1"])
def test_impossible_numbers_of_changes_are_refused(changes):
    with pytest.raises(DataError, match=r"changes is .*; give 1 to 3"):
        pairs(grid(), changes=changes)


def test_what_has_no_factors_cannot_be_wrapped():
    bare = FactorDataset("own", np.zeros((4, 1, 2, 2)))
    for wrap in (pairs, correlated, held_out):
        with pytest.raises(DataError, match="own has no known factors"):
            wrap(bare)
        with pytest.raises(DataError, match="data is 3; give a data set"):
            wrap(3)
    constant = FactorDataset("own", np.zeros((4, 1, 2, 2)), np.ones((4, 2)))
    with pytest.raises(DataError, match="no factors that vary"):
        pairs(constant)


def test_long_texts_are_no_file_names():
    inner = "squares(n=30, seed=0, angles=(" + "0.5, " * 60 + "))"
    with pytest.warns(UserWarning, match="are indistinguishable"):
        assert len(load(f"pairs({inner!r})")) == 30


def test_files_of_ones_own_can_be_wrapped(tmp_path):
    data = grid(copies=2)
    np.savez(tmp_path / "own.npz", images=data.images, factors=data.factors)
    made = load(f"pairs({str(tmp_path / 'own.npz')!r}, changes=2, seed=1)")
    assert ((shown(made.partners) != made.factors).sum(1) == 2).all()
    assert made.source["of"]["data"] == str(tmp_path / "own.npz")


# --- whitened ---------------------------------------------------------------------------------


def test_whitened_vectors_are_uncorrelated_and_of_variance_1():
    data = whitened("sparse_transitions(n=2000, layers=2, seed=1)")
    # Entries of the covariance round to float32's 1e−7 of 1, and 2,000 of them are averaged.
    np.testing.assert_allclose(np.cov(data.images.T, bias=True), np.eye(5), atol=1e-4)
    np.testing.assert_allclose(data.images.mean(0), 0, atol=1e-4)
    assert data.sequence is not None


def test_partners_are_whitened_by_the_same_map():
    inner = load("sharing_pairs(n=500, sources=3, seed=1)")
    data = whitened(inner)
    basis = np.c_[inner.images, np.ones(len(inner))]
    fitted = np.linalg.lstsq(basis, data.images, rcond=None)[0]
    expected = np.c_[inner.partners, np.ones(len(inner))] @ fitted
    np.testing.assert_allclose(data.partners, expected, atol=1e-4)


def test_what_cannot_be_whitened_is_refused():
    with pytest.raises(DataError, match="squares has images"):
        whitened(squares(8))
    flat = FactorDataset("flat", np.ones((8, 2), np.float32), np.arange(8.0)[:, None])
    with pytest.raises(DataError, match="do not vary"):
        whitened(flat)
