"""The theorem, tested: known answers of estimates, and of the counterexamples."""

import json

import numpy as np
import pytest
from scipy import stats

from micvae.identifiability import rotated_alternative
from micvae.identifiability.theorem import run_theorem
from micvae.identifiability.trials import SOURCES, Scale, darmois_trial
from micvae.information import permutation_null, total_correlation
from micvae.metrics import mcc_pearson, mcc_spearman


@pytest.mark.parametrize(
    ("columns", "correlation", "bias", "scatter"),
    [
        (2, 0.6, -0.003, 0.022),
        (3, 0.5, 0.007, 0.029),
        (5, 0.3, 0.001, 0.028),
        (10, 0.1, -0.028, 0.016),
        (10, 0.3, -0.128, 0.038),
        (10, 0.0, 0.002, 0.015),
    ],
)
def test_total_correlation_of_gaussians(columns, correlation, bias, scatter):
    """−½ log det of the correlation matrix, less what a cube of neighbours cannot resolve.

    Bias and scatter are those of the method at N = 2,000, over 20 seeds; in ten dimensions strong
    dependence is underestimated. Four standard deviations are allowed.
    """
    matrix = np.full((columns, columns), correlation) + (1 - correlation) * np.eye(columns)
    exact = -0.5 * np.linalg.slogdet(matrix)[1]
    noise = np.random.default_rng(0).standard_normal((2000, columns))
    found = total_correlation(noise @ np.linalg.cholesky(matrix).T)
    assert abs(found - exact - bias) < 4 * scatter


def test_a_permutation_null_holds_its_level():
    """Ranks of independent samples among their permutations are uniform: exact, in any setting."""
    ranks = []
    for seed in range(60):
        z = np.random.default_rng(seed).standard_cauchy((60, 3))  # no moments, on purpose
        null = permutation_null(z, total_correlation, 19, seed)
        ranks.append((null < total_correlation(z)).sum())
    # uniform on 0, …, 19: mean 9.5, standard deviation 5.77 / √60 = 0.74; four of them
    assert abs(np.mean(ranks) - 9.5) < 3.0
    assert stats.kstest((np.array(ranks) + 0.5) / 20, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Gaussian", np.sqrt(0.5)), ("uniform", 6 / np.pi * np.arcsin(np.sqrt(0.5) / 2))],
)
def test_mcc_at_45_degrees_is_the_closed_form(name, expected):
    """Correlation of normal scores cos 45°; of uniforms with such scores (6/π) asin(ρ/2)."""
    s = SOURCES[name].rvs((20_000, 2), random_state=np.random.default_rng(0))
    z = rotated_alternative(s, [SOURCES[name]] * 2, 45).latents
    # a correlation of 0.7 from 20,000 samples has standard error 0.0036; four of them
    assert abs(mcc_pearson(z, s).value - expected) < 0.015
    ranks = 6 / np.pi * np.arcsin(np.sqrt(0.5) / 2)
    assert abs(mcc_spearman(z, s).value - ranks) < 0.015


@pytest.mark.parametrize("mixing", ["linear", "nonlinear"])
def test_darmois_latents_are_uniform_and_independent_and_not_the_sources(mixing):
    scale = Scale((45.0,), 800, 800)
    found, _ = darmois_trial(mixing, scale, np.random.default_rng(0))
    assert found["uniform_p"] > 1e-3  # a level of 0.1%
    assert found["joint"]["holds"]
    assert found["mcc_spearman"] < 0.95  # sources would have 1, up to the quadrature's 1e-3
    # a function of one source alone would have infinite information about it, and none of the other
    assert np.min(np.max(found["information"], axis=1)) < 2
    assert np.max(np.min(found["information"], axis=1)) > 0.1


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theorem")
    from micvae.identifiability import theorem

    small = pytest.MonkeyPatch()
    small.setattr(theorem, "QUICK", Scale((45.0,), 1000, 120))
    try:
        return folder, run_theorem(folder, 0, quick=True)
    finally:
        small.undo()


def test_every_claim_is_borne_out(result):
    _, found = result
    assert all(found["verdicts"].values()), found["verdicts"]
    for row in found["rotations"]:
        assert row["difference"] < 1e-6 and row["mcc_pearson"] < 0.75


def test_what_is_written_is_what_is_returned_and_a_page_can_be_made_of_it(result):
    from micvae.reports import report_folder

    folder, found = result
    assert json.loads((folder / "theorem.json").read_text()) == json.loads(json.dumps(found))
    page = report_folder(folder).read_text()
    for name in ("rotation", "angles", "darmois", "modular"):
        for kind in ("png", "svg"):
            assert (folder / "figures" / f"theorem-{name}.{kind}").stat().st_size > 1000
    assert f"{found['rotations'][0]['mcc_pearson']:.3f}" in page
    assert "NO:" not in page
