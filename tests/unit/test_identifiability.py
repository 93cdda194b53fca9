"""Counterexamples and condition checks: bijections, exact marginals, closed forms, refusals."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from micvae.errors import MicvaeError
from micvae.identifiability import (
    Swirl,
    darmois,
    density_conditionals,
    gaussian_conditionals,
    gaussian_posterior,
    independence,
    marginal,
    modular_alternative,
    modular_sum,
    no_pairwise_information,
    rotated_alternative,
)
from micvae.identifiability.modular import modular_table, table_information
from micvae.identifiability.rotation import plane_rotations
from micvae.identifiability.trials import exact_information

UNIFORM = stats.uniform(-np.sqrt(3), 2 * np.sqrt(3))
MARGINALS = {
    "Gaussian": stats.norm(1, 2),
    "uniform": UNIFORM,
    "Laplace": stats.laplace(),
    "skewed": stats.gamma(2.5),
    "heavy-tailed": stats.t(4),
}
SCORES = np.linspace(-6.3, 6.3, 127)  # what a float64 next to a uniform's end can still tell apart


def sources(count=2000, columns=2, seed=0, kind="uniform"):
    return MARGINALS[kind].rvs((count, columns), random_state=np.random.default_rng(seed))


@pytest.mark.parametrize("kind", MARGINALS)
def test_normal_scores_and_back_in_both_tails(kind):
    m = marginal(MARGINALS[kind])
    values = m.from_normal(SCORES)
    assert (np.diff(values) > 0).all()
    # 1e-6: what the rotation promises; a float64 resolves the uniform's end to 1e-16 / φ(6.3)
    np.testing.assert_allclose(m.to_normal(values), SCORES, atol=1e-6)
    np.testing.assert_allclose(m.from_normal(m.to_normal(values)), values, rtol=1e-9, atol=1e-9)


def test_upper_tail_is_not_rounded_to_one():
    """F(x) = 1 in float64 from 8.3 standard deviations on; 1 − F is used instead."""
    far = np.array([-35.0, -12.0, 12.0, 35.0])
    for distribution in (stats.norm(), stats.laplace()):
        m = marginal(distribution)
        np.testing.assert_allclose(m.to_normal(m.from_normal(far)), far, rtol=1e-12)


@pytest.mark.parametrize("kind", MARGINALS)
@pytest.mark.parametrize("columns", [2, 3, 5])
def test_the_alternative_is_a_bijection_to_1e_6_in_the_tails(kind, columns):
    """On a grid of normal scores out to 4.5 each, so √D · 4.5 or less after turning."""
    ends = np.array([-4.5, -2.0, 0.1, 4.5]) if columns < 5 else np.array([-2.8, 0.3, 2.8])
    scores = np.stack(np.meshgrid(*[ends] * columns), -1).reshape(-1, columns)
    m = marginal(MARGINALS[kind])
    s = m.from_normal(scores)
    for rotation in (45.0, stats.ortho_group.rvs(columns, random_state=np.random.default_rng(1))):
        found = rotated_alternative(s, [MARGINALS[kind]] * columns, rotation)
        # the promise, in standard deviations of the source (in the tails, of its size)
        np.testing.assert_allclose(found.to_sources(found.latents), s, rtol=1e-6, atol=1e-6)
        assert not found.trivial


@pytest.mark.parametrize("kind", MARGINALS)
def test_marginals_are_exactly_those_of_the_sources(kind):
    z = rotated_alternative(sources(kind=kind), [MARGINALS[kind]] * 2, 30).latents
    for column in z.T:
        # level 0.1%: ten columns are looked at, so one run in a hundred seeds would fail
        assert stats.kstest(column, MARGINALS[kind].cdf).pvalue > 1e-3


def test_mixed_kinds_of_marginals_and_any_mixing():
    """Sources of three kinds, a mixing into seven dimensions that is known only forwards."""
    kinds = [stats.norm(), UNIFORM, stats.laplace()]
    generator = np.random.default_rng(3)
    s = np.stack([k.rvs(500, random_state=generator) for k in kinds], 1)
    first, second = generator.standard_normal((3, 16)), generator.standard_normal((16, 7))

    def network(values):
        return np.tanh(values @ first) @ second

    found = rotated_alternative(s, kinds, 45, network)
    assert np.abs(network(s) - found.mixing(found.latents)).max() < 1e-6  # the promise
    assert np.abs(found.latents - s).max() > 1
    with pytest.raises(MicvaeError, match="unmixing: none was given; give it"):
        found.unmixing(network(s))


def test_unmixing_finds_the_latents_from_observations():
    mixing = Swirl()
    found = rotated_alternative(sources(), [UNIFORM] * 2, 45, mixing, mixing.inverse)
    recovered = found.unmixing(mixing(found.sources))
    np.testing.assert_allclose(recovered, found.latents, atol=1e-6)  # the promise


@pytest.mark.parametrize("angle", [0.0, 90.0, 180.0])
def test_angles_that_mix_nothing(angle):
    found = rotated_alternative(sources(), [UNIFORM] * 2, angle)
    assert found.trivial
    turned = {0: found.sources, 90: found.sources[:, ::-1] * [-1, 1], 180: -found.sources}
    np.testing.assert_allclose(found.latents, turned[int(angle)], atol=1e-9)  # rounding of cos 90°


def test_sources_known_by_samples_alone():
    """The map is a bijection though F is estimated; beyond the samples it goes on linearly."""
    s = sources(3000, kind="Laplace")
    found = rotated_alternative(s, list(s.T), 45)
    np.testing.assert_allclose(found.to_sources(found.latents), s, atol=1e-6)  # the promise
    m = marginal(s[:, 0])
    beyond = np.array([-50.0, -20.0, 20.0, 50.0])
    np.testing.assert_allclose(m.from_normal(m.to_normal(beyond)), beyond, rtol=1e-9)
    for column in found.latents.T:
        # F from 3,000 samples is off by about 1/√3000 = 0.018; twice two such errors
        assert stats.kstest(column, MARGINALS["Laplace"].cdf).statistic < 0.07


def test_information_of_a_latent_about_a_source_is_the_rotations():
    assert exact_information(0) == ((None, 0.0), (0.0, None))
    for row in exact_information(45):
        assert row == pytest.approx([0.5 * np.log(2)] * 2)
    found = exact_information(30)
    assert found[0][0] == pytest.approx(-np.log(0.5)) and found[0][1] == found[1][0]


def test_swirl_has_its_inverse_and_determinant_one():
    mixing, s = Swirl(), 2 * np.random.default_rng(0).standard_normal((50, 4))
    np.testing.assert_allclose(mixing.inverse(mixing(s)), s, atol=1e-9)  # b·y² of rounded y
    step = 1e-6
    jacobian = [(mixing(s + step * e) - mixing(s - step * e)) / (2 * step) for e in np.eye(4)]
    # central differences: relative error about step² times third derivatives, products of four
    np.testing.assert_allclose(np.linalg.det(np.stack(jacobian, -1)), 1, atol=1e-4)


def test_darmois_of_a_gaussian_is_the_cholesky_factor():
    generator = np.random.default_rng(0)
    factor = np.tril(generator.standard_normal((4, 4))) + 2 * np.eye(4)
    white = generator.standard_normal((800, 4))
    x = white @ factor.T + 3
    z = darmois(x, gaussian_conditionals(np.full(4, 3.0), factor @ factor.T))
    signs = np.sign(np.diag(factor))
    np.testing.assert_allclose(ndtri(z), white * signs, atol=1e-6)  # Φ⁻¹(1 − 1e-4) of a rounded z


def test_darmois_by_quadrature_is_the_closed_form():
    sigma = np.array([[1.0, 0.6], [0.6, 2.0]])
    x = np.random.default_rng(0).multivariate_normal(np.zeros(2), sigma, 300)
    law = stats.multivariate_normal(np.zeros(2), sigma)
    z = darmois(x, density_conditionals(law.pdf, [-9, -12], [9, 12], 1001))
    exact = darmois(x, gaussian_conditionals(np.zeros(2), sigma))
    # linear between grid points 0.024 apart: (0.024)² / 8 times the largest slope of p(x₂|x₁),
    # 0.24 / 1.64, is 1.1e-5
    np.testing.assert_allclose(z, exact, atol=3e-5)


def test_darmois_depends_on_the_order_of_the_observations():
    """Both are independent uniforms of the same data, and they differ: neither can be the truth."""
    sigma = np.array([[1.0, 0.8], [0.8, 1.0]])
    x = np.random.default_rng(0).multivariate_normal(np.zeros(2), sigma, 500)
    conditionals = gaussian_conditionals(np.zeros(2), sigma)
    one, other = darmois(x, conditionals), darmois(x[:, ::-1], conditionals)[:, ::-1]
    assert np.abs(one - other).max() > 0.3


@pytest.mark.parametrize("values", [2, 3, 8])
def test_the_modular_sum_of_k_values_is_exact(values):
    pairwise, joint = table_information(modular_table(values))
    assert joint == pytest.approx(np.log(values), abs=1e-12)
    assert np.abs(pairwise).max() < 1e-12
    pairwise, joint = table_information(modular_table(values, binned=True))
    assert joint == pytest.approx(np.log(values / 2), abs=1e-12)
    assert np.abs(pairwise).max() < 1e-12


def test_the_binned_table_is_that_of_binned_draws():
    u = modular_sum(np.random.default_rng(0).random((200_000, 2)))
    counted = np.histogramdd(u, bins=[np.linspace(0, 1, 5)] * 3)[0] / len(u)
    # a cell of probability 1/32 has standard deviation 4e-4; five of them
    np.testing.assert_allclose(counted, modular_table(4, binned=True), atol=2e-3)


@pytest.mark.parametrize("width", [0.01, 0.5, 1.0])
def test_modular_latents_give_the_sources_back(width):
    s = np.random.default_rng(0).random((1000, 3))
    found = modular_alternative(s, width)
    np.testing.assert_allclose(found.to_sources(found.latents), s, atol=1e-12)  # 1e-16 / width
    assert found.total_correlation == pytest.approx(-np.log(width))


def test_conditions_see_dependence_and_independence():
    s = sources(600)
    options = {"permutations": 200, "level": 0.99}
    assert independence(s, **options).holds and no_pairwise_information(s, **options).holds
    mixed = s @ np.array([[1, 0.6], [0, 1]])
    found = independence(mixed, **options)
    assert not found.pairwise.holds and not found.joint.holds and not found.holds
    assert "is not that of independent columns" in found.sentence
    r_mi = no_pairwise_information(mixed, **options)
    assert not r_mi.holds
    # ordered pairs: every unordered one counts twice
    assert r_mi.value == pytest.approx(2 * found.pairwise.value, abs=1e-12)


@pytest.mark.parametrize(
    ("spoil", "matched"),
    [
        (lambda mu, sd: (mu, sd), True),
        (lambda mu, sd: (mu, 1.3 * sd), False),
        (lambda mu, sd: (mu + 0.3 * sd, sd), False),
        (lambda mu, sd: (mu + 0.4 * sd * np.sign(mu), sd), False),  # right on average
    ],
)
def test_the_encoder_check_sees_a_wrong_scale_and_a_wrong_mean(spoil, matched):
    generator = np.random.default_rng(0)
    mu = generator.standard_normal((1000, 2))
    sd = np.exp(0.3 * generator.standard_normal((1000, 2)))
    z = mu + sd * generator.standard_normal((1000, 2))
    assert gaussian_posterior(z, *spoil(mu, sd), simulations=200).holds == matched


def test_the_encoder_check_sees_correlated_residuals():
    """A posterior that is Gaussian but not diagonal has standard normal residuals one by one."""
    generator = np.random.default_rng(0)
    mu = generator.standard_normal((1000, 2))
    z = mu + generator.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 1000)
    assert not gaussian_posterior(z, mu, np.ones_like(mu), simulations=200).holds


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rotated_alternative(np.zeros((5, 1)), [UNIFORM], 1), "at least 2 columns"),
        (lambda: rotated_alternative(np.zeros((5, 2)), [UNIFORM], 1), "marginals: must be 2"),
        (lambda: rotated_alternative([[9.0, 0.0]], [UNIFORM] * 2, 1), "9 at row 0, column 0"),
        (lambda: rotated_alternative([[0.0, 0.0]], [UNIFORM] * 2, np.ones((2, 2))), "orthogonal"),
        (lambda: rotated_alternative([[0.0, 0.0]], [UNIFORM] * 2, np.eye(3)), "rotation"),
        (lambda: marginal(stats.poisson(3)), "discrete"),
        (lambda: marginal(np.repeat(np.arange(50.0), 4)), "50 distinct values"),
        (lambda: marginal(np.arange(20.0)), "at least 100"),
        (lambda: marginal("normal"), "frozen continuous"),
        (lambda: modular_sum([[0.5, 1.0]]), r"\[0, 1\)"),
        (lambda: modular_alternative(np.zeros((4, 3)), 0), "width"),
        (lambda: modular_table(1), "values"),
        (lambda: table_information(np.ones((2, 2))), "summing to 1"),
        (lambda: darmois(np.zeros((4, 2)), ()), "conditionals: must be 2"),
        (lambda: gaussian_conditionals([0, 0], -np.eye(2)), "positive definite"),
        (lambda: density_conditionals(np.sum, [0, 0], [0, 1]), "low below high"),
        (lambda: independence(np.zeros((50, 1))), "at least 2 columns"),
        (lambda: independence(sources(50), permutations=50), "at least 200, got 50"),
        (lambda: gaussian_posterior(*[sources(30)] * 3), "scale: must be positive"),
        (lambda: Swirl()(np.zeros((3, 1))), "at least 2 columns"),
    ],
)
def test_what_cannot_be_is_refused(call, says):
    with pytest.raises(MicvaeError, match=says):
        call()


def test_plane_rotations_are_rotations():
    for count in (2, 3, 6):
        turn = plane_rotations(33.0, count)
        np.testing.assert_allclose(turn @ turn.T, np.eye(count), atol=1e-14)
        assert np.linalg.det(turn) == pytest.approx(1)
        np.testing.assert_array_equal(plane_rotations(0.0, count), np.eye(count))
