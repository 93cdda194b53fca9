"""Resamples, intervals, and what evaluate() and intervals() take."""

import numpy as np
import pytest
from scipy.stats import norm

from micvae.metrics import (
    METRICS,
    Matched,
    MetricError,
    Score,
    active_units,
    dci,
    evaluate,
    explicitness,
    gaussian_total_correlation,
    infomec,
    intervals,
    irs,
    mcc_affine,
    mcc_nonlinear,
    mcc_pearson,
    mcc_spearman,
    mig,
    rmig,
    sap,
    wasserstein_correlation,
)


def exactly(covariance, n=50, seed=0):
    """Codes whose sample covariance is `covariance` up to rounding."""
    d = len(covariance)
    raw = np.random.default_rng(seed).normal(size=(n, d))
    orthonormal = np.linalg.qr(raw - raw.mean(axis=0))[0]
    return orthonormal @ np.linalg.cholesky(covariance).T * np.sqrt(n - 1) + 3


@pytest.mark.parametrize("rho", [0.3, 0.8])
def test_the_deviation_of_a_correlation_is_the_textbooks(rho):
    n = 1000
    z = exactly(np.array([[1, rho], [rho, 1]]), n=n)
    score = mcc_pearson(z[:, :1], z[:, 1:], resamples=400)
    # (1 − ρ²) / √N for Gaussians; 400 resamples know a deviation to 3.5%, and the bootstrap's own
    # fourth moments to 2 / √1000 or so.
    assert score.deviations["mcc_pearson"] == pytest.approx((1 - rho**2) / np.sqrt(n), rel=0.2)


@pytest.mark.parametrize(
    ("function", "alone"),
    [
        (mcc_pearson, False),
        (mcc_spearman, False),
        (sap, False),
        (wasserstein_correlation, True),
        (gaussian_total_correlation, True),
    ],
)
def test_deviations_are_the_spread_over_fresh_samples(function, alone):
    def fresh(seed):
        rng = np.random.default_rng(seed)
        factors = rng.normal(size=(500, 2))
        codes = factors @ np.array([[1, 0.4], [0, 0.9]]) + 0.5 * rng.normal(size=(500, 2))
        return (codes,) if alone else (codes, factors)

    spread = np.std([float(function(*fresh(seed))) for seed in range(100)], ddof=1)
    found = [function(*fresh(seed), resamples=60) for seed in range(5)]
    deviation = np.mean([next(iter(score.deviations.values())) for score in found])
    # Deviations known to 1 / √200 = 7% and, five times 60 resamples of related data, 8%.
    assert deviation == pytest.approx(spread, rel=0.35)


def test_a_resampled_score_is_that_of_the_resample():
    # Weights of 0 to 3 must do what repeating rows does, where nothing is binned or split.
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(40, 2))
    factors = codes + rng.normal(size=(40, 2))
    seed, n = 5, 40
    random = np.random.default_rng([seed, 1])
    rows = [random.integers(0, n, n) for _ in range(20)]
    for function, arguments in (
        (mcc_pearson, (codes, factors)),
        (wasserstein_correlation, (codes,)),
        (gaussian_total_correlation, (codes,)),
        (active_units, (codes,)),
    ):
        name = function.__name__
        expected = np.std([float(function(*(a[r] for a in arguments))) for r in rows], ddof=1)
        found = function(*arguments, resamples=20, seed=seed).deviations[name]
        assert found == pytest.approx(expected, abs=1e-12)  # the same sums


@pytest.mark.parametrize(
    ("function", "rest"),
    [
        (mcc_pearson, 0.0),
        pytest.param(mcc_pearson, 0.1),
        pytest.param(gaussian_total_correlation, 0.0),
        pytest.param(gaussian_total_correlation, 0.1),
    ],
)
def test_a_column_that_a_resample_misses_does_not_count(function, rest):
    rng = np.random.default_rng(0)
    rare, other = np.full((2, 50), rest)
    rare[7] += 1
    if function is mcc_pearson:
        other[3] += 1
        found = function(other[:, None], rare[:, None], resamples=300)
        plain = function((other - rest)[:, None], (rare - rest)[:, None], resamples=300)
        # Shifting changes no correlation, resampled or not; rounding.
        expected = plain.deviations["mcc_pearson"]
        assert found.deviations["mcc_pearson"] == pytest.approx(expected, abs=1e-9)
    else:
        other = rng.normal(size=50)
        found = function(np.column_stack([other, rare]), resamples=300)
        # Without the one sample the latent is dead and TC 0; with it, −½ log(1 − r²) < 0.2.
        assert found.deviations["gaussian_total_correlation"] < 0.1


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (sap, {}),
        (infomec, {}),
        (mcc_pearson, {}),
        (explicitness, {"factor_bins": 5}),
        (irs, {"factor_bins": 5}),
        (mig, {"bins": 5, "factor_bins": 5}),
        *(
            pytest.param(f, o)
            for f, o in (
                (mcc_affine, {}),
                (mcc_nonlinear, {}),
                (dci, {}),
                (dci, {"predictor": "sklearn"}),
            )
        ),
    ],
)
def test_few_samples_can_be_resampled(function, options):
    # 10 samples, of which 3 test: a resample misses all three with probability 0.7^10 = 3%.
    codes = np.random.default_rng(0).normal(size=(10, 2))
    bit = np.tile([0, 1], 5)[:, None]
    score = function(codes, bit, resamples=100, **options)
    assert all(np.isfinite(v) for v in score.deviations.values())


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_intervals_are_normal(level):
    score = Score({"a": 0.7, "b": 2.0}, deviations={"a": 0.1, "b": 0.0})
    reach = 0.1 * norm.ppf((1 + level) / 2)
    assert score.interval(level=level) == pytest.approx((0.7, 0.7 - reach, 0.7 + reach), abs=1e-12)
    assert score.interval("b", level) == (2, 2, 2)
    assert float(score) == score.value == 0.7


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, np.nan])
def test_levels_are_shares(level):
    with pytest.raises(MetricError, match="level="):
        Score({"a": 0.7}, deviations={"a": 0.1}).interval(level=level)


def test_intervals_need_resamples():
    with pytest.raises(MetricError, match="without resamples"):
        Score({"a": 0.7}).interval()
    with pytest.raises(MetricError, match="without resamples"):
        Score({"a": 0.7}, deviations={"a": 0.1}).interval("c")


# --- evaluate() and intervals() -------------------------------------------------------------------

RNG = np.random.default_rng(0)
N = 60
F = np.column_stack([RNG.integers(0, 3, N), RNG.integers(0, 2, N)]).astype(float)
C = F + 0.3 * RNG.normal(size=F.shape)
G = RNG.normal(size=(N, 2))


def test_what_can_be_computed_follows_from_what_is_given():
    alone = [name for name, metric in METRICS.items() if metric.needs == "codes"]
    assert list(evaluate(C)) == list(intervals(C, resamples=3)) == alone
    some = evaluate(C, interventions=Matched(C, F), metrics=["active_units", "factor_vae_score"])
    assert list(some) == ["factor_vae_score", "active_units"]  # in the catalogue's order


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: evaluate(C, metrics="mig"), "mig needs factors"),
        (lambda: evaluate(C, F, metrics="beta_vae_score"), "needs interventions"),
        (lambda: evaluate(C, F, metrics=["mig", "sapp"]), "unknown metric sapp"),
        (lambda: evaluate(C, F, scale=-C, metrics="rmig"), "scale must be positive"),
        (lambda: evaluate(C, F, seed=-1, metrics="mig"), "seed=-1"),
        (lambda: intervals(C, F, metrics="beta_vae_score"), "needs interventions"),
        (lambda: intervals(C, F, metrics="mig", resamples=1), "at least 2"),
        (lambda: intervals(C, F, metrics="mig", resamples=0), "resamples=0"),
        (lambda: intervals(C, F, metrics="mig", resamples=2.5), "resamples=2.5"),
        (lambda: intervals(C, F, metrics="mig", level=95), "level=95"),
        (lambda: intervals(C, metrics="sap"), "sap needs factors"),
    ],
)
def test_unusable_arguments_are_named(call, message):
    with pytest.raises(MetricError, match=message):
        call()


def test_progress_scale_and_iterators_are_passed_on():
    calls = []
    names = ["rmig", "infom", "infoc", "active_units"]
    scale = np.full(C.shape, 0.5)
    found = evaluate(C, F, metrics=iter(names), scale=scale, progress=lambda *a: calls.append(a))
    assert list(found) == names
    # One call per function: InfoM and InfoC come from one.
    assert [(done, total) for done, total, _ in calls] == [(0, 3), (1, 3), (2, 3)]
    assert found["rmig"] == float(rmig(C, F, scale=scale)) != float(rmig(C, F))


def test_intervals_are_cut_to_the_scores_range():
    found = intervals(C, F, metrics=["mcc_pearson", "dci_informativeness"], resamples=20, refits=3)
    for name, (value, low, high) in found.items():
        least, most = METRICS[name].range
        assert least <= low <= value <= high <= most
    plain = mcc_pearson(C, F, resamples=20)
    assert found["mcc_pearson"] == pytest.approx(plain.interval(), abs=1e-12)
