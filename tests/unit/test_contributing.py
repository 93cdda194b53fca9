"""The worked examples of CONTRIBUTING.md, run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import micvae.data
from micvae import metrics, objectives
from micvae.cli import main
from micvae.data import FORMATS, FactorDataset, Format, describe, squares
from micvae.errors import DataError
from micvae.metrics.inputs import check_inputs
from micvae.metrics.mcc import correlations
from micvae.metrics.score import Score, Weights, scored
from micvae.objectives import base, schedules
from micvae.training import Run, RunConfig, train_run

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
