"""The analytic cases that disentanglement_lib tests itself with, and its bounds."""

import numpy as np
import pytest

from micvae.metrics import (
    Matched,
    UndefinedScoreWarning,
    beta_vae_score,
    evaluate,
    factor_vae_score,
    gaussian_total_correlation,
    irs,
    modularity,
    sap,
    wasserstein_correlation,
)
from micvae.metrics.modularity import modularity_of

FIVE = 5 * np.eye(5)
RNG = np.random.default_rng(0)
FACTORS = RNG.integers(1, 11, (6000, 10))  # ten factors of ten values are their own observations
IDENTITY = FACTORS.astype(float)


@pytest.mark.parametrize(
    ("information", "expected"),
    [
        (FIVE, 1),
        (np.array([[1.0, 0], [0, 1], [0, 0]]), 2 / 3),
        (np.zeros((10, 10)), 0),
        (np.vstack([FIVE, FIVE]), 1),
        (FIVE[:2], 1),
        (np.hstack([FIVE, FIVE]), 1 - 1 / 9),
    ],
    ids=["diagonal", "empty code", "zero", "redundant", "missed factors", "two factors per code"],
)
def test_modularity_of_a_matrix(information, expected):
    assert modularity_of(information).mean() == pytest.approx(expected, abs=1e-12)  # rounding


def test_the_identity_scores_above_nine_tenths():
    assert float(modularity(IDENTITY, FACTORS)) > 0.9
    assert float(irs(IDENTITY, FACTORS)) > 0.9
    continuous = ("continuous",) * 10
    assert float(sap(IDENTITY, FACTORS, factor_kinds=continuous)) > 0.9
    held = Matched(IDENTITY, FACTORS)
    votes = {"group": 5, "seed": 0}
    assert float(factor_vae_score(held, train_votes=3000, test_votes=2000, **votes)) > 0.9
    assert float(beta_vae_score(held, train_points=2000, test_points=2000, **votes)) > 0.9


def test_zeros_score_below_a_fifth():
    zeros = np.zeros_like(IDENTITY)
    assert float(irs(zeros, FACTORS)) < 0.1
    assert float(sap(zeros, FACTORS, factor_kinds=("continuous",) * 10)) < 0.2
    assert float(factor_vae_score(Matched(zeros, FACTORS), train_votes=100, test_votes=100)) < 0.2
    with pytest.warns(UndefinedScoreWarning):
        assert evaluate(zeros, FACTORS, metrics="modularity") == {"modularity": 0}


def test_a_shuffled_or_doubled_code():
    many = RNG.integers(1, 11, (20_000, 10))  # as many as the oracle takes: noise in the ratios
    assert float(modularity(RNG.permuted(many, axis=1), many)) < 0.2
    doubled = np.hstack([IDENTITY, IDENTITY])
    assert float(modularity(doubled, FACTORS)) > 0.9
    assert float(sap(doubled, FACTORS, factor_kinds=("continuous",) * 10)) < 0.2


def test_gaussian_correlations():
    covariance = np.array([[1, 0.9], [0.9, 1]])
    white = RNG.normal(size=(500, 2))
    white -= white.mean(axis=0)
    white @= np.linalg.inv(np.linalg.cholesky(np.cov(white.T))).T
    codes = white @ np.linalg.cholesky(covariance).T  # of exactly that covariance
    tc, w = gaussian_total_correlation(codes), wasserstein_correlation(codes)
    assert float(tc) == pytest.approx(-0.5 * np.log(1 - 0.81), abs=1e-9)
    # Eigenvalues 1.9 and 0.1: tr(Σ + Δ) − 2 tr Σ^½, the diagonal being the identity.
    assert float(w) == pytest.approx(4 - 2 * (np.sqrt(1.9) + np.sqrt(0.1)), abs=1e-9)
    assert float(gaussian_total_correlation(white)) == pytest.approx(0, abs=1e-9)
    assert float(wasserstein_correlation(white)) == pytest.approx(0, abs=1e-9)
