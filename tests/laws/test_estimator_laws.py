"""What every training estimator of pairwise mutual information obeys, whatever its method."""

import pytest
import torch
from torch import Tensor

from micvae.errors import MicvaeError
from micvae.information import ESTIMATORS, PairwiseEstimator

BATCH, LATENTS, DATASET = 48, 5, 1000


@pytest.fixture(params=sorted(ESTIMATORS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def batch(
    *, seed: int = 0, size: int = BATCH, latents: int = LATENTS, spread: float = 1.0, scale=0.3
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.eye(latents) + 0.5 * torch.rand(latents, latents, generator=generator)
    loc = spread * torch.randn(size, latents, generator=generator) @ mixing
    deviation = scale * (0.5 + torch.rand(size, latents, generator=generator))
    z = loc + deviation * torch.randn(size, latents, generator=generator)
    return z, loc, deviation


def network_of(estimator: PairwiseEstimator, latents: int = LATENTS, seed: int = 3):
    return estimator.network(latents, torch.Generator().manual_seed(seed))


def estimate(name: str, z: Tensor, loc: Tensor, scale: Tensor, network=None) -> Tensor:
    estimator = ESTIMATORS[name]()
    network = network or network_of(estimator, z.shape[1])
    return estimator(z, loc, scale, dataset_size=DATASET, network=network)


def test_symmetric_with_zero_diagonal_and_finite(name: str) -> None:
    result = estimate(name, *batch())
    assert result.shape == (LATENTS, LATENTS)
    assert torch.isfinite(result).all()
    assert torch.equal(result, result.T)
    assert torch.equal(result.diagonal(), torch.zeros(LATENTS))


def test_order_of_the_batch_does_not_matter(name: str) -> None:
    tensors = batch()
    order = torch.randperm(BATCH, generator=torch.Generator().manual_seed(1))
    shuffled = estimate(name, *(t[order] for t in tensors))
    # sums of 48 float32 terms in another order
    torch.testing.assert_close(shuffled, estimate(name, *tensors), rtol=1e-5, atol=1e-5)


def test_permuting_latents_permutes_the_matrix(name: str) -> None:
    tensors = batch()
    order = torch.tensor([3, 0, 4, 1, 2])
    estimator = ESTIMATORS[name]()
    network = network_of(estimator)
    if network is not None:  # symmetric in its two inputs and, as initialised, blind to the pair
        network.second.data.copy_(network.first.data)
    permuted = estimate(name, *(t[:, order] for t in tensors), network=network)
    expected = estimate(name, *tensors, network=network)[order][:, order]
    torch.testing.assert_close(permuted, expected, rtol=1e-5, atol=1e-5)


def test_one_latent_gives_one_zero(name: str) -> None:
    z, loc, scale = (t.requires_grad_() for t in batch(latents=1))
    result = estimate(name, z, loc, scale)
    assert torch.equal(result, torch.zeros(1, 1))
    assert result.sum().requires_grad


def test_gradient_is_finite_and_reaches_what_the_estimate_depends_on(name: str) -> None:
    leaves = [t.requires_grad_() for t in batch()]
    estimate(name, *leaves).sum().backward()
    reached = [leaf.grad is not None and bool(leaf.grad.abs().sum() > 0) for leaf in leaves]
    of_samples_alone = name in ("gaussian", "density-ratio")
    assert reached == [True, not of_samples_alone, not of_samples_alone]
    assert all(torch.isfinite(leaf.grad).all() for leaf in leaves if leaf.grad is not None)


@pytest.mark.parametrize(("scale", "spread"), [(1e-4, 10.0), (1.0, 1e-6), (30.0, 1.0)])
def test_float32_stays_finite_at_extreme_scales(name: str, scale: float, spread: float) -> None:
    leaves = [t.requires_grad_() for t in batch(scale=scale, spread=spread)]
    result = estimate(name, *leaves)
    result.sum().backward()
    assert torch.isfinite(result).all()
    assert all(torch.isfinite(leaf.grad).all() for leaf in leaves if leaf.grad is not None)


# a network of given weights sees the units
@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"density-ratio"}))
def test_a_latent_scaled_in_its_own_units_changes_nothing(name: str) -> None:
    tensors = batch()
    units = torch.tensor([1.0, 8.0, 0.25, 1.0, 64.0])  # powers of two: no rounding
    rescaled = estimate(name, *(t * units for t in tensors))
    torch.testing.assert_close(rescaled, estimate(name, *tensors), rtol=1e-5, atol=1e-5)


def test_nan_is_not_hidden(name: str) -> None:
    z, loc, scale = batch()
    z[7, 2] = loc[7, 2] = float("nan")
    assert torch.isnan(estimate(name, z, loc, scale)).any()


def test_half_precision_is_computed_in_float32(name: str) -> None:
    tensors = tuple(t.bfloat16() for t in batch())
    result = estimate(name, *tensors)
    assert result.dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = estimate(name, *(t.float() for t in tensors))
    # the network alone may be run in bfloat16 by autocast: 8 bits of mantissa
    tolerance = 2e-2 if name == "density-ratio" else 1e-6
    torch.testing.assert_close(inside, result, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        (((4, 3), (4, 3), (4, 2)), "share one shape"),
        (((4,), (4,), (4,)), "share one shape"),
        (((1, 3), (1, 3), (1, 3)), "at least 2 samples"),
    ],
)
def test_bad_batches_are_refused(name: str, shapes, says: str) -> None:
    z, loc, scale = (torch.ones(shape) for shape in shapes)
    with pytest.raises(MicvaeError, match=says):
        ESTIMATORS[name]()(z, loc, scale, dataset_size=DATASET, network=None)


NETWORKED = [name for name in sorted(ESTIMATORS) if network_of(ESTIMATORS[name]()) is not None]
"""Estimators with a network of their own."""


def test_estimators_without_a_network_have_no_loss_for_one(name: str) -> None:
    assert NETWORKED == ["density-ratio"]
    if name not in NETWORKED:
        generator = torch.Generator().manual_seed(5)
        loss = ESTIMATORS[name]().network_loss(batch()[0], network=None, generator=generator)
        assert loss is None


@pytest.mark.parametrize("name", NETWORKED)
def test_network_comes_from_its_generator_alone(name: str) -> None:
    estimator = ESTIMATORS[name]()
    before = torch.get_rng_state()
    network, again = network_of(estimator), network_of(estimator)
    other = network_of(estimator, seed=4)
    same = zip(network.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in same)
    assert not torch.equal(next(network.parameters()), next(other.parameters()))
    generator = torch.Generator().manual_seed(5)
    estimator.network_loss(batch()[0], network=network, generator=generator)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("name", NETWORKED)
def test_adversary_and_model_do_not_train_each_other(name: str) -> None:
    estimator = ESTIMATORS[name]()
    z, loc, scale = (t.requires_grad_() for t in batch())
    network = network_of(estimator)
    generator = torch.Generator().manual_seed(5)
    loss = estimator.network_loss(z, network=network, generator=generator)
    loss.backward()
    assert z.grad is None
    assert all(p.grad is not None for p in network.parameters())
    network.zero_grad(set_to_none=True)
    estimator(z, loc, scale, dataset_size=DATASET, network=network).sum().backward()
    assert z.grad is not None
    assert all(p.grad is None for p in network.parameters())
