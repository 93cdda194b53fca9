"""The worked examples of CONTRIBUTING.md, run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from micvae import metrics, objectives
from micvae.data import squares
from micvae.metrics.inputs import check_inputs
from micvae.metrics.mcc import correlations
from micvae.metrics.score import Score, Weights, scored
from micvae.objectives import base, schedules
from micvae.training import RunConfig, train_run

GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


def example(marker):
    """The first Python block that has the marker."""
    return next(b for b in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if marker in b)


def test_a_method_is_one_file_and_one_line(tmp_path, monkeypatch):
    from dataclasses import dataclass
    from typing import ClassVar

    names = vars(base) | vars(schedules) | {"dataclass": dataclass, "ClassVar": ClassVar}
    exec(example("class SquaredKl"), names)
    listed = {
        "MIConstrained": objectives.MIConstrained,
        "VAEObjective": objectives.VAEObjective,
    } | names
    exec(example("METHODS = {"), listed)
    assert set(listed["METHODS"]) == {"vae", "mi-constrained", "squared-kl"}
    monkeypatch.setitem(objectives.METHODS, "squared-kl", names["SquaredKl"])
    objective = objectives.find("squared-kl(beta=2)")
    config = RunConfig(objective=objective, data="squares(n=256)", epochs=1, device="cpu")
    run = train_run(config, tmp_path / "run", dataset=squares(256))
    log = run.log()
    expected = log["reconstruction"] + 2 * log["kl"] ** 2
    # The batch's mean KL is squared, and float32 sums are rounded.
    np.testing.assert_allclose(log["loss"], expected, rtol=1e-5)
    assert run.config.method == "squared-kl" and not torch.isnan(torch.tensor(log["loss"])).any()


def test_a_metric_is_one_file_and_one_line():
    names = {
        "np": np,
        "Score": Score,
        "Weights": Weights,
        "scored": scored,
        "check_inputs": check_inputs,
        "correlations": correlations,
    }
    exec(example("def largest_correlation"), names)
    factors = np.random.default_rng(0).uniform(size=(200, 3))
    found = names["largest_correlation"](factors[:, [2, 0, 1]], factors, resamples=20)
    assert float(found) == pytest.approx(1, abs=1e-12)
    assert found.deviations["largest_correlation"] == pytest.approx(0, abs=1e-12)
    assert isinstance(found, metrics.Score)


def test_a_figure_is_one_file_and_one_line(tmp_path, monkeypatch):
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from micvae.reports import figures, material, page, report_run, style
    from micvae.representation import Representation
    from micvae.scoring import evaluate_run

    config = RunConfig(
        objective=objectives.find("vae"),
        data="squares(n=256)",
        epochs=1,
        latent_dim=2,
        device="cpu",
    )
    run = train_run(config, tmp_path / "run", dataset=squares(256))
    evaluate_run(run)
    names = {"Sequence": Sequence, "Figure": Figure, "Representation": Representation}
    names |= vars(style) | {"Material": material.Material, "Group": page.Group}
    exec(example("def code_variance_group"), names)
    listed = vars(figures) | names
    exec(example("RUN_FIGURES = {"), listed)
    monkeypatch.setattr(figures, "RUN_FIGURES", listed["RUN_FIGURES"])
    text = report_run(run).read_text("utf-8")
    assert "Variance of the codes" in text and "variance of the posterior mean" in text
    drawn = sorted(file.name for file in (run.path / "figures").iterdir())
    assert {"code-variance.png", "code-variance.svg", "curves.png"} < set(drawn)
