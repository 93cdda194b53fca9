"""The guide to the data names every data set, and its commands are understood."""

import inspect
import re
from pathlib import Path

import pytest

from micvae import spelling
from micvae.data import BUNDLED, DATASETS, GENERATED, OWN, PROBLEMS, PUBLISHED, load
from micvae.data.problems import MIXINGS

GUIDE = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
EXAMPLES = re.findall(r'--data "(.*?)" --', GUIDE)


def test_every_data_set_is_in_the_guide():
    cells = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))
    bold = set(re.findall(r"^\*\*`(\w+)`\*\*", GUIDE, re.MULTILINE))
    assert set(DATASETS) <= cells | bold
    assert set(GENERATED) | set(BUNDLED) | set(PROBLEMS) | set(PUBLISHED) | set(MIXINGS) <= cells


@pytest.mark.parametrize("name", GENERATED)
def test_the_factors_of_generated_data_are_named(name):
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{name}` |"))
    for factor in GENERATED[name](1).factor_names:
        assert f"`{factor}`" in row


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_fit_what_they_call(text, monkeypatch):
    """Read with few images; published files are not here, so their options alone are checked."""
    name, positional, options = spelling.parse(text, "data")
    inspect.signature(DATASETS[name]).bind(*positional, **options)
    if name not in PUBLISHED | OWN:
        few = re.sub(r"n=\d+", "n=400", text)
        data = load(few)
        assert len(data) > 0 and data.source["data"] == name


def test_there_are_examples():
    assert len(EXAMPLES) >= 8
