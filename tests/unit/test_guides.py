"""The guides' tables are those of the catalogues."""

import re
from pathlib import Path

from micvae.distributions import LATENTS
from micvae.metrics import METRICS
from micvae.objectives import METHODS

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "metrics.md").read_text()


def test_the_guide_lists_every_score_as_the_catalogue_has_it():
    table = GUIDE.partition("<!-- catalogue -->")[2].partition("<!-- /catalogue -->")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE))
    assert list(rows) == list(METRICS)
    for name, metric in METRICS.items():
        says, _, unchanged, unfair, source = rows[name].split(" | ")
        assert (says, source) == (metric.summary, metric.reference), name
        assert set(filter(None, unchanged.split(", "))) == set(metric.invariant), name
        assert set(filter(None, unfair.split(", "))) == set(metric.unfair_to), name


def test_the_table_of_methods_has_every_method():
    methods, _, rest = (DOCS / "methods.md").read_text().partition("\n## Latents\n")
    latents = rest.partition("\n## ")[0]
    assert named_first(methods) == set(METHODS)
    assert named_first(latents) == set(LATENTS)


def named_first(text):
    """What stands in the first cells of a page's tables."""
    cells = re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(.*?)`", cell)}
