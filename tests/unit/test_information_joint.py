"""The batched pairwise joint against an explicit float64 log-sum-exp, and its weights."""

import math

import pytest
import torch
from torch import Tensor

from micvae.errors import MicvaeError
from micvae.information import ESTIMATORS
from micvae.information import joint as joint_module
from micvae.information.joint import pairwise_mixture_information
from micvae.information.mss import mss_weights


def naive(z: Tensor, loc: Tensor, scale: Tensor, log_weights: Tensor) -> Tensor:
    """One pair at a time, by logsumexp; log-weights after the sum over dimensions, once."""
    log_density = torch.distributions.Normal(loc, scale).log_prob(z.unsqueeze(1))
    marginal = torch.logsumexp(log_density + log_weights.unsqueeze(-1), 1)
    latents = z.shape[1]
    result = z.new_zeros(latents, latents)
    for i in range(latents):
        for j in range(i + 1, latents):
            both = log_density[..., i] + log_density[..., j] + log_weights
            value = (torch.logsumexp(both, 1) - marginal[:, i] - marginal[:, j]).mean()
            upper = torch.zeros_like(result)
            upper[i, j] = upper[j, i] = 1
            result = result + value * upper
    return result


def batch(size: int, latents: int, scale: float, dtype=torch.float32) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(size + latents)
    loc = torch.randn(size, latents, generator=generator)
    loc[:, -1] = 0.6 * loc[:, 0] + 0.8 * loc[:, -1]
    deviation = scale * (0.5 + torch.rand(size, latents, generator=generator))
    deviation[:, 1] *= 3
    z = loc + deviation * torch.randn(size, latents, generator=generator)
    return tuple(t.to(dtype).requires_grad_() for t in (z, loc, deviation))


def log_weights(name: str, size: int, dataset: int) -> Tensor:
    if name == "mss":
        return mss_weights(size, dataset).log()
    constant = {"mixture": -math.log(size), "mws": -math.log(size * dataset)}[name]
    return torch.full((size, size), constant, dtype=torch.float64)


def compare(name: str, tensors: tuple[Tensor, ...], tolerance: float) -> None:
    """Value, and gradient under an upstream that is neither symmetric nor constant."""
    size, latents = tensors[0].shape
    upstream = torch.linspace(-1, 2, latents * latents, dtype=torch.float64).reshape(latents, -1)
    fast = ESTIMATORS[name]()(*tensors, dataset_size=500)
    fast_grad = torch.autograd.grad((fast * upstream).sum(), tensors)
    exact = tuple(t.detach().double().requires_grad_() for t in tensors)
    slow = naive(*exact, log_weights(name, size, 500))
    slow_grad = torch.autograd.grad((slow * upstream).sum(), exact)
    torch.testing.assert_close(
        fast.double(), slow, rtol=0, atol=tolerance * max(1.0, float(slow.detach().abs().max()))
    )
    for ours, theirs in zip(fast_grad, slow_grad, strict=True):
        limit = tolerance * max(1e-6, float(theirs.abs().max()))
        torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=limit)


# float32 carries 6e-8; loc/scale of 20 costs one to two digits in z - loc, the sums one more
@pytest.mark.parametrize("name", ["mixture", "mws", "mss"])
@pytest.mark.parametrize(("size", "latents"), [(2, 2), (33, 3), (64, 10), (24, 64)])
@pytest.mark.parametrize("scale", [0.05, 0.5, 3.0])
def test_value_and_gradient_equal_the_naive_ones(
    name: str, size: int, latents: int, scale: float
) -> None:
    compare(name, batch(size, latents, scale), 2e-5)


@pytest.mark.parametrize("name", ["mixture", "mss"])
def test_float64_agrees_to_its_own_precision(name: str) -> None:
    compare(name, batch(40, 6, 0.3, torch.float64), 1e-12)


def test_gradcheck() -> None:
    tensors = batch(6, 3, 0.7, torch.float64)
    weights = mss_weights(6, 9)
    assert torch.autograd.gradcheck(pairwise_mixture_information, tensors)
    assert torch.autograd.gradcheck(
        lambda *t: pairwise_mixture_information(*t, weights),
        tensors,
    )


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = batch(30, 4, 0.3)
    whole = pairwise_mixture_information(*tensors)
    whole_grad = torch.autograd.grad(whole.sum(), tensors)
    monkeypatch.setattr(joint_module, "_BLOCK_CPU", 7 * 30 * 4)  # 7 rows: the last block is short
    blocked = pairwise_mixture_information(*tensors)
    blocked_grad = torch.autograd.grad(blocked.sum(), tensors)
    torch.testing.assert_close(blocked, whole)
    torch.testing.assert_close(blocked_grad, whole_grad, rtol=1e-4, atol=1e-6)


def test_a_wide_and_a_narrow_posterior_in_one_batch_keep_their_joint() -> None:
    """A sample's own term is far below the largest one; it must survive the shift."""
    z, loc, scale = (t.detach().clone() for t in batch(16, 4, 1.0))
    scale[::2] *= 1e-3
    loc[:], z[:] = loc * 1e-3, (loc + z - loc) * 1e-3  # the narrow ones sit inside the wide ones
    compare("mixture", tuple(t.requires_grad_() for t in (z, loc, scale)), 2e-4)


@pytest.mark.parametrize("name", ["mixture", "mws", "mss"])
@pytest.mark.parametrize("scale", [0.1, 0.01, 1e-3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_that_underflow_are_found_again(name: str, scale: float, dtype) -> None:
    """Samples of no posterior: the near components of two latents differ, up to 1e3 sigma away."""
    generator = torch.Generator().manual_seed(0)
    loc, z = 3 * torch.randn(2, 40, 5, generator=generator)
    deviation = scale * (0.5 + torch.rand(40, 5, generator=generator))
    # exponents of up to 1e6, from differences that keep 7 (16) digits: at most two are lost
    tolerance = 2e-5 if dtype is torch.float32 else 1e-12
    compare(name, tuple(t.to(dtype).requires_grad_() for t in (z, loc, deviation)), tolerance)


@pytest.mark.parametrize("ratio", [1e-6, 1e-20])
def test_scales_that_differ_by_any_ratio_keep_their_joint(ratio: float) -> None:
    """Where two latents' nearest narrow posteriors differ, only the wide ones' ratio² is left."""
    z, loc, scale = (t.detach().clone() for t in batch(16, 4, 0.02))
    scale[::2] *= ratio
    # the logarithms reach 92: two digits of seven are lost to their size, one to the sums
    tensors = (z * ratio, loc * ratio, scale)
    compare("mixture", tuple(t.requires_grad_() for t in tensors), 2e-5)


def test_mws_is_the_mixture_plus_log_n_with_the_same_gradient() -> None:
    tensors = batch(32, 4, 0.2)
    mixture = ESTIMATORS["mixture"]()(*tensors, dataset_size=737_280)
    mws = ESTIMATORS["mws"]()(*tensors, dataset_size=737_280)
    offset = (mws - mixture).detach()
    expected = math.log(737_280) * (1 - torch.eye(4))  # once, not once per dimension
    torch.testing.assert_close(offset, expected, rtol=1e-6, atol=1e-5)
    gradients = [torch.autograd.grad(value.sum(), tensors) for value in (mixture, mws)]
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


@pytest.mark.parametrize(("size", "dataset"), [(2, 2), (2, 9), (5, 5), (64, 4096), (7, 10)])
@pytest.mark.parametrize("remainder", ["spread", "next"])
def test_mss_weights(size: int, dataset: int, remainder) -> None:
    weights = mss_weights(size, dataset, remainder=remainder)
    torch.testing.assert_close(weights.sum(1), torch.ones(size, dtype=torch.float64))
    torch.testing.assert_close(weights.diagonal(), torch.full((size,), 1 / dataset).double())
    assert (weights > -1e-15).all()
    others = size - 1
    if remainder == "next":
        special = weights[torch.arange(size), (torch.arange(size) + 1) % size]
        published = (dataset - others) / (dataset * others)
        torch.testing.assert_close(special, torch.full_like(special, published))
        rest = size * size - 2 * size  # M - 1 = B - 2 plain entries in each of B rows
        assert torch.isclose(weights, torch.tensor(1 / others).double()).sum() >= rest


def test_mss_spread_is_the_mean_over_where_the_remainder_goes() -> None:
    rows, count = torch.arange(6), torch.zeros(6, 6, dtype=torch.float64)
    published = mss_weights(6, 11, remainder="next")
    for seed in range(5):  # relabel so that each other element takes the place of "next" once
        for n in rows:
            order = torch.roll(torch.tensor([m for m in rows if m != n]), seed)
            count[n, n] += published[0, 0]
            count[n, order] += published[0, 1:]
    torch.testing.assert_close(count / 5, mss_weights(6, 11))


def test_mss_on_the_whole_data_set_is_the_exact_mixture() -> None:
    tensors = batch(20, 3, 0.3, torch.float64)
    mss = ESTIMATORS["mss"]()(*tensors, dataset_size=20)
    torch.testing.assert_close(mss, ESTIMATORS["mixture"]()(*tensors, dataset_size=20))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [((1, 5), "batch_size"), ((8, 7), "dataset_size"), ((4, 8, "last"), "remainder")],
)
def test_mss_weights_refuse(arguments: tuple, says: str) -> None:
    with pytest.raises(MicvaeError, match=says):
        mss_weights(*arguments[:2], **({"remainder": arguments[2]} if arguments[2:] else {}))


def test_mws_refuses_an_empty_data_set() -> None:
    with pytest.raises(MicvaeError, match="dataset_size"):
        ESTIMATORS["mws"]()(*batch(4, 2, 1.0), dataset_size=0)


def test_narrow_posteriors_saturate_at_log_b_and_log_n() -> None:
    z, loc, scale = batch(64, 2, 1e-5)
    values = {
        k: ESTIMATORS[k]()(z, loc, scale, dataset_size=4096)[0, 1].item()
        for k in ("mixture", "mss")
    }
    assert values["mixture"] == pytest.approx(math.log(64), abs=1e-2)
    assert values["mss"] == pytest.approx(math.log(4096), abs=1e-2)


def test_gaussian_of_a_constant_and_of_a_copied_latent() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(32, 1, generator=generator)
    constant = torch.full((32, 1), 0.1)
    z = torch.cat([x, -2 * x, constant, constant], 1).requires_grad_()
    ones = torch.ones(32, 4)
    result = ESTIMATORS["gaussian"]()(z, ones, ones, dataset_size=32)
    result.sum().backward()
    assert torch.isfinite(z.grad).all()
    assert result[0, 1].item() == pytest.approx(
        0.5 * math.log(1e6), rel=0.05
    )  # ρ² = 1 to float32, shrunk
    assert torch.equal(result[2:], torch.zeros(2, 4))


@pytest.mark.parametrize("shrinkage", [0.0, 1.0, math.nan])
def test_gaussian_refuses_a_shrinkage_without_finite_gradients(shrinkage: float) -> None:
    with pytest.raises(MicvaeError, match="shrinkage"):
        ESTIMATORS["gaussian"](shrinkage=shrinkage)


def test_density_ratio_wants_its_network() -> None:
    z, loc, scale = batch(8, 3, 1.0)
    estimator = ESTIMATORS["density-ratio"]()
    with pytest.raises(MicvaeError, match="needs one"):
        estimator(z, loc, scale, dataset_size=8)
    wrong = estimator.network(4, torch.Generator().manual_seed(0))
    with pytest.raises(MicvaeError, match="made for 4 latents"):
        estimator(z, loc, scale, dataset_size=8, network=wrong)
