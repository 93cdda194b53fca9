"""Total correlation from neighbours, and permutation nulls: exact cases, invariances, refusals."""

import numpy as np
import pytest
from scipy.special import digamma

from micvae.errors import MicvaeError
from micvae.information import (
    null_interval,
    pairwise_mutual_information,
    permutation_null,
    total_correlation,
)


def draws(count=300, columns=3, seed=0):
    z = np.random.default_rng(seed).standard_normal((count, columns))
    z[:, -1] += z[:, 0]
    return z


def test_counts_as_defined():
    """Against a direct count over all pairs of samples."""
    z = draws(80)
    z = (z - z.mean(0)) / z.std(0)
    apart = np.abs(z[:, None] - z[None])
    np.einsum("nnd->nd", apart)[:] = np.inf
    kth = np.sort(apart.max(-1), axis=1)[:, 2]
    inside = (apart < kth[:, None, None]).sum(1)
    expected = digamma(3) + 2 * digamma(80) - digamma(inside + 1).sum(1).mean()
    assert total_correlation(z, jitter=0.0) == pytest.approx(expected, abs=1e-12)


def test_of_two_columns_is_their_mutual_information():
    z = draws(columns=2)
    assert total_correlation(z) == pairwise_mutual_information(z, "ksg")[0, 1]


def test_constant_columns_are_left_out():
    z = draws()
    wide = np.insert(z, 1, 5.0, axis=1)
    assert total_correlation(wide, jitter=0.0) == total_correlation(z, jitter=0.0)
    assert total_correlation(wide[:, :2]) == 0.0


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_units_do_not_matter(size):
    z, units = draws(), size * np.array([1.0, -3.0, 1e4])
    # a rounding can swap which of two equally near neighbours counts
    assert total_correlation(z * units) == pytest.approx(total_correlation(z), abs=1e-3)


def test_a_null_keeps_marginals_and_breaks_rows():
    z = draws()
    seen = []
    permutation_null(z, lambda p: float(seen.append(p.copy()) or 0.0), 2, 0)
    for permuted in seen:
        assert np.array_equal(np.sort(permuted, axis=0), np.sort(z, axis=0))
        # 300 samples without correlation have |r| of 1/√300 = 0.058; five of them, from r = 0.7
        assert abs(np.corrcoef(permuted[:, 0], permuted[:, 2])[0, 1]) < 0.3
    assert not np.array_equal(seen[0], seen[1])


def test_a_seed_decides_a_null():
    first, second, other = (permutation_null(draws(), total_correlation, 3, s) for s in (1, 1, 2))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


def test_an_interval_is_between_quantiles():
    assert null_interval(np.arange(1001.0), 0.9) == pytest.approx((50.0, 950.0))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: total_correlation(draws(4)), "at least 5"),
        (lambda: total_correlation(draws(), k=0), "k is 0; give a whole number"),
        (lambda: total_correlation(draws(), jitter=1), "jitter"),
        (lambda: permutation_null(draws(), total_correlation, 0, 0), "permutations"),
        (lambda: permutation_null(draws(), lambda _: float("nan"), 1, 0), "statistic"),
        (lambda: null_interval(np.arange(30.0), 0.95), "needs at least 40, got 30"),
        (lambda: null_interval(np.arange(30.0), 1.0), "level"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(MicvaeError, match=says):
        call()
