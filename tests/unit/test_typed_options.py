"""Options have the type of their field, whoever writes them: text, `run.json`, the estimator."""

import dataclasses
import json
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micvae import Disentangler, spelling
from micvae.distributions import LATENTS, Latents
from micvae.errors import MicvaeError
from micvae.estimator.settings import objective_of
from micvae.networks import MLP, Conv, Network, Patch
from micvae.objectives import METHODS, BetaVAE, FactorVAE, Objective, find
from micvae.objectives.schedules import Piecewise, Ramp, Schedule
from micvae.training.config import RunConfig

AdaGvae = METHODS["ada-gvae"]
WRONG = [
    ("ada-gvae", "divergence", "one_way", "'symmetric' or 'one-way'"),
    ("ada-ml-vae", "divergence", "Symmetric", "'symmetric' or 'one-way'"),
    ("beta-tcvae", "sampling", "MWS", "'mws' or 'mss'"),
    ("factor-vae", "width", 10.5, "a whole number"),
    ("factor-vae", "depth", True, "a whole number"),
    ("semi-supervised", "labels", "100", "a whole number"),
    ("isometric-ica", "landmarks", 100.5, "a whole number"),
    ("tripod", "images", float("nan"), "a whole number"),
    ("ada-gvae", "changes", 1.5, "a whole number or None"),
    ("cs-isolate", "label", 3, "text or None"),
    ("ivae", "posterior_uses_auxiliary", "no", "True or False"),
    ("ivae", "posterior_uses_auxiliary", 0.5, "True or False"),
]


@pytest.mark.parametrize(("method", "name", "value", "wanted"), WRONG)
def test_values_that_are_none_of_a_field_are_refused_everywhere(method, name, value, wanted):
    message = f"{name} is .* does not fit {method}; give {wanted}"
    with pytest.raises(MicvaeError, match=message):
        objective_of(method, {name: value})
    if value == value:  # NaN cannot be written
        text = f"{method}({name}={value!r})"
        with pytest.raises(MicvaeError, match=message):
            find(text)
        with pytest.raises(MicvaeError, match=message):
            RunConfig.from_json({"objective": text})


@pytest.mark.parametrize(
    ("text", "base", "message"),
    [
        ("joint(numbers='Uniform')", Latents, "numbers is 'Uniform'.*'gaussian' or 'uniform'"),
        ("joint(categories=4)", Latents, "categories is 4.*a tuple, each item a whole number"),
        ("joint(categories=(4.5,))", Latents, r"categories is \(4.5,\)"),
        ("joint(temperature='a')", Latents, "temperature is 'a'.*give a number"),
        ("codebook(levels=4.5)", Latents, "levels is 4.5.*a whole number"),
        ("gaussian(prior='mixture(components=2.5)')", Latents, "components is 2.5"),
        ("mlp(hidden=10.5)", Network, "hidden is 10.5"),
        ("mlp(hidden=None)", Network, "hidden is None"),
        ("ramp(0, 1, steps=2.5)", Schedule, "steps is 2.5, which does not fit ramp"),
        ("piecewise(((0, 1), (5,)))", Schedule, r"each item \(a whole number, a number\)"),
        ("vae(beta='ramp(0, 1, True)')", Objective, "steps is True"),
    ],
)
def test_parts_that_are_none_of_a_field_are_refused(text, base, message):
    with pytest.raises(MicvaeError, match=message):
        spelling.read(text, base)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vae(**{'beta': 3})", "method .* is not understood"),
        ("vae(beta={[]: 1})", "method .* is not understood"),
        ("vae(beta=1, beta=2)", "method .* is not understood"),
        ("vae(2, beta=3)", "does not fit vae"),
        (f"vae(beta={10**400})", "schedule is 10{400}"),
        (f"vae(beta='ramp(0, {10**400}, 5)')", r"schedule 'ramp\(0, 10{400}"),
    ],
    ids=["unpacked", "unhashable", "twice", "both ways", "huge", "huge in a schedule"],
)
def test_what_python_would_not_take_is_refused(text, message):
    with pytest.raises(MicvaeError, match=message):
        find(text)


@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [
        ("ramp(0, 1, steps=1e4)", Schedule, Ramp(0, 1, 10_000)),  # runs were trained with these
        ("piecewise([[0, 1], [5.0, 2]])", Schedule, Piecewise(((0, 1), (5, 2)))),
        ("mlp(hidden=10.0)", Network, MLP(10)),
        ("mlp(slope=0)", Network, MLP(slope=0)),
        ("joint(categories=[4, 3.0])", Latents, LATENTS["joint"](categories=(4, 3))),
        ("ada-gvae(changes=None)", Objective, AdaGvae(changes=None)),
        ("ada-gvae(divergence='one-way')", Objective, AdaGvae(divergence="one-way")),
        ("ivae(told=1)", Objective, METHODS["ivae"](posterior_uses_auxiliary=True)),
        (
            "ivae(posterior_uses_auxiliary=0)",
            Objective,
            METHODS["ivae"](posterior_uses_auxiliary=False),
        ),
    ],
)
def test_values_that_equal_one_of_the_field_become_it(text, base, expected):
    found = spelling.read(text, base)
    assert found == expected
    for field in dataclasses.fields(found):
        assert type(getattr(found, field.name)) is type(getattr(expected, field.name))


def test_estimators_take_values_of_numpy_and_methods_that_are_built():
    assert objective_of("factor-vae", {"width": np.float64(10)}) == FactorVAE(width=10)
    given = {"posterior_uses_auxiliary": np.bool_(True)}
    assert objective_of("ivae", given) == METHODS["ivae"](posterior_uses_auxiliary=True)
    built = objective_of(FactorVAE(width=np.int64(9)), {})
    assert type(built.width) is int and "width=9" in spelling.spell(built)
    assert objective_of(BetaVAE(), {"beta": 2}) == find("beta-vae(beta=2)")
    with pytest.raises(MicvaeError, match="divergence is 'one_way'"):
        objective_of(AdaGvae(divergence="one_way"), {})
    table = np.random.default_rng(0).normal(size=(32, 3))
    with pytest.raises(MicvaeError, match="sampling is 'MWS'"):
        Disentangler("beta-tcvae", epochs=1, sampling="MWS").fit(table)


@pytest.mark.parametrize(
    "values",
    [
        {"seed": np.int64(3), "epochs": np.int32(2), "learning_rate": np.float64(1e-3)},
        {"objective": FactorVAE(width=np.int64(8), discriminator_rate=np.float64(1e-3))},
        {"network": MLP(hidden=np.int64(8))},
    ],
    ids=["options", "method", "network"],
)
def test_numbers_of_numpy_are_stored_as_plain_ones(values):
    config = RunConfig(**{"objective": find("vae"), **values})
    assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_every_method_reads_what_was_written_of_it(kind):
    for objective in (kind(), *kind.presets().values()):
        config = RunConfig.from_json({"objective": spelling.spell(objective, full=True)})
        assert config.objective == objective == objective_of(objective, {})
        assert RunConfig.from_json(config.to_json()) == config


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
HINTS = st.sampled_from(
    [int, bool, float, str, int | None, Literal["a", 1], tuple[int, ...], tuple[int, float]]
)


@given(PLAIN | st.lists(PLAIN, max_size=2), HINTS)
def test_a_value_that_was_taken_is_taken_as_it_is(value, hint):
    try:
        once = spelling.fitting("name", value, hint, of="it")
    except MicvaeError as error:
        assert str(error).startswith("name is ")
        return
    again = spelling.fitting("name", once, hint, of="it")
    assert type(again) is type(once) and repr(again) == repr(once)


@pytest.mark.parametrize("kind", [Conv, Patch])
@pytest.mark.parametrize("name", ["width", "hidden"])
def test_a_network_without_units_is_refused(kind, name):
    for size in (0, -1):
        with pytest.raises(MicvaeError, match=f"{name} is {size}; give a whole number"):
            kind(**{name: size})
    assert getattr(kind(**{name: 1}), name) == 1
