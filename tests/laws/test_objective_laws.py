"""Every method obeys the laws of an objective; and each is what its equation says."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from micvae.data import FactorDataset, pairs, squares
from micvae.distributions import Bernoulli
from micvae.information import ESTIMATORS
from micvae.models import build_vae
from micvae.networks import Auto, Patch
from micvae.objectives import (
    METHODS,
    PCL,
    MIConstrained,
    SemiSupervised,
    Step,
    Tripod,
    VAEObjective,
)
from micvae.objectives.base import Objective
from micvae.objectives.hooks import HOOKS, ForwardedHooks, Hooks, ObjectiveContext
from micvae.objectives.schedules import Constant, Ramp, Schedule

N = 1000
CPU = torch.device("cpu")
DATA = dataclasses.replace(
    pairs(squares(16, seed=0), seed=0), auxiliary=np.arange(16.0) % 4, sequence=np.arange(16) // 4
)
X = torch.from_numpy(DATA.images)

CASES = {name: kind() for name, kind in METHODS.items()}
CASES["semi-supervised"] = SemiSupervised(labels=8)
CASES |= {
    f"mi-constrained, {name}": MIConstrained(estimator=kind()) for name, kind in ESTIMATORS.items()
}


def parts(objective, latent_dim=3, latents=None, data=None):
    data = DATA if data is None else data
    shape = data.image_shape
    generator = torch.Generator().manual_seed(0)
    own = objective.network
    network = Patch(width=4, hidden=8) if own == Auto() else own
    latents = latents or objective.latents
    model = build_vae(network, Bernoulli(), latents, latent_dim, shape, generator, CPU)
    setting = ObjectiveContext(latent_dim, shape, network, objective.prepare(data, generator))
    model.auxiliary_modules.update(objective.auxiliary_modules(setting, generator))
    return model, objective.networks(setting, generator)


def losses_of(objective, step=0, data=DATA, seed=1, latent_dim=3, latents=None):
    """The objective, in a training of ten steps, on a whole data set as one batch."""
    objective = objective.with_total_steps(10)
    model, networks = parts(objective, latent_dim, latents, data)
    given = objective.prepare(data, torch.Generator().manual_seed(2))
    given = {name: torch.from_numpy(array) for name, array in given.items()}
    noise = torch.Generator().manual_seed(seed)
    x = torch.from_numpy(data.images)
    rows = torch.arange(len(x))
    losses = objective(model, x, Step(step, N, noise, networks, 1 - x, rows, given))
    return losses, model, networks


@pytest.mark.parametrize("objective", CASES.values(), ids=CASES)
def test_terms_are_scalars_in_nats_and_minimised_losses_are_logged(objective):
    losses, _, networks = losses_of(objective)
    assert next(iter(losses.terms)) == "loss"
    assert all(term.shape == () and term.isfinite() for term in losses.terms.values())
    assert set(losses.minimised) == {"model", *networks}
    assert losses.latent_kl.shape == (3,) and (losses.latent_kl >= 0).all()
    torch.testing.assert_close(losses.terms["kl"], losses.latent_kl.sum())


@pytest.mark.parametrize("objective", CASES.values(), ids=CASES)
def test_losses_are_per_sample(objective):
    """Twice the pixels is about twice the reconstruction; twice the batch changes no scale."""
    random = np.random.default_rng(3)
    tall = random.random((64, 1, 64, 32), dtype=np.float32)
    factors = random.integers(0, 3, (64, 2))  # few values, of which one can be a label
    half = tall[:, :, :32]
    big, small = (
        losses_of(
            objective,
            data=FactorDataset(
                "tall",
                x,
                factors,
                partners=x,
                auxiliary=np.arange(64.0) % 4,
                sequence=np.arange(64) // 8,
            ),
        )[0]
        for x in (tall, half)
    )
    ratio = big.terms["reconstruction"] / small.terms["reconstruction"]
    assert ratio.item() == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("objective", CASES.values(), ids=CASES)
def test_the_same_noise_gives_the_same_bits(objective):
    one, two, other = (losses_of(objective, seed=seed)[0] for seed in (1, 1, 2))
    assert one.terms["loss"].item() == two.terms["loss"].item()
    # A posterior of one point draws nothing; Tripod draws the directions it probes the decoder in,
    # PCL the pairs that do not belong together.
    drawing = isinstance(objective, Tripod | PCL)
    noiseless = bool({"quantised", "point"} & objective.latents.traits) and not drawing
    assert (one.terms["loss"].item() == other.terms["loss"].item()) is noiseless


class Wrapper(ForwardedHooks):
    """A wrapper that overrides nothing."""

    def __init__(self, base):
        self.base = base


@pytest.mark.parametrize("hook", HOOKS)
def test_a_wrapper_forwards_every_hook(hook):
    """The list is that of the class, so that a hook that is added later is forwarded as well."""
    answer, is_method = object(), callable(vars(Hooks)[hook])
    base = SimpleNamespace(**{hook: (lambda *given: (given, answer)) if is_method else answer})
    found = getattr(Wrapper(base), hook)
    assert found(1, 2) == ((1, 2), answer) if is_method else found is answer


def test_what_others_read_of_a_method_is_a_hook():
    public = {name for name in dir(Objective) if not name.startswith("_")}
    own = {"strength", "presets", "with_total_steps", "validate"}
    assert public == {*HOOKS, *own}
    assert set(HOOKS) & vars(SemiSupervised).keys() == {"prepare", "required_traits"}


ADVERSARIAL = [name for name, objective in CASES.items() if parts(objective)[1]]
"""Methods with networks that are trained on a loss of their own."""


def test_which_methods_have_an_adversary():
    assert ADVERSARIAL == [
        "factor-vae",
        "factor-qvae",
        "infogan",
        "cs-isolate",
        "mi-constrained, density-ratio",
    ]


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_an_adversary_is_trained_alone(name):
    losses, model, networks = losses_of(CASES[name])
    weights = list(model.parameters())
    for network in networks:
        leak = torch.autograd.grad(
            losses.minimised[network], weights, allow_unused=True, retain_graph=True
        )
        assert all(g is None for g in leak)  # exactly nothing reaches the encoder
        own = torch.autograd.grad(
            losses.minimised["model"],
            list(networks[network].parameters()),
            allow_unused=True,
            retain_graph=True,
        )
        assert all(g is None for g in own)


def schedules_of(objective):
    """Names of the fields that are schedules."""
    return [
        one.name
        for one in dataclasses.fields(objective)
        if isinstance(getattr(objective, one.name), Schedule)
    ]


WEIGHTS = [(name, field) for name in METHODS for field in schedules_of(CASES[name])]
WITHOUT_EFFECT = {("mi-constrained", "category_cost")}
"""Weights of terms that are 0 here: there are no categories."""


def test_which_methods_have_no_weight():
    without = set(METHODS) - {name for name, _ in WEIGHTS}
    assert without == {"fsq", "tcl", "pcl", "fast-ica", "isometric-ica"}


@pytest.mark.parametrize(("name", "field"), WEIGHTS)
def test_weights_may_change_over_the_steps(name, field):
    """The loss at a step is that of the constant weight which the schedule has there."""
    objective = CASES[name]
    ramp = dataclasses.replace(objective, **{field: Ramp(0, 8, steps=4)})
    for step, value in ((0, 0.0), (3, 6.0), (9, 8.0)):
        constant = dataclasses.replace(objective, **{field: Constant(value)})
        expected = losses_of(constant, step=step)[0].terms["loss"]
        torch.testing.assert_close(losses_of(ramp, step=step)[0].terms["loss"], expected)


@pytest.mark.parametrize(("name", "field"), WEIGHTS)
def test_every_weight_weighs_something(name, field):
    """Late in a training, when no term is switched off any more."""
    nothing, much = (
        losses_of(dataclasses.replace(CASES[name], **{field: Constant(value)}), step=100_000)[0]
        for value in (0.0, 1e12)  # squared covariances of a new encoder are tiny
    )
    same = nothing.terms["loss"].item() == much.terms["loss"].item()
    assert same is ((name, field) in WITHOUT_EFFECT)


def test_vae_is_the_evidence_lower_bound():
    losses, model, _ = losses_of(VAEObjective())
    posterior = model.encode(X)
    z = posterior.sample(torch.Generator().manual_seed(1))
    normal = torch.distributions.Normal
    kl = torch.distributions.kl_divergence(normal(posterior.loc, posterior.scale), normal(0.0, 1.0))
    likelihood = model.decode(z).log_prob(X)
    torch.testing.assert_close(losses.terms["loss"], (kl.sum(1) - likelihood).mean())


@pytest.mark.parametrize("name", ESTIMATORS)
def test_mi_constraint_sums_ordered_pairs(name):
    """λ multiplies Σ_{i≠j}: twice the sum over unordered pairs, the diagonal left out."""
    objective = MIConstrained(mi_weight=Constant(3.0), estimator=ESTIMATORS[name]())
    losses, model, networks = losses_of(objective, latent_dim=4)
    posterior = model.encode(X)
    z = posterior.sample(torch.Generator().manual_seed(1))
    network = next(iter(networks.values()), None)
    matrix = objective.estimator(z, posterior.loc, posterior.scale, dataset_size=N, network=network)
    # What is logged is without the constant that the estimator is known to add to every pair.
    unordered = (matrix - objective.estimator.offset(N)).triu(1).sum()
    torch.testing.assert_close(losses.terms["r_mi"], 2 * unordered)
    terms = losses.terms
    expected = terms["reconstruction"] + terms["kl"] + 3 * terms["r_mi"]
    torch.testing.assert_close(terms["loss"], expected)


def test_without_weight_the_constraint_leaves_the_vae():
    plain = losses_of(VAEObjective())[0].terms["loss"]
    free = losses_of(MIConstrained(mi_weight=Constant(0.0)))[0].terms["loss"]
    torch.testing.assert_close(free, plain)


def test_one_latent_has_no_pairs():
    losses, *_ = losses_of(MIConstrained(), latent_dim=1)
    assert losses.terms["r_mi"].item() == 0
