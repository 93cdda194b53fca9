"""The estimator: every kind of input, the commands' own bits, grids, pipelines, run folders."""

import dataclasses
import inspect
import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import TensorDataset

from micvae import Disentangler
from micvae.cli import main
from micvae.data import FactorDataset, load, squares
from micvae.data.layout import as_arranged
from micvae.errors import DataError, MicvaeError, ParameterError, RunError
from micvae.objectives import METHODS, BetaVAE, FactorVAE, MIConstrained
from micvae.objectives.schedules import Constant, Ramp
from micvae.reports import report_run
from micvae.scoring import evaluate_run
from micvae.training.config import RunConfig, TrainingOptions
from micvae.training.run import Run

TINY = {"latent_dim": 2, "epochs": 1, "batch_size": 32, "device": "cpu"}
IMAGES = squares(64, seed=0).images
GREY = np.round(IMAGES[:, 0] * 255).astype(np.uint8)
TABLE = np.random.default_rng(0).normal(size=(96, 5)) * [1e-3, 1, 10, 1e4, 1] + [0, 5, 0, 1e5, 0]


def small(method="vae", **options):
    return Disentangler(method, **{**TINY, "network": "patch(width=4, hidden=8)", **options})


def table(method="vae", **options):
    return Disentangler(method, **{**TINY, "network": "mlp(hidden=8, depth=1)", **options})


@pytest.fixture(scope="module")
def fitted():
    return small().fit(GREY)


# Parameters


def test_defaults_are_the_commands_but_for_the_number_of_latents():
    made = Disentangler().get_params()
    own = {"method", "standardise", "layout", "column", "value_range", "verbose"}
    known = {f.name: f.default for f in dataclasses.fields(TrainingOptions)} | {"latent_dim": 10}
    assert set(made) - own == set(known) - {"data", "restart"}
    learner = table(batch_size=64).fit(TABLE)
    assert learner.config_ == dataclasses.replace(
        RunConfig(objective=METHODS["vae"](), data="in memory"),
        **{"latent_dim": 2, "epochs": 1, "device": "cpu", "network": learner.config_.network},
    )
    for name in ("seed", "batch_size"):
        assert made[name] == known[name]
    assert Constant(made["learning_rate"]) == known["learning_rate"]


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        ("mi_constrained", {}, MIConstrained()),
        ("beta_vae(beta=3)", {}, BetaVAE(beta=Constant(3.0))),
        ("mi_constrained:paper", {}, MIConstrained.presets()["paper"]),
        ("beta-vae(beta=3)", {"beta": 2}, BetaVAE(beta=Constant(2.0))),
        ("beta-vae", {"beta": "ramp(0, 2, steps=9)"}, BetaVAE(beta=Ramp(0, 2, steps=9))),
        (FactorVAE(width=8), {"depth": np.int64(2)}, FactorVAE(width=8, depth=2)),
    ],
)
def test_methods_and_their_options(method, options, expected):
    learner = table(method, **options).fit(TABLE)
    assert learner.config_.objective == expected
    assert Disentangler().set_params(**learner.get_params()).get_params() == learner.get_params()


def test_options_are_parameters_like_the_others():
    learner = small("beta-vae", beta=2)
    assert learner.get_params()["beta"] == 2 and learner.beta == 2 and "beta=2" in repr(learner)
    copy = clone(learner)
    assert copy.get_params() == learner.get_params()
    assert copy.set_params(beta=5).beta == 5 and learner.beta == 2
    assert clone(small("beta-vae")).set_params(beta=7).get_params()["beta"] == 7


def test_no_option_hides_a_parameter_or_a_method_of_the_estimator():
    names = {f.name for kind in METHODS.values() for f in dataclasses.fields(kind)}
    assert not [name for name in names if hasattr(Disentangler(), name)]
    assert not {name for name in names if name.strip("_") != name}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"betaa": 2}, r"betaa: no option of vae, which has beta, nor of every method, such"),
        ({"epoch": 2}, "epochs"),
        ({"method": "beta-var"}, "unknown method"),
        ({"method": 3}, "method is 3"),
        ({"beta": "ramp(1"}, "not understood"),
        ({"beta": [1]}, "is not of kind schedule"),
        ({"method": "tripod", "images": "all"}, "does not fit"),
        ({"latent_dim": 0}, "latent_dim is 0"),
        ({"latent_dim": "two"}, "latent_dim is 'two'"),
        ({"network": "resnet"}, "unknown network"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"device": "tpu"}, "device is 'tpu'"),
        ({"layout": "first"}, "layout is 'first'"),
        ({"batch_size": None}, "batch_size is None"),
    ],
    ids=str,
)
def test_wrong_parameters_are_said_by_fit(parameters, message):
    learner = table().set_params(**parameters)
    with pytest.raises(ValueError, match=message) as raised:
        learner.fit(TABLE)
    assert isinstance(raised.value, MicvaeError)


@pytest.mark.parametrize("name", ["fit", "score", "model_", "options", "transform"])
def test_names_that_are_taken_cannot_be_options(name):
    with pytest.raises(ParameterError, match="is not a parameter"):
        Disentangler(**{name: 1})


# Inputs


def hugging_face(images):
    datasets = pytest.importorskip("datasets")
    from PIL import Image

    rows = {"number": list(range(len(images))), "photo": [Image.fromarray(i) for i in images]}
    features = datasets.Features({"number": datasets.Value("int64"), "photo": datasets.Image()})
    return datasets.Dataset.from_dict(rows, features=features)


class Pictures(torch.utils.data.Dataset):
    def __len__(self):
        return len(GREY)

    def __getitem__(self, i):
        from PIL import Image

        return Image.fromarray(GREY[i]), i % 3


class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(GREY)


def as_files(tmp_path, suffix):
    path = tmp_path / f"images{suffix}"
    if suffix == ".npz":
        np.savez(path, images=GREY)
    return path


@pytest.mark.parametrize(
    "given",
    [
        lambda tmp: GREY[..., None],
        lambda tmp: GREY[:, None],
        lambda tmp: GREY[:, None].astype(np.float64) / 255,
        lambda tmp: torch.from_numpy(GREY),
        lambda tmp: TensorDataset(torch.from_numpy(GREY)[:, None].float() / 255, torch.arange(64)),
        lambda tmp: Pictures(),
        lambda tmp: hugging_face(GREY),
        lambda tmp: as_files(tmp, ".npz"),
        lambda tmp: load(str(as_files(tmp, ".npz"))),
    ],
    ids=["NHWC", "NCHW", "float64", "tensor", "TensorDataset", "PIL", "datasets", "npz", "dataset"],
)
def test_the_same_images_give_the_same_codes_whatever_holds_them(given, tmp_path, fitted):
    X = given(tmp_path)
    codes = small().fit_transform(X)
    # float64 images are rounded once more on their way to float32
    np.testing.assert_allclose(codes, fitted.representation_.codes, atol=1e-5)
    np.testing.assert_allclose(fitted.transform(X), codes, atol=1e-5)


def test_frames_of_numbers_keep_their_names():
    frame = pd.DataFrame(TABLE, columns=["a", "b", "c", "d", "e"])
    learner = table().set_output(transform="pandas").fit(frame)
    codes = learner.transform(frame)
    assert list(codes.columns) == list(learner.get_feature_names_out())
    assert list(learner.feature_names_in_) == list(frame.columns) and learner.n_features_in_ == 5


def test_names_of_columns_are_kept_with_the_run(tmp_path):
    frame = pd.DataFrame(TABLE, columns=["a", "b", "c", "d", "e"])
    path = table().fit(frame).save(tmp_path / "run", data=frame)
    assert Run(path).dataset().feature_names == tuple(frame.columns)
    evaluate_run(Run(path))
    page = report_run(Run(path)).read_text()
    assert "What each latent moves" in page and (path / "figures" / "effects.svg").exists()
    loaded = Disentangler.load(path, device="cpu")
    assert list(loaded.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        loaded.transform(frame[list("edcba")])
    turned = frame[list("edcba")]
    turned.to_csv(tmp_path / "turned.csv", index=False)
    with pytest.raises(
        DataError, match="features in another order than the training data of Disentangler"
    ):
        loaded.transform(tmp_path / "turned.csv")
    with pytest.raises(DataError, match=r"number 0 is 'e' instead of 'a'; give a, b, c, d, e"):
        Run(path).trained_model().encode(load(str(tmp_path / "turned.csv")))
    with pytest.warns(UserWarning, match="valid feature names"):  # the same numbers, without names
        again = loaded.save(tmp_path / "again", data=TABLE)
    assert Run(again).dataset().feature_names == tuple(frame.columns)


def test_nothing_of_an_earlier_fit_is_left(tmp_path):
    """Names and numbers of features are those of the last X, whatever it was."""
    frame = pd.DataFrame(TABLE, columns=["a", "b", "c", "d", "e"])
    learner = table().fit(frame)
    learner.fit(FactorDataset("three", TABLE[:, :3]))
    assert learner.n_features_in_ == 3 and not hasattr(learner, "feature_names_in_")
    learner.fit(frame, out=tmp_path / "run").fit(TABLE, out=tmp_path / "run")
    assert learner.n_features_in_ == 5 and not hasattr(learner, "feature_names_in_")
    learner.set_params(network="patch(width=4, hidden=8)").fit(GREY)
    assert not hasattr(learner, "n_features_in_")


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((8, 16, 16, 16)), "layout='channels_first'"),
        (np.zeros((8, 2, 2, 2, 2)), "has shape"),
        (np.zeros((8, 7, 9)), "7×9 pixels are too small"),
        (np.full((8, 16, 16), 3.0), r"value_range=\(0, 3\)"),
        (np.full((8, 16, 16), np.nan), "NaN"),
        (np.zeros((8, 16, 16), dtype=complex), "dtype complex128"),
        (np.zeros((0, 16, 16)), "empty"),
        (np.zeros((1, 16, 16)), "n_samples = 1"),
        (Stream(), "no length"),
        (TensorDataset(torch.zeros(0, 3)), "empty"),
        ("nowhere.npz", "no data set or file"),
        (None, "X is None; give an array"),
    ],
    ids=range(12),
)
def test_what_is_no_data_is_refused(X, message):
    with pytest.raises(ValueError, match=message):
        Disentangler(**TINY).fit(X)


def test_samples_of_another_shape_are_refused(fitted):
    for X in (GREY[:, :16], np.stack([GREY] * 3, 1), TABLE, squares(2, seed=1).subset([0])):
        if getattr(X, "image_shape", None) == (1, 32, 32):
            assert fitted.transform(X).shape == (1, 2)
            continue
        with pytest.raises(DataError, match="Disentangler takes images of 32×32"):
            fitted.transform(X)
    with pytest.raises(DataError, match=r"takes numbers \(N, 2\)"):
        fitted.inverse_transform(np.zeros((3, 4)))
    with pytest.raises(DataError, match="finite"):
        fitted.inverse_transform(np.full((3, 2), np.nan))


@pytest.mark.parametrize("shape", [(28, 28), (37, 50, 2), (9, 8, 6), (12, 40, 40)], ids=str)
def test_images_of_any_size_and_depth(shape):
    images = np.random.default_rng(0).random((16, *shape), dtype=np.float32)
    layout = "channels_first" if shape[0] == 12 else "auto"
    learner = Disentangler("vae", layout=layout, **(TINY | {"batch_size": 8})).fit(images)
    again = learner.inverse_transform(learner.transform(images))
    assert again.shape == images.shape and np.isfinite(learner.score(images))
    assert learner.sample(3).shape == (3, *shape)


def test_labels_are_factors():
    names = np.array(["round", "flat"] * 32)
    factors = pd.DataFrame({"size": np.arange(64), "form": names})
    assert small().fit(GREY, names).representation_.factor_kinds == ("categorical",)
    learner = small("semi-supervised", labels=32).fit(GREY, factors)
    assert learner.representation_.factor_names == ("size", "form")
    assert learner.representation_.factor_kinds == ("continuous", "categorical")
    np.testing.assert_array_equal(learner.representation_.factors[:4, 1], [1, 0, 1, 0])
    with pytest.raises(DataError, match="with 0 factors"):
        small("semi-supervised", labels=32).fit(GREY)
    with pytest.raises(DataError, match=r"y has shape \(3,\), but X has 64"):
        small().fit(GREY, [1, 2, 3])


# What comes out


def test_same_bits_as_the_command(tmp_path):
    data, out = str(as_files(tmp_path, ".npz")), tmp_path / "run"
    flags = ["--latent-dim", "2", "--epochs", "1", "--batch-size", "32", "--device", "cpu"]
    flags += ["--network", "patch(width=4, hidden=8)", "--seed", "3", "--beta", "2"]
    main(["train", "beta-vae", "--data", data, "--out", str(out), *flags])
    learner = small("beta-vae", seed=3, beta=2)
    codes = learner.fit_transform(data)
    run = Run(out)
    assert learner.config_ == run.config
    np.testing.assert_array_equal(codes, run.representation().codes)
    np.testing.assert_array_equal(codes, Disentangler.load(out).transform(GREY))
    for key, value in run.model().state_dict().items():
        assert torch.equal(value, learner.model_.state_dict()[key])
    # and as an array, which the command cannot be given
    np.testing.assert_array_equal(codes, clone(learner).fit_transform(GREY))


def test_the_score_is_the_bound_that_training_logs(fitted):
    """Before the first step the logged loss of a VAE on one batch is minus the bound on it."""
    out = small(epochs=1, batch_size=64).fit(GREY)
    first = -pq_loss(out)[0]
    model = small(epochs=1, batch_size=64, learning_rate=1e-30).fit(GREY)  # weights as drawn
    # 64 images: both are means over draws of z, whose spread between seeds is 0.05 nats here
    assert model.score(GREY) == pytest.approx(first, abs=0.5)
    assert fitted.score(GREY) == fitted.score_samples(GREY).mean()
    assert fitted.score(GREY) > model.score(GREY)


def pq_loss(learner):
    import io

    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(learner._run_copy.files["log.parquet"]))["loss"].to_numpy()


def test_codes_do_not_depend_on_the_other_samples(fitted):
    codes = fitted.transform(GREY)
    alone = np.concatenate([fitted.transform(GREY[i : i + 3]) for i in range(0, 63, 3)])
    # products of other sizes round the last bits of float32 otherwise
    np.testing.assert_allclose(alone, codes[:63], atol=1e-5)
    np.testing.assert_allclose(fitted.transform(GREY[::-1])[::-1], codes, atol=1e-5)


def test_tables_are_standardised_and_come_back_in_their_own_units():
    """Codes are those of the standardised table; log-densities change by the log of the scales."""
    raw, white = table(epochs=2), table(epochs=2, standardise=False)
    moved = (TABLE - TABLE.mean(0)) / TABLE.std(0)
    codes, expected = raw.fit_transform(TABLE), white.fit_transform(moved.astype(np.float32))
    # both are float64 until they are standardised: what is left is a rounding of the result
    np.testing.assert_allclose(codes, expected, atol=1e-5)
    np.testing.assert_allclose(raw.transform(TABLE), codes, atol=1e-6)
    jacobian = np.log(TABLE.std(0)).sum()
    assert raw.score(TABLE) == pytest.approx(white.score(moved) - jacobian, abs=1e-3)
    back = (raw.inverse_transform(codes) - TABLE.mean(0)) / TABLE.std(0)
    np.testing.assert_allclose(back, white.inverse_transform(codes), atol=1e-3)


def test_decoded_images_lie_as_those_that_came_in(fitted):
    colour = np.random.default_rng(0).integers(0, 256, (16, 16, 24, 3), dtype=np.uint8)
    learner = Disentangler("vae", **(TINY | {"batch_size": 8})).fit(colour)
    decoded = learner.inverse_transform(learner.transform(colour))
    assert decoded.shape == colour.shape and decoded.min() >= 0 and decoded.max() <= 1
    model = learner.model_.decode_codes(torch.from_numpy(learner.transform(colour)))
    np.testing.assert_array_equal(decoded, as_arranged(model.mean.detach().numpy(), "NHWC"))
    assert fitted.inverse_transform(fitted.transform(GREY)).shape == GREY.shape


def test_samples_are_decided_by_their_seed(fitted):
    one = fitted.sample(4, seed=1)
    assert one.shape == (4, 32, 32)
    np.testing.assert_array_equal(one, fitted.sample(4, seed=1))
    assert not np.array_equal(one, fitted.sample(4, seed=2))


# Inside scikit-learn


def test_a_grid_over_an_option_that_was_not_given_before():
    search = GridSearchCV(table("beta-vae", epochs=8), {"beta": [1, 300]}, cv=2).fit(TABLE)
    # a KL term that weighs 300 times as much leaves a looser bound on log p(x)
    assert search.best_params_ == {"beta": 1}
    assert search.best_estimator_.config_.objective == BetaVAE(beta=Constant(1.0))
    assert search.transform(TABLE).shape == (96, 2)


def test_inside_a_pipeline():
    chain = make_pipeline(StandardScaler(), table(standardise=False))
    codes = chain.fit_transform(TABLE)
    np.testing.assert_array_equal(chain.transform(TABLE), codes)
    assert list(chain.get_feature_names_out()) == ["disentangler0", "disentangler1"]
    assert chain.inverse_transform(codes).shape == TABLE.shape


def test_copies_through_processes(fitted):
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.transform(GREY), fitted.transform(GREY))


# On disk


def test_saved_and_loaded(tmp_path, fitted):
    fitted.save(tmp_path / "run", data=GREY)
    loaded = Disentangler.load(tmp_path / "run", device="cpu")
    np.testing.assert_array_equal(loaded.transform(GREY), fitted.transform(GREY))
    assert loaded.score(GREY) == fitted.score(GREY)
    assert loaded.inverse_transform(np.zeros((1, 2))).shape == (1, 32, 32)
    assert clone(loaded).fit(GREY).config_ == fitted.config_
    # the commands read it, with the images that were an array
    assert np.load(tmp_path / "run" / "data.npz")["images"].dtype == np.uint8
    np.testing.assert_array_equal(Run(tmp_path / "run").dataset().images[:, 0] * 255, GREY)
    with pytest.raises(RunError, match="not empty"):
        fitted.save(tmp_path / "run")


def test_saved_without_data_says_what_is_missing(tmp_path, fitted):
    path = fitted.save(tmp_path / "run")
    with pytest.raises(RunError, match=r"Disentangler\.save\(path, data=X\)"):
        Run(path).dataset()
    with pytest.raises(DataError, match="not what was fitted"):
        fitted.save(tmp_path / "other", data=GREY[::-1])
    assert not (tmp_path / "other").exists()


def test_a_table_is_saved_with_its_units(tmp_path):
    learner = table().fit(TABLE, TABLE[:, 0])
    path = learner.save(tmp_path / "run", data=TABLE, y=TABLE[:, 0])
    loaded = Disentangler.load(path)
    np.testing.assert_array_equal(loaded.transform(TABLE), learner.transform(TABLE))
    assert loaded.score(TABLE) == learner.score(TABLE) and loaded.n_features_in_ == 5
    data = Run(path).dataset()
    assert data.factor_kinds == ("continuous",) and abs(data.images.mean()) < 1e-6


def test_a_run_is_kept_where_it_is_wanted(tmp_path):
    learner = small().fit(GREY, out=tmp_path / "run")
    assert Run(tmp_path / "run").done
    assert small().fit(GREY, out=tmp_path / "run").score(GREY) == learner.score(GREY)
    with pytest.raises(RunError, match="another configuration"):
        small(seed=1).fit(GREY, out=tmp_path / "run")
    with pytest.raises(RunError, match="has changed"):
        small().fit(GREY[::-1], out=tmp_path / "run")


def test_verbose_shows_the_bar(capsys):
    small(verbose=True).fit(GREY)
    shown = capsys.readouterr().err
    assert "training vae on array" in shown and "samples/s" in shown


def test_every_fitted_attribute_is_documented_and_every_documented_one_is_set():
    section = inspect.getdoc(Disentangler).partition("\nAttributes:\n")[2].partition("\n\n")[0]
    documented = set(re.findall(r"^    (\w+):", section, flags=re.M))
    frame = pd.DataFrame(TABLE, columns=[f"c{k}" for k in range(TABLE.shape[1])])
    fitted = table().fit(frame)
    found = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    found |= {
        name
        for name, value in vars(Disentangler).items()
        if isinstance(value, property) and name.endswith("_")
    }
    assert found == documented
    assert {"model_", "config_", "representation_", "feature_names_in_"} <= documented
