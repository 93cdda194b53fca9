"""What every problem with known truth claims of its mixing and of its observations."""

import numpy as np
import pytest

from micvae.data import PROBLEMS
from micvae.data.problems import MIXINGS
from micvae.data.problems.mixings import Ball
from micvae.data.problems.mixings.leaky import leaky

N = 1200
LARGE = 40_000
MIXED = {  # every mixing, with the number of sources that it is tried on
    "linear": 4,
    "linear(features=7)": 3,
    "leaky": 5,
    "leaky(layers=3, slope=0.1, features=9)": 4,
    "leaky(layers=3, slope=0.1, condition=6.3, tied=True)": 4,
    "leaky_tanh(layers=3, condition=6.3, tied=True)": 5,  # as iVAE simulates
    "leaky_tanh(features=7)": 3,
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
    return PROBLEMS[name](N, sources=MIXED[mixing], mixing=mixing, **{"seed": 3} | options).load()


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
    elif f.law == "smooth":
        assert len(np.unique(j.reshape(len(j), -1).round(9), axis=0)) == N  # nowhere constant
        near = made.factors + 1e-7
        np.testing.assert_allclose(f.jacobian(near), j, atol=1e-4)  # no kinks
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
    ).load()
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
    made = PROBLEMS["independent"](500, layers=1, seed=2).load()
    assert made.mixing.law == "linear"
    (weight,) = made.mixing.weights
    np.testing.assert_allclose(made.mixing.forward(made.factors), made.factors @ weight)
    two = PROBLEMS["independent"](500, layers=2, seed=2).load()
    first, last = two.mixing.weights
    h = two.factors @ first
    expected = np.maximum(h, 0.2 * h) @ last
    np.testing.assert_allclose(two.mixing.forward(two.factors), expected, atol=1e-12)


def test_a_ball_of_mobius_scales_lengths_as_documented():
    made = PROBLEMS["independent"](LARGE, sources=2, mixing="mobius(pole=2.0)", seed=1).load()
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
    clean = PROBLEMS[name](LARGE, noise=0.0, seed=4).load()
    noisy = PROBLEMS[name](LARGE, noise=0.3, seed=4).load()
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
