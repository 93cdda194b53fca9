"""Scores without predictors, interventions, resamples, bad input, and files of codes."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import norm, spearmanr
from sklearn.linear_model import Lasso
from sklearn.metrics import mutual_info_score

from micvae.data import FactorDataset, read_matrix
from micvae.errors import DataError
from micvae.metrics import (
    METRICS,
    Matched,
    MetricError,
    Rendered,
    Score,
    active_units,
    beta_vae_score,
    dci,
    evaluate,
    explicitness,
    factor_vae_score,
    gaussian_total_correlation,
    infomec,
    intervals,
    irs,
    mcc_affine,
    mcc_nonlinear,
    mcc_pearson,
    mcc_spearman,
    mean_pairwise_mi,
    mig,
    rmig,
    sap,
    udr,
    wasserstein_correlation,
)

# --- IRS ------------------------------------------------------------------------------------------


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


# --- Interventions --------------------------------------------------------------------------------


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


# --- Resamples and intervals ----------------------------------------------------------------------


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


# --- Bad and odd input, for every function --------------------------------------------------------


def changed(array, index, value):
    array = np.array(array, float)
    array[index] = value
    return array


REFUSED = {
    "NaN codes": (changed(C, (3, 1), np.nan), F, None, "finite"),
    "infinite codes": (changed(C, (3, 1), -np.inf), F, None, "finite"),
    "text codes": (C.astype(str), F, None, "real numbers"),
    "one sample": (C[:1], F[:1], None, "too few|constant"),
}
REFUSED_FACTORS = {
    "NaN factors": (C, changed(F, (0, 0), np.nan), None, "finite"),
    "infinite factors": (C, changed(F, (0, 0), np.inf), None, "finite"),
    "text factors": (C, F.astype(str), None, "number the categories"),
    "lengths": (C[:-1], F, None, "59 rows and factors 60"),
    "constant factor": (C, changed(F, np.s_[:, 1], 2), None, r"factor 1 is constant \(2\)"),
    "too few kinds": (C, F, ("ordinal",), "factor_kinds has 1 entries for 2"),
    "unknown kinds": (C, F, ("round", "flat"), "unknown factor kind 'round'"),
}
EITHER = {
    "one sample per class": (
        C,
        np.column_stack([RNG.permutation(N), F[:, 0]]),
        ("categorical",) * 2,
    ),
    "a class of one": (C, changed(F, (0, 0), 9), None),
    "a rare class": (C, changed(np.zeros((N, 1)), (0, 0), 1), None),
    "D = 1": (C[:, :1], F, None),
    "K = 1": (C, F[:, :1], None),
    "D = K = 1": (C[:, :1], F[:, :1], None),
    "D > N": (RNG.normal(size=(30, 35)), F[:30], None),
    "distinct categories": (C, G, ("categorical", "categorical")),
    "distinct ordinals": (C, G, ("ordinal", "ordinal")),
    "continuous": (C, G, None),
    "all kinds": (C, np.column_stack([F, G]), ("categorical", "angular", "continuous", "angular")),
    "dead codes": (np.full_like(C, 0.1), F, None),
    "dead codes, continuous": (np.zeros_like(C), G, None),
    "huge dead latent": (np.column_stack([np.full(N, 1e30), C]), G, None),
    "repeated codes": (C[:, [0, 0, 1, 1]], G, None),
    "last bits": (0.1 * (1 + 2.3e-16 * RNG.integers(0, 3, C.shape)), G, None),
    "last bits of factors": (C, 0.1 * (1 + 2.3e-16 * RNG.integers(0, 3, C.shape)), None),
    "offsets": (C + 1e9, G + 1e12, None),
    "huge codes": (C * 1e36, G, None),
    "an outlier": (changed(C, (0, 0), 1e37), G, None),
    "Booleans": (C > 0.5, F > 0, None),
    "integers": (np.round(3 * C).astype(int), F.astype(int), None),
    "float32": (C.astype(np.float32), F.astype(np.float32), None),
    **{f"N = {n}": (C[:n], F[:n], None) for n in (2, 3, 5, 10, 20, 30)},
    **{f"N = {n}, continuous": (C[:n], G[:n], None) for n in (2, 3, 5, 10, 20, 30)},
    "minute codes": (C * 1e-200, G, None),
    "minute factors": (C, G * 1e-200, None),
    "enormous factors": (C, G * 1e200, None),
    "factors beyond float64's range": (C, 1.7e308 * np.sign(G) * np.tanh(np.abs(G)), None),
}
FUNCTIONS = {metric.function.__name__: metric for metric in METRICS.values()}


def call(metric, codes, factors, kinds, **options):
    if metric.needs == "codes":
        return metric.function(codes, **options)
    if metric.needs == "factors":
        return metric.function(codes, factors, factor_kinds=kinds, **options)
    options = {"group": 8, "train_points": 50, "test_points": 20}
    if metric.function is factor_vae_score:
        options = {"group": 8, "train_votes": 50, "test_votes": 20, "variance_samples": 50}
    return metric.function(Matched(codes, factors, kinds), **options)


@pytest.mark.parametrize(
    ("function", "case"),
    [
        (function, case)
        for function, metric in FUNCTIONS.items()
        for case in REFUSED | REFUSED_FACTORS
        # Some functions take no factors, and active_units takes a single sample.
        if metric.needs != "codes" or (case in REFUSED and case != "one sample")
    ],
)
def test_bad_input_is_refused_by_every_function(function, case):
    metric = FUNCTIONS[function]
    *given, message = (REFUSED | REFUSED_FACTORS)[case]
    with pytest.raises(MetricError, match=message):
        call(metric, *given)


@pytest.mark.parametrize("case", EITHER)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_odd_input_has_a_finite_score_or_is_refused(function, case):
    metric = FUNCTIONS[function]
    try:
        score = call(metric, *EITHER[case])
    except MetricError as error:
        assert len(str(error)) > 20  # says what and why
        return
    for name, value in score.values.items():
        low, high = METRICS[name].range
        # Rounding of sums of logarithms.
        assert np.isfinite(value) and low - 1e-9 <= value <= high + 1e-9, (name, value)


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (sap, {"penalty": 0}),
        (sap, {"penalty": np.nan}),
        (irs, {"quantile": 0}),
        (irs, {"quantile": 1.1}),
        (irs, {"quantile": np.nan}),
        (mig, {"resamples": -1}),
        (mig, {"factor_bins": 0}),
        (rmig, {"limits": (np.nan, 1)}),
        pytest.param(rmig, {"limits": (0, np.inf)}),
        pytest.param(explicitness, {"penalty": -1}),
        pytest.param(explicitness, {"penalty": 0}),
        pytest.param(explicitness, {"penalty": np.nan}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_unusable_settings_are_named(function, options):
    with pytest.raises(MetricError, match=next(iter(options))):
        function(C, G, **options)


# --- Files ----------------------------------------------------------------------------------------

TEXT = "size,colour\n1.5,red\n2,blue\n3,red\n"
NUMBERS = np.array([[1.5, 0], [2, 1], [3, 0]])


def write(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif path.suffix == ".npy":
        np.save(path, content)
    elif path.suffix == ".npz":
        np.savez(path, **content)
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(content), path)


@pytest.mark.parametrize(
    ("name", "content", "values", "names", "text"),
    [
        ("a.npy", NUMBERS, NUMBERS, "01", (0, 0)),
        ("a.npy", NUMBERS[:, 0], NUMBERS[:, :1], "0", (0,)),
        ("a.npy", NUMBERS > 1, NUMBERS > 1, "01", (0, 0)),
        ("a.npy", np.array(["red", "blue", "red"]), [[1], [0], [1]], "0", (1,)),
        ("a.npz", {"factors": NUMBERS, "codes": NUMBERS[:1]}, NUMBERS, "01", (0, 0)),
        ("a.npz", {"whatever": NUMBERS}, NUMBERS, "01", (0, 0)),
        ("a.csv", TEXT, [[1.5, 1], [2, 0], [3, 1]], ("size", "colour"), (0, 1)),
        ("a.csv", "\ufeffa\ntrue\nfalse\n", [[1], [0]], "a", (0,)),
        ("a.parquet", {"a": [1, 2], "b": ["y", "x"]}, [[1, 1], [2, 0]], "ab", (0, 1)),
        pytest.param(*("a.npy", np.array([b"red", b"blue"]), [[1], [0]], "0", (1,))),
    ],
)
def test_matrices_are_read(tmp_path, name, content, values, names, text):
    write(tmp_path / name, content)
    table = read_matrix(tmp_path / name, "factors")
    np.testing.assert_array_equal(table.values, values)
    assert table.values.dtype == np.float64
    assert table.names == tuple(names) and table.text == tuple(map(bool, text))
    assert table.kinds() == tuple("categorical" if t else None for t in text)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "1 2", r"ends in \.txt; expected \.npy"),
        ("a", "1 2", "ends in nothing"),
        ("a.npy", b"", "cannot be read"),
        ("a.npy", b"\x93NUMPY cut", "cannot be read"),
        ("a.npy", np.array(1.0), r"shape \(\)"),
        ("a.npy", np.zeros((2, 2, 2)), "shape"),
        ("a.npy", np.zeros((0, 2)), "shape"),
        ("a.npy", np.array([1j]), "complex128; expected numbers or text"),
        ("a.npy", np.array(["2020-01-01"], "M8[D]"), "datetime64"),
        ("a.npz", {"x": NUMBERS, "y": NUMBERS}, "no array named factors; it has x, y"),
        ("a.npz", b"PK\x03\x04", "cannot be read"),
        ("a.csv", "", "cannot be read"),
        ("a.csv", "a,b\n", "is empty"),
        ("a.csv", "a,b\n1,2\n,3\n", "column a has 1 empty"),
        ("a.csv", "a,b\n1,2\nnan,3\n", "column a has 1 empty"),
        ("a.csv", "a,b\n1,2\n2\n", "cannot be read"),
        ("a.csv", "a,a\n1,2\n", "two columns named a"),
        ("a.csv", "a\n2020-01-01\n", "datetime64"),
        ("a.csv", b"a\n\xff\xfe\n", "expected numbers or text"),
        ("a.parquet", b"PAR1", "cannot be read"),
        ("a.parquet", {"a": [1, None]}, "column a has 1 empty"),
        ("a.parquet", {"a": [[1], [2]]}, "expected numbers or text"),
        pytest.param(*("a.csv", "a,b\n1,red\n2,\n", "empty")),
        pytest.param(*("a.npy", np.array(["red", ""]), "empty")),
    ],
)
def test_unreadable_matrices_are_refused(tmp_path, name, content, message):
    write(tmp_path / name, content)
    with pytest.raises(DataError, match=message):
        read_matrix(tmp_path / name, "factors")


def test_files_that_are_not_there_and_pickles(tmp_path):
    with pytest.raises(DataError, match="codes: there is no file"):
        read_matrix(tmp_path / "none.npy", "codes")
    with pytest.raises(DataError, match="there is no file"):
        read_matrix(tmp_path, "codes")
    np.save(tmp_path / "o.npy", np.array([{"run": "me"}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read"):
        read_matrix(tmp_path / "o.npy", "codes")
