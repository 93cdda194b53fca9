"""Every method that is listed trains from the command line, and its run can be scored."""

import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from builders import NETWORK, complete_file
from micvae.cli import main
from micvae.data import squares
from micvae.files import read_json
from micvae.networks import Auto
from micvae.objectives import METHODS
from micvae.training.run import Run


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return complete_file(tmp_path_factory.mktemp("own") / "own.npz")


@pytest.mark.parametrize("method", METHODS)
def test_train_and_evaluate(method, own, tmp_path, capsys):
    out = tmp_path / "run"
    command = ["train", method, "--data", own, "--out", out, "--epochs", 1, "--batch-size", 32]
    if METHODS[method]().network == Auto():  # others come with one of their own
        command += ["--network", NETWORK]
    if method == "semi-supervised":
        command += ["--labels", 16]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that a step or two leave unfit for ICA
        main([*map(str, command)])
        main(["evaluate", str(out)])
    assert read_json(out / "run.json")["status"] == "done"
    scores = read_json(out / "scores.json")
    assert set(scores["factor_names"]) == {"size", "intensity", "rotation"}
    assert np.isfinite([scores["reconstruction"], scores["kl"], scores["r_mi"]]).all()
    weights, restored = load_file(out / "weights.safetensors"), Run(out).model().state_dict()
    assert weights.keys() == restored.keys()  # those of networks trained beside the model, too
    assert all(torch.equal(weights[key], restored[key]) for key in weights)
    assert f"micvae report {out}" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["ivae", "tcl", "pcl", "slow-vae", "snica", "ada-gvae"])
def test_what_the_data_lacks_is_said_before_anything_is_written(method, tmp_path, capsys):
    np.savez(tmp_path / "bare.npz", images=squares(64).images)
    out = tmp_path / "run"
    with pytest.raises(SystemExit) as stop:
        main(["train", method, "--data", str(tmp_path / "bare.npz"), "--out", str(out)])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert "bare" in said and "Traceback" not in said and not out.exists()
