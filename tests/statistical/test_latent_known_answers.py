"""Latents beyond the diagonal Gaussian against closed forms, PyTorch's own and brute force."""

import math

import numpy as np
import pytest
import torch
from torch import distributions as oracle

from micvae.distributions import LATENTS, Bernoulli
from micvae.distributions.flow import FlowLatents
from micvae.distributions.full_gaussian import CorrelatedGaussian, CorrelatedSpace
from micvae.distributions.gaussian import DiagonalGaussian
from micvae.distributions.joint import JointPosterior
from micvae.distributions.priors import GaussianMixture, LearnedNormal, StandardNormal
from micvae.distributions.quantised import FSQLatents, Quantised, QuantisedSpace
from micvae.distributions.relaxed import gumbel_softmax, kl_to_uniform
from micvae.distributions.shared_codebook import NearValues
from micvae.distributions.uniform import UniformSpace
from micvae.errors import MicvaeError
from micvae.information.discrete import discrete_pairwise_information, mixed_information
from micvae.models import VAEModel, build_vae, encode
from micvae.networks import Patch
from micvae.objectives import QLAE, JointVAE, Step
from micvae.objectives.schedules import Constant


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def test_a_full_gaussian_is_pytorchs():
    factor = torch.linalg.cholesky(
        torch.eye(3, dtype=torch.float64) + normal(5, 3, 3) @ normal(5, 3, 3).mT * 0.3
    )
    posterior = CorrelatedGaussian(normal(5, 3, seed=1), factor)
    reference = oracle.MultivariateNormal(posterior.loc, scale_tril=factor)
    z = normal(5, 3, seed=2)
    torch.testing.assert_close(posterior.log_prob(z).sum(1), reference.log_prob(z))
    torch.testing.assert_close(posterior.scale**2, reference.variance)
    standard = oracle.MultivariateNormal(torch.zeros(3).double(), torch.eye(3).double())
    _, kl = CorrelatedSpace(3, StandardNormal()).draw(posterior, generator())
    torch.testing.assert_close(kl.sum(1), oracle.kl_divergence(reference, standard))
    assert (kl >= 0).all()  # each term is a divergence of its own


def test_a_flows_density_is_that_of_a_change_of_variables():
    """log q(z) = log N(ε) − log |det ∂z/∂ε|, the Jacobian by automatic differentiation."""
    space = FlowLatents(steps=2, width=32).build(3, generator()).double()
    posterior = space.posterior(normal(4, space.outputs))
    noise = torch.empty(4, 3, dtype=torch.float64).normal_(generator=generator(9))
    _, log_q = posterior.draw(generator(9))

    def push(one):
        everyone = noise.clone()
        everyone[row] = one
        return posterior.push(posterior.loc + everyone * (0.5 * posterior.log_variance).exp())[0][
            row
        ]

    for row in range(4):
        jacobian = torch.autograd.functional.jacobian(push, noise[row])
        assert jacobian.triu(1).abs().max() == 0  # latent d reads those before it only
        expected = oracle.Normal(0.0, 1.0).log_prob(noise[row]).sum() - jacobian.det().abs().log()
        torch.testing.assert_close(log_q[row].sum(), expected)


def test_a_learned_prior_has_its_closed_form():
    prior = LearnedNormal(3).double()
    with torch.no_grad():
        prior.loc.copy_(normal(3, seed=1))
        prior.log_variance.copy_(normal(3, seed=2))
    loc, log_variance = normal(6, 3, seed=3), normal(6, 3, seed=4)
    q = oracle.Normal(loc, (0.5 * log_variance).exp())
    p = oracle.Normal(prior.loc, (0.5 * prior.log_variance).exp())
    torch.testing.assert_close(prior.kl_from(loc, log_variance), oracle.kl_divergence(q, p))
    torch.testing.assert_close(prior.log_prob(loc), p.log_prob(loc))


def test_a_mixture_prior_is_pytorchs():
    prior = GaussianMixture(3, 5, generator()).double()
    with torch.no_grad():
        prior.logits.copy_(normal(5, seed=1))
        prior.log_variance.copy_(normal(5, 3, seed=2))
    components = oracle.Independent(oracle.Normal(prior.loc, (0.5 * prior.log_variance).exp()), 1)
    reference = oracle.MixtureSameFamily(oracle.Categorical(logits=prior.logits), components)
    z = normal(7, 3, seed=3)
    torch.testing.assert_close(prior.log_prob(z).sum(1), reference.log_prob(z))
    drawn = prior.sample(200_000, 3, generator(1))
    torch.testing.assert_close(drawn.mean(0), reference.mean, atol=0.02, rtol=0)  # 5 errors


def test_uniform_codes_are_the_mean_of_uniform_latents():
    space = UniformSpace(2)
    posterior = DiagonalGaussian(torch.tensor([[0.3, -1.2]]), torch.tensor([[0.4, -2.0]]))
    code, scale = space.code(posterior)
    many = DiagonalGaussian(
        posterior.loc.expand(400_000, 2), posterior.log_variance.expand(400_000, 2)
    )
    u = space.codes_of(many.sample(generator()))
    torch.testing.assert_close(code[0], u.mean(0), atol=0.003, rtol=0)  # 5 standard errors
    torch.testing.assert_close(scale[0], u.std(0), atol=0.003, rtol=0)
    prior = space.codes_of(space.sample(100_000, generator()))
    assert np.abs(np.histogram(prior[:, 0], 20, (0, 1))[0] / 5000 - 1).max() < 0.07  # 5 errors


def test_quantised_latents_take_the_nearest_value():
    codebook = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.5, 3.0]])
    encoded = torch.tensor([[0.4, 1.0], [0.6, -9.0]], requires_grad=True)
    posterior = Quantised(encoded, codebook)
    assert posterior.mean.tolist() == [[0.0, 0.5], [1.0, -2.0]]
    z = posterior.sample(generator())
    assert torch.allclose(z, posterior.mean)
    (gradient,) = torch.autograd.grad((z * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum(), encoded)
    assert gradient.tolist() == [[1.0, 2.0], [3.0, 4.0]]  # straight through
    assert posterior.probabilities.argmax(2).tolist() == [[1, 1], [2, 0]]
    assert posterior.probabilities.sum(2).tolist() == pytest.approx(np.ones((2, 2)), abs=1e-6)


def test_the_kl_of_quantised_latents_is_the_entropy_of_what_is_used():
    space = QuantisedSpace(2, 3, 1.0, learned=True)
    encoded = torch.tensor([[-1.0, 0.1], [-0.9, 0.0], [1.0, -0.1], [0.0, 0.2]])
    _, kl = space.draw(space.posterior(encoded), generator())
    used = [0.5, 0.25, 0.25]
    assert kl.mean(0).tolist() == pytest.approx([-sum(p * math.log(p) for p in used), 0.0])


def test_the_kl_of_quantised_latents_depends_on_no_batch_when_evaluated():
    """Rows ordered by a factor: it varies over the data, though it hardly does within a batch."""
    space = QuantisedSpace(2, 3, 1.0, learned=True).eval()
    encoded = torch.tensor([[a, b] for a in (-1.0, 0.0, 1.0) for b in (-1.0, 0.0, 1.0)])
    _, kl = space.draw(space.posterior(encoded[:1]), generator())
    assert kl.tolist() == [[pytest.approx(math.log(3))] * 2]
    model = VAEModel(torch.nn.Identity(), space, torch.nn.Identity(), torch.nn.Identity())
    for rows in (encoded, encoded[torch.randperm(9, generator=generator())]):
        found = encode(model, rows.numpy(), batch_size=3)
        assert found.latent_kl == pytest.approx([math.log(3)] * 2)
    still = encode(model, torch.tensor([[0.0, 1.0]] * 4).numpy(), batch_size=3)
    assert still.latent_kl.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["codebook", "fsq", "shared-codebook"])
def test_a_loss_on_quantised_codes_reaches_the_encoder(name):
    space = LATENTS[name]().build(2, generator())
    parameters = normal(6, 2).float().requires_grad_()
    posterior = space.posterior(parameters)
    torch.testing.assert_close(posterior.trained_mean, posterior.mean)
    (gradient,) = torch.autograd.grad(posterior.trained_mean.square().sum(), parameters)
    assert gradient.abs().max() > 0.01


def test_a_fixed_grid_cannot_standardise_a_single_image():
    with pytest.raises(MicvaeError, match="two images or more"):
        FSQLatents().build(3, generator()).posterior(torch.zeros(1, 3))


def test_fsq_stays_on_its_grid():
    space = FSQLatents(levels=5).build(3, generator())
    code, _ = space.code(space.posterior(10 * normal(200, 3).float()))
    assert set(code.unique().tolist()) == {-1.0, -0.5, 0.0, 0.5, 1.0}


def test_near_values_are_drawn_by_distance():
    posterior = NearValues(torch.tensor([[0.2]]), torch.tensor([-1.0, 0.0, 1.5]), 1.0)
    expected = np.exp(-((0.2 - np.asarray([-1.0, 0.0, 1.5])) ** 2))
    assert posterior.probabilities[0, 0].tolist() == pytest.approx(expected / expected.sum())
    assert posterior.mean.item() == 0.0


def test_gumbel_softmax_picks_categories_with_their_probabilities():
    logits = torch.log(torch.tensor([0.5, 0.3, 0.2])).expand(100_000, 3)
    for temperature in (0.1, 1.0):
        drawn = gumbel_softmax(logits, temperature, generator())
        torch.testing.assert_close(drawn.sum(1), torch.ones(100_000))
        share = torch.bincount(drawn.argmax(1)) / 100_000
        # At any temperature the largest entry is category k with probability p_k; 5 errors.
        torch.testing.assert_close(share, logits[0].exp(), atol=0.008, rtol=0)


def test_kl_to_equal_probabilities():
    logits = normal(6, 4)
    uniform = oracle.Categorical(probs=torch.full((6, 4), 0.25).double())
    expected = oracle.kl_divergence(oracle.Categorical(logits=logits), uniform)
    torch.testing.assert_close(kl_to_uniform(logits, 4), expected)


def random_categories(b, d, k, seed=0):
    return (2 * normal(b, d, k, seed=seed)).softmax(2)


def test_discrete_information_is_that_of_the_table():
    """Against a plain loop over pairs and values."""
    p = random_categories(12, 3, 4)
    p[:, 1, 3] = 0  # a latent with three values
    p /= p.sum(2, keepdim=True)
    found = discrete_pairwise_information(p)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        table = (p[:, i, :, None] * p[:, j, None, :]).mean(0)
        product = table.sum(1, keepdim=True) * table.sum(0)
        expected = (table * (table / product).clamp_min(1e-300).log()).nan_to_num(0).sum()
        # 1e-8 is added to every probability, for the sake of gradients
        assert found[i, j].item() == pytest.approx(expected.item(), abs=1e-6)


def test_copies_share_their_entropy():
    """Deterministic, equal latents of k equally frequent values: I = log k; independent ones: 0."""
    index = torch.cartesian_prod(torch.arange(4), torch.arange(4))
    index = torch.cat([index, index[:, :1]], 1)
    p = torch.nn.functional.one_hot(index, 4).double()
    found = discrete_pairwise_information(p)
    assert found[0, 2].item() == pytest.approx(math.log(4), abs=1e-6)
    assert found[0, 1].item() == pytest.approx(0, abs=1e-6)


def test_a_number_that_tells_a_category():
    """z ~ N(±m, 1) for two equally likely categories: I(z; c) by numerical integration."""
    n, m = 4000, 1.3
    category = torch.arange(n) % 2
    loc = (m * (2.0 * category - 1)).double()[:, None]
    scale = torch.ones_like(loc)
    z = DiagonalGaussian(loc, torch.zeros_like(loc)).sample(generator())
    p = torch.nn.functional.one_hot(category, 2).double()[:, None]
    grid = np.linspace(-8, 8, 4001)
    density = np.exp(-0.5 * (grid[:, None] - [m, -m]) ** 2) / math.sqrt(2 * math.pi)
    mixed = density.mean(1)
    inner = np.where(density > 0, density * np.log(density / mixed[:, None]), 0).mean(1)
    expected = np.trapezoid(inner, grid)
    found = mixed_information(z, loc, scale, p)
    assert found.shape == (1, 1)
    assert found.item() == pytest.approx(expected, abs=0.02)  # 4,000 samples: error 0.004
    away = mixed_information(z, loc, scale, random_categories(n, 1, 3).mean(0).expand(n, 1, 3))
    assert away.item() == pytest.approx(0, abs=1e-6)  # a category that says nothing


def test_a_joint_density_adds_numbers_and_categories():
    numbers = DiagonalGaussian(normal(5, 2), normal(5, 2, seed=1))
    logits = normal(5, 3, seed=2)
    posterior = JointPosterior(numbers, (logits,), 0.5)
    chosen = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 0, 1]), 3).double()
    z = torch.cat([normal(5, 2, seed=3), chosen], 1)
    expected = oracle.OneHotCategorical(logits=logits).log_prob(chosen)
    torch.testing.assert_close(posterior.log_prob(z)[:, 2], expected)
    torch.testing.assert_close(posterior.log_prob(z)[:, :2], numbers.log_prob(z[:, :2]))
    assert posterior.mean[:, 2].tolist() == logits.argmax(1).tolist()


def test_qlaes_two_losses_move_what_they_should():
    """Quantisation moves the codebook to the encoder, commitment the encoder to the codebook."""
    objective, generator_ = QLAE(quantisation=Constant(1.0), commitment=Constant(1.0)), generator()
    network = Patch(4, 8)
    model = build_vae(
        network, Bernoulli(), objective.latents, 3, (1, 16, 16), generator_, torch.device("cpu")
    )
    x = torch.rand(16, 1, 16, 16, generator=generator(1))
    losses = objective(model, x, Step(0, 16, generator(2)))
    terms = losses.terms
    posterior = model.encode(x)
    distance = ((posterior.encoded - posterior.mean) ** 2).sum(1).mean()
    torch.testing.assert_close(terms["quantisation"], distance)
    torch.testing.assert_close(terms["commitment"], distance)
    expected = terms["reconstruction"] + 2 * distance
    torch.testing.assert_close(terms["loss"], expected)
    encoder, codebook = list(model.encoder.parameters()), model.space.codebook
    kept = {"retain_graph": True, "allow_unused": True}
    assert all(g is None for g in torch.autograd.grad(terms["quantisation"], encoder, **kept))
    assert torch.autograd.grad(terms["commitment"], codebook, **kept)[0] is None
    assert torch.autograd.grad(terms["reconstruction"], codebook, **kept)[0] is None
    (pull,) = torch.autograd.grad(terms["quantisation"], codebook, **kept)
    used = torch.zeros(3, 10).scatter(1, posterior.index.T, 1.0)
    assert ((pull != 0) <= (used > 0)).all()  # values that nothing is near stay where they are


def test_joint_vae_holds_both_kinds_at_their_capacity():
    """The loss is the distance from C_z and C_c, and C_c is at most log of the categories."""
    objective = JointVAE(Constant(7.0), capacity=Constant(3.0), category_capacity=Constant(50.0))
    model = build_vae(
        Patch(4, 8),
        Bernoulli(),
        objective.latents,
        3,
        (1, 16, 16),
        generator(),
        torch.device("cpu"),
    )
    x = torch.rand(16, 1, 16, 16, generator=generator(1))
    terms = objective(model, x, Step(0, 16, generator(2))).terms
    numbers, categories = terms["kl_numbers"], terms["kl_categories"]
    torch.testing.assert_close(numbers + categories, terms["kl"])
    expected = (numbers - 3).abs() + (categories - math.log(4)).abs()
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + 7 * expected)
