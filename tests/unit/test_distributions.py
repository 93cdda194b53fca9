"""Densities and divergences against PyTorch's own distributions, in float64."""

import math

import pytest
import torch
from torch import distributions as oracle

from micvae.distributions import (
    LIKELIHOODS,
    Bernoulli,
    DiagonalGaussian,
    Gaussian,
    LearnedGaussian,
    StandardNormal,
)
from micvae.errors import MicvaeError


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def posterior(generator):
    return DiagonalGaussian(*torch.randn(2, 7, 4, generator=generator, dtype=torch.float64))


def test_gaussian_density_and_kl(posterior, generator):
    reference = oracle.Normal(posterior.loc, posterior.scale)
    z = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(posterior.log_prob(z), reference.log_prob(z))
    kl = oracle.kl_divergence(reference, oracle.Normal(torch.zeros(7, 4), torch.ones(7, 4)))
    torch.testing.assert_close(StandardNormal().kl_from(posterior.loc, posterior.log_variance), kl)


def test_kl_is_zero_at_the_prior_only():
    zeros = torch.zeros(1, 2)
    assert StandardNormal().kl_from(zeros, zeros).abs().max() == 0
    assert (StandardNormal().kl_from(zeros + 0.1, zeros) > 0).all()


def test_samples_have_the_moments(generator):
    loc = torch.tensor([[1.0, -2.0]]).expand(100_000, 2)
    log_variance = torch.tensor([[0.0, 2.0]]).expand(100_000, 2)
    z = DiagonalGaussian(loc, log_variance).sample(generator)
    # Standard errors: at most e / sqrt(100,000) = 0.009 for means, 0.03 for variances.
    torch.testing.assert_close(z.mean(0), loc[0], atol=0.04, rtol=0)
    torch.testing.assert_close(z.var(0), log_variance[0].exp(), atol=0.15, rtol=0)


def test_sampling_is_reparametrised(generator):
    loc = torch.zeros(3, 2, requires_grad=True)
    log_variance = torch.zeros(3, 2, requires_grad=True)
    z = DiagonalGaussian(loc, log_variance).sample(generator)
    z.sum().backward()
    torch.testing.assert_close(loc.grad, torch.ones(3, 2))
    torch.testing.assert_close(log_variance.grad, 0.5 * z.detach())  # dz/d log σ² = ½ σ ε


def images(generator):
    output = 3 * torch.randn(5, 2, 3, 4, generator=generator, dtype=torch.float64)
    return output, torch.rand(5, 2, 3, 4, generator=generator, dtype=torch.float64)


def test_bernoulli_on_black_and_white(generator):
    output, x = images(generator)
    x = x.round()
    ours = Bernoulli().build((1, 4, 4))(output)
    expected = oracle.Bernoulli(logits=output).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(ours.log_prob(x), expected)
    torch.testing.assert_close(ours.mean, output.sigmoid())


def test_bernoulli_on_grey_is_best_at_the_grey_value(generator):
    _, x = images(generator)
    logits = x.logit().requires_grad_()
    Bernoulli().build((1, 4, 4))(logits).log_prob(x).sum().backward()
    assert logits.grad.abs().max() < 1e-12


@pytest.mark.parametrize("likelihood", [Gaussian(0.3), LearnedGaussian(0.3)])
def test_gaussian_images(likelihood, generator):
    output, x = images(generator)
    head = likelihood.build((1, 4, 4)).double()
    expected = oracle.Normal(output, 0.3).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(head(output).log_prob(x), expected, rtol=1e-6, atol=1e-6)
    assert head(output).mean.min() >= 0 and head(output).mean.max() <= 1
    assert len(list(head.parameters())) == isinstance(likelihood, LearnedGaussian)


def test_the_learned_scale_is_best_at_the_root_mean_square_error(generator):
    output, x = images(generator)
    error = (x - output).square().mean().sqrt().item()
    head = LearnedGaussian(error).build((1, 4, 4)).double()
    head(output).log_prob(x).sum().backward()
    assert abs(head.log_scale.grad.item()) < 1e-4 * x.numel()
    assert head.log_scale.item() == pytest.approx(math.log(error), rel=1e-6)


def test_every_pixel_may_learn_a_scale_of_its_own(generator):
    output, x = images(generator)
    head = LearnedGaussian(0.3, each=True).build((2, 3, 4)).double()
    common = LearnedGaussian(0.3).build((2, 3, 4)).double()
    torch.testing.assert_close(head(output).log_prob(x), common(output).log_prob(x))
    errors = (x - output).square().mean(0).sqrt()
    with torch.no_grad():
        head.log_scale.copy_(errors.log())
    expected = oracle.Normal(output, errors).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(head(output).log_prob(x), expected)
    head(output).log_prob(x).sum().backward()
    # Each is best at its own root mean square error: the gradient is rounding of the batch's size.
    assert head.log_scale.grad.abs().max() < 1e-10 * len(x)


@pytest.mark.parametrize("kind", ["gaussian", "learned-gaussian"])
def test_scales_must_be_positive(kind):
    with pytest.raises(MicvaeError, match="scale is 0"):
        LIKELIHOODS[kind](scale=0)
