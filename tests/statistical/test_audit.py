"""The audit: closed forms of every part, and a model that is known to identify nothing."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from micvae.data import FactorDataset
from micvae.distributions import FlowLatents, Gaussian, GaussianLatents
from micvae.identifiability import rotated_alternative
from micvae.identifiability.audit import QUICK, Subject, audit_subject
from micvae.identifiability.audit.agreement import affine, agree, audit_agreement, strong
from micvae.identifiability.audit.decoder import (
    decoder_jacobian,
    describe_generator,
    ima_contrast,
    reduced_jacobians,
)
from micvae.identifiability.audit.encoder import compare_with_monte_carlo, importance_gap
from micvae.identifiability.audit.record import ComparedPair, Conditions
from micvae.identifiability.audit.rotations import random_rotation, whitened
from micvae.identifiability.audit.truth import excess_information
from micvae.identifiability.audit.verdict import advice, agreement_sentences
from micvae.information.conditional import conditional_information
from micvae.models import build_vae
from micvae.networks import MLP

NOISE = 0.5


def linear_vae(weights, means, variances, scale=NOISE):
    """x = W z + noise, with an encoder q(z|x) = N(M x, diag(variances)): no network decides."""
    pixels, latents = weights.shape
    model = build_vae(
        MLP(depth=0), Gaussian(scale), GaussianLatents(), latents, (pixels,),
        torch.Generator(), torch.device("cpu"),
    ).double()  # fmt: skip
    (encoder,) = (m for m in model.encoder.modules() if isinstance(m, nn.Linear))
    (decoder,) = (m for m in model.decoder.modules() if isinstance(m, nn.Linear))
    with torch.no_grad():
        decoder.weight.copy_(torch.as_tensor(weights))
        decoder.bias.zero_()
        encoder.weight.zero_()
        encoder.weight[:latents] = torch.as_tensor(means)
        encoder.bias.zero_()
        encoder.bias[latents:] = torch.as_tensor(np.log(variances))
    return model.eval()


def posterior(weights, scale=NOISE):
    """Covariance and mean map of the exact p(z|x) of x = W z + noise."""
    covariance = np.linalg.inv(np.eye(weights.shape[1]) + weights.T @ weights / scale**2)
    return covariance, covariance @ weights.T / scale**2


def observed(weights, n, seed=0):
    generator = np.random.default_rng(seed)
    s = generator.standard_normal((n, weights.shape[1]))
    return s, s @ weights.T + NOISE * generator.standard_normal((n, len(weights)))


WEIGHTS = np.random.default_rng(7).standard_normal((6, 3))


def test_jacobian_of_a_linear_decoder_is_its_matrix():
    covariance, means = posterior(WEIGHTS)
    model = linear_vae(WEIGHTS, means, np.diag(covariance))
    codes = np.random.default_rng(0).standard_normal((70, 3))  # more than one batch
    jacobian = decoder_jacobian(model, torch.from_numpy(codes)).numpy()
    assert np.allclose(jacobian, WEIGHTS, rtol=0, atol=1e-12)  # rounding of float64

    found = describe_generator(reduced_jacobians(model, codes), np.arange(3), np.ones(3), 20, 0)
    values = np.linalg.svd(WEIGHTS, compute_uv=False)
    assert np.allclose(found.singular_values, np.repeat(values[:, None], 3, 1), atol=1e-12)
    assert found.condition_median == pytest.approx(values[0] / values[2], rel=1e-10)
    contrast = np.log(np.linalg.norm(WEIGHTS, axis=0)).sum() - np.log(values).sum()
    assert found.ima == pytest.approx(contrast, rel=1e-10)
    assert found.ima_error == pytest.approx(0, abs=1e-12)  # the same at every code
    assert (found.rank_least, found.rank_full) == (3, 1.0)


def test_jacobian_of_a_curved_decoder_is_that_of_finite_differences():
    model = build_vae(
        MLP(hidden=8), Gaussian(), GaussianLatents(), 2, (5,),
        torch.Generator().manual_seed(0), torch.device("cpu"),
    ).double()  # fmt: skip
    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    jacobian = decoder_jacobian(model, z)
    for d in range(2):
        apart = 1e-6 * torch.eye(2, dtype=torch.float64)[d]
        with torch.no_grad():
            slope = (model.decode(z + apart).loc - model.decode(z - apart).loc) / 2e-6
        # piecewise linear, so that only rounding is left: 1e-16 / 1e-6
        assert torch.allclose(jacobian[:, :, d], slope, rtol=0, atol=1e-8)


def test_ima_contrast_closed_forms():
    """Orthogonal columns of any length: 0. Two unit columns at angle a: −log sin a."""
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 3)))[0]
    assert ima_contrast((q * [1, 10, 0.1])[None]) == pytest.approx(0, abs=1e-12)
    angle = 0.4
    pair = np.array([[1, np.cos(angle)], [0, np.sin(angle)], [0, 0]])
    assert ima_contrast((pair * [3, 0.2])[None]) == pytest.approx(-np.log(np.sin(angle)))
    assert ima_contrast(np.ones((1, 4, 2))) > 30  # dependent: infinite, or what rounding leaves
    assert np.isinf(ima_contrast(np.zeros((1, 4, 2))))


def test_a_decoder_that_ignores_a_direction_is_rank_deficient():
    flat = WEIGHTS.copy()
    flat[:, 2] = flat[:, 0] - flat[:, 1]
    found = describe_generator(np.repeat(flat[None], 5, 0), np.arange(3), np.ones(3), 5, 0)
    assert (found.rank_least, found.rank_full) == (2, 0.0)


def test_the_gap_of_a_linear_model_is_the_analytic_divergence():
    """KL between Gaussians, q with the posterior's mean and half its precision's variances."""
    covariance, means = posterior(WEIGHTS)
    variances = 1 / np.diag(np.linalg.inv(covariance))  # the best diagonal Gaussian
    precision = np.linalg.inv(covariance)
    exact = 0.5 * (
        np.trace(precision @ np.diag(variances))
        - 3
        - np.log(variances).sum()
        + np.linalg.slogdet(covariance)[1]
    )
    x = torch.from_numpy(observed(WEIGHTS, 200)[1])
    model = linear_vae(WEIGHTS, means, variances)
    gap, _ = importance_gap(model, x, 512, torch.Generator().manual_seed(0))
    error = gap.std() / 200**0.5
    # A bound of 512 weights is short of the divergence by about Var(w) / (2 · 512).
    assert exact > 10 * error
    assert abs(gap.mean() - exact) < 3 * error + 0.01 * exact


def test_the_gap_is_zero_where_the_encoder_is_the_posterior():
    weights = np.linalg.qr(WEIGHTS)[0]  # orthogonal columns: a diagonal posterior
    covariance, means = posterior(weights)
    model = linear_vae(weights, means, np.diag(covariance))
    x = torch.from_numpy(observed(weights, 50)[1])
    gap, bound = importance_gap(model, x, 16, torch.Generator().manual_seed(0))
    assert gap.abs().max() < 1e-10  # all weights are equal, up to rounding
    marginal = stats.multivariate_normal(cov=weights @ weights.T + NOISE**2 * np.eye(6))
    assert np.allclose(bound, marginal.logpdf(x.numpy()), atol=1e-10)


def test_monte_carlo_finds_the_true_posterior():
    """Its moments are known: q off by 1 standard deviation and of 4 times the variance is seen."""
    covariance, means = posterior(WEIGHTS)
    sd = np.sqrt(np.diag(covariance))
    model = linear_vae(WEIGHTS, means, 4 * np.diag(covariance))
    (encoder,) = (m for m in model.encoder.modules() if isinstance(m, nn.Linear))
    with torch.no_grad():
        encoder.bias[:3] = torch.as_tensor(sd)
    x = torch.from_numpy(observed(WEIGHTS, 3)[1])
    found = compare_with_monte_carlo(model, x, 600, seed=0)
    # 4 chains of 600 nearly independent draws: standard errors 0.02 and 3%; four and more of them
    assert np.allclose(found.mean_difference, 1, atol=0.12)
    assert np.allclose(found.variance_ratio, 4, rtol=0.2)
    assert found.r_hat < 1.05 and found.acceptance > 0.6
    assert found.mean_error < 0.06


def test_conditional_information_of_gaussians():
    """−½ log(1 − ρ²) with the partial correlation ρ, here of x and y given z."""
    generator = np.random.default_rng(0)
    z = generator.standard_normal((2000, 1))
    x = z + generator.standard_normal((2000, 1))
    y = z + 0.6 * (x - z) + 0.8 * generator.standard_normal((2000, 1))
    # bias towards zero and scatter of five neighbours at N = 2,000 are about 0.02 each
    assert abs(conditional_information(x, y, z) + 0.5 * np.log(1 - 0.36)) < 0.06
    free = z + generator.standard_normal((2000, 1))
    assert abs(conditional_information(x, free, z)) < 0.06  # they share z, and nothing beyond
    label = (x > 0).astype(float)
    assert 0 < conditional_information(label, y, z) < np.log(2)


def test_excess_information_and_its_null():
    """An own latent that says all leaves nothing; half of a sum leaves the other half."""
    generator = np.random.default_rng(1)
    v, w, noise = generator.standard_normal((3, 500))
    own = v**3
    others = np.column_stack([w, v + noise])  # the second depends on the factor, by its own latent
    value, null = excess_information(v, own, others, permutations=60)
    assert value <= np.quantile(null, 0.99)
    value, null = excess_information(v, v + w, others, permutations=60)
    assert value > null.max() + 0.2


def test_the_rotated_model_meets_every_condition_and_is_not_identified():
    """Sources turned by 45°: the same data, the same bound, independent latents, wrong axes."""
    weights = 2 * np.linalg.qr(WEIGHTS)[0][:, :2]
    s, x = observed(weights, 2000, seed=3)
    turned = rotated_alternative(s, [stats.norm(), stats.norm()], 45)
    data = FactorDataset("linear", x.astype(np.float32), s, ("first", "second"))
    verdicts = {}
    for name, mixing in (("sources", weights), ("rotated", weights @ turned.rotation.T)):
        covariance, means = posterior(mixing)
        model = linear_vae(mixing, means, np.diag(covariance))
        subject = Subject.of(name, model, GaussianLatents(), data)
        verdicts[name] = audit_subject(subject, QUICK, seed=0)
    for found in verdicts.values():
        assert found.conditions == Conditions(
            independent_sources=True, gaussian_encoder=True, no_pairwise_information=True
        )
        assert found.conditions.hold
        assert found.generator.ima < 1e-9  # even the columns are orthogonal, in both
    assert verdicts["rotated"].identified is False
    said = " ".join(verdicts["rotated"].said)
    assert "NOT IDENTIFIED" in said and "the conclusion fails" in said
    assert all(row.beyond for row in verdicts["rotated"].truth.excess)
    # codes are noisy means: correlation cos 45° times that of a code with its source, 0.97
    assert abs(verdicts["rotated"].truth.mcc_pearson.value - 0.97 * 0.5**0.5) < 0.03
    assert verdicts["sources"].truth.mcc_pearson.value > 0.95
    assert verdicts["sources"].identified is True
    assert not any(row.beyond for row in verdicts["sources"].truth.excess)
    assert verdicts["rotated"].encoder.elbo == pytest.approx(
        verdicts["sources"].encoder.elbo, abs=1e-5  # codes of float32 images
    )  # fmt: skip


def test_agreement_with_itself_is_one_and_with_a_rotated_copy_the_baseline():
    generator = np.random.default_rng(0)
    a = generator.laplace(size=(1500, 5)) @ generator.standard_normal((5, 5))
    assert strong(a, a) == pytest.approx(1) and affine(a, a) == pytest.approx(1)
    same = agree(a, a[:, [3, 1, 0, 4, 2]] * [-1, 2, 1, 5, -3], 60, seed=0)
    assert same.strong.value == pytest.approx(1) and same.strong.above
    copy = whitened(a) @ random_rotation(5, np.random.default_rng(5))
    found = agree(whitened(a), copy, 60, seed=0)
    assert found.strong.low <= found.strong.value <= found.strong.high
    assert not found.strong.above
    assert found.affine == pytest.approx(1)
    pair = ComparedPair(first=0, second=1, samples=1500, latents=5, **vars(found))
    assert "same axes" in agreement_sentences([pair])[1]
    fewer = agree(a[:, :3], a, 20, seed=0).strong.value
    assert fewer == pytest.approx(0.6)  # three of five have a partner


def test_random_rotations_are_orthogonal_and_prefer_no_direction():
    drawn = np.stack([random_rotation(3, np.random.default_rng(i)) for i in range(400)])
    assert np.allclose(drawn @ drawn.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    # an entry has mean 0 and variance 1/3; standard error of a mean 0.029, four of them
    assert np.abs(drawn.mean(0)).max() < 0.12


def test_what_cannot_be_asked_is_said():
    """Flow latents have no density at given points, and this data no factors."""
    model = build_vae(
        MLP(hidden=4, depth=1), Gaussian(), FlowLatents(), 2, (3,),
        torch.Generator().manual_seed(0), torch.device("cpu"),
    )  # fmt: skip
    x = np.random.default_rng(0).standard_normal((120, 3)).astype(np.float32)
    data = FactorDataset("unknown", x, sequence=np.zeros(120, int))
    found = audit_subject(Subject.of("flow", model, FlowLatents(), data), QUICK)
    assert "log_prob" in found.encoder.missing
    assert found.conditions.gaussian_encoder is None and found.identified is None
    assert "pcl" in found.advice[0] and "ivae" not in found.advice[0]


@pytest.mark.parametrize("method", ["ivae", "snica", "cs-isolate"])
def test_a_posterior_under_another_prior_is_not_compared(method):
    """Their priors are told u, the frames around, or learn means: the gap would be to N(0, I)."""
    x = np.random.default_rng(0).standard_normal((120, 3)).astype(np.float32)
    model, data = linear_vae(np.eye(3), np.eye(3), np.ones(3)), FactorDataset("x", x)
    assert Subject.of("x", model, GaussianLatents(), data, "vae").exact_posterior_unknown == ""
    subject = Subject.of("x", model, GaussianLatents(), data, method)
    assert "depends on" in subject.exact_posterior_unknown


def test_advice_follows_what_the_data_has():
    x = np.random.default_rng(0).standard_normal((120, 3)).astype(np.float32)
    model = linear_vae(np.eye(3), np.eye(3), np.ones(3))
    for more, method in (
        ({"auxiliary": np.arange(120) % 5}, "ivae"),
        ({"partners": x}, "ada-gvae"),
        ({"sequence": np.zeros(120, int)}, "slow-vae"),
    ):
        data = FactorDataset("x", x, **more)
        (said,) = advice(Subject.of("x", model, GaussianLatents(), data))
        assert method in said
    bare = FactorDataset("x", x)
    (said,) = advice(Subject.of("x", model, GaussianLatents(), bare))
    assert "no auxiliary variable" in said and "labels of a few samples" in said
    assert "images" not in said and "isometric-ica" in said
    labelled = FactorDataset("x", x, x[:, :1].astype(float), ("a",))
    (said,) = advice(Subject.of("x", model, GaussianLatents(), labelled))
    assert "some of the data's factors as labels" in said and "would labels" not in said


def test_known_factors_without_active_latents_are_not_identified():
    """The encoder says 0 for every x: no latent is active, and the factors are still known."""
    x = np.random.default_rng(0).standard_normal((120, 3)).astype(np.float32)
    model = linear_vae(np.eye(3), np.zeros((3, 3)), np.ones(3))
    data = FactorDataset("x", x, x.astype(float), ("a", "b", "c"))
    found = audit_subject(Subject.of("off", model, GaussianLatents(), data), QUICK)
    assert found.active == () and found.identified is False
    (said,) = [s for s in found.said if s.startswith("NOT IDENTIFIED")]
    assert "no latent is active" in said
    assert not any("ground truth" in s or "see below" in s for s in found.said)


def test_one_latent_is_not_compared_with_rotations():
    """In one dimension a rotation is a change of sign, and MCC does not see it."""
    x = np.random.default_rng(0).standard_normal((150, 1)).astype(np.float32)
    model = linear_vae(np.eye(1), np.eye(1), np.ones(1))
    data = FactorDataset("x", x, x.astype(float), ("a",))
    subject = Subject.of("one", model, GaussianLatents(), data)
    said = " ".join(audit_subject(subject, QUICK).said)
    assert "one latent cannot be rotated" in said and "The one active latent moves" in said
    assert "random rotations" not in said and "all 1 active" not in said
    (pair,) = audit_agreement([subject, subject], 150, 50, 0)
    assert agreement_sentences([pair])[0].startswith("One latent cannot be rotated")
