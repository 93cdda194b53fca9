"""Every kind of latents obeys the laws of a latent space."""

from typing import get_args

import pytest
import torch

from micvae import spelling
from micvae.distributions import LATENTS, Bernoulli, Latents, Trait
from micvae.errors import MicvaeError
from micvae.information import ESTIMATORS
from micvae.information.latents import latent_pairwise_information
from micvae.models import build_vae
from micvae.networks import Patch
from micvae.objectives import METHODS, Step, VAEObjective
from micvae.objectives.schedules import Constant
from micvae.training.config import RunConfig

CPU = torch.device("cpu")
B, D = 32, 4
CASES = {name: kind() for name, kind in LATENTS.items()} | {
    text: spelling.read(text, Latents)
    for text in (
        "gaussian(prior='learned')",
        "gaussian(prior='mixture(components=3)')",
        "full-gaussian(prior='mixture')",
        "flow(steps=3, width=16)",
        "joint(categories=(3, 5), numbers='uniform')",
        "codebook(levels=5)",
        "noisy(inner='joint', noise=3)",
    )
}


def with_traits(*traits):
    return [name for name, latents in CASES.items() if latents.traits >= set(traits)]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def model_of(latents):
    network = Patch(width=4, hidden=8)
    return build_vae(network, Bernoulli(), latents, D, (1, 16, 16), generator(), CPU)


X = torch.rand(B, 1, 16, 16, generator=generator(7))


@pytest.fixture(params=CASES.values(), ids=CASES)
def latents(request):
    return request.param


def test_shapes(latents):
    model = model_of(latents)
    posterior = model.encode(X)
    z, kl = model.space.draw(posterior, generator())
    code, scale = model.space.code(posterior)
    assert z.shape == (B, model.space.width) and kl.shape == code.shape == scale.shape == (B, D)
    assert model.space.sample(5, generator()).shape == (5, model.space.width)
    assert model.space.codes_of(z).shape == (B, D)
    assert model.space.latents(code).shape == (B, model.space.width)
    assert model.decode(z).mean.shape == X.shape == model.decode_codes(code).mean.shape
    assert len(model.space.kinds) == model.latent_dim == D


def test_codes_stand_for_latents(latents):
    """Codes → latents → codes is the identity on the codes of images and of traversals."""
    space = model_of(latents).space
    codes = torch.stack([space.values(d, 6) for d in range(D)], 1)
    torch.testing.assert_close(space.codes_of(space.latents(codes)), codes)


def test_the_decoder_reads_codes_as_it_reads_their_latents(latents):
    """The closed form, against the two steps it stands for; to single precision's erf⁻¹."""
    space = model_of(latents).space
    codes = torch.stack([space.values(d, 6) for d in range(D)], 1)
    two_steps = space.features(space.latents(codes))
    torch.testing.assert_close(space.reader()(codes), two_steps, atol=1e-5, rtol=0)


def test_the_same_noise_gives_the_same_draw(latents):
    model = model_of(latents)
    posterior = model.encode(X)
    one, two = (model.space.draw(posterior, generator(3))[0] for _ in range(2))
    assert torch.equal(one, two)


def test_gradients_reach_every_encoder_output(latents):
    """By the sample and the KL together; a quantised latent's KL has none, its sample all."""
    model = model_of(latents)
    parameters = model.encoder(X).detach().requires_grad_(True)
    z, kl = model.space.draw(model.space.posterior(parameters), generator())
    weights = torch.rand(z.shape, generator=generator(5))
    ((weights * model.space.features(z)).sum() + kl.sum()).backward()
    assert parameters.grad.isfinite().all()
    assert (parameters.grad.abs().sum(0) > 0).all()


@pytest.mark.parametrize("name", with_traits("log_prob", "normal prior"))
def test_the_kl_is_that_of_the_samples(name):
    """Where densities are known, the KL is the mean of log q − log p over samples."""
    latents = CASES[name]
    model = model_of(latents)
    posterior = model.encode(X)
    normal = torch.distributions.Normal(0.0, 1.0)
    draws = [model.space.draw(posterior, generator(seed)) for seed in range(400)]
    ratio = [(model.space.log_prob(posterior, z) - normal.log_prob(z)).sum(1) for z, _ in draws]
    sampled = torch.stack(ratio)
    error = sampled.std(0) / len(draws) ** 0.5
    assert ((sampled.mean(0) - draws[0][1].sum(1)).abs() < 5 * error + 1e-4).all()


def test_every_method_takes_its_own_latents_and_says_what_else():
    for name, kind in METHODS.items():
        objective = kind()
        assert objective.required_traits <= objective.latents.traits, name
    with pytest.raises(MicvaeError, match=r"beta-tcvae cannot use flow .* --latents gaussian or"):
        RunConfig(objective=METHODS["beta-tcvae"](), latents=LATENTS["flow"]())


def test_own_is_resolved():
    for name, kind in METHODS.items():
        config = RunConfig(objective=kind())
        assert config.latents == kind().latents, name
        assert RunConfig.from_json(config.to_json()) == config


def check_vector_code(model, posterior, z):
    assert z.shape == (B, D)


def check_gaussian(model, posterior, z):
    assert posterior.gaussian is posterior


def check_densities(model, posterior, z):
    parts = (posterior.gaussian, posterior.probabilities)
    widths = [0 if p is None else getattr(p, "loc", p).shape[1] for p in parts]
    assert sum(widths) == D
    if parts[1] is not None:
        torch.testing.assert_close(parts[1].sum(2), torch.ones(B, widths[1]))


def check_log_prob(model, posterior, z):
    log_prob = model.space.log_prob(posterior, z)
    assert log_prob.shape == (B, D) and log_prob.isfinite().all()


def check_normal_prior(model, posterior, z):
    drawn = model.space.sample(20_000, generator(2))
    # Four standard errors of a mean and of a variance of 20,000 draws.
    assert drawn.mean(0).abs().max() < 4 / 20_000**0.5
    assert (drawn.var(0) - 1).abs().max() < 4 * (2 / 20_000) ** 0.5


def check_quantised(model, posterior, z):
    for column in z.T:
        assert len(column.unique()) < B  # few values, and not one per image
    assert torch.equal(z, model.space.draw(posterior, generator(9))[0])


def check_categories(model, posterior, z):
    assert posterior.logits
    for logits in posterior.logits:
        assert logits.shape[0] == B and logits.shape[1] >= 2


def check_point(model, posterior, z):
    again, kl = model.space.draw(posterior, generator(9))
    assert torch.equal(z, again) and torch.equal(z, posterior.features)
    assert (kl == 0).all() and (model.space.code(posterior)[1] == 0).all()


TRAITS = {
    "vector_code": check_vector_code,
    "gaussian": check_gaussian,
    "densities": check_densities,
    "log_prob": check_log_prob,
    "normal prior": check_normal_prior,
    "quantised": check_quantised,
    "categories": check_categories,
    "point": check_point,
}


def test_only_traits_that_hold_are_claimed(latents):
    assert set(TRAITS) == set(get_args(Trait)) and latents.traits
    model = model_of(latents)
    posterior = model.encode(X)
    z, _ = model.space.draw(posterior, generator())
    for trait in latents.traits:
        TRAITS[trait](model, posterior, z)


@pytest.mark.parametrize(
    "name", dict.fromkeys(with_traits("densities") + with_traits("vector_code"))
)
def test_the_mi_constraint_works_on_it(name):
    """Symmetric, zero diagonal, finite, and with a gradient for the encoder."""
    latents = CASES[name]
    model = model_of(latents)
    posterior = model.encode(X)
    z, _ = model.space.draw(posterior, generator())
    name = "mixture" if "densities" in latents.traits else "gaussian"
    matrix = latent_pairwise_information(ESTIMATORS[name](), posterior, z, dataset_size=1000)
    assert matrix.shape == (D, D) and matrix.isfinite().all()
    torch.testing.assert_close(matrix, matrix.T)
    assert matrix.diagonal().abs().max() == 0
    gradients = torch.autograd.grad(matrix.sum(), list(model.encoder.parameters()))
    assert all(g.isfinite().all() for g in gradients) and any(g.abs().sum() > 0 for g in gradients)


@pytest.mark.parametrize("name", LATENTS)
def test_a_vae_learns_on_it(name):
    """Latents tell bright images from dark ones: an image's own latents explain it best."""
    brightness = torch.linspace(0.05, 0.95, B)
    x = brightness[:, None, None, None].expand(B, 1, 16, 16).contiguous()
    model = model_of(LATENTS[name]())
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    objective, noise = VAEObjective(beta=Constant(0.05)), generator(1)  # nothing collapses
    for number in range(100):
        losses = objective(model, x, Step(number, B, noise))
        optimizer.zero_grad()
        losses.minimised["model"].backward()
        optimizer.step()
    with torch.no_grad():
        z, _ = model.space.draw(model.encode(x), noise)
        own = -model.decode(z).log_prob(x).mean()
        exchanged = -model.decode(z.flip(0)).log_prob(x).mean()
    # Decoder biases alone would explain both alike. 256 pixels of such brightness differ by up to
    # hundreds of nats; ten of them cannot come from the noise of one draw.
    assert own < exchanged - 10
