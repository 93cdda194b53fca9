"""The worked examples of CONTRIBUTING.md, run as they stand."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

import micvae.data
from micvae import distributions, information, metrics, objectives, spelling
from micvae.cli import main
from micvae.data import FORMATS, FactorDataset, Format, describe, squares
from micvae.distributions import Latents, gaussian
from micvae.errors import DataError, MicvaeError
from micvae.information import base as information_base
from micvae.metrics import catalogue
from micvae.metrics.inputs import check_inputs
from micvae.metrics.mcc import correlations
from micvae.metrics.score import Score, Weights, scored
from micvae.objectives import base, schedules
from micvae.training import Run, RunConfig, train_run

GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def example(marker):
    """The first Python block that has the marker."""
    return next(block for block in BLOCKS if marker in block)


def test_every_block_is_run_by_a_test():
    markers = re.findall(r"example\(['\"](.+?)['\"]\)", Path(__file__).read_text())
    assert {example(marker) for marker in markers} == set(BLOCKS)


def test_a_method_is_one_file_and_one_line(tmp_path, monkeypatch):
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


def test_a_kind_of_latents_is_one_file_and_one_line(tmp_path, monkeypatch):
    names = vars(distributions) | vars(gaussian) | {"math": math, "torch": torch, "Tensor": Tensor}
    exec(example("class LaplaceLatents"), names)
    exec(example("LATENTS = {"), names)
    assert set(names["LATENTS"]) == {"gaussian", "uniform", "laplace"}
    monkeypatch.setitem(distributions.LATENTS, "laplace", names["LaplaceLatents"])
    monkeypatch.setattr(
        spelling, "_REGISTERED", spelling._REGISTERED | {Latents: with_one_more("laplace", names)}
    )
    config = RunConfig.from_json(
        {"objective": "vae", "latents": "laplace", "data": "squares(n=256)", "epochs": 1}
    )
    assert config.latents.traits == {"vector_code", "log_prob", "normal prior"}
    run = train_run(config, tmp_path / "run", dataset=squares(256))
    assert Run(run.path).config.latents == config.latents
    assert set(run.representation().encoded.latent_kinds) == {"continuous"}
    with pytest.raises(MicvaeError, match="cannot use laplace latents, which lack gaussian"):
        RunConfig(objective=objectives.find("beta-tcvae"), latents=config.latents)
    # KL(Laplace(m, b) ‖ N(0, 1)) = ½ (m² + 2b²) + ½ log 2π − 1 − log 2b
    m, b = torch.tensor(0.7), torch.tensor(0.4)
    posterior = names["Laplace"](m.expand(100_000, 1), b.log().expand(100_000, 1))
    space = config.latents.build(1, torch.Generator())
    _, kl = space.draw(posterior, torch.Generator().manual_seed(0))
    closed = 0.5 * (m**2 + 2 * b**2) + 0.5 * math.log(2 * math.pi) - 1 - (2 * b).log()
    assert abs(kl.mean() - closed) < 5 * kl.std() / 100_000**0.5


def with_one_more(name, names):
    choices = spelling._REGISTERED[Latents]
    return choices._replace(kinds={**choices.kinds, name: names["LaplaceLatents"]})


def test_an_estimator_is_one_file_and_one_line(tmp_path, monkeypatch):
    names = vars(information_base) | {"ClassVar": ClassVar, "dataclass": dataclass}
    exec(example("class SquaredCorrelation"), names)
    exec(example("_TRAINING = {"), names)
    assert names["_TRAINING"]["squared-correlation"].endswith(".SquaredCorrelation")
    kind = names["SquaredCorrelation"]
    monkeypatch.setitem(information.ESTIMATORS, "squared-correlation", kind)
    objective = objectives.find("mi-constrained(estimator='squared-correlation')")
    config = RunConfig(objective=objective, data="squares(n=256)", epochs=1, device="cpu")
    log = train_run(config, tmp_path / "run", dataset=squares(256)).log()
    expected = log["reconstruction"] + log["kl"] + 3 * log["r_mi"]
    np.testing.assert_allclose(log["loss"], expected, rtol=1e-5)  # float32 sums are rounded
    x = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0))
    mixed = x @ torch.tensor([[1.0, 0.6], [0.0, 0.8]])
    found = kind()(mixed, mixed, torch.ones_like(mixed), dataset_size=1000)
    # ½ ρ² of the sample; 1e-6 is added to variances of about 1.
    rho = np.corrcoef(mixed.numpy().T)[0, 1]
    np.testing.assert_allclose(found, [[0, rho**2 / 2], [rho**2 / 2, 0]], atol=1e-5)


def test_a_metric_is_one_file_and_one_line(monkeypatch):
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
    added = eval(f"{{{example('largest_correlation, ')}}}", vars(catalogue) | names)
    monkeypatch.setitem(metrics.METRICS, *added.popitem())
    factors[:, 0] += 0.1 * factors[:, 1]
    expected = names["largest_correlation"](factors[:, :2], factors).value
    assert metrics.evaluate(factors[:, :2], factors)["largest_correlation"] == expected < 1
    known = metrics.intervals(factors[:, :2], factors, metrics="largest_correlation", resamples=20)
    assert known["largest_correlation"].low < expected < known["largest_correlation"].high


def test_a_data_set_is_one_file_and_one_line(monkeypatch):
    names = {"np": np, "FactorDataset": FactorDataset, **vars(micvae.data)}
    exec(example("def grey"), names)
    exec(example("GENERATED = "), names)
    assert set(names["GENERATED"]) == {*micvae.data.GENERATED, "grey"}
    monkeypatch.setitem(micvae.data.DATASETS, "grey", names["GENERATED"]["grey"])
    described = describe("split(grey(n=64, seed={seed}), share=0.25)")
    assert described.generated == 64
    made = described.with_seed(3).load()
    assert len(made) == 48 and made.source["of"] == {"data": "grey", "n": 64, "size": 16, "seed": 3}
    np.testing.assert_array_equal(made.images_of(made.factors), made.images)


def test_a_data_format_is_one_file_and_one_line(tmp_path, capsys):
    names = {"np": np, "Path": Path, "FactorDataset": FactorDataset, "Format": Format}
    exec(example("def from_text"), names)
    exec(example("TEXT = "), names)
    FORMATS.append(names["TEXT"])
    try:
        vectors = np.random.default_rng(0).normal(5, 2, size=(64, 3))
        np.savetxt(tmp_path / "points.txt", vectors, fmt="%.17g")
        path = str(tmp_path / "points.txt")
        np.testing.assert_array_equal(describe(path).load().images, vectors)
        assert len(describe(f"split({path!r}, share=0.25)").load()) == 48
        main(["list", "data"])
        assert "PATH.txt" in capsys.readouterr().out
        with pytest.raises(DataError, match=r"ends in none of \.npz.*, \.txt"):
            (tmp_path / "points.dat").touch()
            describe(str(tmp_path / "points.dat")).load()
        main(["train", "vae", "--data", path, "--epochs", "1", "--out", str(tmp_path / "run")])
        assert Run(tmp_path / "run").config.data == f"standardised({path!r})"
    finally:
        FORMATS.remove(names["TEXT"])


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
