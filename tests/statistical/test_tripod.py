"""Tripod's two penalties against closed forms and brute force; and the method against its parts."""

import math

import pytest
import torch
from torch import distributions as oracle

from micvae.distributions import Bernoulli
from micvae.errors import MicvaeError
from micvae.information.kernel import kernel_total_correlation, silverman
from micvae.models import build_vae
from micvae.models.hessian import curvature
from micvae.networks import Patch
from micvae.objectives import FSQ, Step, Tripod
from micvae.objectives.schedules import Constant


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def gaussian(covariance, n):
    return normal(n, len(covariance)) @ torch.linalg.cholesky(covariance).T


COVARIANCE = torch.tensor([[1, 0.8, 0], [0.8, 1, 0.3], [0, 0.3, 1]], dtype=torch.float64)
TRUE = -0.5 * torch.logdet(COVARIANCE).item()  # the total correlation of a Gaussian, 0.67 nats


@pytest.mark.parametrize("bandwidth", [0.3, 0.6, 1.0])
def test_the_total_correlation_of_a_gaussian_blurred_by_the_kernels(bandwidth):
    """Kernels add b² to every variance: E log N(z; 0, Σ + b² I) − Σ_d E log N(z_d; 0, 1 + b²)."""
    wide = COVARIANCE + bandwidth**2 * torch.eye(3, dtype=torch.float64)
    expected = (
        -0.5 * (torch.logdet(wide) + torch.linalg.solve(wide, COVARIANCE).trace())
        + 0.5 * (wide.diagonal().log() + 1 / wide.diagonal()).sum()
    )
    found = kernel_total_correlation(gaussian(COVARIANCE, 1500), bandwidth)
    # The terms of 1,500 samples scatter by about 1 nat: 0.026, and as much for the density.
    assert found.item() == pytest.approx(expected.item(), abs=0.06)


def test_narrow_kernels_come_to_the_total_correlation():
    z = gaussian(COVARIANCE, 2500)
    wide, narrow = (kernel_total_correlation(z, b).item() for b in (1.0, 0.2))
    # At b = 1 blur leaves 0.21 of 0.65 nats. At b = 0.2 it costs 0.01, outliers about 0.1.
    assert wide < 0.4 * TRUE and narrow == pytest.approx(TRUE, abs=0.15)


def test_independent_latents_have_next_to_none_in_a_batch_of_the_usual_size():
    """Mean over 200 batches; with each sample's own kernel it would be 0.36 nats."""
    found = torch.stack([kernel_total_correlation(normal(64, 3, seed=s)) for s in range(200)])
    # Outliers cost 0.10; a batch scatters by 0.07, the mean of 200 by 0.005.
    assert -0.12 < found.mean().item() < 0


def test_kernel_densities_are_those_of_brute_force():
    z = gaussian(COVARIANCE, 20)
    width = silverman(20, 3) * z.std(0, correction=0)
    total = 0.0
    for n in range(20):
        others = torch.cat([z[:n], z[n + 1 :]])
        density = oracle.Normal(others, width).log_prob(z[n]).exp()  # (19, 3)
        total += (density.prod(1).mean().log() - density.mean(0).log().sum()).item() / 20
    assert kernel_total_correlation(z).item() == pytest.approx(total, rel=1e-9)


def test_the_total_correlation_does_not_know_scale_or_place():
    z = gaussian(COVARIANCE, 50)
    moved = z * torch.tensor([0.01, 1, 300]) + torch.tensor([5, -1, 0])
    torch.testing.assert_close(kernel_total_correlation(moved), kernel_total_correlation(z))


def test_a_constant_latent_adds_nothing_and_one_latent_has_no_correlation():
    z = gaussian(COVARIANCE, 50)
    with_dead = torch.cat([z, torch.full((50, 1), 0.3).double()], 1).requires_grad_()
    found = kernel_total_correlation(with_dead, 0.5)
    torch.testing.assert_close(found, kernel_total_correlation(z, 0.5))
    (gradient,) = torch.autograd.grad(found, with_dead)
    assert gradient.isfinite().all() and (gradient[:, 3] == 0).all()
    assert kernel_total_correlation(z[:, :1]).item() == pytest.approx(0, abs=1e-12)


def test_the_gradient_of_the_total_correlation():
    assert torch.autograd.gradcheck(kernel_total_correlation, normal(8, 3).requires_grad_())


def test_what_kernels_cannot_use_is_refused():
    for z, bandwidth in ((normal(2, 3), None), (normal(5), None), (normal(5, 3), 0.0)):
        with pytest.raises(MicvaeError, match=r"z|bandwidth"):
            kernel_total_correlation(z, bandwidth)


HESSIANS = normal(5, 4, 4) + normal(5, 4, 4).mT  # of five outputs of four latents
SCALE = torch.tensor([1, 2, 0.5, 1], dtype=torch.float64)


def quadratic(z):
    return 0.5 * torch.einsum("ni,oij,nj->no", z, HESSIANS, z) + z.sum(1, keepdim=True)


@pytest.mark.parametrize(("rows", "directions"), [(1, 40_000), (20_000, 2)])
def test_the_curvature_of_a_quadratic_function(rows, directions):
    """Many directions at one place, or two each at many places: the same Hessian everywhere."""
    found = curvature(quadratic, normal(rows, 4), SCALE, generator(), directions=directions)
    squares = (HESSIANS * SCALE[:, None] * SCALE) ** 2
    every = squares.sum((1, 2)).mean().item()
    diagonal = squares.diagonal(dim1=1, dim2=2).sum(1).mean().item()
    # A variance of 40,000 draws is off by about 1%, where their kurtosis is below 4.
    assert found.all.mean().item() == pytest.approx(every, rel=0.05)
    assert found.mixed.mean().item() == pytest.approx(every - diagonal, rel=0.05)


@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 4])
def test_the_share_of_a_turned_bowl(angle):
    """H = R diag(3, 1) Rᵀ has 2((3 − 1) sin cos)² off its diagonal, of 3² + 1² in all."""
    sine, cosine = math.sin(angle), math.cos(angle)
    turn = torch.tensor([[cosine, -sine], [sine, cosine]]).double()

    def bowl(z):
        return 0.5 * (z @ turn) ** 2 @ torch.tensor([3.0, 1.0]).double()

    share = curvature(
        bowl, normal(20, 2), torch.ones(2).double(), generator(), directions=2000
    ).share
    assert share.item() == pytest.approx(2 * (2 * sine * cosine) ** 2 / 10, abs=0.02)


def additive(z):
    return torch.stack([z[:, 0].sin() + z[:, 1] ** 3, z[:, 2].exp() - z[:, 1].relu()], 1)


def test_an_additive_decoder_mixes_nothing():
    """Whatever the step: a latent's part of f is the same for either sign. 1e-20: rounding."""
    for step in (0.1, 1.0):
        found = curvature(additive, normal(50, 3), torch.ones(3).double(), generator(), step=step)
        assert (found.mixed / found.all).max().item() < 1e-20
    one = curvature(torch.sin, normal(50, 1), torch.ones(1).double(), generator())
    assert one.share.item() < 1e-20


def test_a_product_mixes_everything():
    found = curvature(
        lambda z: z[:, 0] * z[:, 1], normal(20, 2), SCALE[:2], generator(), directions=2000
    )
    assert found.share.item() == pytest.approx(1, abs=0.05)


def test_samples_count_alike_in_the_share():
    """At half of them a bowl with curvatures 10, at half a product: 0.01 if means were divided."""

    def function(z):
        return torch.where(z[:, 0] > 0, 5 * (z**2).sum(1), z[:, 0] * z[:, 1])

    z = normal(20, 2)
    z[:, 0] = torch.tensor([2.0, -2.0]).repeat(10)  # farther from 0 than any of the steps
    found = curvature(function, z, torch.ones(2).double(), generator(), directions=2000)
    # Σ H² is 200 and 2; the floor is a thousandth of their mean.
    assert found.share.item() == pytest.approx(0.5 * 2 / (2 + 0.101), rel=0.05)


def test_the_share_does_not_know_scale():
    z, scale = normal(10, 4), SCALE
    plain = curvature(quadratic, z, scale, generator()).share
    for rescaled in (
        curvature(lambda z: 1000 * quadratic(z), z, scale, generator()),
        curvature(lambda z: quadratic(z / 7), 7 * z, 7 * scale, generator()),
    ):
        torch.testing.assert_close(rescaled.share, plain)


def test_what_cannot_be_estimated_is_refused():
    for options in ({"directions": 1}, {"step": 0.0}, {"step": math.inf}):
        with pytest.raises(MicvaeError, match=next(iter(options))):
            curvature(quadratic, normal(3, 4), SCALE, generator(), **options)
    for options in ({"directions": 1}, {"images": 0}, {"step_size": -1.0}):
        with pytest.raises(MicvaeError, match=next(iter(options))):
            Tripod(**options)


def losses(objective):
    network = Patch(width=4, hidden=8)
    model = build_vae(
        network, Bernoulli(), Tripod().latents, 3, (1, 32, 32), generator(), torch.device("cpu")
    )
    x = torch.rand(24, 1, 32, 32, generator=generator(1))
    return objective(model, x, Step(0, 100, generator(2))), model


def test_the_method_is_its_three_parts():
    found, _ = losses(Tripod(tc_weight=Constant(2.0), hessian_weight=Constant(7.0)))
    terms = found.terms
    expected = terms["reconstruction"] + 2 * terms["total_correlation_estimate"]
    torch.testing.assert_close(terms["loss"], expected + 7 * terms["mixed_curvature"])
    off, _ = losses(Tripod(tc_weight=Constant(0.0), hessian_weight=Constant(0.0)))
    plain, _ = losses(FSQ())
    torch.testing.assert_close(off.terms["loss"], plain.terms["loss"])


def test_each_penalty_reaches_encoder_and_decoder():
    found, model = losses(Tripod())
    ends = [model.encoder[-1].weight, model.decoder[0].weight]
    for name, reached in (
        ("total_correlation_estimate", [True, False]),
        ("mixed_curvature", [True, True]),
    ):
        gradients = torch.autograd.grad(
            found.terms[name], ends, retain_graph=True, allow_unused=True
        )
        assert [g is not None and bool(g.abs().sum() > 0) for g in gradients] == reached
