"""What is logged is possible under its name: at initialisation and with a collapsed posterior."""

import math

import pytest
import torch
from test_objective_laws import CASES, DATA, N, losses_of, parts

from micvae.distributions import DiagonalGaussian, StandardNormal
from micvae.information import ESTIMATORS
from micvae.information.decomposition import decompose
from micvae.objectives import BetaTCVAE, MIConstrained, Step
from micvae.objectives.schedules import Constant
from micvae.objectives.terms import NATS, TERMS, term

NOISE = 0.05
"""Nats: what one draw of z on 16 images leaves of a quantity that is 0."""

NORMAL = StandardNormal()


def at_initialisation(objective):
    return losses_of(objective)[0]


def collapsed(objective):
    """The encoder says the same of every image: mean 0 and variance 1, where it is Gaussian."""
    model, networks = parts(objective)
    last = [m for m in model.encoder.modules() if isinstance(m, torch.nn.Linear)][-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    given = objective.prepare(DATA, torch.Generator().manual_seed(2))
    given = {name: torch.from_numpy(array) for name, array in given.items()}
    x = torch.from_numpy(DATA.images)
    noise = torch.Generator().manual_seed(1)
    return objective.with_total_steps(10)(
        model, x, Step(0, N, noise, networks, 1 - x, torch.arange(len(x)), given)
    )


@pytest.mark.parametrize("state", [at_initialisation, collapsed])
@pytest.mark.parametrize("objective", CASES.values(), ids=CASES)
def test_every_logged_term_is_possible_under_its_name(objective, state):
    losses = state(objective)
    for name, value in losses.terms.items():
        assert name in TERMS, f"{name} has no line in TERMS"
        known, shown = term(name), value.item()
        assert math.isfinite(shown)
        if known.least is not None:
            assert shown >= known.least - NOISE, (name, shown)
        if known.most is not None:
            assert shown <= known.most + 1e-6, (name, shown)


def test_terms_say_their_unit():
    assert term("kl").unit == NATS and term("kl").title == "KL"
    assert term("support_distance").title == "support distance (squared distance)"
    assert term("mmd").title == "MMD² (no unit)"
    assert term("of_a_plugin").title == "of a plugin (no unit)"  # nobody said that it is in nats


@pytest.mark.parametrize("sampling", ["mws", "mss"])
def test_a_collapsed_posterior_has_no_information_to_take_apart(sampling):
    """KL 0.01: MI, total correlation and dimension-wise KL are all about 0, not 7, 38 and −46."""
    terms = {k: v.item() for k, v in collapsed(BetaTCVAE(sampling=sampling)).terms.items()}
    for name in ("index_code_mi", "total_correlation", "dimension_wise_kl"):
        assert terms[name] == pytest.approx(0, abs=1e-4)
    assert terms["loss"] == pytest.approx(terms["reconstruction"], abs=1e-2)


@pytest.mark.parametrize("name", ["mixture", "mws", "mss"])
def test_the_logged_r_mi_of_a_collapsed_posterior_is_zero(name):
    terms = collapsed(MIConstrained(estimator=ESTIMATORS[name]())).terms
    assert terms["r_mi"].item() == pytest.approx(0, abs=1e-3)
    assert terms["loss"].item() == pytest.approx(terms["reconstruction"].item(), abs=1e-2)


def gaussian(rho, batch=4000, latents=4, scale=0.7, seed=0):
    """q(z) = N(0, C) with unit variances and neighbouring pairs correlated by rho."""
    covariance = torch.eye(latents, dtype=torch.float64)
    for i in range(0, latents, 2):
        covariance[i, i + 1] = covariance[i + 1, i] = rho
    of_means = torch.linalg.cholesky(covariance - scale**2 * torch.eye(latents))
    generator = torch.Generator().manual_seed(seed)
    loc = torch.randn(batch, latents, generator=generator, dtype=torch.float64) @ of_means.T
    posterior = DiagonalGaussian(loc, torch.full_like(loc, 2 * math.log(scale)))
    return posterior, posterior.sample(generator), covariance


def test_the_parts_of_a_gaussian_are_known():
    """MI = ½ log|C| − D log σ, TC = −½ log|C|, dimension-wise KL = 0 of unit variances."""
    posterior, z, covariance = gaussian(0.4)
    found = decompose(posterior, z, NORMAL, 50_000, "batch")
    joint = -0.5 * torch.logdet(covariance).item()
    # Noise of 4,000 draws, and what 4,000 components of the mixture leave of a bias.
    assert found.total_correlation.item() == pytest.approx(joint, abs=0.05)
    assert found.index_code_mi.item() == pytest.approx(-joint - 4 * math.log(0.7), abs=0.05)
    assert found.dimension_wise_kl.item() == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("size", [4000, 737_280])
def test_minibatch_weighted_sampling_less_its_offset_is_the_batch(size):
    posterior, z, _ = gaussian(0.4, batch=300)
    batch = decompose(posterior, z, NORMAL, size, "batch")
    raw = decompose(posterior, z, NORMAL, size, "mws")
    for one, other in zip(raw.without_offset(4, size), batch, strict=True):
        torch.testing.assert_close(one, other)
    assert raw.total_correlation - batch.total_correlation == pytest.approx(3 * math.log(size))


def test_parts_add_up_to_the_kl_and_narrow_posteriors_keep_them_possible():
    """Narrow posteriors on a small batch: the case that an offset or few samples turn negative."""
    for scale in (0.02, 0.2, 0.6):
        posterior, z, _ = gaussian(0.0, batch=64, latents=10, scale=scale)
        parts_ = decompose(posterior, z, NORMAL, 737_280, "batch")
        one_draw = posterior.log_prob(z).sum(1).mean() - NORMAL.log_prob(z).sum(1).mean()
        torch.testing.assert_close(sum(parts_), one_draw)
        assert all(part >= -NOISE for part in parts_)
        assert parts_.index_code_mi <= math.log(64) + 1e-9


@pytest.mark.parametrize("sampling", ["mws", "mss"])
def test_what_is_minimised_keeps_its_gradient_and_value(sampling):
    """Only what is shown has changed: the loss that is minimised holds the offset as before."""
    objective = BetaTCVAE(sampling=sampling)
    losses, model, _ = losses_of(objective)
    x = torch.from_numpy(DATA.images)
    posterior = model.encode(x)
    z = posterior.sample(torch.Generator().manual_seed(1))
    raw = decompose(posterior, z, NORMAL, N, sampling)
    expected = -model.decode(z).log_prob(x).mean() + raw.index_code_mi
    expected = expected + 6 * raw.total_correlation + raw.dimension_wise_kl
    torch.testing.assert_close(losses.minimised["model"], expected, rtol=0, atol=0)
    offset = (1 + 6 * 2 - 3) * math.log(N) if sampling == "mws" else 0.0
    torch.testing.assert_close(losses.terms["loss"], expected - offset)


def test_the_loss_that_is_shown_follows_schedules_without_a_jump():
    ramped = BetaTCVAE(beta=Constant(0.0))
    terms = losses_of(ramped)[0].terms
    expected = terms["reconstruction"] + terms["index_code_mi"] + terms["dimension_wise_kl"]
    torch.testing.assert_close(terms["loss"], expected)
