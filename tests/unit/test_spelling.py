"""Choices as text: what is written can be read again, and nothing is executed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micvae import spelling
from micvae.data import describe
from micvae.distributions import Likelihood
from micvae.errors import MicvaeError
from micvae.networks import Conv, Network, Patch
from micvae.objectives import METHODS, MIConstrained, Objective, VAEObjective, find
from micvae.objectives.schedules import Constant, Cycle, Piecewise, Ramp, Schedule

WEIGHTS = st.floats(0, 1e6)
SCHEDULES = st.one_of(
    st.builds(Constant, WEIGHTS),
    st.builds(Ramp, WEIGHTS, WEIGHTS, st.integers(1, 10**6), st.integers(0, 100)),
    st.builds(Cycle, WEIGHTS, WEIGHTS, st.integers(2, 10**6)),
    st.dictionaries(st.integers(0, 1000), WEIGHTS, min_size=1).map(
        lambda points: Piecewise(tuple(sorted(points.items())))
    ),
)


@given(SCHEDULES, SCHEDULES, st.booleans())
def test_what_is_written_can_be_read_again(beta, mi_weight, full):
    objective = MIConstrained(beta=beta, mi_weight=mi_weight)
    assert spelling.read(spelling.spell(objective, full=full), Objective) == objective


@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [
        ("0.5", Schedule, Constant(0.5)),
        (2, Schedule, Constant(2.0)),
        ("ramp(0, 2, steps=10)", Schedule, Ramp(0, 2, 10)),
        ("patch", Network, Patch()),
        ("conv(hidden=64)", Network, Conv(hidden=64)),
        ("mi_constrained(mi_weight=2)", Objective, MIConstrained(mi_weight=Constant(2.0))),
        ("vae(beta='ramp(0, 1, steps=5)')", Objective, VAEObjective(beta=Ramp(0, 1, 5))),
    ],
)
def test_known_texts(text, base, expected):
    assert spelling.read(text, base) == expected


@pytest.mark.parametrize(
    ("text", "base", "message"),
    [
        ("ramp", Schedule, r"does not fit ramp\(start, end, steps, begin=0\)"),
        ("ramp(0, 1, steps=0)", Schedule, "steps is 0"),
        ("-1", Schedule, "value is -1.0; give a number of at least 0"),
        ("nan", Schedule, "value is nan; give a number of at least 0"),
        ("slope(1)", Schedule, "unknown schedule 'slope'; choose from constant, ramp"),
        ("patch(depth=3)", Network, "does not fit patch"),
        ("patch(", Network, "not understood"),
        ("conv(hidden=open('x'))", Network, "not understood"),
        ("conv(hidden=64).x", Network, "not understood"),
        ("conv(**{'hidden': 1})(2)", Network, "not understood"),
        ("poisson", Likelihood, "unknown likelihood"),
        (3, Likelihood, "likelihood is 3"),
    ],
)
def test_wrong_texts_are_refused(text, base, message):
    with pytest.raises(MicvaeError, match=message):
        spelling.read(text, base)


def test_methods_and_presets():
    for name, kind in METHODS.items():
        assert type(find(name)) is kind
        for preset, expected in kind.presets().items():
            assert find(f"{name}:{preset}") == expected
    paper = find("mi-constrained:paper")
    assert paper == MIConstrained(beta=Constant(1.0), mi_weight=Constant(10.0))
    with pytest.raises(MicvaeError, match="no preset 'best'; choose from paper, recommended"):
        find("mi-constrained:best")
    with pytest.raises(MicvaeError, match="unknown method 'gan'"):
        find("gan")


@pytest.mark.parametrize(
    "path",
    [
        "plain.csv",
        "C:\\new\\table.csv",
        "C:\\x\\users\\u.csv",
        "it's.csv",
        "a \"b\" 'c'.csv",
        "line\nbreak\tand\rmore.csv",
        "\x1b[31m\u202e.csv",
        "bytes\udcff.csv",
        "größe 漢字.csv",
        "\\",
    ],
)
def test_a_quoted_path_is_read_back_however_deeply_it_is_nested(path):
    once = f"standardised({spelling.quoted(path)})"
    twice = f"split({spelling.quoted(once)}, share=0.1)"
    assert str(describe(once)) == once and describe(once).inner.own_path == path
    assert str(describe(twice)) == twice and describe(twice).inner == describe(once)
