"""Descriptions of data: one grammar, exact texts, and typed answers at any depth."""

import inspect

import numpy as np
import pytest

from micvae.data import DATASETS, DataDescription, arrays, describe, load, split, squares
from micvae.errors import DataError
from micvae.objectives import find
from micvae.studies.study import with_seed
from micvae.training import RunConfig

EXACT = [
    "squares",
    "squares(4096, seed=0)",
    "squares(n=96, seed={seed})",
    "split('t.csv', share=0.1, factors=False)",
    "standardised(data='t.csv')",
    "split(\"standardised('t.csv')\", share=0.1)",
    "arrays('a (1).npz', value_range=(0, 4095))",
    "held_out('squares(n=200)', where={'rotation': [45], 'size': (6.0, 9.0)})",
    "correlated('scenes(n=64)', factors=('scale', 'shape'))",
    "independent(n=9, mixing='isometry(curve=\"spiral\")')",
    "photos/",
    "in memory",
]


@pytest.mark.parametrize("text", EXACT)
def test_a_text_is_written_as_it_was_given(text):
    """Folders of studies are addressed by it: 0 for the seed stays, though it is the default."""
    described = describe(text)
    assert str(described) == text and describe(described) is described
    assert str(described.with_seed(0)) == text.replace("{seed}", "0")


def test_marks_and_spaces_stay_in_data_made_of_a_text():
    """A study of an earlier version is found again, whose folders are addressed by them."""
    made = describe("arrays(\"x.npy\",layout='auto')").wrapped("standardised")
    assert str(made) == "standardised('arrays(\"x.npy\",layout=\\'auto\\')')"
    assert describe(str(made)) == made
    config = RunConfig(objective=find("vae"), data="squares(n=96,seed={seed})")
    assert with_seed(config, 3).data == "squares(n=96,seed=3)"


@pytest.mark.parametrize("name", DATASETS)
def test_fields_are_the_parameters_of_the_function(name):
    kind = DATASETS[name]
    parameters = inspect.signature(kind.builder).parameters
    assert list(inspect.signature(kind).parameters) == list(parameters)
    for field in inspect.signature(kind).parameters.values():
        assert field.default == parameters[field.name].default


def test_inner_data_needs_no_quotes():
    plain = describe("split(pairs(squares(n=64, seed={seed}), changes=2), share=0.25)")
    quoted = "split('pairs(\"squares(n=64, seed={seed})\", changes=2)', share=0.25)"
    assert plain == describe(quoted)
    assert [type(step).__name__ for step in plain.steps()] == ["Split", "Pairs", "Squares"]
    made = plain.with_seed(5).load()
    expected = split("pairs(squares(64, seed=5), changes=2)", share=0.25)
    assert made.source == expected.source and len(made) == 48
    assert find("vae(beta=ramp(0, 1, steps=5))") == find("vae(beta='ramp(0, 1, steps=5)')")


@pytest.mark.parametrize(
    ("text", "seed", "template"),
    [
        ("squares(n=96, seed=3)", 3, "squares(n=96, seed={seed})"),
        ("squares(n=3, seed=3)", 3, "squares(n=3, seed={seed})"),
        ("squares(n=96, seed=30)", 3, "squares(n=96, seed=30)"),
        ("squares(n=96)", 0, "squares(n=96)"),  # which follows no seed
        ("split('squares(seed=3)', seed=3)", 3, "split('squares(seed={seed})', seed={seed})"),
        ("runs seed=3/x.npz", 3, "runs seed=3/x.npz"),
    ],
)
def test_the_seed_of_a_study_is_taken_out_again(text, seed, template):
    opened = describe(text).following(seed)
    assert str(opened) == template and opened.with_seed(seed) == describe(text)
    assert opened.follows_seed is ("{seed}" in template)


def test_names_of_files_follow_a_seed(tmp_path):
    np.save(tmp_path / "4.npy", np.zeros((3, 8, 8), np.uint8))
    text = f"split({str(tmp_path / '{seed}.npy')!r}, share=0.4)"
    assert describe(text).follows_seed and len(describe(text).with_seed(4).load()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("squares(m=1)", r"does not fit squares\(n=40960, .*: it has no 'm'"),
        ("squares(n='many')", "n is 'many', which does not fit squares; give a whole number"),
        ("squares(1, n=2)", "does not fit squares"),
        ("squares(n=open('x'))", "not understood as an argument of squares"),
        ("squares(n={1})", "does not fit squares"),
        ("squares(n={other})", "is not understood"),
        ("split(share=0.2)", "does not fit split"),
        ("split(3)", "data is 3"),
    ],
)
def test_what_does_not_fit_is_refused(text, message):
    with pytest.raises(DataError, match=message):
        describe(text)


def test_a_description_is_data_wherever_data_is_taken(tmp_path):
    kind = DATASETS["squares"]
    assert issubclass(kind, DataDescription) and str(kind(n=8, seed=2)) == "squares(n=8, seed=2)"
    assert len(split(kind(n=8), share=0.5)) == 4 and len(load(kind(n=8))) == 8
    config = RunConfig(objective=find("vae"), data=kind(n=8))
    assert config.data == "squares(n=8)" and config.description == kind(n=8)
    again = RunConfig.from_json(config.to_json())
    assert again == config and again.description.generated == 8
    np.testing.assert_array_equal(kind(8, seed=1).load().images, squares(8, seed=1).images)
    squares(8).save(tmp_path / "x.npz")
    assert len(load(DATASETS["arrays"](path=str(tmp_path / "x.npz")))) == len(
        arrays(tmp_path / "x.npz")
    )
