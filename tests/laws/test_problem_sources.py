"""What every problem with known truth claims of the law of its sources."""

import numpy as np
import pytest

from micvae.data import PROBLEMS

LARGE = 40_000


@pytest.fixture(scope="module", params=PROBLEMS)
def large(request):
    """Many samples through a linear mixing: only the sources matter."""
    return PROBLEMS[request.param](LARGE, mixing="linear", seed=5).load()


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
    s = PROBLEMS["independent"](LARGE, marginal=marginal, seed=6).load().factors
    assert np.abs(s.mean(0)).max() < 4.5 / np.sqrt(LARGE)
    assert np.abs((s**2).mean(0) - 1).max() < 4.5 * np.sqrt((fourth - 1) / LARGE)
    # The eighth moments are 105, 9 and 2520: their roots bound the spread of a fourth power.
    eighth = {"gaussian": 105, "uniform": 9, "laplace": 2520}[marginal]
    assert np.abs((s**4).mean(0) - fourth).max() < 4.5 * np.sqrt(eighth / LARGE)


@pytest.mark.parametrize("name", ["independent", "sharing_pairs"])
def test_discrete_sources_take_equally_likely_values(name):
    made = PROBLEMS[name](LARGE, marginal="discrete", levels=4, seed=7).load()
    assert made.factor_kinds == ("categorical",) * 5
    for column, values in zip(made.factors.T, made.factor_values, strict=True):
        found, counts = np.unique(column, return_counts=True)
        np.testing.assert_array_equal(found, values)
        assert np.abs(counts / LARGE - 0.25).max() < 4.5 * np.sqrt(0.25 * 0.75 / LARGE)
        np.testing.assert_allclose([values.mean(), values.std()], [0, 1], atol=1e-12)


@pytest.mark.parametrize(("marginal", "fourth"), [("gaussian", 3.0), ("laplace", 6.0)])
def test_segments_have_the_variances_and_means_that_are_claimed(marginal, fourth):
    made = PROBLEMS["segments"](LARGE, marginal=marginal, means=5.0, seed=8).load()
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
    made = PROBLEMS["segments"](1003, segments=10).load()
    assert set(np.bincount(made.auxiliary.argmax(1))) == {100, 101}


@pytest.mark.parametrize("innovations", ["laplace", "gaussian"])
def test_autoregressive_sources_have_the_autocorrelation_that_is_claimed(innovations):
    rho = (0.7, 0.3, -0.5, 0.95)
    made = PROBLEMS["autoregressive"](
        LARGE, sources=4, coefficient=rho, innovations=innovations, seed=9
    ).load()
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
    made = PROBLEMS["sparse_transitions"](LARGE, length=length, rate=3.0, seed=10).load()
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
    made = PROBLEMS["sparse_transitions"](LARGE, length=length, rate=rate, bound=b, seed=11).load()
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
    made = PROBLEMS["state_space"](LARGE, sources=4, seed=12).load()
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
    made = PROBLEMS["sharing_pairs"](LARGE, changes=changes, marginal=marginal, seed=13).load()
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
