"""The guide to the data names every data set, and its commands are understood."""

import re
from pathlib import Path

import pytest

from micvae.data import (
    BUNDLED,
    DATASETS,
    FORMATS,
    GENERATED,
    OWN,
    PROBLEMS,
    PUBLISHED,
    describe,
    load,
)
from micvae.data.problems import MIXINGS

GUIDE = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
EXAMPLES = re.findall(r'--data "(.*?)" --', GUIDE)


def test_every_data_set_is_in_the_guide():
    cells = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))
    bold = set(re.findall(r"^\*\*`(\w+)`\*\*", GUIDE, re.MULTILINE))
    assert set(DATASETS) <= cells | bold
    assert set(GENERATED) | set(BUNDLED) | set(PROBLEMS) | set(PUBLISHED) | set(MIXINGS) <= cells


@pytest.mark.parametrize("suffix", [s for one in FORMATS for s in one.suffixes])
def test_every_format_is_in_the_guide(suffix):
    assert f"`{suffix}`" in GUIDE


@pytest.mark.parametrize("name", GENERATED)
def test_the_factors_of_generated_data_are_named(name):
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{name}` |"))
    for factor in GENERATED[name](1).load().factor_names:
        assert f"`{factor}`" in row


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_fit_what_they_call(text, monkeypatch):
    """Read with few images; published files are not here, so their options alone are checked."""
    described = describe(text)
    name = next(name for name, kind in DATASETS.items() if type(described) is kind)
    if name not in PUBLISHED | OWN:
        few = re.sub(r"n=\d+", "n=400", text)
        data = load(few)
        assert len(data) > 0 and data.source["data"] == name


def test_there_are_examples():
    assert len(EXAMPLES) >= 8
