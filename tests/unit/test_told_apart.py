"""Whether methods are told apart is one statement: the interval and the number of seeds agree."""

import numpy as np
import pytest

from micvae.identifiability.audit.verdict import agreement_sentences, by_chance
from micvae.reports.quantities import quantity
from micvae.reports.tables import caution, difference_cell, verdict
from micvae.studies.findings import findings
from micvae.studies.statistics import (
    Interval,
    apart,
    chance_of_one_side,
    enough_seeds,
    paired_interval,
    told_apart,
)
from micvae.studies.truth import check_said

BEYOND = Interval(0.1, 0.07, 0.2)


@pytest.mark.parametrize(
    ("seeds", "level", "told", "chance"),
    [
        (2, 0.95, False, 0.5),
        (3, 0.95, False, 0.25),
        (5, 0.95, False, 0.0625),
        (6, 0.95, True, 0.03125),
        (6, 0.9875, False, 0.03125),
        (8, 0.9875, True, 0.0078125),
    ],
)
def test_both_have_to_say_so(seeds, level, told, chance):
    assert told_apart(BEYOND, seeds, level) is told
    assert chance_of_one_side(seeds) == chance
    assert (chance <= 1 - level) is told  # what a page says of chance never contradicts it
    assert not told_apart(Interval(0.1, -0.01, 0.2), seeds, level)
    assert not told_apart(Interval(0.1, None, None), seeds, level)
    assert told or f"fewer than {enough_seeds(level)} seeds" in caution(seeds, level)


@pytest.mark.parametrize(("seeds", "most"), [(3, 0.0), (5, 0.0), (6, 0.08), (10, 0.08)])
def test_equal_methods_are_seldom_told_apart(seeds, most):
    """The interval alone tells a quarter apart of three seeds, and too many of six or ten.

    The standard error of 5% of 400 comparisons is 1.1%.
    """
    generator = np.random.default_rng(seeds)
    pairs = generator.normal(size=(400, 2, seeds))
    found = [paired_interval(a, b, resamples=1000) for a, b in pairs]
    wrong = np.mean([told_apart(one, seeds) for one in found])
    assert wrong <= most
    assert np.mean([apart(one) for one in found]) > (0.2 if seeds == 3 else 0.05)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [(3, "3 seeds: too few to tell"), (6, "told apart")],
)
def test_a_cell_says_what_the_headline_says(seeds, said):
    assert verdict(BEYOND, seeds) == said
    assert difference_cell(quantity("mig"), BEYOND, seeds).verdict == said


def entry(mig, seeds):
    row = {"seeds": seeds, "paper_mig": 0.57, "paper_dci": 0.72}
    for name in ("mig", "dci_disentanglement", "reconstruction", "active_units"):
        row |= {f"{name}_mean": mig, f"{name}_low": mig - 0.01, f"{name}_high": mig + 0.01}
    for name in ("mig", "dci_disentanglement"):
        row |= {f"difference_{name}_mean": 0.3, f"difference_{name}_low": 0.28}
        row[f"difference_{name}_high"] = 0.32
    return row


@pytest.mark.parametrize(
    ("seeds", "said"), [(2, "Not settled in this run, 2 seeds"), (10, "Reproduced in direction")]
)
def test_the_papers_direction_is_reproduced_by_enough_seeds_only(seeds, said):
    table = [
        {"method": "base", **entry(0.3, seeds)},
        {"method": "literal", **entry(0.4, seeds)},
        {"method": "ours", **entry(0.6, seeds)},
    ]
    assert findings(table, "base", "literal", "ours", "first", 100)[0].startswith(said)


@pytest.mark.parametrize(("seeds", "open_"), [(3, True), (6, False)])
def test_a_rank_correlation_of_few_seeds_is_not_told_from_zero(seeds, open_):
    found = {"mean": 0.8, "low": 0.5, "high": 0.9, "values": []}
    result = {"runs": 9, "seeds": seeds, "mig": found, "dci_disentanglement": found}
    for sentence in check_said(result):
        assert ("is not told by these seeds" in sentence) is open_


def pair(value, share):
    ranks = {"value": value, "share": share, "above": share <= 0.05, "median": 0.8}
    return {"latents": 2, "ranks": ranks, "affine": 0.99}


@pytest.mark.parametrize(
    ("pairs", "said", "unsaid"),
    [
        ([pair(0.96, 0.25)], "not beyond chance in all", "find the same latents"),
        ([pair(0.99, 0.02)], "The seeds find the same latents", "beyond chance in all"),
        ([pair(0.7, 0.25)], "The seeds find the same space", "beyond chance in all"),
    ],
)
def test_agreement_that_rotations_reach_is_no_finding(pairs, said, unsaid):
    text = " ".join(agreement_sentences(pairs))
    assert said in text and unsaid not in text
    assert f"{sum(p['ranks']['above'] for p in pairs)} of {len(pairs)} pairs" in text


def test_a_run_that_chance_equals_is_known():
    truth = {"mcc_nonlinear": {"above": False, "value": 0.96, "share": 0.25}}
    assert by_chance({"truth": truth, "active": [0, 1]})
    assert not by_chance({"truth": truth, "active": [0]})  # one latent cannot be rotated
    assert not by_chance({"truth": {"missing": "no factors"}, "active": [0, 1]})
