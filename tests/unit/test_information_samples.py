"""Evaluation estimators: input checks, degenerate columns, invariances, exact small cases."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from micvae.errors import MicvaeError
from micvae.information import (
    aggregate_pairwise_mi,
    mutual_information_matrix,
    pairwise_mutual_information,
)
from micvae.information.pairwise import SAMPLE_ESTIMATORS

NAMES = sorted(SAMPLE_ESTIMATORS)


def draws(count: int = 400, seed: int = 0) -> NDArray[np.float64]:
    x = np.random.default_rng(seed).standard_normal((count, 4))
    x[:, 3] = 0.8 * x[:, 0] + 0.6 * x[:, 3]
    return x


@pytest.mark.parametrize("name", NAMES)
def test_symmetric_zero_diagonal_and_deterministic(name: str) -> None:
    result = pairwise_mutual_information(draws(), name)
    assert result.shape == (4, 4)
    assert np.array_equal(result, result.T)
    assert np.array_equal(np.diagonal(result), np.zeros(4))
    assert np.array_equal(result, pairwise_mutual_information(draws(), name))


@pytest.mark.parametrize("name", NAMES)
def test_permuting_columns_permutes_the_matrix(name: str) -> None:
    order = [2, 0, 3, 1]
    options = {"jitter": 0.0} if name == "ksg" else {}  # the noise belongs to a column's place
    permuted = pairwise_mutual_information(draws()[:, order], name, **options)
    original = pairwise_mutual_information(draws(), name, **options)
    np.testing.assert_allclose(permuted, original[np.ix_(order, order)], atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_units_do_not_matter(name: str, size: float) -> None:
    units = size * np.array([1.0, 1e-3, 1e4, -7.0])
    rescaled = pairwise_mutual_information(draws() * units, name)
    # ksg: a rounding can swap which of two equally near neighbours counts
    np.testing.assert_allclose(rescaled, pairwise_mutual_information(draws(), name), atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_column_has_none(name: str) -> None:
    samples = draws()
    samples[:, 1] = 0.1
    result = pairwise_mutual_information(samples, name)
    assert np.array_equal(result[1], np.zeros(4))
    assert result[0, 3] > 0.2


@pytest.mark.parametrize("name", NAMES)
def test_all_columns_constant(name: str) -> None:
    assert np.array_equal(pairwise_mutual_information(np.ones((50, 3)), name), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (np.zeros(50), r"\(N, 1\)"),
        (np.zeros((50, 0)), "shape"),
        (np.zeros((2, 3)), "at least"),
        (np.where(np.arange(100).reshape(50, 2) == 17, np.nan, 1.0), "row 8, column 1"),
        (np.full((50, 2), np.inf), "finite"),
        (np.full((50, 2), "1.5"), "number the categories"),
        (np.full((50, 2), None), "real numbers, got object"),
        (np.ones((50, 2)) + 1j, "real numbers, got complex"),
        ([[1.0, 2.0], [3.0]], "cannot be read"),
        (torch.ones(50, 2, requires_grad=True), "cannot be read.*detach"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_bad_samples_are_refused(name: str, samples, says: str) -> None:
    with pytest.raises(MicvaeError, match=f"samples.*{says}"):
        pairwise_mutual_information(samples, name)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("kde", {}, "'ksg', 'gaussian', 'binned'"),
        ("ksg", {"bins": 3}, "takes k, jitter, seed"),
        ("gaussian", {"k": 3}, "no options"),
        ("ksg", {"k": 0}, "k is 0; give a whole number of at least 1"),
        ("ksg", {"k": 2.5}, "k is 2.5; give a whole number"),
        ("ksg", {"jitter": -1.0}, "jitter"),
        ("binned", {"bins": 1}, "bins is 1; give a whole number of at least 2"),
    ],
)
def test_bad_options_are_refused(name: str, options: dict, says: str) -> None:
    with pytest.raises(MicvaeError, match=says):
        pairwise_mutual_information(draws(), name, **options)


def test_ksg_counts_as_defined() -> None:
    """Against a direct count over all pairs of samples."""
    from scipy.special import digamma

    x = draws(60)[:, [0, 3]]
    x = (x - x.mean(0)) / x.std(0)
    apart = np.abs(x[:, None] - x[None])
    np.einsum("nnd->nd", apart)[:] = np.inf
    kth = np.sort(apart.max(-1), axis=1)[:, 2]
    inside = (apart < kth[:, None, None]).sum(1)
    expected = digamma(3) + digamma(60) - digamma(inside + 1).sum(1).mean()
    result = pairwise_mutual_information(x, "ksg", jitter=0.0)[0, 1]
    assert result == pytest.approx(expected, abs=1e-12)


def test_binned_of_discrete_values_is_the_plug_in() -> None:
    x = np.repeat([0, 0, 1, 1], [30, 10, 10, 30])
    y = np.repeat([0, 1, 0, 1], [30, 10, 10, 30])
    p = np.array([30, 10, 10, 30]) / 80
    expected = np.sum(p * np.log(p / 0.25))
    samples = np.stack([x, y], 1)
    plain = pairwise_mutual_information(samples, "binned", bias_correction=False)[0, 1]
    assert plain == pytest.approx(expected, abs=1e-12)
    corrected = pairwise_mutual_information(samples, "binned")[0, 1]
    assert corrected == pytest.approx(expected - 1 / 160, abs=1e-12)  # (1 + 1 - 3) / 2N


def test_matrix_keeps_discrete_factors_and_bins_continuous_ones() -> None:
    generator = np.random.default_rng(0)
    angle = generator.integers(0, 4, 2000)
    size = generator.random(2000)
    pose = generator.integers(0, 72, 2000)
    codes = np.stack([angle + 0.01 * size, size, np.zeros(2000)], 1)
    factors = np.stack([angle, size, pose], 1)
    plain = {"bias_correction": False}
    result = mutual_information_matrix(codes, factors, **plain)
    entropy = -np.sum(np.log(np.bincount(angle) / 2000) * np.bincount(angle) / 2000)
    assert result.shape == (3, 3)
    # a bin of the code that straddles two angles loses a little; none does more than one in 20
    assert result[0, 0] == pytest.approx(entropy, abs=0.1)
    assert result[1, 1] == pytest.approx(np.log(20), abs=1e-3)
    assert np.array_equal(result[2], np.zeros(3))
    parity = (pose % 2)[:, None]  # a function of the pose: only lost where poses are merged
    kept = mutual_information_matrix(parity, factors, discrete=[True, False, True], **plain)
    merged = mutual_information_matrix(parity, factors, **plain)
    assert kept[0, 2] == pytest.approx(np.log(2), abs=1e-3)
    assert merged[0, 2] < 0.3


def test_matrix_refuses_what_does_not_match() -> None:
    with pytest.raises(MicvaeError, match="as many rows"):
        mutual_information_matrix(draws(50), draws(40))
    with pytest.raises(MicvaeError, match="one entry per factor"):
        mutual_information_matrix(draws(50), draws(50), discrete=[True])
    with pytest.raises(MicvaeError, match="factors"):
        mutual_information_matrix(draws(50), draws(50)[:, 0])


def test_aggregate_does_not_depend_on_chunk_or_container() -> None:
    loc = draws(150)
    scale = np.full_like(loc, 0.3)
    z = loc + 0.3 * draws(150, seed=1)
    whole = aggregate_pairwise_mi(z, loc, scale, chunk=1000)
    tensors = (torch.from_numpy(a).requires_grad_() for a in (z, loc, scale))
    np.testing.assert_allclose(aggregate_pairwise_mi(*tensors, chunk=7), whole, atol=1e-5)
    assert np.array_equal(np.diagonal(whole), np.zeros(4))


def test_aggregate_refuses() -> None:
    z = draws(20)
    with pytest.raises(MicvaeError, match="scale: must be positive"):
        aggregate_pairwise_mi(z, z, 0 * z)
    with pytest.raises(MicvaeError, match="share one shape"):
        aggregate_pairwise_mi(z, z[:5], z)
    with pytest.raises(MicvaeError, match="chunk"):
        aggregate_pairwise_mi(z, z, z, chunk=0)
    with pytest.raises(MicvaeError, match="loc: every value must be finite"):
        aggregate_pairwise_mi(z, z * np.nan, z)


def test_evaluating_samples_does_not_load_torch() -> None:
    code = (
        "import sys, micvae.information as i; i.pairwise_mutual_information; "
        "i.mutual_information_matrix; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
