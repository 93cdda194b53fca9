"""Intervals of agreement and of differences, against known answers and simulations."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from micvae.errors import MicvaeError
from micvae.studies.statistics import (
    MeanInterval,
    bootstrap_interval,
    pair_interval,
    paired_interval,
    rank_correlation,
)


def excludes_zero(difference):
    return difference.low is not None and (difference.low > 0 or difference.high < 0)


def sums(effects: np.ndarray) -> np.ndarray:
    """Agreement that is the sum of what two runs bring: its mean over pairs is twice their mean."""
    return effects[:, None] + effects[None, :]


def test_the_mean_over_pairs_leaves_out_the_diagonal():
    agreement = np.array([[9, 1, 2], [3, 9, 4], [5, 6, 9]], dtype=float)
    assert pair_interval(agreement).mean == pytest.approx((1 + 2 + 3 + 4 + 5 + 6) / 6)
    agreement[np.diag_indices(3)] = np.nan  # as UDR has it
    assert pair_interval(agreement).mean == pytest.approx(3.5)


def test_two_runs_are_one_pair_and_have_no_interval():
    assert pair_interval([[0, 0.4], [0.6, 0]]) == (0.5, None, None)
    found = pair_interval([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    assert found.low == found.high == pytest.approx(0.5)


def test_pairs_share_runs_so_the_interval_covers_and_that_of_pairs_does_not():
    """Of 300 studies of 12 runs, about 95% of intervals cover the true mean of 6.

    The percentile bootstrap of 12 values covers about 92%; the standard error is 1.5%. Pairs taken
    for independent ones have a variance that is too small by a factor of about 12/2, and cover far
    less often.
    """
    generator = np.random.default_rng(0)
    ours = naive = 0
    upper = np.triu_indices(12, 1)
    for effects in generator.normal(3, 1, (300, 12)):
        agreement = sums(effects)
        found = pair_interval(agreement, resamples=500)
        ours += found.low <= 6 <= found.high
        _, low, high = bootstrap_interval(agreement[upper].tolist(), resamples=500)
        naive += low <= 6 <= high
    assert 0.86 < ours / 300 < 0.98
    assert naive / 300 < 0.75


def test_a_difference_is_paired():
    """Two methods of which one is better under every seed are told apart; unpaired ones are not."""
    generator = np.random.default_rng(1)
    seeds = generator.normal(0, 10, 8)
    a, b = seeds + 1, seeds + generator.normal(0, 0.1, 8)
    assert excludes_zero(paired_interval(a, b))
    assert not excludes_zero(paired_interval(a, b[::-1]))
    assert paired_interval(sums(a), sums(b)).mean == pytest.approx(2 * (a - b).mean())
    assert excludes_zero(paired_interval(sums(a), sums(b)))
    assert paired_interval(a, a) == (0, 0, 0) and not excludes_zero(paired_interval(a, a))


def test_a_higher_confidence_gives_a_wider_interval():
    effects = np.random.default_rng(2).normal(size=9)
    narrow, wide = (pair_interval(sums(effects), confidence=c) for c in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_nothing_is_told_without_an_interval():
    assert not excludes_zero(MeanInterval(5.0, None, None))
    assert not excludes_zero(MeanInterval(0.1, 0.0, 0.2))
    assert excludes_zero(MeanInterval(-0.1, -0.2, -0.01))


def test_rank_correlation_is_spearmans_and_its_interval_resamples_seeds():
    generator = np.random.default_rng(3)
    a = generator.integers(0, 6, 30).astype(float)  # with ties
    b = a + generator.normal(0, 2, 30)
    seeds = np.repeat(np.arange(6), 5)
    found = rank_correlation(a, b, seeds)
    assert found.mean == pytest.approx(spearmanr(a, b).statistic)
    assert found.low < found.mean < found.high
    assert rank_correlation(a, 3 * a, seeds)[:2] == pytest.approx((1, 1))
    assert rank_correlation(a, b, np.zeros(30)) == (pytest.approx(found.mean), None, None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: pair_interval([[1.0]]), r"shape \(1, 1\); give .* at least two runs"),
        (lambda: pair_interval([[0, np.nan], [1, 0]]), "must be a finite number"),
        (lambda: pair_interval([1.0, 2.0]), r"shape \(2,\); give"),
        (lambda: paired_interval([1, 2], [1, 2, 3]), r"shape \(2,\), second \(3,\)"),
        (lambda: rank_correlation([1, 1], [1, 2], [0, 1]), "the same for every run"),
        (lambda: rank_correlation([1, 2], [1, 2, 3], [0, 1]), r"shape \(2,\) and \(3,\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(wrong, message):
    with pytest.raises(MicvaeError, match=message):
        wrong()
