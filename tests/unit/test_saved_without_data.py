"""Every command on the folder of `Disentangler.save(path)`, which holds no samples."""

import numpy as np
import pytest

from micvae import Disentangler
from micvae.cli import main
from micvae.files import read_json

RNG = np.random.default_rng(0)
X = RNG.uniform(size=(96, 8, 8)).astype(np.float32)
SHAPE, SIZE = RNG.integers(0, 3, 96), RNG.normal(size=96)


@pytest.fixture(scope="module")
def learner():
    given = Disentangler("vae", latent_dim=3, epochs=1, network="patch(width=4, hidden=8)")
    return given.fit(X, SHAPE)


def test_evaluate_scores_the_stored_codes_and_factors(learner, tmp_path, capsys):
    path = learner.save(tmp_path / "run")
    main(["evaluate", str(path)])
    said = capsys.readouterr().out
    assert "interventional scores from 5,000 test votes, matched" in said
    scores = read_json(path / "scores.json")
    assert scores["missing"] == {} and {"mig", "factor_vae_score"} <= scores["metrics"].keys()


def test_a_score_that_needs_new_images_is_left_out_and_said(tmp_path, capsys):
    given = Disentangler("vae", latent_dim=3, epochs=1, network="patch(width=4, hidden=8)")
    path = given.fit(X, np.column_stack([SHAPE, SIZE])).save(tmp_path / "run")
    main(["evaluate", str(path)])
    said = " ".join(capsys.readouterr().out.split())
    assert "left out: beta_vae_score, factor_vae_score; factor 'factor 1' is continuous" in said
    scores = read_json(path / "scores.json")
    assert set(scores["missing"]) == {"beta_vae_score", "factor_vae_score"}
    assert "mig" in scores["metrics"] and "beta_vae_score" not in scores["metrics"]


@pytest.mark.parametrize("command", ["report", "export", "share", "encode"])
def test_what_needs_no_samples_works(learner, tmp_path, command, capsys):
    if command == "export":
        pytest.importorskip("onnx")
    path = learner.save(tmp_path / "run")
    np.savez(tmp_path / "x.npz", images=X)
    options = {
        "encode": [str(tmp_path / "x.npz"), "--out", str(tmp_path / "codes.csv")],
        "share": ["--out", str(tmp_path / "shared")],
    }
    main([command, str(path), *options.get(command, [])])
    assert str(tmp_path) in capsys.readouterr().out.replace("\n", "")


def test_what_needs_them_says_how_to_store_them(learner, tmp_path, capsys):
    path = learner.save(tmp_path / "run")
    with pytest.raises(SystemExit) as ended:
        main(["audit", str(path), "--quick"])
    assert ended.value.code == 2
    assert "store both by Disentangler.save(path, data=X)" in capsys.readouterr().err
