"""What every problem with known truth claims of its sources, its mixing and its observations."""

import json
from dataclasses import replace

import numpy as np
import pytest

from micvae.data import PROBLEMS, Problem, load
from micvae.data.problems import MIXINGS
from micvae.data.problems.mixings import Ball, draw
from micvae.data.problems.mixings.leaky import leaky
from micvae.errors import DataError, MicvaeError

N = 1200
LARGE = 40_000
MIXED = {  # every mixing, with the number of sources that it is tried on
    "linear": 4,
    "linear(features=7)": 3,
    "leaky": 5,
    "leaky(layers=3, slope=0.1, features=9)": 4,
    "mobius": 2,
    "mobius(pole=1.2)": 5,
    "holomorphic": 2,
    "holomorphic(function='exp', bend=2.5)": 2,
    "holomorphic(function='square')": 2,
    "isometry": 3,
    "isometry(curve='catenary')": 4,
    "isometry(curve='spiral', bend=3.0)": 2,
    "orthogonal": 2,
    "orthogonal(coordinates='spherical', bend=0.6)": 4,
    "orthogonal(coordinates='bipolar')": 2,
    "sparse": 4,
    "sparse(features=20, parents=3, anchors=3)": 5,
}
EVERY = [(name, mixing) for name in PROBLEMS for mixing in MIXED]


def problem(name, mixing, **options):
    return PROBLEMS[name](N, sources=MIXED[mixing], mixing=mixing, **{"seed": 3} | options)


@pytest.fixture(scope="module", params=PROBLEMS)
def large(request):
    """Many samples through a linear mixing: only the sources matter."""
    return PROBLEMS[request.param](LARGE, mixing="linear", seed=5)


def test_every_mixing_is_tried():
    assert {text.partition("(")[0] for text in MIXED} == set(MIXINGS)


# --- mixings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "mixing"), EVERY)
def test_the_inverse_gives_the_sources_back(name, mixing):
    made = problem(name, mixing, noise=0.0)
    found = made.mixing.inverse(made.mixing.forward(made.factors))
    # Rounding, 1e−16, times the condition of at most three matrices and two rectifiers.
    np.testing.assert_allclose(found, made.factors, atol=1e-9 * made.factors.std())
    # From what is stored in float32, whose rounding is 6e−8: well-conditioned mixings only.
    if "leaky" not in mixing:
        found = made.mixing.inverse(made.images.astype(np.float64))
        np.testing.assert_allclose(found, made.factors, atol=1e-4 * np.ptp(made.factors))


@pytest.mark.parametrize(("name", "mixing"), EVERY)
def test_the_jacobian_is_that_of_the_mixing(name, mixing):
    made = problem(name, mixing)
    s, f, h = made.factors[:60], made.mixing, 1e-6
    steps = h * np.eye(s.shape[1])
    found = np.stack([(f.forward(s + e) - f.forward(s - e)) / (2 * h) for e in steps], axis=2)
    j = f.jacobian(s)
    assert j.shape == (60, made.image_shape[0], s.shape[1])
    # Central differences: h² times the third derivative, and rounding / h = 1e−10.
    np.testing.assert_allclose(j, found, atol=1e-6 * np.abs(found).max())
    # One to one in every direction.
    assert np.linalg.svd(j, compute_uv=False).min() > 1e-4


@pytest.mark.parametrize("mixing", MIXED)
def test_the_jacobian_obeys_the_law_that_is_claimed(mixing):
    made = problem("independent", mixing)
    f, j = made.mixing, made.mixing.jacobian(made.factors)
    gram = np.swapaxes(j, 1, 2) @ j
    d = gram.shape[1]
    lengths = np.diagonal(gram, axis1=1, axis2=2)
    off = np.abs(gram - lengths[:, :, None] * np.eye(d)).max((1, 2))
    if f.law == "linear":
        np.testing.assert_array_equal(j, np.broadcast_to(j[0], j.shape))
    elif f.law == "piecewise linear":
        pieces = len(np.unique(j.reshape(len(j), -1).round(9), axis=0))
        assert 1 < pieces < N  # a few constant pieces, not one for every sample
    elif f.law == "isometric":
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(d), gram.shape), atol=1e-12)
        assert np.abs(np.diff(j, axis=0)).max() > 0.1  # bent, not merely turned
    elif f.law == "conformal":
        assert (off < 1e-12 * lengths.max(1)).all()
        np.testing.assert_allclose(lengths, lengths[:, :1].repeat(d, 1), rtol=1e-10)
        assert lengths.max() > 1.5 * lengths.min()  # no isometry
    elif f.law == "orthogonal":
        assert (off < 1e-12 * lengths.max(1)).all()
        assert (lengths.max(1) > 1.2 * lengths.min(1)).mean() > 0.5  # not conformal
    else:
        assert f.law == "sparse"
        np.testing.assert_array_equal(j != 0, np.broadcast_to(f.depends, j.shape))


@pytest.mark.parametrize(("parents", "anchors"), [(2, 2), (3, 2), (1, 3)])
def test_sparse_features_have_few_sources_and_every_source_has_equal_anchors(parents, anchors):
    made = PROBLEMS["independent"](
        300, sources=5, mixing=f"sparse(features=40, parents={parents}, anchors={anchors})"
    )
    depends, j = made.mixing.depends, made.mixing.jacobian(made.factors)
    own, others = depends[: 5 * anchors], depends[5 * anchors :]
    np.testing.assert_array_equal(own, np.repeat(np.eye(5, dtype=bool), anchors, axis=0))
    assert (others.sum(1) == parents).all() and others.any(0).all()
    by_source = j[:, : 5 * anchors].reshape(300, 5, anchors, 5)
    np.testing.assert_array_equal(by_source, by_source[:, :, :1].repeat(anchors, axis=2))


@pytest.mark.parametrize(("d", "condition"), [(5, 25.0), (5, 2.0), (20, 3.0), (4, 1.0)])
@pytest.mark.parametrize("features", [None, 24])
def test_matrices_obey_the_bound_and_have_unit_columns(d, condition, features):
    ball = Ball(np.zeros(d), 1.0)
    f = leaky(ball, np.random.default_rng(1), layers=3, condition=condition, features=features)
    assert [w.shape for w in f.weights] == [(d, features or d)] + [(features or d,) * 2] * 2
    for weight in f.weights:
        assert np.linalg.cond(weight) <= condition * (1 + 1e-8)
        np.testing.assert_allclose(np.linalg.norm(weight, axis=0), 1, rtol=1e-12)


def test_one_layer_is_linear_and_no_rectifier_is_last():
    made = PROBLEMS["independent"](500, layers=1, seed=2)
    assert made.mixing.law == "linear"
    (weight,) = made.mixing.weights
    np.testing.assert_allclose(made.mixing.forward(made.factors), made.factors @ weight)
    two = PROBLEMS["independent"](500, layers=2, seed=2)
    first, last = two.mixing.weights
    h = two.factors @ first
    expected = np.maximum(h, 0.2 * h) @ last
    np.testing.assert_allclose(two.mixing.forward(two.factors), expected, atol=1e-12)


def test_a_ball_of_mobius_scales_lengths_as_documented():
    made = PROBLEMS["independent"](LARGE, sources=2, mixing="mobius(pole=2.0)", seed=1)
    ball = Ball.of(made.factors)
    j = made.mixing.jacobian(ball.centre[None])
    np.testing.assert_allclose(np.swapaxes(j, 1, 2) @ j, np.eye(2)[None], atol=1e-12)
    scale = (made.mixing.jacobian(made.factors)[:, :, 0] ** 2).sum(1)
    assert (2 / 3) ** 4 <= scale.min() < scale.max() <= 2**4


# --- observations -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "mixing"), EVERY)
def test_observations_are_the_mixed_sources(name, mixing):
    made = problem(name, mixing, noise=0.0)
    assert made.images.dtype == np.float32
    np.testing.assert_array_equal(made.images, made.mixing.forward(made.factors).astype(np.float32))
    np.testing.assert_array_equal(made.images_of(made.factors), made.images)
    assert (made.parameters["noise"] == 0).all()


@pytest.mark.parametrize("name", PROBLEMS)
def test_noise_has_the_level_that_is_stated(name):
    clean = PROBLEMS[name](LARGE, noise=0.0, seed=4)
    noisy = PROBLEMS[name](LARGE, noise=0.3, seed=4)
    np.testing.assert_array_equal(noisy.factors, clean.factors)
    np.testing.assert_allclose(noisy.parameters["noise"], 0.3 * clean.images.std(0), rtol=1e-4)
    for mine, its in ((noisy.images, clean.images), (noisy.partners, clean.partners)):
        if mine is None:
            continue
        noise = (mine - its) / noisy.parameters["noise"]
        # A standard deviation of N Gaussians has standard error 1 / √(2N), a mean 1 / √N.
        assert np.abs(noise.std(0) - 1).max() < 4.5 / np.sqrt(2 * LARGE)
        assert np.abs(noise.mean(0)).max() < 4.5 / np.sqrt(LARGE)
        both = np.corrcoef(noise.T, clean.factors.T) - np.eye(noise.shape[1] + clean.n_factors)
        assert np.abs(both[: noise.shape[1]]).max() < 4.5 / np.sqrt(LARGE)
    if clean.partners is not None:
        own, others = noisy.images - clean.images, noisy.partners - clean.partners
        assert abs(np.corrcoef(own.ravel(), others.ravel())[0, 1]) < 4.5 / np.sqrt(LARGE)


# --- sources ----------------------------------------------------------------------------------


def standard_error(a, b):
    """Of the correlation of two independent series, by Bartlett's formula from their own."""
    n = len(a)
    spectra = [np.abs(np.fft.rfft((x - x.mean()) / x.std(), 2 * n)) ** 2 for x in (a, b)]
    rho = [np.fft.irfft(s)[: n // 20] / n for s in spectra]
    return np.sqrt(max(1.0, 1 + 2 * (rho[0][1:] * rho[1][1:]).sum()) / n)


def ranks(column):
    return column.argsort(kind="stable").argsort(kind="stable").astype(float)


def test_sources_are_independent_of_one_another(large):
    s = large.factors
    centred = s - s.mean(0)
    if large.auxiliary is not None:  # independent given u: the scale of the segment is divided out
        centred = centred / np.sqrt(large.auxiliary @ large.parameters["variances"])
    for seen in (lambda x: x, ranks, np.abs, np.square):
        columns = [seen(column) for column in centred.T]
        for i in range(len(columns)):
            for j in range(i):
                r = np.corrcoef(columns[i], columns[j])[0, 1]
                # 10 pairs and 4 statistics: the largest of 40 normal draws is rarely beyond 4.
                assert abs(r) < 4.5 * standard_error(columns[i], columns[j])


@pytest.mark.parametrize(
    ("marginal", "fourth"), [("gaussian", 3.0), ("uniform", 1.8), ("laplace", 6.0)]
)
def test_marginals_have_unit_variance_and_their_kurtosis(marginal, fourth):
    s = PROBLEMS["independent"](LARGE, marginal=marginal, seed=6).factors
    assert np.abs(s.mean(0)).max() < 4.5 / np.sqrt(LARGE)
    assert np.abs((s**2).mean(0) - 1).max() < 4.5 * np.sqrt((fourth - 1) / LARGE)
    # The eighth moments are 105, 9 and 2520: their roots bound the spread of a fourth power.
    eighth = {"gaussian": 105, "uniform": 9, "laplace": 2520}[marginal]
    assert np.abs((s**4).mean(0) - fourth).max() < 4.5 * np.sqrt(eighth / LARGE)


@pytest.mark.parametrize("name", ["independent", "sharing_pairs"])
def test_discrete_sources_take_equally_likely_values(name):
    made = PROBLEMS[name](LARGE, marginal="discrete", levels=4, seed=7)
    assert made.factor_kinds == ("categorical",) * 5
    for column, values in zip(made.factors.T, made.factor_values, strict=True):
        found, counts = np.unique(column, return_counts=True)
        np.testing.assert_array_equal(found, values)
        assert np.abs(counts / LARGE - 0.25).max() < 4.5 * np.sqrt(0.25 * 0.75 / LARGE)
        np.testing.assert_allclose([values.mean(), values.std()], [0, 1], atol=1e-12)


@pytest.mark.parametrize(("marginal", "fourth"), [("gaussian", 3.0), ("laplace", 6.0)])
def test_segments_have_the_variances_and_means_that_are_claimed(marginal, fourth):
    made = PROBLEMS["segments"](LARGE, marginal=marginal, means=5.0, seed=8)
    variances, means = made.parameters["variances"], made.parameters["means"]
    assert variances.shape == means.shape == (40, 5)
    assert 0.5 <= variances.min() < 0.7 and 2.8 < variances.max() <= 3
    assert np.abs(means).max() <= 5 and means.std() > 2
    label = made.auxiliary.argmax(1)
    assert (made.auxiliary.sum(1) == 1).all() and (np.diff(label) >= 0).all()
    assert (np.bincount(label) == 1000).all()
    e = ((made.factors - means[label]) / np.sqrt(variances[label])).reshape(40, 1000, 5)
    # 200 segments' variances, each with standard error √((κ − 1) / 1000): up to 4.5 of them.
    assert np.abs((e**2).mean(1) - 1).max() < 4.5 * np.sqrt((fourth - 1) / 1000)
    assert np.abs(e.mean(1)).max() < 4.5 / np.sqrt(1000)
    assert (e**4).mean() == pytest.approx(fourth, rel=0.1)


def test_segments_that_do_not_divide_the_samples_differ_by_one():
    made = PROBLEMS["segments"](1003, segments=10)
    assert set(np.bincount(made.auxiliary.argmax(1))) == {100, 101}


@pytest.mark.parametrize("innovations", ["laplace", "gaussian"])
def test_autoregressive_sources_have_the_autocorrelation_that_is_claimed(innovations):
    rho = (0.7, 0.3, -0.5, 0.95)
    made = PROBLEMS["autoregressive"](
        LARGE, sources=4, coefficient=rho, innovations=innovations, seed=9
    )
    fourth = {"laplace": 6, "gaussian": 3}[innovations]
    assert (made.sequence == 0).all()
    for s, r in zip(made.factors.T, rho, strict=True):
        for lag in (1, 2, 5):
            error = (1 + r**2) * (1 - r ** (2 * lag)) / (1 - r**2) - 2 * lag * r ** (2 * lag)
            found = np.corrcoef(s[:-lag], s[lag:])[0, 1]
            assert abs(found - r**lag) < 4.5 * np.sqrt(error / LARGE)  # Bartlett's formula
        e = (s[1:] - r * s[:-1]) / np.sqrt(1 - r**2)
        assert abs(e.var() - 1) < 4.5 * np.sqrt((fourth - 1) / LARGE)
        assert (e**4).mean() == pytest.approx(fourth, rel=0.1)
        # Innovations know nothing of the past, nor their size.
        assert abs(np.corrcoef(e, s[:-1])[0, 1]) < 4.5 / np.sqrt(LARGE)
        assert abs(np.corrcoef(e**2, s[:-1] ** 2)[0, 1]) < 4.5 / np.sqrt(LARGE)


@pytest.mark.parametrize("length", [2, 8])
def test_free_transitions_are_laplace_steps(length):
    made = PROBLEMS["sparse_transitions"](LARGE, length=length, rate=3.0, seed=10)
    s = made.factors.reshape(-1, length, 5)
    np.testing.assert_array_equal(made.sequence, np.arange(LARGE) // length)
    steps = np.diff(s, axis=1).reshape(-1, 5) * 3
    n = len(steps)
    assert np.abs(np.abs(steps).mean(0) - 1).max() < 4.5 / np.sqrt(n)  # |Laplace| is exponential
    assert np.abs((steps**2).mean(0) - 2).max() < 4.5 * np.sqrt(20 / n)
    # Of an exponential variable, e^−1 exceed its mean.
    assert np.abs((np.abs(steps) > 1).mean(0) - np.exp(-1)).max() < 4.5 * np.sqrt(0.24 / n)
    assert np.abs(s[:, 0].var(0) - 1).max() < 4.5 * np.sqrt(2 / len(s))
    r = np.corrcoef(s[:, 0].T, s[:, 1].T - s[:, 0].T)[:5, 5:]
    assert np.abs(r).max() < 4.5 / np.sqrt(len(s))


def test_reflected_transitions_are_stationary():
    b, rate, length = 1.5, 2.0, 10
    made = PROBLEMS["sparse_transitions"](LARGE, length=length, rate=rate, bound=b, seed=11)
    s = made.factors.reshape(-1, length, 5)
    n = len(s)
    assert np.abs(s).max() <= b
    for moment in range(length):  # uniform at every time: variance b² / 3, fourth moment b⁴ / 5
        error = np.sqrt((b**4 / 5 - b**4 / 9) / n)
        assert np.abs((s[:, moment] ** 2).mean(0) - b**2 / 3).max() < 4.5 * error
    # The reflected walk in its eigenfunctions cos(nπ(s + b) / 2b): each shrinks per step by the
    # steps' characteristic function λ² / (λ² + k²) at k = nπ / 2b.
    odd = np.arange(1, 400, 2)
    k = odd * np.pi / (2 * b)
    weight = 0.5 * (8 * b / (np.pi**2 * odd**2)) ** 2
    for lag in (1, 2, 4):
        expected = (weight * (rate**2 / (rate**2 + k**2)) ** lag).sum()
        found = (s[:, 0] * s[:, lag]).mean(0)
        assert np.abs(found - expected).max() < 4.5 * np.sqrt(b**4 / 5 / n)


def test_switching_sources_follow_their_dynamics():
    made = PROBLEMS["state_space"](LARGE, sources=4, seed=12)
    s, k, p = made.factors, made.hidden["states"], made.parameters
    own = np.arange(4)
    alpha, beta, mean, variance = (
        p[name][k[2:], own] for name in ("momentum", "return", "mean", "variance")
    )
    expected = (1 + alpha - beta) * s[1:-1] - alpha * s[:-2] + beta * mean
    e = (s[2:] - expected) / np.sqrt(variance)
    assert np.abs(e.mean(0)).max() < 4.5 / np.sqrt(LARGE)
    assert np.abs(e.var(0) - 1).max() < 4.5 * np.sqrt(2 / LARGE)
    assert (e**4).mean() == pytest.approx(3, rel=0.05)
    assert np.abs([np.corrcoef(e[1:, d], e[:-1, d])[0, 1] for d in own]).max() < 0.03
    stays = (k[1:] == k[:-1]).mean(0)
    assert np.abs(stays - 0.99).max() < 4.5 * np.sqrt(0.99 * 0.01 / LARGE)
    assert ((k.mean(0) > 0.25) & (k.mean(0) < 0.75)).all()  # 400 visits: both states are seen
    assert made.images.var() > 0 and (made.sequence == 0).all()


@pytest.mark.parametrize("changes", [1, 3, None])
@pytest.mark.parametrize("marginal", ["uniform", "discrete"])
def test_partners_share_all_but_the_sources_that_change(changes, marginal):
    made = PROBLEMS["sharing_pairs"](LARGE, changes=changes, marginal=marginal, seed=13)
    s, other = made.factors, made.hidden["partners"]
    differ = s != other
    counts = differ.sum(1)
    if changes is None:
        shares = np.bincount(counts, minlength=6)[1:5] / LARGE
        assert counts.min() == 1 and counts.max() == 4
        assert np.abs(shares - 0.25).max() < 4.5 * np.sqrt(0.19 / LARGE)
    else:
        assert (counts == changes).all()
        share = changes / 5
        error = np.sqrt(share * (1 - share) / LARGE)
        assert np.abs(differ.mean(0) - share).max() < 4.5 * error
    np.testing.assert_allclose(made.partners, made.mixing.forward(other), rtol=1e-5, atol=1e-5)
    for d in range(5):  # what changed is drawn as before: as wide, and knows nothing of it
        rows = differ[:, d]
        error = 4.5 / np.sqrt(rows.sum())
        assert abs(other[rows, d].var() - 1) < error
        expected = -0.25 if marginal == "discrete" else 0  # another of 5 values: never its own
        assert abs(np.corrcoef(s[rows, d], other[rows, d])[0, 1] - expected) < error


# --- as data sets -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_seed_decides_every_bit(name):
    made, again, other = (PROBLEMS[name](N, noise=0.1, seed=seed) for seed in (3, 3, 4))
    for field in ("images", "factors", "partners", "auxiliary", "sequence"):
        mine, its = getattr(made, field), getattr(again, field)
        assert (mine is None and its is None) or mine.tobytes() == its.tobytes()
    assert not np.array_equal(other.images, made.images)
    assert not np.array_equal(other.factors, made.factors)


@pytest.mark.parametrize("name", PROBLEMS)
def test_more_samples_have_the_same_mixing(name):
    few, many = PROBLEMS[name](N, seed=3), PROBLEMS[name](2 * N, seed=3)
    for mine, its in zip(few.mixing.weights, many.mixing.weights, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_source_makes_the_same_problem_again(name):
    made = PROBLEMS[name](N, mixing="isometry(curve='catenary')", seed=3)
    source = json.loads(json.dumps(made.source))
    assert source == made.source and source.pop("data") == name == made.name
    options = ", ".join(f"{key}={value!r}" for key, value in source.items())
    again = load(f"{name}({options})")
    assert again.images.tobytes() == made.images.tobytes()


@pytest.mark.parametrize("name", PROBLEMS)
def test_parts_and_copies_stay_problems(name):
    made = PROBLEMS[name](N, seed=3)
    part = made.subset(np.arange(10, 60))
    assert isinstance(part, Problem) and len(part) == 50
    assert part.mixing is made.mixing and part.theory == made.theory
    assert set(part.hidden) == set(made.hidden) and all(len(v) == 50 for v in part.hidden.values())
    np.testing.assert_array_equal(part.factors, made.factors[10:60])
    for key, rows in part.hidden.items():
        np.testing.assert_array_equal(rows, made.hidden[key][10:60])
    assert isinstance(replace(made, name="other"), Problem)


def test_other_data_can_be_made_of_problems():
    made = load("correlated('independent(n=2000)', factors=(0, 1), strength=0.2)")
    assert np.corrcoef(made.factors[:, :2].T)[0, 1] > 0.5
    np.testing.assert_array_equal(made.images, made.images_of(made.factors))
    series = load("correlated('autoregressive(n=2000)', factors=(0, 1), strength=0.2)")
    assert series.sequence is None  # drawn with replacement: no order of time is left
    paired = load("pairs('independent(n=500)', changes=2)")
    assert (np.abs(paired.mixing.inverse(paired.partners) - paired.factors) > 1e-3).sum(
        1
    ).max() == 2


@pytest.mark.parametrize("name", PROBLEMS)
def test_theory_is_what_every_reader_is_told(name):
    made = PROBLEMS[name](N, seed=3)
    assert made.theory in made.notes and made.theory.endswith(".")
    assert "20" in made.theory or "19" in made.theory  # the year of who showed it


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("independent(n=99)", "not identifiable"),
        ("independent(n=99, mixing='linear')", "up to permutation, scale and shift"),
        ("independent(n=99, mixing='linear', marginal='gaussian')", "rotation"),
        ("independent(n=99, mixing='isometry')", "permutation, sign and shift"),
        ("independent(n=99, mixing='isometry', marginal='gaussian')", "rotation"),
        ("independent(n=99, mixing='isometry', noise=0.1)", "without noise"),
        ("segments(n=99, segments=5)", "promises nothing"),
        ("segments(n=99, variances=(1, 1), means=3.0)", "linear map"),
        ("segments(n=99, variances=(1, 1))", "not identifiable"),
        ("segments(n=99, marginal='laplace', means=3.0)", "do not cover"),
        ("autoregressive(n=99, coefficient=0.0)", "not identifiable"),
        ("autoregressive(n=99, innovations='gaussian')", "leave a rotation open"),
        ("sparse_transitions(n=98, bound=1.0)", "beyond the theorem"),
        ("sharing_pairs(n=99, sources=5, changes=1)", "does not fulfil"),
        ("sharing_pairs(n=99, sources=5, changes=2)", "which holds here"),
    ],
)
def test_theory_depends_on_what_is_assumed(text, said):
    assert said in load(text).theory


def test_a_problem_that_theory_calls_open_has_another_solution():
    """Rotated Gaussian sources are as good as the true ones behind a linear mixing."""
    made = PROBLEMS["independent"](LARGE, marginal="gaussian", mixing="linear", sources=2, seed=1)
    turn = np.asarray([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    other = made.factors @ turn.T
    assert np.abs(np.corrcoef(other.T)[0, 1]) < 4.5 / np.sqrt(LARGE)
    assert np.abs(np.corrcoef(other[:, 0] ** 2, other[:, 1] ** 2)[0, 1]) < 4.5 / np.sqrt(LARGE)
    # With uniform sources the same rotation shows in the squares, so that it is excluded.
    plain = PROBLEMS["independent"](LARGE, mixing="linear", sources=2, seed=1).factors @ turn.T
    assert np.abs(np.corrcoef(plain.T**2)[0, 1]) > 0.1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("independent(n=0)", "n is 0"),
        ("independent(n=9, sources=0)", "sources is 0"),
        ("independent(n=9, marginal='cauchy')", "choose from gaussian, uniform"),
        ("independent(n=9, noise=-1)", "noise is -1"),
        ("independent(n=9, seed=-1)", "seed is -1"),
        ("independent(n=9, mixing='blender')", "unknown mixing 'blender'"),
        ("independent(n=9, mixing='leaky(3)')", "options without a name"),
        ("independent(n=9, mixing='leaky(depth=3)')", "unexpected keyword argument 'depth'"),
        ("independent(n=9, mixing='leaky(')", "not understood"),
        ("independent(n=9, mixing='linear', layers=2)", "give one of the two"),
        ("independent(n=9, layers=0)", "layers is 0"),
        ("independent(n=9, mixing='leaky(slope=0)')", "slope is 0"),
        ("independent(n=9, mixing='leaky(condition=0.5)')", "condition is 0.5"),
        ("independent(n=9, mixing='leaky(features=3)')", "features is 3"),
        ("independent(n=9, mixing='holomorphic')", "sources is 5"),
        ("independent(n=9, mixing='mobius(pole=0.9)')", "pole is 0.9"),
        ("independent(n=9, mixing='isometry(bend=4)')", "bend is 4"),
        ("independent(n=9, mixing='isometry(curve=\"line\")')", "choose from circle"),
        ("independent(n=9, mixing='orthogonal(coordinates=\"bipolar\")')", "sources is 5"),
        ("independent(n=9, mixing='sparse(parents=6)')", "parents is 6"),
        ("independent(n=9, mixing='sparse(features=9)')", "features is 9"),
        ("segments(n=9)", "fewer than the 40 segments"),
        ("segments(n=99, variances=(3, 1))", "variances is"),
        ("autoregressive(n=9, coefficient=1.0)", "coefficient is 1.0"),
        ("autoregressive(n=9, coefficient=(0.1, 0.2))", "or 5 of them"),
        ("sparse_transitions(n=9)", "multiple of length"),
        ("sparse_transitions(n=8, rate=0)", "rate is 0"),
        ("state_space(n=9, stay=1.5)", "stay is 1.5"),
        ("sharing_pairs(n=9, changes=5)", "changes is 5"),
    ],
)
def test_impossible_options_are_refused(text, message):
    with pytest.raises(MicvaeError) as caught:
        load(text)
    assert message in str(caught.value)


def test_a_problem_needs_its_mixing():
    with pytest.raises(DataError, match="give the Mixing"):
        Problem("mine", np.zeros((3, 2), np.float32))
    made = PROBLEMS["state_space"](50)
    with pytest.raises(DataError, match="hidden 'states' has 50 rows"):
        replace(made, images=made.images[:9], factors=made.factors[:9], sequence=None)


def test_a_mixing_is_drawn_for_the_sources_that_it_gets():
    s = np.random.default_rng(1).uniform(90, 110, (400, 3))  # far from 0, and wide
    for text in ("mobius", "isometry", "orthogonal"):
        f = draw(text, s, np.random.default_rng(2))
        np.testing.assert_allclose(f.inverse(f.forward(s)), s, atol=1e-8)
