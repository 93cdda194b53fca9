"""The theorem, tested: known answers of estimates, and of the counterexamples."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from micvae.cli import main
from micvae.identifiability import rotated_alternative, theorem
from micvae.identifiability.trials import SOURCES, Scale, darmois_trial, rotation_trial
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
    assert found.uniform_p > 1e-3  # a level of 0.1%
    assert found.joint.holds
    assert found.mcc_spearman < 0.95  # sources would have 1, up to the quadrature's 1e-3
    # a function of one source alone would have infinite information about it, and none of the other
    assert np.min(np.max(found.information, axis=1)) < 2
    assert np.max(np.min(found.information, axis=1)) > 0.1


def test_the_command_bears_every_claim_out_and_makes_its_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(theorem, "QUICK", Scale((45.0,), 1000, 120))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    main(["theorem", "--quick", "--out", str(tmp_path)])
    shown = capsys.readouterr().out
    found = json.loads((tmp_path / "theorem.json").read_text())
    assert all(found["verdicts"].values()), found["verdicts"]
    assert shown.count("yes: ") == len(found["verdicts"]) and "NO: " not in shown
    page = (tmp_path / "report.html").read_text()
    for row in found["rotations"]:
        assert row["difference"] < 1e-6 and row["mcc_pearson"] < 0.75
        score = f"{row['mcc_pearson']:.3f}"
        assert score in shown and score in page
    for name in ("rotation", "angles", "darmois", "modular"):
        for kind in ("png", "svg"):
            assert (tmp_path / "figures" / f"theorem-{name}.{kind}").stat().st_size > 1000


def test_a_seed_decides_the_trials():
    scale, name = Scale((45.0,), 300, 60), "Laplace"
    s = SOURCES[name].rvs((300, 2), random_state=np.random.default_rng(0))
    first, second = (rotation_trial(name, s, 45.0, scale, 3) for _ in range(2))
    assert first == second


def test_the_guides_code_runs():
    guide = (Path(__file__).parents[2] / "docs" / "theorem.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    names = {}
    exec(compile(block, "theorem.md", "exec"), names)
    assert names["found"].joint.name == "total correlation"
