"""Problems with known truth as data sets: seeds, copies, what theory says, and wrong options."""

import json
from dataclasses import replace

import numpy as np
import pytest

from micvae.data import PROBLEMS, Problem, load
from micvae.data.problems.mixings import draw
from micvae.errors import DataError, MicvaeError

N = 1200
LARGE = 40_000


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_seed_decides_every_bit(name):
    made, again, other = (PROBLEMS[name](N, noise=0.1, seed=seed).load() for seed in (3, 3, 4))
    for field in ("images", "factors", "partners", "auxiliary", "sequence"):
        mine, its = getattr(made, field), getattr(again, field)
        assert (mine is None and its is None) or mine.tobytes() == its.tobytes()
    assert not np.array_equal(other.images, made.images)
    assert not np.array_equal(other.factors, made.factors)


@pytest.mark.parametrize("name", PROBLEMS)
def test_more_samples_have_the_same_mixing(name):
    few, many = PROBLEMS[name](N, seed=3).load(), PROBLEMS[name](2 * N, seed=3).load()
    for mine, its in zip(few.mixing.weights, many.mixing.weights, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_source_makes_the_same_problem_again(name):
    made = PROBLEMS[name](N, mixing="isometry(curve='catenary')", seed=3).load()
    source = json.loads(json.dumps(made.source))
    assert source == made.source and source.pop("data") == name == made.name
    options = ", ".join(f"{key}={value!r}" for key, value in source.items())
    again = load(f"{name}({options})")
    assert again.images.tobytes() == made.images.tobytes()


@pytest.mark.parametrize("name", PROBLEMS)
def test_parts_and_copies_stay_problems(name):
    made = PROBLEMS[name](N, seed=3).load()
    part = made.subset(np.arange(10, 60))
    assert isinstance(part, Problem) and len(part) == 50
    assert part.mixing is made.mixing and part.theory == made.theory
    assert set(part.hidden) == set(made.hidden) and all(len(v) == 50 for v in part.hidden.values())
    np.testing.assert_array_equal(part.factors, made.factors[10:60])
    for key, rows in part.hidden.items():
        np.testing.assert_array_equal(rows, made.hidden[key][10:60])
    assert isinstance(replace(made, name="other"), Problem)


def test_other_data_can_be_made_of_problems():
    made = load("correlated('independent(n=2000)', factors=(0, 1), strength=0.2)")
    assert np.corrcoef(made.factors[:, :2].T)[0, 1] > 0.5
    np.testing.assert_array_equal(made.images, made.images_of(made.factors))
    series = load("correlated('autoregressive(n=2000)', factors=(0, 1), strength=0.2)")
    assert series.sequence is None  # drawn with replacement: no order of time is left
    paired = load("pairs('independent(n=500)', changes=2)")
    assert (np.abs(paired.mixing.inverse(paired.partners) - paired.factors) > 1e-3).sum(
        1
    ).max() == 2


@pytest.mark.parametrize("name", PROBLEMS)
def test_theory_is_what_every_reader_is_told(name):
    made = PROBLEMS[name](N, seed=3).load()
    assert made.theory in made.notes and made.theory.endswith(".")
    assert "20" in made.theory or "19" in made.theory  # the year of who showed it


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("independent(n=99)", "not identifiable"),
        ("independent(n=99, mixing='linear')", "up to permutation, scale and shift"),
        ("independent(n=99, mixing='linear', marginal='gaussian')", "rotation"),
        ("independent(n=99, mixing='isometry')", "permutation, sign and shift"),
        ("independent(n=99, mixing='isometry', marginal='gaussian')", "rotation"),
        ("independent(n=99, mixing='isometry', noise=0.1)", "without noise"),
        ("segments(n=99, segments=5)", "promises nothing"),
        ("segments(n=99, variances=(1, 1), means=3.0)", "linear map"),
        ("segments(n=99, variances=(1, 1))", "not identifiable"),
        ("segments(n=99, marginal='laplace', means=3.0)", "do not cover"),
        ("autoregressive(n=99, coefficient=0.0)", "not identifiable"),
        ("autoregressive(n=99, innovations='gaussian')", "leave a rotation open"),
        ("sparse_transitions(n=98, bound=1.0)", "beyond the theorem"),
        ("sharing_pairs(n=99, sources=5, changes=1)", "does not fulfil"),
        ("sharing_pairs(n=99, sources=5, changes=2)", "which holds here"),
    ],
)
def test_theory_depends_on_what_is_assumed(text, said):
    assert said in load(text).theory


def test_a_problem_that_theory_calls_open_has_another_solution():
    """Rotated Gaussian sources are as good as the true ones behind a linear mixing."""
    made = PROBLEMS["independent"](
        LARGE, marginal="gaussian", mixing="linear", sources=2, seed=1
    ).load()
    turn = np.asarray([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    other = made.factors @ turn.T
    assert np.abs(np.corrcoef(other.T)[0, 1]) < 4.5 / np.sqrt(LARGE)
    assert np.abs(np.corrcoef(other[:, 0] ** 2, other[:, 1] ** 2)[0, 1]) < 4.5 / np.sqrt(LARGE)
    # With uniform sources the same rotation shows in the squares, so that it is excluded.
    plain = (
        PROBLEMS["independent"](LARGE, mixing="linear", sources=2, seed=1).load().factors @ turn.T
    )
    assert np.abs(np.corrcoef(plain.T**2)[0, 1]) > 0.1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("independent(n=0)", "n is 0"),
        ("independent(n=9, sources=0)", "sources is 0"),
        ("independent(n=9, marginal='cauchy')", "choose from gaussian, uniform"),
        ("independent(n=9, noise=-1)", "noise is -1"),
        ("independent(n=9, seed=-1)", "seed is -1"),
        ("independent(n=9, mixing='blender')", "unknown mixing 'blender'"),
        ("independent(n=9, mixing='leaky(1, 2, 3, 4, 5, 6)')", "does not fit leaky(layers=2,"),
        ("independent(n=9, mixing='leaky(depth=3)')", "it has no 'depth'"),
        ("independent(n=9, mixing='leaky(')", "not understood"),
        ("independent(n=9, mixing='linear', layers=2)", "give one of the two"),
        ("independent(n=9, layers=0)", "layers is 0"),
        ("independent(n=9, mixing='leaky(slope=0)')", "slope is 0"),
        ("independent(n=9, mixing='leaky(condition=0.5)')", "condition is 0.5"),
        ("independent(n=9, mixing='leaky(features=3)')", "features is 3"),
        ("independent(n=9, mixing='leaky(features=9, tied=True)')", "tied layers are square"),
        ("independent(n=9, mixing='holomorphic')", "sources is 5"),
        ("independent(n=9, mixing='mobius(pole=0.9)')", "pole is 0.9"),
        ("independent(n=9, mixing='isometry(bend=4)')", "bend is 4"),
        ("independent(n=9, mixing='isometry(curve=\"line\")')", "choose from circle"),
        ("independent(n=9, mixing='orthogonal(coordinates=\"bipolar\")')", "sources is 5"),
        ("independent(n=9, mixing='sparse(parents=6)')", "parents is 6"),
        ("independent(n=9, mixing='sparse(features=9)')", "features is 9"),
        ("segments(n=9)", "fewer than the 40 segments"),
        ("segments(n=99, variances=(3, 1))", "variances is"),
        ("autoregressive(n=9, coefficient=1.0)", "coefficient is 1.0"),
        ("autoregressive(n=9, coefficient=(0.1, 0.2))", "or 5 of them"),
        ("sparse_transitions(n=9)", "multiple of length"),
        ("sparse_transitions(n=8, rate=0)", "rate is 0"),
        ("state_space(n=9, stay=1.5)", "stay is 1.5"),
        ("sharing_pairs(n=9, changes=5)", "changes is 5"),
    ],
)
def test_impossible_options_are_refused(text, message):
    with pytest.raises(MicvaeError) as caught:
        load(text)
    assert message in str(caught.value)


def test_a_problem_needs_its_mixing():
    with pytest.raises(DataError, match="give the Mixing"):
        Problem("mine", np.zeros((3, 2), np.float32))
    made = PROBLEMS["state_space"](50).load()
    with pytest.raises(DataError, match="hidden 'states' has 50 rows"):
        replace(made, images=made.images[:9], factors=made.factors[:9], sequence=None)


def test_a_mixing_is_drawn_for_the_sources_that_it_gets():
    s = np.random.default_rng(1).uniform(90, 110, (400, 3))  # far from 0, and wide
    for text in ("mobius", "isometry", "orthogonal"):
        f = draw(text, s, np.random.default_rng(2))
        np.testing.assert_allclose(f.inverse(f.forward(s)), s, atol=1e-8)
