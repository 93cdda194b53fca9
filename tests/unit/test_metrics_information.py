"""Scores made of mutual information, against tables by hand, scikit-learn and closed forms."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import rankdata
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, mutual_info_score

from micvae.metrics import (
    MetricError,
    dcimig,
    infomec,
    jemmig,
    mig,
    mig_rank,
    mig_sup,
    modularity,
    rmig,
)

LOG2 = np.log(2)

# Every combination of two bits equally often, and codes (sum, first bit):
# I(sum; either bit) = H(sum) − H(other bit) = 1.5 − 1 bits, I(first bit; first bit) = 1 bit.
BITS = np.tile(np.array(list(product((0, 1), repeat=2))), (10, 1))
SUM_AND_BIT = np.column_stack([BITS.sum(axis=1), BITS[:, 0]]).astype(float)

BY_HAND = {
    # First bit: 1 against 0.5; second: 0.5 against 0.
    "mig": (mig, 0.5),
    "mig_rank": (mig_rank, 0.5),
    "rmig": (rmig, 0.5),
    # The sum knows both equally (0), the bit only itself (1).
    "mig_sup": (mig_sup, 0.5),
    # The first bit keeps 1 bit from its own latent, the second has none: 1 of 2 bits.
    "dcimig": (dcimig, 0.5),
    # The sum: 1 − 0.25 / 0.25; the bit: 1 − 0.
    "modularity": (modularity, 0.5),
    # First bit: joint 1 − gap 0.5; second: joint H(sum, bit) = 2 − gap 0.5; ceilings 1 + log2 100.
    "jemmig": (jemmig, 1 - (0.5 + 1.5) / 2 / (1 + np.log2(100))),
    # Sum: 0.5 of 0.5 + 0.5, no better than chance; bit: 1 of 1.
    "infom": (infomec, 0.5),
    # First bit: 1 of 1.5; second: 0.5 of 0.5; rescaled from [1/2, 1].
    "infoc": (infomec, 2 * (2 / 3 + 1) / 2 - 1),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_two_bits_by_hand(name):
    function, expected = BY_HAND[name]
    # Exact frequencies: only the rounding of sums of logarithms is left.
    assert function(SUM_AND_BIT, BITS).values[name] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("function", "dead"),
    [
        (mig, 1),
        (mig_rank, 1),
        (rmig, 1),
        (mig_sup, 1),
        (dcimig, 1),
        (modularity, 2 / 3),  # two of three latents, the dead one stays in the mean
        (infomec, 1),
    ],
)
def test_a_perfect_code_with_and_without_a_dead_latent(function, dead):
    codes = BITS.astype(float)
    # Discrete and exactly balanced: rounding only.
    assert float(function(codes, BITS)) == pytest.approx(1, abs=1e-12)
    padded = np.column_stack([codes, np.full(len(codes), 0.1)])
    assert float(function(padded, BITS)) == pytest.approx(dead, abs=1e-12)


def columns(seed, n=300, k=3, d=4):
    """Discrete factors, and continuous codes that mix them."""
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(0, size, n) for size in (2, 3, 5)[:k]], axis=1)
    codes = factors @ rng.normal(size=(k, d)) + 0.5 * rng.normal(size=(n, d))
    return codes, factors


def width_bins(column, bins=20):
    return np.digitize(column, np.histogram(column, bins)[1][:-1])


def mass_bins(column, bins=20):
    # Without ties and with N a multiple of the bins: N / bins samples each.
    return ((rankdata(column) - 1) * bins / len(column)).astype(int)


def table(codes, factors, binning):
    return np.array([[mutual_info_score(binning(z), v) for v in factors.T] for z in codes.T])


def entropies(factors):
    return np.array([mutual_info_score(v, v) for v in factors.T])


def formula_mig(i, h):
    ranked = np.sort(i, axis=0)
    return np.mean((ranked[-1] - ranked[-2]) / h)


def formula_mig_sup(i, h):
    ranked = np.sort(i / h, axis=1)
    return np.mean(ranked[:, -1] - ranked[:, -2])


def formula_dcimig(i, h):
    best = np.zeros(len(h))
    for row in i:
        first, second = np.sort(row)[[-1, -2]]
        best[row.argmax()] = max(best[row.argmax()], first - second)
    return best.sum() / h.sum()


def formula_modularity(i, h):
    scores = []
    for row in i:
        template = np.where(np.arange(len(row)) == row.argmax(), row.max(), 0)
        scores.append(1 - np.sum((row - template) ** 2) / (row.max() ** 2 * (len(row) - 1)))
    return np.mean(scores)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("function", "formula", "binning"),
    [
        (mig, formula_mig, width_bins),
        (mig_rank, formula_mig, mass_bins),
        (rmig, formula_mig, lambda z: width_bins(z, 100)),
        (mig_sup, formula_mig_sup, width_bins),
        (dcimig, formula_dcimig, width_bins),
        (modularity, formula_modularity, width_bins),
    ],
)
def test_informations_are_scikit_learns(function, formula, binning, seed):
    codes, factors = columns(seed)
    expected = formula(table(codes, factors, binning), entropies(factors))
    # The same counts and sums of logarithms in another order.
    assert float(function(codes, factors)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("function", "binning"), [(mig, width_bins), (mig_rank, mass_bins), (mig_sup, width_bins)]
)
def test_continuous_factors_are_binned_alike(function, binning):
    codes, _ = columns(5)
    factors = codes[:, :2] + np.random.default_rng(6).normal(size=(300, 2))
    binned = np.stack([binning(v) for v in factors.T], axis=1)
    score = function(codes, factors)
    assert score.details["binned_factors"] == (0, 1)
    formula = formula_mig_sup if function is mig_sup else formula_mig
    expected = formula(table(codes, binned, binning), entropies(binned))
    assert float(score) == pytest.approx(expected, abs=1e-10)  # the same sums in another order


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize(
    "function", [mig, mig_rank, rmig, jemmig, mig_sup, dcimig, modularity, infomec]
)
def test_one_latent_or_one_factor(function, d, k):
    codes, factors = BITS[:, :d].astype(float), BITS[:, :k]
    values = function(codes, factors).values
    for name, value in values.items():
        assert np.isfinite(value), name
    if d == k == 1 and function is not jemmig:
        # Its own code: all of H, gap to zero; no second latent or factor to share with. InfoE's
        # losses vanish on a code that separates, up to where L-BFGS stops.
        assert all(v == pytest.approx(1, abs=1e-2) for v in values.values())


# --- Posteriors: a symmetric binary channel -------------------------------------------------------


def channel(distance):
    """Balanced bit v, posterior N(±1, scale²) cut at 0: flips with probability Φ(−1 / scale)."""
    p = ndtr(-distance)
    flips = -p * np.log(p) - (1 - p) * np.log(1 - p)
    return LOG2 - flips, LOG2 + flips  # information, joint entropy


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_posteriors_are_channels(scale):
    bit = np.tile([0, 1], 20)[:, None]
    codes, spread = 2.0 * bit - 1, np.full((40, 1), scale)
    information, joint = channel(1 / scale)
    options = {"scale": spread, "bins": 2, "limits": (-4, 4)}
    # Two bins cut at 0, exact frequencies: only the rounding of masses kept in float32 is left.
    assert float(rmig(codes, bit, **options)) == pytest.approx(information / LOG2, abs=1e-6)
    score = jemmig(codes, bit, **options)
    assert score.details["raw"] == pytest.approx(joint - information, abs=1e-6)
    assert float(score) == pytest.approx(1 - (joint - information) / (2 * LOG2), abs=1e-6)


def mixture_information():
    """Of a balanced bit and ±1 with unit Gaussian noise, nats: 0.337, by quadrature."""

    def integrand(x):
        a, b = np.exp(-((x - 1) ** 2) / 2), np.exp(-((x + 1) ** 2) / 2)
        return -(a * np.log((a + b) / (2 * a))) / np.sqrt(2 * np.pi)

    return quad(integrand, -9, 9)[0]


def test_many_bins_come_near_the_information_of_a_mixture():
    bit = np.tile([0, 1], 20)[:, None]
    options = {"scale": np.ones((40, 1)), "bins": 2000, "limits": (-9, 9)}
    # Bins of width 0.009 lose O(width²) of the information: below 1e-5.
    found = rmig(2.0 * bit - 1, bit, **options).details["mutual_information"][0, 0]
    assert found == pytest.approx(mixture_information(), abs=1e-5)


def test_posteriors_as_wide_as_the_prior_know_nothing():
    codes, factors = columns(0)
    codes = 1e-6 * codes
    known = float(rmig(codes, factors))
    assert known > 0.05
    # All posteriors equal N(0, 1) to 1e-6: what is left is of the order of its square.
    lost = rmig(codes, factors, scale=np.ones_like(codes), limits=(-4, 4))
    assert np.abs(lost.details["mutual_information"]).max() < 1e-10


@pytest.mark.parametrize("function", [rmig, jemmig])
def test_no_spread_is_a_very_small_one(function):
    codes, factors = columns(1)
    points = function(codes, factors, limits=(-8, 8))
    narrow = function(codes, factors, scale=np.full(codes.shape, 1e-9), limits=(-8, 8))
    # No code lies within 1e-8 of a bin's edge, so that each sample is in its bin alone.
    assert float(narrow) == pytest.approx(float(points), abs=1e-9)


@pytest.mark.parametrize("bins", [2, 100])
def test_jemmig_of_a_code_that_knows_nothing_is_its_definition(bins):
    # H(z, v) = H(v), gap 0: 1 − H / (H + log b), far from 0 with many bins. That is Do & Tran's
    # normalisation, not a property of the code.
    score = float(jemmig(np.zeros((40, 3)), BITS, bins=bins))
    assert score == pytest.approx(1 - LOG2 / (LOG2 + np.log(bins)), abs=1e-12)


@pytest.mark.parametrize("function", [rmig, jemmig])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": np.zeros((40, 2))}, "scale must be positive"),
        ({"scale": np.ones((40, 1))}, r"scale has shape \(40, 1\)"),
        ({"scale": np.full((40, 2), np.nan)}, "scale must be finite"),
        ({"scale": "wide"}, "scale must be real numbers"),
        ({"limits": (1, 1)}, "limits"),
        ({"limits": (4, -4)}, "limits"),
        ({"bins": 1}, "bins=1"),
        ({"factor_bins": 2.0}, "factor_bins=2.0"),
    ],
)
def test_unusable_posteriors_are_named(function, options, message):
    with pytest.raises(MetricError, match=message):
        function(SUM_AND_BIT, BITS, **options)


# --- InfoMEC --------------------------------------------------------------------------------------


@pytest.mark.parametrize("neighbours", [1, 3, 10])
@pytest.mark.parametrize("seed", range(2))
def test_nearest_neighbours_are_scikit_learns(seed, neighbours):
    codes, factors = columns(seed, n=400)
    score = infomec(codes, factors, neighbours=neighbours)
    assert not score.details["discrete_codes"].any()
    for k, v in enumerate(factors.T):
        expected = mutual_info_classif(codes, v, n_neighbors=neighbours, random_state=0)
        # Both add noise of 1e-10 of the codes, which may swap two neighbours once in a while: one
        # digamma of N changes by about 1 / k.
        found = score.details["normalised"][:, k] * mutual_info_score(v, v)
        np.testing.assert_allclose(found, expected, atol=2e-3)
        assert np.median(np.abs(found - expected)) < 1e-9


def test_neighbours_among_ties_and_rare_labels_are_scikit_learns():
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1, 2, 3], [200, 80, 4, 1])  # the last is alone, and left out
    codes = np.round(labels[:, None] + rng.normal(size=(285, 2)), 1)
    score = infomec(codes, labels[:, None], discrete_codes=False)
    found = score.details["normalised"][:, 0] * mutual_info_score(labels, labels)
    draws = [mutual_info_classif(codes, labels, n_neighbors=10, random_state=s) for s in range(20)]
    # Ties are broken at random: within what other seeds' breaking gives, widened by its spread.
    spread = 4 * np.std(draws, axis=0)
    assert np.all(np.abs(found - np.mean(draws, axis=0)) < spread)


def test_neighbours_find_the_information_of_a_mixture():
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 3000)
    codes = (2.0 * labels - 1 + rng.normal(size=6000))[:, None]
    found = infomec(codes, labels[:, None]).details["normalised"][0, 0] * LOG2
    # The local terms vary by less than 1, so that N = 6000 gives a standard error below 0.013.
    assert found == pytest.approx(mixture_information(), abs=0.04)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("discrete", [False, True])
def test_explicitness_is_scikit_learns_log_loss(classes, discrete):
    rng = np.random.default_rng(classes)
    labels = rng.choice(classes, 500, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    codes = labels[:, None] * [1.0, -0.5, 0.2] + 1.5 * rng.normal(size=(500, 3))
    if discrete:
        codes = np.clip(np.round(codes / 2), -1, 1)
    score = infomec(codes, labels[:, None], discrete_codes=discrete)
    x = (codes - codes.mean(axis=0)) / codes.std(axis=0)
    if discrete:
        x = np.concatenate([codes == c for c in (-1, 0, 1)], axis=1).astype(float)
    model = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-9, max_iter=5000)
    model.fit(x, labels)
    expected = 1 - log_loss(labels, model.predict_proba(x)) / np.log(classes)
    # micvae stops at a gradient of 1e-4: the unweighted loss is off by about as much.
    assert score.values["infoe"] == pytest.approx(expected, abs=5e-4)


def test_explicitness_of_a_continuous_factor_is_r_squared():
    codes, _ = columns(2)
    factor = codes @ [1.0, 2.0, 0.0, -1.0] + np.random.default_rng(1).normal(size=300)
    expected = LinearRegression().fit(codes, factor).score(codes, factor)
    found = infomec(codes, factor[:, None]).values["infoe"]
    assert found == pytest.approx(expected, abs=1e-10)  # the same least squares


@pytest.mark.parametrize(("size", "active"), [(0.04, False), (0.06, True)])
def test_latents_below_a_twentieth_of_the_largest_range_are_pruned(size, active):
    codes, factors = columns(4)
    codes = (codes - codes.min(axis=0)) / np.ptp(codes, axis=0) * [1, 1, 1, size]
    score = infomec(codes, factors)
    np.testing.assert_array_equal(score.details["active"], [True, True, True, active])
    # Left out of the mean, as if it were not there.
    without = infomec(codes[:, :3], factors)
    assert (score.values["infom"] == without.values["infom"]) != active
    # But it still serves to read the factors: E is of all codes.
    assert score.values["infoe"] > without.values["infoe"]


def test_pruned_explicitness_uses_all_codes():
    # A factor that is in a small latent only: M and C do not see it, E does.
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 2, (300, 2))
    codes = np.column_stack(
        [10 * rng.normal(size=300), 0.1 * factors[:, 0] * rng.uniform(size=300)]
    )
    score = infomec(codes, factors[:, :1], discrete_codes=False)
    np.testing.assert_array_equal(score.details["active"], [True, False])
    assert score.values["infoe"] > 0.3


@pytest.mark.parametrize(
    "size",
    [
        2.0**30,
        2.0**-10,
        pytest.param(
            2.0**-40,
        ),
    ],
)
def test_scaling_all_latents_alike_changes_nothing(size):
    codes, factors = columns(0)
    plain, scaled = infomec(codes, factors).values, infomec(size * codes, factors).values
    # As in scikit-learn, which standardises before it adds noise. Noise may swap two neighbours.
    assert scaled == pytest.approx(plain, abs=1e-3)


def test_no_active_latent_scores_nothing():
    values = infomec(np.zeros((40, 2)), BITS).values
    # A balanced bit read from nothing has a log loss of log 2: E = 0 up to L-BFGS.
    assert list(values.values()) == pytest.approx([0, 0, 0], abs=1e-9)


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_discrete_codes_may_be_said_one_by_one(kind):
    codes = np.column_stack([SUM_AND_BIT[:, 0], np.random.default_rng(0).normal(size=40)])
    assert infomec(codes, BITS, discrete_codes=kind([True, False])).details[
        "discrete_codes"
    ].tolist() == [True, False]
    guessed = infomec(codes, BITS).details["discrete_codes"]
    assert guessed.tolist() == [True, False]


@pytest.mark.parametrize(
    "options",
    [
        {"neighbours": 0},
        {"neighbours": 2.5},
        {"prune": 1},
        {"prune": -0.1},
        {"factor_bins": 1},
        {"discrete_codes": [True]},
        pytest.param(
            {"discrete_codes": np.array([True, False, True])},
        ),
        pytest.param(
            {"discrete_codes": np.array([True])},
        ),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_unusable_settings_of_infomec_are_refused(options):
    with pytest.raises(MetricError, match=next(iter(options))):
        infomec(SUM_AND_BIT, BITS, **options)
