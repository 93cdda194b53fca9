"""What is shown of a run: dependences beside their nulls, and terms of the model that is stored."""

import dataclasses
import json

import numpy as np
import pytest

from micvae.errors import MicvaeError, RunError
from micvae.files import read_json, write_json
from micvae.information import aggregate_pairwise_mi
from micvae.information.permutation import permuted_together, prediction_interval
from micvae.networks import MLP, Patch
from micvae.objectives import METHODS, find
from micvae.records import from_json, to_json
from micvae.reports.run import report_run
from micvae.representation import Encoded, Representation
from micvae.scoring import evaluate_run
from micvae.scoring.latents import latent_information, latent_information_null
from micvae.scoring.nulls import (
    Null,
    dependence_said,
    factor_null,
    metric_nulls,
    nulls_of,
    r_mi_said,
)
from micvae.studies.study import row_of_run
from micvae.training import RunConfig, train_run
from micvae.training.record import Scores
from micvae.training.run import RECORD, SCORES, Run

KINDS = {"gaussian": 0.1, "continuous": 0.0, "discrete": 0.0}


def representation(n, d, kind="gaussian", shared=0.0, seed=0):
    """Latents of which the first two share a part; with `discrete`, rounded to few values."""
    generator = np.random.default_rng(seed)
    codes = generator.standard_normal((n, d)).astype(np.float32)
    codes[:, 1] = shared * codes[:, 0] + np.sqrt(1 - shared**2) * codes[:, 1]
    codes = np.round(codes) if kind == "discrete" else codes
    scale = np.full_like(codes, KINDS[kind])
    draws = codes + scale * generator.standard_normal(codes.shape).astype(np.float32)
    encoded = Encoded(codes, scale, draws, np.ones(d), (kind,) * d)
    return Representation(encoded, np.zeros((n, 0)), (), ())


@pytest.mark.parametrize("kind", KINDS)
def test_the_null_holds_independent_latents_and_not_dependent_ones(kind):
    """The estimate of 300 samples is biased by nats; its null is biased alike."""
    inside = 0
    for seed in range(20):
        independent = representation(300, 4, kind, seed=seed)
        null, _ = latent_information_null(independent, seed)
        inside += null.low <= latent_information(independent, seed).sum() <= null.high
    assert inside >= 16  # 19 are expected of 20, fewer than 16 once in 5,000 times
    dependent = representation(300, 4, kind, shared=0.95)
    null, entries = latent_information_null(dependent)
    found = latent_information(dependent)
    assert found.sum() > null.high and found[0, 1] > entries[0, 1]


def test_the_null_keeps_the_bias_of_few_samples():
    """Some 500 samples, six latents: what is called R_MI is bias."""
    few = representation(513, 6)
    value, (null, _) = latent_information(few).sum(), latent_information_null(few)
    assert value > 1 and null.low > 1  # nats, of independent latents
    assert null.within(value)


def test_fewer_rows_give_the_same_estimate_with_more_noise():
    one = representation(2000, 3).encoded
    z, loc, scale = one.draws, one.codes, one.scale
    whole = aggregate_pairwise_mi(z, loc, scale)
    part = aggregate_pairwise_mi(z, loc, scale, rows=500)
    assert not np.array_equal(whole, part)
    np.testing.assert_allclose(whole, part, atol=0.05)
    with pytest.raises(MicvaeError, match="rows"):
        aggregate_pairwise_mi(z, loc, scale, rows=0)


def scores_of_one(**values):
    """Scores of a run with a single latent."""
    return Scores(
        **{"metrics": {}, "latent_mi": ((0.0,),), "factor_mi": None, "latent_kl": (1.0,)},
        **{"active": (True,), "active_units": 1, "factor_names": (), "samples": 50, "seed": 0},
        **{"reconstruction": 1.0, "kl": 1.0},
        **values,
    )


def test_a_single_latent_has_no_null():
    lone = representation(50, 2)
    lone = dataclasses.replace(
        lone,
        encoded=Encoded(*(array[:, :1] for array in lone.encoded[:3]), np.ones(1), ("gaussian",)),
    )
    assert latent_information_null(lone)[0] is None
    assert "no pair" in r_mi_said(scores_of_one(r_mi=0.0))


def test_a_prediction_interval_covers_the_next_draw():
    drawn = np.random.default_rng(0).normal(3, 2, (4000, 6))
    low, high = prediction_interval(drawn[:, :5].T)
    # 95% ± 3 standard errors of 4,000 draws.
    assert np.mean((low <= drawn[:, 5]) & (drawn[:, 5] <= high)) == pytest.approx(0.95, abs=0.012)
    with pytest.raises(MicvaeError, match="permutations: at least 2 are needed, got 1"):
        prediction_interval(np.ones((1, 2)))
    with pytest.raises(MicvaeError, match="level: must lie between 0 and 1"):
        prediction_interval(np.ones((3, 2)), level=1.0)


def test_columns_are_permuted_on_their_own_and_arrays_alike():
    a = np.arange(300.0).reshape(100, 3)
    b, c = permuted_together((a, a + 1000), np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(b, axis=0), a)
    np.testing.assert_array_equal(c, b + 1000)  # a mean and its scale stay together
    assert not np.array_equal(np.argsort(b[:, 0]), np.argsort(b[:, 1]))


def test_metrics_of_dependence_have_nulls():
    codes = np.random.default_rng(0).standard_normal((400, 5))
    nulls = metric_nulls(codes, ["mig", "mean_pairwise_mi", "gaussian_total_correlation"], 0)
    assert set(nulls) == {"mean_pairwise_mi", "gaussian_total_correlation"}
    # The plug-in estimate of independent columns is biased by some (bins − 1)² / 2N, less where
    # equally wide bins stay empty.
    assert 0.1 < nulls["mean_pairwise_mi"].low < 19**2 / 800
    factors = np.random.default_rng(1).integers(0, 4, (400, 2)).astype(float)
    assert factor_null(codes, factors, [True, True], 0).shape == (5, 2)


@pytest.mark.parametrize(
    ("value", "null", "said"),
    [
        (2.812, Null(1.74, 2.18), "R_MI 2.81 nats (independent latents of this size give 1.74 to"),
        (2.0, Null(1.74, 2.18), "1.74 to 2.18; within this: no dependence is shown)"),
        (0.0004, Null(-0.002, 0.001), "give −0.002 to 0.001; within this: no dependence"),
        (2.812, None, "not stored: evaluate again"),
    ],
)
def test_the_sentence_of_a_dependence(value, null, said):
    assert said in dependence_said("R_MI", value, null)


@pytest.mark.parametrize("stored", [3, "ab", [1], [1, "x"], [float("nan"), 1], [1, None]])
def test_a_null_of_another_shape_is_refused(stored):
    values = to_json(scores_of_one(r_mi=0.0))
    assert from_json(Scores, values | {"r_mi_null": [0, 1]}, "scores.json").r_mi_null == (0, 1)
    with pytest.raises(RunError, match="r_mi_null"):
        from_json(Scores, values | {"r_mi_null": stored}, "scores.json")


def test_a_null_that_earlier_versions_did_not_store_is_not_known():
    values = to_json(scores_of_one(r_mi=0.0))
    del values["r_mi_null"], values["latent_mi_null"], values["metric_nulls"]
    assert set(nulls_of(from_json(Scores, values, "scores.json")).values()) == {None}


TINY = {"network": Patch(width=4, hidden=8), "epochs": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = RunConfig(objective=find("vae"), data="squares(n=256)", **TINY)
    return train_run(config, tmp_path_factory.mktemp("run") / "run")


def test_every_shown_dependence_of_a_run_has_its_null(run):
    scores = evaluate_run(run)
    assert scores == run.scores()
    low, high = scores.r_mi_null
    assert low < high
    assert set(scores.metric_nulls) == {"mean_pairwise_mi", "gaussian_total_correlation"}
    assert np.shape(scores.latent_mi_null) == np.shape(scores.latent_mi)
    assert np.shape(scores.factor_mi_null) == np.shape(scores.factor_mi)
    assert evaluate_run(run).r_mi_null == (low, high)  # the seed decides
    row = row_of_run("vae", run, run.path)
    assert (row["r_mi_null_low"], row["r_mi_null_high"]) == (low, high)
    page = report_run(run).read_text("utf-8")
    null = Null(low, high).shown
    assert (
        f"independent: {null}" in page and f"independent latents of this size give {null}" in page
    )
    assert "A number in brackets is not above the 97.5% quantile for independent" in page


def test_scores_of_earlier_versions_are_read(run, tmp_path):
    evaluate_run(run)
    scores = read_json(run.path / SCORES)
    for name in ("r_mi_null", "latent_mi_null", "factor_mi_null", "metric_nulls"):
        del scores[name]
    write_json(run.path / SCORES, scores)
    row = row_of_run("vae", run, run.path)
    assert row["r_mi_null_low"] is None
    page = report_run(run).read_text("utf-8")
    assert "is not stored: evaluate again" in page and "A number in brackets" not in page
    evaluate_run(run)


FINISHING = {
    "fast-ica": ("independent(n=600)", {"network": MLP(depth=0)}),
    "isometric-ica": ("independent(n=300)", {"network": MLP(hidden=16, depth=1)}),
    "tcl": ("segments(n=600)", {"network": MLP(hidden=16, depth=1)}),
}


def test_the_table_names_every_method_that_finishes():
    finishing = {name for name, kind in METHODS.items() if kind().changes_after_training}
    assert finishing == set(FINISHING)
    assert {name for name in METHODS if METHODS[name]().closed_form_fit} == {"fast-ica"}


@pytest.mark.parametrize("method", FINISHING)
def test_shown_terms_are_those_of_the_finished_model(method, tmp_path):
    """The last epoch saw other weights than those that are stored."""
    data, options = FINISHING[method]
    config = RunConfig(objective=find(method), data=data, epochs=1, device="cpu", **options)
    trained = train_run(config, tmp_path / "run")
    terms = trained.final_terms()
    assert terms == {**read_json(trained.path / RECORD)}["final_terms"]

    model, dataset = trained.model(), trained.dataset()
    import torch

    with torch.inference_mode():
        x = torch.from_numpy(dataset.images[: len(dataset) // 64 * 64])
        features, _ = model.space.draw(model.encode(x), torch.Generator())
        expected = -model.decode(features).log_prob(x).mean().item()
    assert terms["reconstruction"] == pytest.approx(expected, rel=1e-4)
    assert terms["reconstruction"] < trained.last_epoch()["reconstruction"]

    scores = evaluate_run(trained)
    assert scores.reconstruction == terms["reconstruction"]
    assert row_of_run(method, trained, trained.path)["loss"] == terms["loss"]
    page = report_run(trained).read_text("utf-8")
    assert ("<h3>Learning curves" in page) is (method != "fast-ica")
    assert ("is fitted in closed form after the last step" in page) is (method == "fast-ica")


def test_a_run_that_did_not_store_its_final_terms_has_them_computed(tmp_path):
    data = tmp_path / "data.npy"
    np.save(data, np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32))
    config = RunConfig(objective=find("fast-ica"), data=str(data), epochs=1, device="cpu")
    trained = train_run(config, tmp_path / "run")
    known = trained.final_terms()
    record = read_json(trained.path / RECORD)
    del record["final_terms"]
    write_json(trained.path / RECORD, record)
    assert Run(trained.path).final_terms() == pytest.approx(known)
    data.unlink()
    older = Run(trained.path)
    assert older.final_terms() == {}  # not known, and not those of another network
    assert evaluate_run(older).reconstruction is None
    assert "<td" in report_run(older).read_text("utf-8")


@pytest.mark.parametrize("stored", ["x", [], {"loss": 1.0}, {"loss": None}, {"loss": "1"}])
def test_final_terms_that_are_no_numbers_are_refused(stored, tmp_path):
    config = RunConfig(objective=find("fast-ica"), data="independent(n=200)", epochs=1)
    trained = train_run(config, tmp_path / "run")
    record = json.loads((trained.path / RECORD).read_text("utf-8"))
    write_json(trained.path / RECORD, record | {"final_terms": stored})
    with pytest.raises(RunError, match=r"run\.json: final_terms"):
        Run(trained.path)
