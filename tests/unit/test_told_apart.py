"""Whether methods are told apart is one statement: the interval and the number of seeds agree."""

import numpy as np
import pytest

from micvae.identifiability.audit.record import ComparedPair, Measured, NoTruth, Truth
from micvae.identifiability.audit.rotations import Against
from micvae.identifiability.audit.verdict import agreement_sentences, by_chance
from micvae.records import Missing
from micvae.reports.quantities import quantity
from micvae.reports.tables import caution, difference_cell, verdict
from micvae.studies.paper import LITERAL, RECOMMENDED, VANILLA, findings
from micvae.studies.record import Checked, Correlation, TableRow
from micvae.studies.statistics import (
    MeanInterval,
    chance_of_one_side,
    distinguishable,
    enough_seeds,
    paired_interval,
)
from micvae.studies.truth import check_said

BEYOND = MeanInterval(0.1, 0.07, 0.2)


def excludes_zero(difference):
    return difference.low is not None and (difference.low > 0 or difference.high < 0)


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
    assert distinguishable(BEYOND, seeds, level) is told
    assert chance_of_one_side(seeds) == chance
    assert (chance <= 1 - level) is told  # what a page says of chance never contradicts it
    assert not distinguishable(MeanInterval(0.1, -0.01, 0.2), seeds, level)
    assert not distinguishable(MeanInterval(0.1, None, None), seeds, level)
    assert told or f"at least {enough_seeds(level)} seeds" in caution(seeds, level)


@pytest.mark.parametrize(("seeds", "most"), [(3, 0.0), (5, 0.0), (6, 0.08), (10, 0.08)])
def test_equal_methods_are_seldom_told_apart(seeds, most):
    """The interval alone tells a quarter apart of three seeds, and too many of six or ten.

    The standard error of 5% of 400 comparisons is 1.1%.
    """
    generator = np.random.default_rng(seeds)
    pairs = generator.normal(size=(400, 2, seeds))
    found = [paired_interval(a, b, resamples=1000) for a, b in pairs]
    wrong = np.mean([distinguishable(one, seeds) for one in found])
    assert wrong <= most
    assert np.mean([excludes_zero(one) for one in found]) > (0.2 if seeds == 3 else 0.05)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [(3, "3 seeds: too few to tell"), (6, "distinguishable")],
)
def test_a_cell_says_what_the_headline_says(seeds, said):
    assert verdict(BEYOND, seeds) == said
    assert difference_cell(quantity("mig"), BEYOND, seeds).verdict == said


def entry(method, mig, seeds):
    own, compared = MeanInterval(mig, mig - 0.01, mig + 0.01), ("mig", "dci_disentanglement")
    spreads = dict.fromkeys((*compared, "reconstruction", "active_units"), own)
    spreads |= {f"difference_{name}": MeanInterval(0.3, 0.28, 0.32) for name in compared}
    return TableRow(method=method, seeds=seeds, paper_mig=0.57, paper_dci=0.72, spreads=spreads)


@pytest.mark.parametrize(
    ("seeds", "said", "unsaid"),
    [
        (2, "2 seeds are too few to compare them", "is reproduced"),
        (10, "the paper's result is reproduced", "too few"),
    ],
)
def test_the_papers_direction_is_reproduced_by_enough_seeds_only(seeds, said, unsaid):
    methods = {VANILLA: 0.3, LITERAL: 0.4, RECOMMENDED: 0.6}
    direction = findings([entry(method, mig, seeds) for method, mig in methods.items()])[0]
    assert said in direction and unsaid not in direction


@pytest.mark.parametrize(("seeds", "open_"), [(3, True), (6, False)])
def test_a_rank_correlation_of_few_seeds_is_not_told_from_zero(seeds, open_):
    found = Correlation(mean=0.8, low=0.5, high=0.9, values=())
    result = Checked(runs=9, seeds=seeds, udr=(), mig=found, dci_disentanglement=found)
    for sentence in check_said(result):
        assert ("These seeds do not show" in sentence) is open_


def pair(value, share):
    ranks = Against(value=value, low=0.7, median=0.8, high=0.95, share=share)
    return ComparedPair(
        first=0, second=1, samples=100, latents=2, strong=ranks, ranks=ranks, affine=0.99
    )


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
    assert f"{sum(p.ranks.above for p in pairs)} of {len(pairs)} pairs" in text


def measured(truth, active):
    """An audit of which only the comparison with the factors is known."""
    parts = dict.fromkeys(("generator", "encoder", "sources", "latents"), Missing(missing="–"))
    return Measured(
        name="run", method="vae", seed=0, latents_total=2, active=active, truth=truth, **parts
    )


def test_a_run_that_chance_equals_is_known():
    score = Against(value=0.96, low=0.7, median=0.8, high=0.97, share=0.25)
    truth = Truth(
        samples=100,
        rotations=50,
        factors=("a", "b"),
        kinds=("continuous", "continuous"),
        per_factor=(0.96, 0.96),
        mcc_pearson=score,
        mcc_spearman=score,
        mcc_nonlinear=score,
        mcc_affine=0.97,
        excess=(None, None),
    )
    none = NoTruth(missing="no factors")
    assert by_chance(measured(truth, (0, 1)))
    assert not by_chance(measured(truth, (0,)))  # one latent cannot be rotated
    assert not by_chance(measured(none, (0, 1)))
