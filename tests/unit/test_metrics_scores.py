"""IRS, scores of codes alone, and UDR, against their formulas."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import spearmanr
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso
from sklearn.metrics import mutual_info_score

from micvae.metrics import (
    MetricError,
    active_units,
    gaussian_total_correlation,
    irs,
    mean_pairwise_mi,
    udr,
    wasserstein_correlation,
)
from micvae.metrics.logistic import standardised


@pytest.mark.parametrize("quantile", [0.5, 0.99, 1.0])
def test_irs_is_its_formula_with_numpys_percentiles(quantile):
    rng = np.random.default_rng(0)
    factors = np.column_stack([rng.integers(0, 4, 300), rng.integers(0, 3, 300)])
    codes = factors @ rng.normal(size=(2, 3)) + rng.normal(size=(300, 3)) * [0.1, 1, 3]
    reach = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    moved = np.zeros((3, 2))
    for k in range(2):
        values = np.unique(factors[:, k])
        for v in values:
            own = codes[factors[:, k] == v]
            off = np.abs(own - own.mean(axis=0))
            moved[:, k] += np.percentile(off, 100 * quantile, axis=0) / len(values)
    best = (1 - moved / reach[:, None]).max(axis=1)
    score = irs(codes, factors, quantile=quantile)
    np.testing.assert_allclose(score.details["per_code"], best, atol=1e-12)  # the same sums
    assert float(score) == pytest.approx(best @ reach / reach.sum(), abs=1e-12)


def test_irs_by_hand():
    bits = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (10, 1))
    # The bit stays where its factor is held (1); the sum moves by ±0.5 of its reach of 1 (0.5).
    codes = np.column_stack([bits[:, 0] - 0.5, bits.sum(axis=1), np.full(40, 0.1)])
    score = irs(codes, bits, quantile=1.0)
    assert score.details["per_code"] == pytest.approx([1, 0.5, 0], abs=1e-12)
    # Weighted by reach: 0.5 and 1; the dead latent has no vote.
    assert float(score) == pytest.approx((0.5 * 1 + 1 * 0.5) / 1.5, abs=1e-12)


# --- Codes alone ----------------------------------------------------------------------------------


def exactly(covariance, n=50, seed=0):
    """Codes whose sample covariance is `covariance` up to rounding."""
    d = len(covariance)
    raw = np.random.default_rng(seed).normal(size=(n, d))
    orthonormal = np.linalg.qr(raw - raw.mean(axis=0))[0]
    return orthonormal @ np.linalg.cholesky(covariance).T * np.sqrt(n - 1) + 3


def random_covariance(d, seed):
    a = np.random.default_rng(seed).normal(size=(d, d))
    return a @ a.T + 0.1 * np.eye(d)


@pytest.mark.parametrize("rho", [0.0, 0.5, -0.9])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (4, 0.25)])
def test_two_correlated_latents_in_closed_form(rho, a, b):
    c = rho * np.sqrt(a * b)
    codes = exactly(np.array([[a, c], [c, b]]))
    # Exact covariances: rounding only.
    total = float(gaussian_total_correlation(codes))
    assert total == pytest.approx(-0.5 * np.log(1 - rho**2), abs=1e-10)
    # tr √M = √(tr M + 2 √det M) of a 2 × 2 matrix, here M = Δ½ Σ Δ½.
    root = np.sqrt(a**2 + b**2 + 2 * a * b * np.sqrt(1 - rho**2))
    found = wasserstein_correlation(codes).values
    assert found["wasserstein_correlation"] == pytest.approx(2 * (a + b) - 2 * root, abs=1e-10)
    expected = 2 - 2 * root / (a + b)
    assert found["wasserstein_correlation_norm"] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("d", [1, 3, 6])
def test_many_correlated_latents_by_linear_algebra(d):
    s = random_covariance(d, d)
    codes = np.column_stack([exactly(s), np.full(50, 0.1)])  # a dead latent changes nothing
    expected = 0.5 * (np.log(np.diag(s)).sum() - np.linalg.slogdet(s)[1])
    # Condition numbers of some hundreds, times the rounding of a QR.
    assert float(gaussian_total_correlation(codes)) == pytest.approx(expected, abs=1e-9)
    root = np.diag(np.sqrt(np.diag(s)))
    expected = 2 * np.trace(s) - 2 * np.trace(sqrtm(root @ s @ root)).real
    assert float(wasserstein_correlation(codes)) == pytest.approx(expected, abs=1e-7)


def test_a_repeated_latent_costs_a_finite_amount():
    z = np.random.default_rng(0).normal(size=(100, 1))
    found = float(gaussian_total_correlation(np.column_stack([z, -2 * z])))
    # Half the logarithm of the eigenvalue 2, and of the floor, 2 × 2.2e-16 or rounding above it.
    assert found == pytest.approx(-0.5 * np.log(2 * 4.4e-16), abs=0.8)
    # A duplicate: Δ½ΣΔ½ has the single eigenvalue 2 in units of the squared variance.
    expected = (4 - 2 * np.sqrt(2)) * z.var(ddof=1)
    twice = float(wasserstein_correlation(np.column_stack([z, z])))
    assert twice == pytest.approx(expected, abs=1e-7)  # the root of a rounded eigenvalue 0


def test_all_latents_dead():
    dead = np.full((30, 3), 0.1)
    for function in (gaussian_total_correlation, wasserstein_correlation, mean_pairwise_mi):
        assert set(function(dead).values.values()) == {0.0}
    assert float(active_units(dead)) == 0


def test_pairwise_information_is_scikit_learns():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3))
    bins = [np.digitize(z, np.histogram(z, 20)[1][:-1]) for z in codes.T]
    pairs = [mutual_info_score(bins[i], bins[j]) for i in range(3) for j in range(3) if i != j]
    assert float(mean_pairwise_mi(codes)) == pytest.approx(np.mean(pairs), abs=1e-12)
    copied = np.column_stack([np.arange(40) % 20, np.arange(40) % 20, np.zeros(40)])
    # One pair of three shares log 20; the dead latent stays in the mean.
    assert float(mean_pairwise_mi(copied)) == pytest.approx(np.log(20) / 3, abs=1e-12)
    assert float(mean_pairwise_mi(codes[:, :1])) == 0


def test_active_units_count_variances_above_the_threshold():
    sizes = np.sqrt([1, 0.011, 0.009, 0])
    codes = np.column_stack([s * np.tile([-1, 1], 50) for s in sizes])  # population variance s²
    score = active_units(codes)
    assert float(score) == 2
    np.testing.assert_allclose(score.details["variances"], sizes**2, atol=1e-15)
    assert float(active_units(codes, threshold=0)) == 3
    with pytest.raises(MetricError, match="threshold=-1"):
        active_units(codes, threshold=-1)


# --- UDR ------------------------------------------------------------------------------------------


def models(seed=0, n=200):
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(n, 3))
    return [source @ rng.normal(size=(3, d)) + 0.3 * rng.normal(size=(n, d)) for d in (3, 2, 4)]


@pytest.mark.parametrize("similarity", ["lasso", "spearman"])
@pytest.mark.parametrize("pruned", [False, True])
def test_udr_is_its_formula(similarity, pruned):
    codes = models()
    kl = [np.r_[0.001, np.ones(c.shape[1] - 1)] for c in codes]
    used = [c[:, 1:] if pruned else c for c in codes]
    pairwise = np.full((3, 3), np.nan)
    for i, j in ((i, j) for i in range(3) for j in range(3) if i != j):
        a, b = ((c - c.mean(axis=0)) / c.std(axis=0) for c in (used[i], used[j]))
        if similarity == "lasso":
            r = np.stack([np.abs(Lasso(alpha=0.1, random_state=0).fit(a, y).coef_) for y in b.T])
            r = r.T
        else:
            r = np.array([[abs(spearmanr(x, y)[0]) for y in b.T] for x in a.T])
        rows = np.mean([row.max() ** 2 / row.sum() for row in r if row.sum() > 0] or [0])
        rows *= np.mean(r.sum(axis=1) > 0)  # a latent without a partner counts 0
        columns = np.mean([c.max() ** 2 / c.sum() if c.sum() > 0 else 0 for c in r.T])
        pairwise[i, j] = (rows + columns) / 2
    found = udr(codes, kl if pruned else None, similarity=similarity)
    # Coordinate descent stops at a duality gap of 1e-4, on the same problem from the same start.
    np.testing.assert_allclose(found.pairwise, pairwise, atol=1e-10)
    np.testing.assert_allclose(found.scores, np.nanmedian(pairwise, axis=0), atol=1e-10)


@pytest.mark.parametrize(("similarity", "expected"), [("lasso", 0.9), ("spearman", 1.0)])
def test_models_that_agree_exactly(similarity, expected):
    z = exactly(np.eye(3), n=400)
    codes = [z, -2 * z[:, [2, 0, 1]], z[:, [1, 2, 0]] + 5]
    found = udr(codes, similarity=similarity)
    if similarity == "lasso":  # uncorrelated codes of variance 1: the coefficient 1 loses α = 0.1
        np.testing.assert_allclose(found.scores, expected, atol=1e-6)
    else:  # the other ranks are uncorrelated up to 1 / √N, which stand in the denominators
        assert np.all((found.scores > 0.85) & (found.scores < expected))
    dead = udr([z, z, np.ones((400, 2))], similarity=similarity)
    assert dead.pairwise[2, 0] == dead.pairwise[0, 2] == dead.scores[2] == 0


@pytest.mark.filterwarnings("error")
def test_latents_that_nearly_repeat_each_other_are_fitted_to_the_end():
    """Here a lasso needs up to 9,787 rounds; scikit-learn stops at 1,000 unless told otherwise."""
    rng = np.random.default_rng(0)
    source = rng.normal(size=(500, 1))
    repeated = source + 0.01 * rng.normal(size=(500, 6))
    mixed = repeated @ rng.normal(size=(6, 6)) + 0.5 * rng.normal(size=(500, 6))
    repeated, mixed = standardised(repeated), standardised(mixed)
    with pytest.warns(ConvergenceWarning):
        Lasso(alpha=0.1, random_state=0).fit(repeated, mixed)
    assert np.isfinite(udr([repeated, mixed]).scores).all()


@pytest.mark.parametrize(
    "similarity",
    [
        "spearman",
        pytest.param("lasso"),
    ],
)
def test_udr_draws_nothing_globally(similarity):
    udr(models(), similarity=similarity)  # whatever is drawn on import
    before = np.random.get_state()[2]  # noqa: NPY002
    udr(models(), similarity=similarity)
    # The position in the stream: the stream itself changes every 624 draws only.
    assert np.random.get_state()[2] == before  # noqa: NPY002


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codes": models()[:1]}, "at least 2"),
        ({"codes": [np.ones((5, 2)), np.ones((6, 2))]}, "number of samples"),
        ({"codes": [np.ones((5, 2)), np.full((5, 2), np.nan)]}, "finite"),
        ({"latent_kl": [np.ones(3)] * 2}, "latent_kl has 2"),
        ({"latent_kl": [np.ones(3)] * 3}, r"latent_kl\[1\]"),
        ({"latent_kl": [np.full(3, np.nan)] * 3}, r"latent_kl\[0\]"),
        ({"similarity": "pearson"}, "unknown similarity"),
        ({"alpha": 0}, "alpha=0"),
        ({"alpha": np.nan}, "alpha=nan"),
        pytest.param({"alpha": np.inf}, "alpha=inf"),
        pytest.param({"latent_kl": ["a", "b", "c"]}, "latent_kl"),
    ],
)
def test_unusable_arguments_of_udr(change, message):
    with pytest.raises(MetricError, match=message):
        udr(**{"codes": models(), **change})
