"""Holding a factor fixed, and the scores that do."""

import numpy as np
import pytest

from micvae.data import FactorDataset
from micvae.metrics import (
    Matched,
    MetricError,
    Rendered,
    beta_vae_score,
    factor_vae_score,
)


def grid(repeats=20):
    axes = np.meshgrid(np.arange(3), np.arange(4), np.arange(2), indexing="ij")
    return np.tile(np.stack([a.ravel() for a in axes], axis=1), (repeats, 1)).astype(float)


def drawn_data(factors):
    """Images whose pixels are the factors, so that codes show them."""

    def render(f):
        return (np.asarray(f) / 8).astype(np.float32).reshape(len(f), 1, 1, -1)

    kinds = ("ordinal",) * factors.shape[1]
    return FactorDataset("pixels", render(factors), factors, factor_kinds=kinds, renderer=render)


def encode(images):
    return 8 * images.reshape(len(images), -1)


def matched(factors):
    return Matched(factors, factors)


def rendered(factors):
    return Rendered(encode, drawn_data(factors))


@pytest.mark.parametrize("make", [matched, rendered])
@pytest.mark.parametrize("seed", range(3))
def test_the_factor_is_held_and_the_others_are_free(make, seed):
    factors = grid()
    held = make(factors)
    random = np.random.default_rng(seed)
    which = random.integers(0, 3, 300)
    codes = held.groups(which, 40, random)
    assert codes.shape == (300, 40, 3)
    still = np.ptp(codes, axis=1) == 0
    rows = np.arange(300)
    assert still[rows, which].all()
    # A free bit of 40 draws is constant with probability 2^−39.
    still[rows, which] = False
    assert not still.any()
    # The held value is drawn as often as in the data: a third each, with a deviation of 5% in 100.
    for k, size in enumerate((3, 4, 2)):
        share = (
            np.bincount(codes[which == k, 0, k].astype(int), minlength=size) / (which == k).sum()
        )
        np.testing.assert_allclose(share, 1 / size, atol=0.2)
    free = held.codes(5000, random)
    assert free.shape == (5000, 3)
    np.testing.assert_allclose(free.mean(axis=0), factors.mean(axis=0), atol=0.08)  # 5 errors


def test_matched_keeps_unequal_shares_and_dependences():
    factors = np.array([[0, 0]] * 90 + [[1, 1]] * 10)
    held = Matched(factors.astype(float), factors)
    random = np.random.default_rng(0)
    codes = held.groups(np.zeros(2000, np.int64), 2, random)
    # A tenth, with a standard error of 0.7%.
    assert codes[:, 0, 0].mean() == pytest.approx(0.1, abs=0.03)
    np.testing.assert_array_equal(codes[..., 0], codes[..., 1])  # one is the other


@pytest.mark.parametrize("make", [matched, rendered])
@pytest.mark.parametrize("function", [beta_vae_score, factor_vae_score])
def test_perfect_codes_tell_the_held_factor(make, function):
    if function is beta_vae_score:
        options = {"train_points": 600, "test_points": 300}
    else:
        options = {"train_votes": 300, "test_votes": 300, "variance_samples": 1000}
    # Its latent has no variance, or no difference, in every group: nothing to confuse.
    assert float(function(make(grid()), group=32, **options)) == 1


@pytest.mark.parametrize("function", [beta_vae_score, factor_vae_score])
def test_codes_that_know_nothing_are_at_chance(function):
    factors = grid()
    noise = np.random.default_rng(0).normal(size=(len(factors), 4))
    if function is beta_vae_score:
        options = {"train_points": 2000, "test_points": 2000}
    else:
        options = {"train_votes": 2000, "test_votes": 2000, "variance_samples": 1000}
    found = float(function(Matched(noise, factors), group=16, **options))
    # 1/3 with a standard error of 1.1%; a finite sample of 480 leaves groups of one value some
    # 0.1 of difference in their variances.
    assert found == pytest.approx(1 / 3, abs=0.12)
    dead = Matched(np.full((len(factors), 2), 0.1), factors)
    found = float(function(dead, group=16, **options))
    # No vote at all, or the most frequent class.
    assert found == 0 if function is factor_vae_score else found == pytest.approx(1 / 3, abs=0.05)


def test_pruned_latents_do_not_vote():
    factors = grid()
    small = np.column_stack([factors, 1e-3 * np.random.default_rng(0).normal(size=len(factors))])
    options = {"train_votes": 100, "test_votes": 100, "variance_samples": 500, "group": 16}
    score = factor_vae_score(Matched(small, factors), **options)
    assert score.details["active"].tolist() == [True, True, True, False]
    assert score.details["votes"].sum() == 100 and score.details["votes"][:, 3].sum() == 0
    assert factor_vae_score(Matched(small, factors), prune=0, **options).details["active"].all()


def test_interventions_refuse_what_cannot_be_held():
    rng = np.random.default_rng(0)
    with pytest.raises(MetricError, match="factor 0 is continuous"):
        Matched(rng.normal(size=(50, 2)), rng.normal(size=(50, 1)))
    still = FactorDataset("still", np.zeros((4, 1, 2, 2)), np.arange(4.0))
    with pytest.raises(MetricError, match="cannot hold a factor fixed"):
        Rendered(encode, still)
    with pytest.raises(MetricError, match="finite"):
        bad = Rendered(lambda x: np.full((len(x), 2), np.nan), drawn_data(grid()))
        factor_vae_score(bad, train_votes=2, test_votes=2, variance_samples=2, group=2)
