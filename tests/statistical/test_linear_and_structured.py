"""Methods with a guarantee, linear or by structure: closed forms and recovery of known sources."""

import numpy as np
import pytest
import torch

from micvae.data import FactorDataset, independent
from micvae.distributions import AutoLikelihood, Bernoulli, GaussianLatents, PointLatents
from micvae.errors import MicvaeError
from micvae.metrics import evaluate
from micvae.models import build_vae
from micvae.models.jacobian import ima_contrast, jacobians
from micvae.networks import MLP, Sparse, dense
from micvae.objectives import IMAVAE, FastICA, IsometricICA, SparseVAE, Step
from micvae.objectives.chart import Chart, hessian_chart
from micvae.objectives.hooks import ObjectiveContext
from micvae.objectives.unmixing import independent_components

CPU = torch.device("cpu")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def mcc(codes, factors):
    return evaluate(np.asarray(codes), factors, metrics=["mcc_pearson"])["mcc_pearson"]


def model_of(network, latents, shape, latent_dim, likelihood=None):
    likelihood = likelihood or AutoLikelihood()
    return build_vae(network, likelihood, latents, latent_dim, shape, generator(), CPU)


def finished(problem, likelihood=None):
    d = problem.n_factors
    model = model_of(MLP(depth=0), PointLatents(), problem.image_shape, d, likelihood)
    FastICA().after_training(model, problem, generator(1))
    return model


def test_fast_ica_recovers_linearly_mixed_sources_without_a_step():
    problem = independent(4000, sources=4, marginal="laplace", mixing="linear", seed=100)
    model = finished(problem)
    codes, _ = model.codes(torch.from_numpy(problem.images))
    # FastICA's error is of the order of 1/√N = 0.016 per pair of sources; its square is lost.
    assert mcc(codes.detach(), problem.factors) > 0.995
    # As many components as features: the decoder inverts the encoder up to float32.
    again = model.decode_codes(codes).mean.detach().numpy()
    np.testing.assert_allclose(again, problem.images, atol=1e-4)


def test_fast_ica_decodes_the_best_linear_reconstruction():
    """With fewer latents than features the squared error is the discarded eigenvalues' sum."""
    problem = independent(2000, sources=4, marginal="laplace", mixing="linear", seed=101)
    x = problem.images.astype(np.float64)
    model = model_of(MLP(depth=0), PointLatents(), problem.image_shape, 2)
    FastICA().after_training(model, problem, generator(1))
    codes, _ = model.codes(torch.from_numpy(problem.images))
    error = ((model.decode_codes(codes).mean.detach().numpy() - x) ** 2).sum(1).mean()
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T, bias=True))
    assert error == pytest.approx(eigenvalues[:-2].sum(), rel=1e-4)  # float32


def test_fast_ica_fits_log_odds_of_pictures():
    """Grey values whose log-odds are linear in the principal components come back exactly."""
    images = np.random.default_rng(0).uniform(0.05, 0.95, (500, 1, 1, 2)).astype(np.float32)
    images[:, 0, 0, 1] = 0.5
    model = finished(FactorDataset("grey", images, images[:, 0, 0]), Bernoulli())
    with torch.no_grad():
        x = torch.from_numpy(images)
        seen = model.decode_codes(model.codes(x)[0]).logits.numpy()
    grey = images.astype(np.float64)
    odds = np.log(grey / (1 - grey))[:, 0, 0]
    slope, offset = np.polyfit(grey[:, 0, 0, 0], odds[:, 0], 1)  # by least squares
    np.testing.assert_allclose(seen[:, 0, 0, 0], slope * grey[:, 0, 0, 0] + offset, atol=1e-4)
    np.testing.assert_allclose(seen[:, 0, 0, 1], 0, atol=1e-5)


def test_networks_that_do_not_fit_are_refused():
    setting = ObjectiveContext(2, (4,), MLP())
    with pytest.raises(MicvaeError, match=r"mlp\(depth=0\)"):
        FastICA().auxiliary_modules(setting, generator())
    with pytest.raises(MicvaeError, match="--network sparse"):
        SparseVAE().auxiliary_modules(setting, generator())


def test_isometric_ica_flattens_what_is_bent():
    problem = independent(
        1500, sources=2, marginal="uniform", mixing="isometry(curve='spiral')", seed=100
    )
    chart = hessian_chart(problem.images[:500], 2, 0, seed=0)
    coordinates = chart(torch.from_numpy(problem.images[500:])).double().numpy()
    offset, unmixing = independent_components(coordinates, 0)
    # Measured 0.998 or more on four seeds; linear ICA of the bent data itself stays below.
    assert mcc((coordinates - offset) @ unmixing.T, problem.factors[500:]) > 0.99


def test_a_chart_gives_landmarks_their_own_coordinates_and_needs_neighbours():
    landmarks = np.random.default_rng(0).uniform(size=(200, 2)).astype(np.float32)
    chart = hessian_chart(landmarks, 2, 0, seed=0)
    # A plane is its own chart, up to an affine map, also between landmarks.
    fresh = np.random.default_rng(1).uniform(0.2, 0.8, size=(50, 2))
    design = np.column_stack([landmarks, np.ones(200)])
    affine = np.linalg.lstsq(design, chart.coordinates.numpy(), rcond=None)[0]
    expected = np.column_stack([fresh, np.ones(50)]) @ affine
    found = chart(torch.from_numpy(fresh).float())
    # The ridge on the weights pulls towards the neighbours' mean by a few thousandths.
    np.testing.assert_allclose(found, expected, atol=0.02)
    with pytest.raises(MicvaeError, match="more than 5 neighbours"):
        hessian_chart(landmarks, 2, 5, seed=0)


def test_a_charts_weights_solve_their_problem_wherever_the_features_lie():
    """min ‖x − Σ w l‖² + r ‖w‖², Σ w = 1, by its KKT system; far from 0 to the same numbers."""
    grain = (normal(520, 5) * 64).round() / 64  # 1,000 can be added without rounding
    landmarks, samples, coordinates = grain[:500], grain[500:], normal(500, 2, seed=1)
    expected = []
    for x in samples:
        near = ((landmarks - x) ** 2).sum(1).argsort()[:12]
        apart = landmarks[near] - x
        gram = apart @ apart.T
        system = torch.ones(13, 13, dtype=torch.float64)
        system[:12, :12] = gram + 1e-3 * gram.trace() * torch.eye(12)
        system[12, 12] = 0
        target = torch.zeros(13, dtype=torch.float64)
        target[12] = 1
        expected.append(torch.linalg.solve(system, target)[:12] @ coordinates[near])
    for shift in (0, 1000):
        chart = Chart((landmarks + shift).float(), coordinates.float(), 12)
        found = chart((samples + shift).float()).double()
        torch.testing.assert_close(found, torch.stack(expected), atol=1e-4, rtol=0)


def test_isometric_ica_minimises_the_distance_to_the_chart():
    problem = independent(64, sources=2, mixing="isometry", seed=100)
    model = model_of(MLP(), PointLatents(), problem.image_shape, 2)
    given = IsometricICA().prepare(problem, generator())
    setting = ObjectiveContext(2, problem.image_shape, MLP(), given)
    model.auxiliary_modules.update(IsometricICA().auxiliary_modules(setting, generator()))
    x = torch.from_numpy(problem.images)
    losses = IsometricICA()(model, x, Step(0, 64, generator()))
    distance = (model.encode(x).features - model.auxiliary_modules["chart"](x)) ** 2
    torch.testing.assert_close(losses.terms["embedding_loss"], 0.5 * distance.sum(1).mean())


def test_the_contrast_of_orthogonal_columns_is_0():
    q = torch.linalg.qr(normal(5, 6, 3))[0]
    contrast = ima_contrast(q * torch.tensor([0.01, 1.0, 100.0]))
    torch.testing.assert_close(contrast, torch.zeros(5).double(), atol=1e-9, rtol=0)


def test_the_contrast_of_two_columns_is_that_of_their_angle():
    """C = −log |sin φ|; of columns on a line it is large and finite."""
    angle = torch.linspace(0.1, 3.0, 20, dtype=torch.float64)
    ones, zeros = torch.ones_like(angle), torch.zeros_like(angle)
    j = torch.stack([torch.stack([ones, zeros], 1), torch.stack([angle.cos(), angle.sin()], 1)], 2)
    # The ridge of 1e−6 shifts det = sin²φ ≥ 0.01 by 2e−6, a share of 2e−4 at most.
    torch.testing.assert_close(ima_contrast(j), -angle.sin().abs().log(), atol=2e-4, rtol=0)
    assert ima_contrast(torch.ones(1, 3, 2)).isfinite().all()
    assert ima_contrast(torch.zeros(1, 3, 2)).isfinite().all()


def test_the_contrast_is_the_definition_and_ignores_scale_and_order_of_latents():
    j = normal(7, 5, 3)
    expected = j.norm(dim=1).log().sum(1) - 0.5 * torch.logdet(j.mT @ j)
    torch.testing.assert_close(ima_contrast(j), expected, atol=1e-4, rtol=0)  # the ridge
    other = (j * torch.tensor([2.0, -0.1, 30.0]))[:, :, [2, 0, 1]]
    torch.testing.assert_close(ima_contrast(other), ima_contrast(j))


def test_jacobians_are_those_of_autograd():
    network = torch.nn.Sequential(dense(3, [8], 4, generator()), torch.nn.Tanh()).double()
    z = normal(6, 3)
    expected = torch.stack([torch.autograd.functional.jacobian(network, one) for one in z])
    torch.testing.assert_close(jacobians(network, z), expected)


def test_ima_vae_is_exact_for_a_linear_decoder_and_lowers_the_contrast():
    model = model_of(MLP(depth=0), GaussianLatents(), (6,), 3)
    x = normal(32, 6).float()
    weight = next(model.decoder.parameters()).detach().double()
    exact = weight.norm(dim=0).log().sum() - 0.5 * torch.logdet(weight.T @ weight)
    objective = IMAVAE(samples=8)
    terms = objective(model, x, Step(0, 32, generator())).terms
    assert terms["ima_contrast"].item() == pytest.approx(exact.item(), abs=1e-4)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(200):
        contrast = objective(model, x, Step(0, 32, generator())).terms["ima_contrast"]
        optimizer.zero_grad()
        contrast.backward()
        optimizer.step()
    assert contrast.item() < 0.01 * exact.item()


def test_a_sparse_decoder_reads_only_what_its_masks_let_through():
    model = model_of(Sparse(hidden=8), GaussianLatents(), (5,), 3)
    pattern = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0]])
    with torch.no_grad():
        model.decoder.masks.weight.mul_(pattern)
    j = jacobians(lambda z: model.decode(z).mean, normal(20, 3).float())
    assert ((j != 0).any(0) == pattern.bool()).all()


def test_the_spike_and_slab_lasso_is_its_density():
    objective = SparseVAE(spike=8.0, slab=0.5, share=0.3)
    w = torch.tensor([[0.6, -0.8, 0.0]], dtype=torch.float64)

    def log_density(v):
        laplace = torch.distributions.Laplace
        spike = laplace(0.0, 1 / 8.0).log_prob(v).exp()
        slab = laplace(0.0, 2.0).log_prob(v).exp()
        return (0.3 * slab + 0.7 * spike).log()

    expected = (log_density(torch.zeros(3).double()) - log_density(w)).sum()
    torch.testing.assert_close(objective.penalty(w), expected)
    torch.testing.assert_close(objective.penalty(5 * w), expected)  # length is no matter
    # One latent per feature costs less than the same spread over all.
    assert objective.penalty(torch.eye(3)) < objective.penalty(torch.ones(3, 3))
