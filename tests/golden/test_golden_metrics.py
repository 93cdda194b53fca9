"""Metrics against values recorded from disentanglement_lib 1.5 (see scripts/)."""

import json
from pathlib import Path

import numpy as np
import pytest
import sklearn
from metric_sets import (
    DCI_SEED,
    GROUP,
    PRUNE,
    TEST_VOTES,
    TRAIN_VOTES,
    VARIANCE_SAMPLES,
    golden_sets,
    voting_sets,
)

from micvae.data import FactorDataset
from micvae.metrics import (
    Rendered,
    beta_vae_score,
    dci,
    explicitness,
    factor_vae_score,
    gaussian_total_correlation,
    irs,
    mean_pairwise_mi,
    mig,
    modularity,
    sap,
    wasserstein_correlation,
)

RECORDED = json.loads((Path(__file__).parent / "metrics.json").read_text())
SETS = {golden.name: golden for golden in golden_sets()}
WITH_DCI = [name for name, values in RECORDED["sets"].items() if "dci_completeness" in values]

EXACT = {"mig": mig, "modularity": modularity, "irs": irs}
OF_CODES = {
    "gaussian_total_correlation": gaussian_total_correlation,
    "wasserstein_correlation": wasserstein_correlation,
    "mean_pairwise_mi": mean_pairwise_mi,
}
VOTING = {voting.name: voting for voting in voting_sets()}
REFERENCE = [name for name in WITH_DCI if name.startswith("dsprites") and name.endswith("-0")]


def test_the_recorded_sets_are_the_generated_ones():
    assert set(RECORDED["sets"]) == set(SETS)
    assert len(SETS) >= 40


def kinds_of(golden):
    return ("ordinal" if golden.discrete else "continuous",) * golden.factors.shape[1]


@pytest.mark.parametrize("name", SETS)
def test_counted_scores_are_the_oracles(name):
    # The same bins and the same formulas: only the order of summation differs.
    golden, recorded = SETS[name], RECORDED["sets"][name]
    for key, metric in EXACT.items():
        found = metric(golden.codes, golden.factors, factor_kinds=kinds_of(golden))
        assert float(found) == pytest.approx(recorded[key], abs=1e-9), key


@pytest.mark.parametrize("name", SETS)
def test_scores_of_codes_alone_are_the_oracles(name):
    golden, recorded = SETS[name], RECORDED["sets"][name]
    for metric in OF_CODES.values():
        for key, value in metric(golden.codes).values.items():
            if key not in recorded:
                assert not golden.invertible  # the oracle's determinant is rounding there
                continue
            # The oracle takes a general matrix root, here it is one of eigenvalues: of a singular
            # matrix they agree to the root of the rounding.
            root = key.startswith("wasserstein") and not golden.invertible
            assert value == pytest.approx(recorded[key], abs=1e-6 if root else 1e-9), key


@pytest.mark.parametrize("name", SETS)
def test_sap_is_the_oracles(name):
    golden = SETS[name]
    found = sap(golden.codes, golden.factors, factor_kinds=kinds_of(golden), seed=DCI_SEED)
    # liblinear stops at a tolerance of 1e-4 where this solver goes on to the minimum: a sample
    # next to a boundary may fall on the other side, 1/400 of one of several factors' accuracies.
    assert float(found) == pytest.approx(RECORDED["sets"][name]["sap"], abs=1e-3)


@pytest.mark.parametrize("name", [name for name, golden in SETS.items() if golden.discrete])
def test_explicitness_is_the_oracles(name):
    golden = SETS[name]
    factors = golden.factors[:, golden.explicitness_columns]
    kinds = ("ordinal",) * factors.shape[1]
    found = explicitness(golden.codes, factors, factor_kinds=kinds, seed=DCI_SEED)
    # Both stop at the same tolerance, on different paths.
    assert float(found) == pytest.approx(RECORDED["sets"][name]["explicitness"], abs=1e-3)


@pytest.mark.parametrize("name", VOTING)
def test_interventional_scores_are_the_oracles(name):
    voting = VOTING[name]
    sizes, noise = np.array(voting.sizes), np.random.default_rng(1)
    # Every value equally often, so that drawing from the columns is drawing uniformly.
    factors = np.arange(np.lcm.reduce(sizes))[:, None] % sizes

    def render(values):
        return (values / sizes)[:, None, None, :].astype(np.float32)

    def encode(images):
        return voting.codes(np.rint(images[:, 0, 0] * sizes), noise)

    dataset = FactorDataset(
        "drawn",
        render(factors),
        factors,
        factor_kinds=("ordinal",) * factors.shape[1],
        renderer=render,
    )
    given = Rendered(encode, dataset)
    votes = RECORDED["votes"][name]
    found = factor_vae_score(
        given,
        group=GROUP,
        train_votes=TRAIN_VOTES,
        test_votes=TEST_VOTES,
        variance_samples=VARIANCE_SAMPLES,
        prune=PRUNE,
    )
    # Each is a share of 40,000 independent votes: 0.0025 at most for one, 0.0035 for two.
    assert float(found) == pytest.approx(votes["factor_vae_score"], abs=0.01)
    told = beta_vae_score(given, group=GROUP, train_points=TRAIN_VOTES, test_points=TEST_VOTES)
    assert float(told) == pytest.approx(votes["beta_vae_score"], abs=0.01)


def _dci(name, predictor):
    golden = SETS[name]
    factors = golden.factors[:, golden.dci_columns]
    return dci(golden.codes, factors, predictor=predictor, seed=DCI_SEED).values


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_dci_is_the_oracles(name):
    # The same trees where scikit-learn is the recorded release; another may break ties anew.
    tolerance = 1e-6 if sklearn.__version__ == RECORDED["sklearn"] else 1e-2
    for key, value in _dci(name, "sklearn").items():
        assert value == pytest.approx(RECORDED["sets"][name][key], abs=tolerance), key


@pytest.mark.parametrize("name", WITH_DCI)
def test_fast_dci_is_within_a_hundredth_of_the_oracles(name):
    # The same algorithm; splits that reduce the error equally are chosen differently.
    values = _dci(name, "trees")
    for key in ("dci_disentanglement", "dci_completeness"):
        assert values[key] == pytest.approx(RECORDED["sets"][name][key], abs=0.01), key
    # 400 test samples: one hundredth is four samples per factor that fall on the other side.
    assert values["dci_informativeness"] == pytest.approx(
        RECORDED["sets"][name]["dci_informativeness"], abs=0.02
    )
