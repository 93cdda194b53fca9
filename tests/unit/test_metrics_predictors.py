"""Scores made of predictors, against scikit-learn, brute force and closed forms."""

from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.stats import entropy, pearsonr, spearmanr
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import LinearSVC

from micvae.metrics import (
    MetricError,
    block_score,
    dci,
    dci_es,
    explicitness,
    mcc_affine,
    mcc_nonlinear,
    mcc_pearson,
    mcc_spearman,
    sap,
)
from micvae.metrics.embedding import period_of
from micvae.metrics.hinge import fit_lines
from micvae.metrics.logistic import fit_logistic


def split(n, seed=0):
    """What the docstrings say: permuted by the seed, the first ⌈2n/3⌉ train."""
    order = np.random.default_rng(seed).permutation(n)
    return np.split(order, [-(-2 * n // 3)])


def noisy(seed, n=300, d=3):
    """A class and a number, and codes that mix them."""
    rng = np.random.default_rng(seed)
    factors = np.column_stack([rng.integers(0, 3, n), rng.normal(size=n)])
    codes = factors @ rng.normal(size=(2, d)) + 0.4 * rng.normal(size=(n, d))
    return codes, factors


def standard(x, like=None):
    like = x if like is None else like
    return (x - like.mean(axis=0)) / like.std(axis=0)


# --- The solvers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("classes", [2, 3, 6])
@pytest.mark.parametrize(("shift", "size"), [(0, 1), (5, 0.1), (-3, 20)])
def test_machines_are_liblinears(classes, C, shift, size):
    rng = np.random.default_rng(classes)
    shares = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    labels = rng.choice(classes, 200, p=shares)
    x = shift + size * (labels + rng.normal(size=200))
    model = LinearSVC(
        C=C, class_weight="balanced", dual=False, tol=1e-11, max_iter=10_000, random_state=0
    ).fit(x[:, None], labels)
    found = fit_lines(x, labels, classes, C)
    # liblinear stops at a relative gradient of 1e-11; a strongly convex problem has one minimum.
    np.testing.assert_allclose(found.w, model.coef_[:, 0], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.b, model.intercept_, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(found.predict(x), model.predict(x[:, None]))


def test_machines_stand_where_all_codes_are_tied_or_far_out():
    labels = np.tile([0, 1, 2], 20)
    for x in (np.zeros(60), np.full(60, 1e30), np.repeat([0.0, 1e30], 30)):
        found = fit_lines(x, labels, 3, 0.01)
        assert np.isfinite(found.w).all() and np.isfinite(found.b).all()


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("C", [0.1, 1.0, np.inf])
@pytest.mark.parametrize("classes", [2, 4])
def test_regressions_are_scikit_learns(classes, C, balanced):
    rng = np.random.default_rng(classes)
    shares = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    labels = rng.choice(classes, 400, p=shares)
    # Correlated and unequally large codes, which a penalty tells apart.
    mixed = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3))
    x = (0.5 * labels[:, None] * [1.0, 2.0, -0.3] + mixed) * [1.0, 20.0, 0.1]
    model = LogisticRegression(
        C=C, class_weight="balanced" if balanced else None, tol=1e-10, max_iter=10_000
    ).fit(x, labels)
    found = fit_logistic(x, labels, C=C, balanced=balanced)
    # The mean loss is minimised to a gradient of 1e-4 in whitened codes, with a curvature of the
    # order of p (1 − p) > 0.01: logits are off by up to 0.01.
    np.testing.assert_allclose(
        found.log_probabilities(x), model.predict_log_proba(x), atol=1e-2, rtol=2e-3
    )
    # The objective itself is flat at its minimum: second order in that.
    sample = (400 / (classes * np.bincount(labels)))[labels] if balanced else np.ones(400)

    def objective(weights, log_probabilities):
        norm = 0.5 * np.sum(weights**2) / C
        return (norm - sample @ log_probabilities[np.arange(400), labels]) / sample.sum()

    weights = found.weights
    if classes == 2:  # scikit-learn's single vector is the difference of ours, ± half each
        weights = weights[:, 1] - weights[:, 0]
    ours = objective(weights, found.log_probabilities(x))
    assert ours == pytest.approx(objective(model.coef_, model.predict_log_proba(x)), abs=1e-5)


@pytest.mark.parametrize("C", [1.0, np.inf])
def test_a_regression_on_nothing_predicts_the_shares(C):
    labels = np.repeat([0, 1, 2], [10, 20, 70])
    x = np.zeros((100, 2))
    plain = fit_logistic(x, labels, C=C).log_probabilities(x)[0]
    # A gradient of 1e-4 in the shares themselves.
    np.testing.assert_allclose(np.exp(plain), [0.1, 0.2, 0.7], atol=2e-4)
    even = fit_logistic(x, labels, C=C, balanced=True).log_probabilities(x)[0]
    np.testing.assert_allclose(np.exp(even), 1 / 3, atol=2e-4)


# --- SAP and explicitness -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_sap_is_scikit_learns_machine_and_pearsons_correlation(seed):
    codes, factors = noisy(seed)
    fit, test = split(300, seed)
    expected = np.empty((3, 2))
    for j in range(3):
        machine = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-10, random_state=0)
        machine.fit(codes[fit, j : j + 1], factors[fit, 0])
        expected[j, 0] = machine.score(codes[test, j : j + 1], factors[test, 0])
        expected[j, 1] = pearsonr(codes[:, j], factors[:, 1])[0] ** 2
    score = sap(codes, factors, seed=seed)
    # The same predictions, counted; the same sums.
    np.testing.assert_allclose(score.details["scores"], expected, atol=1e-12)
    ranked = np.sort(expected, axis=0)
    assert float(score) == pytest.approx(np.mean(ranked[-1] - ranked[-2]), abs=1e-12)


def test_sap_of_a_perfect_bit_is_what_chance_leaves():
    bit = np.tile([0, 1], 150)
    noise = np.random.default_rng(0).normal(size=300)
    codes = np.column_stack([4.0 * bit - 2, np.zeros(300)])
    # 1 for the bit; the constant latent predicts one class: its share of the test samples.
    share = np.mean(bit[split(300)[1]])
    gap = float(sap(codes, bit[:, None]))
    assert min(abs(gap - share), abs(gap - 1 + share)) < 1e-12
    # A continuous factor of its own: 1 − 0, exactly.
    assert float(sap(np.column_stack([noise, np.ones(300)]), noise[:, None])) == pytest.approx(1)


@pytest.mark.parametrize("C", [0.1, 1.0])
@pytest.mark.parametrize("seed", range(2))
def test_explicitness_is_scikit_learns(seed, C):
    codes, factors = noisy(seed)
    fit, test = split(300, seed)
    x = standard(codes, codes[fit])
    edges = np.histogram(factors[:, 1], 20)[1]
    labels = [factors[:, 0].astype(int), np.digitize(factors[:, 1], edges[:-1])]
    expected = []
    for y in labels:
        model = LogisticRegression(C=C, tol=1e-8, max_iter=10_000).fit(x[fit], y[fit])
        p = model.predict_proba(x[test])
        areas = [
            roc_auc_score(y[test] == c, q)
            for c, q in zip(model.classes_, p.T, strict=True)
            if (y[test] == c).any()
        ]
        expected.append(np.mean(areas))
    score = explicitness(codes, factors, seed=seed, C=C)
    # Probabilities off by up to 1e-2 may swap neighbouring samples of the ranking: one of 100 × 100
    # pairs each.
    np.testing.assert_allclose(score.details["per_factor"], expected, atol=3e-3)


def test_areas_count_ties_as_halves():
    # One binary code that agrees with a bit in 3 of 4 samples: AUC = 0.75² + 2 · 0.75 · 0.25 / 2.
    bit = np.tile([0, 1, 0, 1, 0, 1, 0, 1], 150)
    code = np.where(np.arange(1200) % 8 < 2, 1 - bit, bit)
    _, test = split(1200)
    agree = [np.mean((code == bit)[test][bit[test] == v]) for v in (0, 1)]
    expected = np.mean(agree)  # (sensitivity + specificity) / 2
    found = float(explicitness(code[:, None].astype(float), bit[:, None]))
    assert found == pytest.approx(expected, abs=1e-12)


def test_explicitness_of_nothing_is_a_half():
    factors = np.random.default_rng(0).integers(0, 4, (100, 2))
    # All probabilities are equal: every pair is a tie.
    assert float(explicitness(np.ones((100, 3)), factors)) == pytest.approx(0.5, abs=1e-12)


# --- DCI ------------------------------------------------------------------------------------------


def dci_formula(importance):
    d, k = importance.shape
    p = importance + 1e-11
    per_code = 1 - entropy(p.T, base=k)
    per_factor = 1 - entropy(p, base=d)
    return (
        per_code @ importance.sum(axis=1) / importance.sum(),
        per_factor @ importance.sum(axis=0) / importance.sum(),
    )


@pytest.mark.parametrize("predictor", ["forest", "lasso"])
@pytest.mark.parametrize("seed", range(2))
def test_dci_is_scikit_learns_predictors_in_the_formula(predictor, seed):
    codes, factors = noisy(seed, n=150)
    fit, test = split(150, seed)
    target = standard(factors[:, 1])
    labels = factors[:, 0]
    if predictor == "forest":
        random = np.random.RandomState(seed)
        trees = RandomForestClassifier(random_state=random).fit(codes[fit], labels[fit])
        line = RandomForestRegressor(random_state=random).fit(codes[fit], target[fit])
        importance = [trees.feature_importances_, line.feature_importances_]
        quality = [trees.score(codes[test], labels[test]), line.score(codes[test], target[test])]
    else:
        x = standard(codes, codes[fit])
        hot = (labels[:, None] == np.unique(labels)).astype(float)
        alpha = 0.01 * hot[fit].std(axis=0).mean()
        classes = Lasso(alpha=alpha, random_state=0).fit(x[fit], hot[fit])
        line = Lasso(alpha=0.01 * target[fit].std(), random_state=0).fit(x[fit], target[fit])
        weights = [np.abs(classes.coef_).sum(axis=0), np.abs(line.coef_)]
        importance = [w / w.sum() for w in weights]
        predicted = np.unique(labels)[classes.predict(x[test]).argmax(axis=1)]
        quality = [np.mean(predicted == labels[test]), line.score(x[test], target[test])]
    score = dci(codes, factors, predictor=predictor, seed=seed)
    importance = np.stack(importance, axis=1)
    # The same models from the same seeds: rounding.
    np.testing.assert_allclose(score.details["importance"], importance, atol=1e-9)
    expected = [*dci_formula(importance), np.mean(quality)]
    assert list(score.values.values()) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("predictor", ["trees", "forest", "lasso"])
def test_dci_of_a_perfect_and_a_dead_code(predictor):
    rng = np.random.default_rng(0)
    factors = rng.uniform(size=(150, 2))
    perfect = dci(-3 * factors, factors, predictor=predictor).values
    # Trees spend a few splits on noise, the lasso keeps chance correlations above its penalty of
    # 0.01: 0.1 of correlation between 100 samples leaves some hundredths.
    assert perfect["dci_disentanglement"] > 0.9 and perfect["dci_completeness"] > 0.9
    assert perfect["dci_informativeness"] > 0.95
    dead = dci(np.full((150, 3), 0.1), factors, predictor=predictor).values
    # No importance at all is the uniform one: entropy 1 up to rounding. And R² of the mean of the
    # training samples is 0 less the squared difference of two means, of order 1 / N.
    assert [dead["dci_disentanglement"], dead["dci_completeness"]] == pytest.approx([0, 0])
    assert -0.1 < dead["dci_informativeness"] <= 0


@pytest.mark.parametrize(
    "predictor",
    [
        "trees",
        "sklearn",
        "forest",
        pytest.param(
            "lasso",
        ),
    ],
)
def test_predictors_draw_nothing_globally(predictor):
    codes, factors = noisy(0, n=60)
    dci(codes, factors, predictor=predictor)  # whatever is drawn on import
    before = np.random.get_state()[2]  # noqa: NPY002
    dci(codes, factors, predictor=predictor)
    # The position in the stream: the stream itself changes every 624 draws only.
    assert np.random.get_state()[2] == before  # noqa: NPY002


@pytest.mark.parametrize("correlated", [0.99, 1 - 1e-9, 1.0])
def test_a_lasso_of_nearly_equal_codes_converges(correlated):
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(300, 2))
    other = correlated * factors + np.sqrt(1 - correlated**2) * rng.normal(size=(300, 2))
    values = dci(np.column_stack([factors, other]), factors, predictor="lasso").values
    assert all(np.isfinite(v) for v in values.values())  # and no warning
    assert values["dci_disentanglement"] > 0.9


def test_a_lasso_of_a_rotation_shares_importance_equally():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(3000, 2))
    codes = factors @ np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    values = dci(codes, factors, predictor="lasso").values
    # Coefficients ±(1/√2 − α) up to sampling errors of 1 / √2000: an entropy within their square.
    assert values["dci_disentanglement"] == pytest.approx(0, abs=2e-3)
    assert values["dci_completeness"] == pytest.approx(0, abs=2e-3)
    # Orthonormal codes lose α to the penalty at each: 1 − R² = 2 α².
    assert values["dci_informativeness"] == pytest.approx(1 - 2 * 0.01**2, abs=1e-4)


# --- DCI-ES ---------------------------------------------------------------------------------------


def test_the_smallest_probe_is_a_ridge_regression():
    codes, factors = noisy(0)
    fit, test = split(300)
    x = standard(codes, codes[fit])
    hot = (factors[:, :1] == np.unique(factors[:, 0])).astype(float)
    score = dci_es(codes, factors, factor_kinds=("categorical", "continuous"))
    for k, target in enumerate((hot, factors[:, 1:])):
        target = target - target[fit].mean(axis=0)
        model = Ridge(alpha=1e-3 * len(fit) / 1000).fit(x[fit], target[fit])
        predicted = model.predict(x[test]).reshape(target[test].shape)
        loss = np.sum((target[test] - predicted) ** 2) / np.sum(target[test] ** 2)
        # Only that scikit-learn's intercept is not penalised: by 2e-4 of its size.
        assert score.details["loss"][k, 0] == pytest.approx(loss, abs=1e-5)


def test_explicitness_is_the_area_under_the_loss():
    rng = np.random.default_rng(0)
    z = rng.uniform(-2, 2, (600, 3))
    factors = np.column_stack([z[:, 0], np.sin(2 * z[:, 1]), z[:, 2] ** 2])
    score = dci_es(z, factors)
    capacity, loss = score.details["capacity"], score.details["loss"]
    np.testing.assert_array_equal(capacity, 4 + np.array([0, 8, 32, 128, 512]))
    assert np.all(np.diff(loss, axis=1) <= 0) and np.all((loss >= 0) & (loss <= 1))
    area = np.trapezoid(loss - loss[:, -1:], np.log(capacity), axis=1)
    expected = 1 - 2 * area / np.log(capacity[-1] / capacity[0])
    np.testing.assert_allclose(score.details["per_factor"], expected, atol=1e-12)  # rounding
    assert score.values["dci_explicitness"] == pytest.approx(expected.mean(), abs=1e-12)
    # A linear factor needs no features; the bent ones do, and a line knows nothing of z².
    assert expected[0] > 0.999 and expected[1] < 0.8 and expected[2] < 0.8
    assert loss[2, 0] > 0.95 and loss[2, -1] < 0.05


@pytest.mark.parametrize(("d", "k"), [(1, 1), (1, 2), (2, 1), (5, 2)])
def test_size_counts_factors_per_latent(d, k):
    rng = np.random.default_rng(0)
    score = dci_es(rng.normal(size=(60, d)), rng.normal(size=(60, k)))
    assert score.values["dci_size"] == k / d


@pytest.mark.parametrize(
    "features",
    [
        (8,),
        (8, 8),
        (32, 8),
        (-1, 8),
        (),
        *(
            pytest.param(
                given,
            )
            for given in ((0, 8.5), ("a", "b"), 3)
        ),
    ],
)
def test_unusable_features_are_refused(features):
    with pytest.raises(MetricError, match="features="):
        dci_es(*noisy(0), features=features)


# --- MCC ------------------------------------------------------------------------------------------


def best_sum(values):
    """Largest sum over assignments of different rows to columns, by trying all."""
    d, k = values.shape
    if d >= k:
        return max(sum(values[r, c] for c, r in enumerate(p)) for p in permutations(range(d), k))
    return max(sum(values[r, c] for r, c in enumerate(p)) for p in permutations(range(k), d))


@pytest.mark.parametrize(
    ("function", "oracle"), [(mcc_pearson, pearsonr), (mcc_spearman, spearmanr)]
)
@pytest.mark.parametrize(("d", "k"), [(1, 1), (1, 3), (2, 4), (3, 3), (5, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_mcc_is_the_best_of_all_assignments(function, oracle, d, k, seed):
    rng = np.random.default_rng(seed)
    factors = np.round(rng.normal(size=(50, k)), 1)  # with ties
    codes = factors @ rng.normal(size=(k, d)) + np.exp(rng.normal(size=(50, d)))
    values = np.array([[abs(oracle(z, v)[0]) for v in factors.T] for z in codes.T])
    score = function(codes, factors)
    # The same sums in another order.
    np.testing.assert_allclose(score.details["correlation"], values, atol=1e-12)
    assert float(score) == pytest.approx(best_sum(values) / k, abs=1e-12)
    assignment = score.details["assignment"]
    used = assignment[assignment >= 0]
    assert len(used) == len(set(used.tolist())) == min(d, k)
    assert np.all(score.details["per_factor"][assignment < 0] == 0)


def test_greedy_matching_would_do_worse():
    # Both factors like the first latent best; the exact assignment gives it to the second one.
    rng = np.random.default_rng(0)
    a, b, noise = np.linalg.qr(standard(rng.normal(size=(1000, 3))))[0].T
    codes = np.column_stack([a + b, a + 0.3 * noise])
    score = mcc_pearson(codes, np.column_stack([a, b]))
    # a with latent 1: 1 / √1.09; b with latent 0: 1 / √2. QR centres up to 1 / √N each.
    assert score.details["assignment"].tolist() == [1, 0]
    assert float(score) == pytest.approx((1 / np.sqrt(1.09) + 1 / np.sqrt(2)) / 2, abs=2e-3)


@pytest.mark.parametrize("function", [mcc_pearson, mcc_spearman, mcc_affine, mcc_nonlinear])
def test_mcc_of_dead_codes_is_zero(function):
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(100, 2))
    assert float(function(np.full((100, 3), 0.1), factors)) == 0
    dead = np.column_stack([np.full(100, 0.1), factors[:, 0]])
    # Half of the factors are found, the dead latent is nobody's.
    assert 0.45 < float(function(dead, factors)) < 0.65


@pytest.mark.parametrize(("d", "k"), [(1, 2), (2, 2), (4, 2), (2, 3)])
def test_affine_mcc_is_a_regression_and_a_matching(d, k):
    rng = np.random.default_rng(d)
    factors = rng.normal(size=(200, k))
    codes = factors @ rng.normal(size=(k, d)) + 0.5 * rng.normal(size=(200, d))
    fit, test = split(200)
    predicted = LinearRegression().fit(codes[fit], factors[fit]).predict(codes[test])
    values = np.array([[abs(pearsonr(p, v)[0]) for v in factors[test].T] for p in predicted.T])
    # The same least squares.
    assert float(mcc_affine(codes, factors)) == pytest.approx(best_sum(values) / k, abs=1e-9)


def test_affine_mcc_undoes_a_mixture_and_the_others_do_not():
    rng = np.random.default_rng(0)
    factors = rng.uniform(size=(500, 2))
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    codes = 5 * factors @ turn + 3
    assert float(mcc_affine(codes, factors)) == pytest.approx(1, abs=1e-12)  # an exact solution
    # Each of a sum and a difference of two independent factors: 1 / √2, up to 1 / √N.
    assert float(mcc_pearson(codes, factors)) == pytest.approx(np.sqrt(0.5), abs=0.05)


@pytest.mark.parametrize(
    ("function", "lowest"), [(mcc_pearson, 0), (mcc_spearman, 0), (mcc_nonlinear, 1)]
)
def test_only_the_nonlinear_mcc_sees_a_square(function, lowest):
    z = np.random.default_rng(0).uniform(-1, 1, (3000, 1))
    found = float(function(z, z**2))
    # Uncorrelated up to 1 / √N; 50 steps of width 0.04 leave (slope · width)² / 12 of a variance
    # of 4/45: below 1%.
    assert found == pytest.approx(lowest, abs=0.06 if lowest == 0 else 0.01)


def test_step_maps_are_means_in_bins_of_equal_mass():
    codes, factors = noisy(3, n=300)
    fit, test = split(300)
    bins = (np.argsort(np.argsort(codes, axis=0), axis=0) * 20) // 300  # 200 // 10 = 20 steps
    values = np.empty((3, 2))
    for j, k in np.ndindex(3, 2):
        means = np.array(
            [factors[fit, k][bins[fit, j] == b].mean() for b in range(20)]  # none is empty
        )
        values[j, k] = abs(pearsonr(means[bins[test, j]], factors[test, k])[0])
    score = mcc_nonlinear(codes, factors)
    np.testing.assert_allclose(score.details["correlation"], values, atol=1e-12)  # the same sums


# --- Block score ----------------------------------------------------------------------------------


def circle(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    angle, number = rng.uniform(0, 2 * np.pi, n), rng.normal(size=n)
    noise = rng.normal(size=n)
    return angle, number, np.column_stack([np.cos(angle), number, np.sin(angle), noise])


def test_an_angle_takes_two_latents_and_its_neighbour_one():
    angle, number, codes = circle()
    factors = np.column_stack([angle, number])
    score = block_score(codes, factors, factor_kinds=("angular", "continuous"))
    assert score.details["blocks"] == ((0, 2), (1,))
    # 10 neighbours of 1000 on the circle lie within 0.03 rad, on the line within 0.03 but in the
    # tails: an R² of 1 less some thousandths.
    assert score.details["per_factor"] == pytest.approx([1, 1], abs=0.01)


@pytest.mark.parametrize(("columns", "expected"), [([0, 1], 0.45), ([1, 3], 0.0)])
def test_half_an_angle_and_none(columns, expected):
    angle, number, codes = circle(3000)
    factors = np.column_stack([angle, number])
    score = block_score(codes[:, columns], factors, factor_kinds=("angular", "continuous"))
    # From the cosine alone the sine's sign stays open: 1 − E[sin²](1 + 1/10) with 10 neighbours.
    # 1000 tests have a standard error of some 0.02.
    assert score.details["per_factor"][0] == pytest.approx(expected, abs=0.05)


def test_latents_are_not_shared():
    # The second factor is the angle's cosine: either it or the angle has to do without.
    angle, _, codes = circle()
    factors = np.column_stack([angle, np.cos(angle)])
    score = block_score(codes[:, [0, 2]], factors, factor_kinds=("angular", "continuous"))
    assert score.details["blocks"] == ((1,), (0,))
    assert float(score) == pytest.approx((0.45 + 1) / 2, abs=0.05)


def knn_quality(codes, fit, test, target, block):
    x = standard(codes)[:, block]
    model = KNeighborsRegressor(10).fit(x[fit], target[fit])
    error = np.sum((target[test] - model.predict(x[test])) ** 2)
    return max(0, 1 - error / np.sum((target[test] - target[fit].mean(axis=0)) ** 2))


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_blocks_are_the_best_of_all_disjoint_ones(seed, d):
    rng = np.random.default_rng(seed)
    n = 200
    a, b, c = rng.uniform(0, 360, n), rng.uniform(0, 360, n), rng.integers(0, 3, n)
    x, y = np.deg2rad(a), np.deg2rad(b)
    source = np.column_stack([np.cos(x), np.sin(x), np.cos(y), np.sin(y), c == 1, c == 2])
    codes = source @ rng.normal(size=(6, d)) + 0.2 * rng.normal(size=(n, d))
    fit, test = split(n)
    targets = [source[:, :2], source[:, 2:4], np.eye(3)[c]]
    single = [(j,) for j in range(d)]
    choices = [single + list(combinations(range(d), 2))] * 2 + [single]
    table = [
        {(): 0.0} | {block: knn_quality(codes, fit, test, t, block) for block in blocks}
        for t, blocks in zip(targets, choices, strict=True)
    ]
    best = max(
        p + q + r
        for i, p in table[0].items()
        for j, q in table[1].items()
        for k, r in table[2].items()
        if len({*i, *j, *k}) == len(i) + len(j) + len(k)
    )
    score = block_score(
        codes, np.column_stack([a, b, c]), factor_kinds=("angular", "angular", "categorical")
    )
    # The same neighbours; a pair that earns less than 1e-9 more than one latent is not taken.
    assert float(score) == pytest.approx(best / 3, abs=1e-8)
    taken = [j for block in score.details["blocks"] for j in block]
    assert len(taken) == len(set(taken))
    alone = [[t[block] for t in table] for block in single]
    np.testing.assert_allclose(score.details["single"], alone, atol=1e-10)


def test_categories_need_no_order():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 5, 600)
    codes = np.array([3.0, 0.0, 4.0, 1.0, 2.0])[classes] + 0.05 * rng.normal(size=600)
    score = block_score(codes[:, None], classes[:, None], factor_kinds=("categorical",))
    # 80 training samples per class, clusters 20 deviations apart: no neighbour is of another.
    assert float(score) == 1
    # As numbers, too, since neighbours know no line; a linear judge is the one to lose.
    assert float(block_score(codes[:, None], classes[:, None])) == 1
    assert float(mcc_pearson(codes[:, None], classes[:, None])) < 0.5


def test_noise_scores_nothing():
    rng = np.random.default_rng(0)
    factors = np.column_stack(
        [rng.normal(size=900), rng.uniform(0, 6, 900), rng.integers(0, 3, 900)]
    )
    score = block_score(
        rng.normal(size=(900, 4)), factors, factor_kinds=("continuous", "angular", "categorical")
    )
    # R² = −1/10 in the mean, with a standard error of √(4 · 0.1 / 300) = 0.04, the largest of four
    # latents and six pairs taken.
    assert 0 <= float(score) < 0.05


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.repeat([0, 22.5, 45, 67.5], 5), 90),
        (np.repeat([0, 90, 180, 270], 5), 360),
        (np.repeat(np.arange(8) * np.pi / 4, 5), 2 * np.pi),
        (np.repeat([0, 90, 270], 5), 360),
        (np.linspace(-3, 3, 20) ** 3 / 9, 2 * np.pi),
        (np.array([0.0, 1.0, 100.0]), 360),
        (np.repeat([0.0, 1.0], 5), 2 * np.pi),
    ],
)
def test_periods_are_guessed_by_the_stated_rule(values, expected):
    assert period_of(np.asarray(values, float)) == pytest.approx(expected)


def test_a_period_may_be_said():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 180, 1200)  # an axis, not an arrow: 0 and 180 are the same
    turn = np.deg2rad(2 * angle)
    codes = np.column_stack([np.cos(turn), np.sin(turn)])
    kinds = ("angular",)
    right = float(block_score(codes, angle[:, None], factor_kinds=kinds, periods={0: 180}))
    wrong = float(block_score(codes, angle[:, None], factor_kinds=kinds))
    # Neighbours across the seam look opposite if the period is 360.
    assert right > 0.999 > wrong
    radians = block_score(codes, np.deg2rad(angle)[:, None], factor_kinds=kinds, periods={0: np.pi})
    assert float(radians) == pytest.approx(right, abs=1e-12)  # the same angles up to rounding


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"periods": {1: 360}}, "periods names factor 1, which is not angular"),
        ({"periods": {5: 360}}, "periods names factor 5"),
        ({"periods": {0: 0}}, r"periods\[0\]=0"),
        ({"periods": {0: np.nan}}, r"periods\[0\]=nan"),
        ({"periods": {0: np.inf}}, r"periods\[0\]=inf"),
        ({"neighbours": 0}, "neighbours=0"),
        ({"neighbours": 1.5}, "neighbours=1.5"),
        ({"neighbours": 41}, "from 1 to 40"),
    ],
)
def test_unusable_settings_of_blocks_are_refused(options, message):
    codes, factors = noisy(0, n=60)
    with pytest.raises(MetricError, match=message):
        block_score(codes, factors[:, ::-1], factor_kinds=("angular", "ordinal"), **options)


@pytest.mark.parametrize("neighbours", [1, 40])
def test_extreme_numbers_of_neighbours_are_defined(neighbours):
    codes, factors = noisy(0, n=60)
    value = float(block_score(codes, factors, neighbours=neighbours))
    assert 0 <= value <= 1
    if neighbours == 40:  # the mean of all training samples explains nothing
        assert value == pytest.approx(0, abs=1e-12)
