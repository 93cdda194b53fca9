"""Vectors keep the digits in which they were given until they are centred and scaled."""

import json
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import micvae.data.lazy
from builders import few_scores, without_rendering
from micvae import Disentangler
from micvae.cli import main
from micvae.data import FactorDataset, LazyImages, load, parts, segments, standardised, whitened
from micvae.data.vectors import rounded_first
from micvae.errors import DataError, DivergedError, MicvaeWarning, RunError
from micvae.metrics import mcc_pearson
from micvae.networks import MLP
from micvae.objectives import VAEObjective
from micvae.records import encoded
from micvae.reports.run import _raw_vectors
from micvae.sharing.codes import read_codes
from micvae.sharing.onnx import export_run
from micvae.studies.command_lines import command_line, train_command
from micvae.studies.selection import Selection, select
from micvae.training import Run, RunConfig, train_run
from micvae.training.data_identity import as_trained_on

RNG = np.random.default_rng(0)
SOURCES = RNG.laplace(size=(1000, 3))
MIXED = SOURCES @ RNG.normal(size=(3, 3)).T
MAP = MIXED.copy()
MAP[:, 1] = 5_644_724 + 0.3 * MIXED[:, 1] / MIXED[:, 1].std()
FLAGS = ["--epochs", "1", "--latent-dim", "3", "--device", "cpu"]


def ica(**options):
    return Disentangler("fast-ica", latent_dim=3, epochs=1, device="cpu", **options)


def vae(**options):
    network = MLP(hidden=8, depth=1)
    given = {"latent_dim": 3, "epochs": 2, "device": "cpu", "network": network, "batch_size": 100}
    return Disentangler("vae", **(given | options))


def mcc(codes):
    return mcc_pearson(codes, SOURCES).values["mcc_pearson"]


def assert_same_components(found, expected):
    """Up to order and sign, which are arbitrary.

    FastICA stops when its rotation changes by less than 1e-4, and codes go up to about 8.
    """
    correlation = np.abs(np.corrcoef(found.T, expected.T)[:3, 3:])
    order = correlation.argmax(axis=0)
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(np.abs(found[:, order]), np.abs(expected), atol=1e-3, rtol=1e-3)


def written(table, path, kind="float64"):
    frame = pd.DataFrame(table.astype(kind), columns=["east", "north", "height"][: table.shape[1]])
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".npz":
        np.savez(path, images=table.astype(kind))
    else:
        np.save(path, table.astype(kind))
    return path


# Metres of a map: 0.65 to 0.93 where they were rounded to float32 first


def test_a_column_far_from_zero_is_unmixed_like_any_other():
    plain, moved = ica().fit_transform(MIXED), ica().fit_transform(MAP)
    assert mcc(plain) > 0.998 and mcc(moved) > 0.998
    assert_same_components(moved, plain)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npy", ".npz"])
def test_so_it_is_from_a_file_on_the_command_line(suffix, tmp_path, capsys):
    path = written(MAP, tmp_path / f"map{suffix}")
    out, codes = tmp_path / "run", tmp_path / "codes.parquet"
    main(["train", "fast-ica", *FLAGS, "--data", str(path), "--out", str(out)])
    assert "note:" not in capsys.readouterr().out
    run = Run(out)
    assert run.config.data == f"standardised({str(path)!r})"
    assert mcc(run.representation().codes) > 0.998
    main(["encode", str(out), str(path), "--out", str(codes)])
    encoded = read_codes(codes, run.trained_model()).astype(np.float32)
    np.testing.assert_array_equal(encoded, run.representation().codes)
    # The estimator on the same file trains the same run.
    learner = ica().fit(str(path))
    assert learner.config_ == run.config
    np.testing.assert_array_equal(learner.representation_.codes, run.representation().codes)
    # What is decoded stays where the data is.
    main(["decode", str(out), str(codes), "--out", str(tmp_path / "back.parquet")])
    back = pq.read_table(tmp_path / "back.parquet").to_pandas().to_numpy()
    assert np.abs(back - MAP).max(0)[1] < 0.01  # of a deviation of 0.3


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v + 1e8,
        lambda v: v * 1e-12,
        lambda v: v * 1e12,
        lambda v: v * 1e-160,
        lambda v: v * 1e150,
        lambda v: v * [1e-12, 1.0, 1e12] + [0, -1e7, 1e18],
    ],
    ids=["+1e8", "*1e-12", "*1e12", "*1e-160", "*1e150", "all"],
)
def test_units_change_no_code(change):
    learner, other = vae().fit(MIXED), vae().fit(change(MIXED))
    codes = learner.transform(MIXED)
    np.testing.assert_allclose(other.representation_.codes, codes, atol=1e-4)
    np.testing.assert_allclose(other.transform(change(MIXED)), codes, atol=1e-4)
    np.testing.assert_array_equal(
        other.transform(change(MIXED)), other.representation_.codes
    )  # the same samples
    back, spread = other.inverse_transform(codes), change(MIXED).std(0)
    assert back.dtype == np.float64
    distance = np.abs(back - change(learner.inverse_transform(codes))) / spread
    assert distance.max() < 1e-3
    densities = other.score_samples(change(MIXED)) + np.log(spread).sum()
    expected = learner.score_samples(MIXED) + np.log(MIXED.std(0)).sum()
    np.testing.assert_allclose(densities, expected, atol=1e-2)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    scale=st.lists(st.floats(-12, 12), min_size=3, max_size=3),
    offset=st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3),
)
def test_affine_changes_leave_standardised_vectors(scale, offset):
    scales = 10.0 ** np.asarray(scale)
    changed = MIXED * scales + np.asarray(offset) * scales * MIXED.std(0)
    expected = standardised(FactorDataset("v", MIXED)).images
    found = standardised(FactorDataset("v", changed)).images
    # float64 resolves 1e9 deviations to 1.2e-7 of one
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    scale=st.lists(st.floats(-12, 12), min_size=3, max_size=3),
    offset=st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3),
)
def test_affine_changes_leave_independent_components(scale, offset):
    scales = 10.0 ** np.asarray(scale)
    changed = MIXED * scales + np.asarray(offset) * scales * MIXED.std(0)
    found, expected = ica().fit_transform(changed), ica().fit_transform(MIXED)
    # The search for independent components stops at a tolerance of its own, from another start.
    matched = np.abs(np.corrcoef(found.T, expected.T)[:3, 3:]).max(axis=1)
    assert (matched > 0.999).all()


# Precision on the way


@pytest.mark.parametrize(
    ("given_as", "held_as"),
    [
        (np.float16, np.float32),
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.longdouble, np.float64),
        (">f8", np.float64),
        (np.int64, np.float64),
        (np.uint8, np.float64),
        (bool, np.float64),
    ],
)
def test_vectors_keep_the_precision_that_holds_them(given_as, held_as):
    values = np.arange(12).reshape(4, 3) % 2
    data = FactorDataset("v", values.astype(given_as))
    assert data.images.dtype == held_as
    assert data.as_float32().images.dtype == np.float32
    np.testing.assert_array_equal(data.images, values)


def test_float32_is_standardised_to_the_bits_that_it_always_was():
    x = (MIXED * [1, 10, 1e4] + [0, 50, 5000]).astype(np.float32)
    mean = x.sum(0, dtype=np.float64) / len(x)
    scale = np.sqrt(((x - mean) ** 2).sum(0) / len(x))
    expected = ((x.astype(np.float64) - mean) / scale).astype(np.float32)
    np.testing.assert_array_equal(standardised(FactorDataset("v", x)).images, expected)
    exact = FactorDataset("v", x.astype(np.float64))  # float32 holds these: the same bits
    np.testing.assert_array_equal(standardised(exact).images, expected)
    assert segments(n=200).images.dtype == np.float32


def test_files_that_are_read_in_parts_keep_it_too(tmp_path, monkeypatch):
    whole = standardised(load(str(written(MAP, tmp_path / "map.npy"))))
    plain = load(str(tmp_path / "map.npy")).as_float32().images
    monkeypatch.setattr(micvae.data.lazy, "LARGE", 100)
    lazy = load(str(tmp_path / "map.npy"))
    assert isinstance(lazy.images, LazyImages) and lazy.images.dtype == np.float64
    assert isinstance(standardised(lazy).images, LazyImages)
    np.testing.assert_array_equal(np.asarray(standardised(lazy).images), whole.images)
    part = lazy.subset(np.arange(5, 900)).as_float32()
    np.testing.assert_array_equal(np.asarray(part.images), plain[5:900])
    assert all(block.dtype == np.float32 for block in parts(part.images))
    counts = np.arange(300).reshape(100, 3)  # whole numbers
    held = Disentangler("vae")._given(counts, fitting=True).dataset
    assert isinstance(held.images, LazyImages) and np.asarray(held.images).max() == 299


def test_a_feature_that_does_not_vary_stays():
    constant = np.full(50, 0.1)
    constant[::2] = 0.3 - 0.2  # the same but for rounding
    data = standardised(FactorDataset("v", np.stack([constant, RNG.normal(size=50)], axis=1)))
    assert data.source["scale"][0] == 1 and np.abs(data.images[:, 0]).max() < 1e-6


def test_whitening_is_computed_in_float64():
    factors = FactorDataset("v", MIXED, SOURCES)
    moved = FactorDataset("v", MIXED + 1e8, SOURCES)
    np.testing.assert_allclose(whitened(moved).images, whitened(factors).images, atol=1e-5)
    scaled = FactorDataset("v", MIXED * [1, 1e9, 1], SOURCES)
    with pytest.raises(DataError, match="standardise them first"):
        whitened(scaled)
    np.testing.assert_allclose(
        np.cov(whitened(standardised(scaled)).images.T), np.eye(3), atol=0.01
    )
    with pytest.raises(DataError, match="depend on one another"):
        whitened(FactorDataset("v", MIXED[:, [0, 0, 1]], SOURCES))


# What cannot be right is said, by the name of the column


def test_float32_that_was_rounded_before_is_warned_of(tmp_path):
    rounded = MAP.astype(np.float32)
    message = "'north' of .* is float32 and varies by 0.3.* around 5644.*give it as float64"
    with pytest.warns(MicvaeWarning, match="column 1 of array is float32"):
        vae().fit(rounded)
    with pytest.warns(MicvaeWarning, match=message.replace("5644", "5,644")):
        vae().fit(str(written(MAP, tmp_path / "map.parquet", "float32")))
    mixed = pd.DataFrame({"east": MAP[:, 0], "north": rounded[:, 1]})
    mixed.to_parquet(tmp_path / "mixed.parquet")
    for source in (mixed, str(tmp_path / "mixed.parquet")):
        with pytest.warns(MicvaeWarning, match="column 'north' of .* is float32"):
            vae().fit(source)
    with (
        pytest.warns(MicvaeWarning, match="column 1 of array is float32"),
        suppress(DivergedError),  # which numbers of this size make likely
    ):
        vae(standardise=False).fit(rounded)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vae().fit((MIXED + 1000).astype(np.float32))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (MAP, "column 1 of array varies by 0.3 around 5,644,72.*standardise"),
        (MIXED * [1, 1, 1e-60], "column 2 of array varies by"),
        (MIXED * [1e60, 1, 1], "column 0 of array varies by .*e.60 around .*standardise"),
    ],
    ids=["offset", "small", "large"],
)
def test_what_float32_does_not_hold_is_not_trained_on_as_it_is(table, message):
    with pytest.raises(DataError, match=message):
        vae(standardise=False).fit(table)
    vae().fit(table)


def test_the_command_line_refuses_it_by_the_name_of_the_column(tmp_path, capsys):
    path = written(MAP, tmp_path / "map.csv")
    with pytest.raises(SystemExit) as ended:
        main(["train", "vae", *FLAGS, "--data", str(path), "--no-standardise",
              "--out", str(tmp_path / "run")])  # fmt: skip
    assert ended.value.code == 2 and not (tmp_path / "run").exists()
    assert "column 'north' of map varies by 0.3 around" in capsys.readouterr().err


def test_what_float32_holds_is_trained_on_as_it_is():
    learner = vae(standardise=False).fit(MIXED * 2 + 100)
    assert learner.inverse_transform(learner.transform(MIXED)).dtype == np.float32


LARGE = np.array([[2**53 + 1, 1], [3, 4], [5, 6]])


def frame_file(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    table = pd.DataFrame({"time": LARGE[:, 0], "b": LARGE[:, 1]})
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    return str(path)


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda _: LARGE, "X"),
        (lambda _: LARGE.astype(np.uint64), "X"),
        (lambda _: pd.DataFrame({"time": LARGE[:, 0], "b": LARGE[:, 1]}), "column 'time' of X"),
        (lambda _: pd.DataFrame({"time": LARGE[:, 0]}).astype("Int64"), "column 'time' of X"),
        (lambda _: pa.table({"time": LARGE[:, 0].tolist()}), "column 'time' of X"),
        (lambda _: [[2**53 + 1, 0.5], [1, 2]], "X"),
        (lambda _: [[2**90, 1], [1, 2]], "X"),
        (lambda folder: frame_file(folder, ".csv"), "column time of .*t.csv"),
        (lambda folder: frame_file(folder, ".parquet"), "column time of .*t.parquet"),
    ],
    ids=range(9),
)
def test_whole_numbers_beyond_float64_are_refused(make, where, tmp_path):
    with pytest.raises(DataError, match=f"{where}.* has whole numbers beyond 2\\^53.*subtract"):
        vae().fit(make(tmp_path))


def test_labels_beyond_float64_are_refused():
    with pytest.raises(DataError, match=r"y\[:, 0\] has whole numbers beyond 2\^53"):
        vae().fit(MIXED[:3], LARGE[:, 0])
    for name in ("factors", "auxiliary"):
        with pytest.raises(DataError, match=rf"column 0 of {name} has whole numbers beyond 2\^53"):
            FactorDataset("v", MIXED[:3], **{name: LARGE})


def test_numbers_beyond_reason_are_refused():
    with pytest.raises(DataError, match=r"ranges from .* divide the vectors"):
        FactorDataset("v", np.array([[1e301], [0.0]]))


# Runs of micvae 0.1, which rounded first


def config_of(data):
    return RunConfig(objective=VAEObjective(), data=data, epochs=1, latent_dim=2, batch_size=100,
                     network=MLP(hidden=8, depth=1), device="cpu")  # fmt: skip


@pytest.fixture
def old(tmp_path):
    path = written(MIXED + 10, tmp_path / "t.csv")
    config = config_of(f"standardised({str(path)!r})")
    with rounded_first():
        run = train_run(config, tmp_path / "run")
    assert run.data.fingerprint != train_run(config, tmp_path / "new").data.fingerprint
    return run


def test_runs_made_before_are_read_with_their_own_bits(old, tmp_path):
    found = old.dataset()
    encoded = VAEObjective().encode_dataset(old.model(), found)
    np.testing.assert_array_equal(encoded.codes, old.representation().codes)
    small = ["--epochs", "1", "--latent-dim", "2", "--device", "cpu"]
    small += ["--batch-size", "100", "--network", "mlp(hidden=8,depth=1)"]
    own = ["--data", str(tmp_path / "t.csv"), "--out", str(old.path)]
    main(["train", "vae", *small, *own])  # finds it finished, and says no word of change
    np.testing.assert_allclose(
        old.trained_model().encode(load(str(tmp_path / "t.csv"))).codes,
        old.representation().codes,
        atol=1e-4,
    )
    written(MIXED + 11, tmp_path / "t.csv")
    with pytest.raises(RunError, match="has changed"):
        old.dataset()


def test_trainings_begun_before_go_on(old, tmp_path):
    record = json.loads((old.path / "run.json").read_text())
    (old.path / "run.json").write_text(json.dumps(record | {"status": "training"}))
    again = train_run(old.config, old.path)
    assert encoded(again.data) == record["data"]
    np.testing.assert_array_equal(again.representation().codes, old.representation().codes)


def test_a_learner_fitted_before_is_saved_with_its_data(tmp_path):
    with rounded_first():
        learner = vae().fit(MIXED + 10, out=tmp_path / "run")
    loaded = Disentangler.load(tmp_path / "run", device="cpu")
    run = Run(loaded.save(tmp_path / "kept", data=MIXED + 10))
    assert as_trained_on(run.dataset(), run.data.fingerprint, run.dataset) is not None
    vae().fit(MIXED + 10, out=tmp_path / "run")  # the same run
    np.testing.assert_array_equal(learner.representation_.codes, run.representation().codes)
    with pytest.raises(DataError, match="not what was fitted"):
        loaded.save(tmp_path / "other", data=MIXED + 11)


# The command line standardises vectors of the user's own


def test_a_table_is_standardised_unless_told_otherwise(tmp_path, capsys):
    path = written(MIXED[:100] * [1, 5, 1], tmp_path / "t.csv")
    small = [*FLAGS, "--network", "mlp(hidden=8,depth=1)", "--data", str(path)]
    main(["train", "vae", *small, "--out", str(tmp_path / "a")])
    main(["train", "vae", *small, "--no-standardise", "--out", str(tmp_path / "b")])
    a, b = Run(tmp_path / "a"), Run(tmp_path / "b")
    assert a.config.data == f"standardised({str(path)!r})" and b.config.data == str(path)
    np.testing.assert_allclose(a.dataset().images.std(0), 1, rtol=1e-5)
    np.testing.assert_allclose(b.dataset().images, load(str(path)).images, rtol=1e-6)
    assert _raw_vectors(b) and not _raw_vectors(a)  # the report's command says --no-standardise
    with pytest.raises(SystemExit):
        main(["train", "vae", *small, "--out", str(tmp_path / "b")])
    assert "add --no-standardise to go on with it" in capsys.readouterr().err
    learner = Disentangler(
        "vae", latent_dim=3, epochs=1, device="cpu", network="mlp(hidden=8,depth=1)"
    ).fit(str(path))
    np.testing.assert_array_equal(learner.representation_.codes, a.representation().codes)
    wrapped = f"split({str(path)!r})"
    main(["train", "vae", *small[:-1], wrapped, "--out", str(tmp_path / "c")])
    assert Run(tmp_path / "c").config.data == f"standardised({wrapped!r})"


@pytest.mark.parametrize(
    "data",
    ["segments(n=100)", "squares(n=100)", "standardised('t.csv')", "whitened(\"blocks('t.npz')\")"],
)
def test_other_data_is_trained_as_it_is(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(MIXED[:100], Path("t.csv"))
    np.savez("t.npz", images=MIXED[:300], factors=SOURCES[:300])
    main(["train", "vae", *FLAGS, "--data", data, "--out", "run"])
    assert Run(Path("run")).config.data == data


@pytest.mark.usefixtures("studies_in_process")
def test_studies_and_selections_standardise_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few_scores(monkeypatch.setattr)
    without_rendering(monkeypatch.setattr)
    written(MIXED[:200], Path("t.csv"))
    job = Selection(data="t.csv", latent_dim=2).in_model_units()
    assert job.data == "standardised('t.csv')" and job.in_model_units() == job
    assert Selection(data="t.csv", standardise=False).in_model_units().data == "t.csv"
    assert Selection(data="segments(n=50)").in_model_units().data == "segments(n=50)"
    small = {"epochs": 1, "latent_dim": 2, "seeds": 2, "network": MLP(hidden=8, depth=1),
             "batch_size": 50, "workers": 1, "device": "cpu"}  # fmt: skip
    result = select(MIXED[:200] + 1e8, ["vae"], out=tmp_path / "s", **small)
    record = json.loads(next((tmp_path / "s").rglob("run.json")).read_text())
    assert "standardised(" in record["config"]["data"] and "split(" in record["config"]["data"]
    assert result.data == "data, standardised"
    select(segments(n=200), ["vae"], out=tmp_path / "g", **small)  # is left as it is
    record = json.loads(next((tmp_path / "g").rglob("run.json")).read_text())
    assert "standardised(" not in record["config"]["data"]
    as_it_is = Selection(data="t.csv", standardise=False)
    assert command_line(["select"], as_it_is, leave_out=("data",)) == "select --no-standardise"
    assert "--no-standardise" in train_command(config_of("t.csv"), Path("o"), standardise=False)
    assert "standardise" not in train_command(config_of("t.csv"), Path("o"))


@pytest.mark.usefixtures("studies_in_process")
def test_a_study_of_a_table_standardises(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few_scores(monkeypatch.setattr)
    without_rendering(monkeypatch.setattr)
    written(MIXED[:100], Path("t.csv"))
    main(["study", "vae", "--seeds", "1", "--workers", "1", *FLAGS, "--network",
          "mlp(hidden=8,depth=1)", "--data", "t.csv", "--out", "study"])  # fmt: skip
    record = json.loads(next(Path("study").rglob("run.json")).read_text())
    assert record["config"]["data"] == "standardised('t.csv')"


# What is shipped


def test_an_export_says_how_to_centre(tmp_path):
    import onnxruntime

    run = train_run(config_of("in memory"), tmp_path / "run", dataset=standardised(
        FactorDataset("map", MAP)))  # fmt: skip
    said = export_run(run, tmp_path / "onnx")
    assert "in float64, and convert to float32 afterwards" in said.notes[0]
    moved = ((MAP - said.units.mean) / said.units.scale).astype(np.float32)
    session = onnxruntime.InferenceSession(tmp_path / "onnx" / said.encoder.file)
    codes = session.run(None, {said.encoder.input.name: moved})[0]
    np.testing.assert_allclose(codes, run.representation().codes, atol=1e-5)


# Masked arrays

MASKED = np.ma.array(MIXED[:50], mask=np.zeros((50, 3), dtype=bool))
MASKED[4, 1] = np.ma.masked
ROW = np.ma.array(np.arange(50.0), mask=np.arange(50) == 7)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda learner: learner.fit(MASKED), "X is a masked array with 1 of 50 rows masked"),
        (lambda learner: learner.fit(list(MASKED)), "X is a list of masked arrays, 1 of 50"),
        (lambda learner: learner.transform(MASKED), "X is a masked array"),
        (lambda learner: learner.score(MASKED), "X is a masked array"),
        (lambda learner: learner.inverse_transform(MASKED), "X is a masked array"),
        (lambda learner: learner.fit(MIXED[:50], ROW), "y is a masked array with 1 of 50 entries"),
        (lambda learner: learner.fit(MIXED[:50], MASKED), "y is a masked array"),
        (lambda _: FactorDataset("v", MASKED), "images is a masked array"),
        (lambda _: FactorDataset("v", MIXED[:50], MASKED), "factors is a masked array"),
        (lambda _: FactorDataset("v", MIXED[:50], partners=MASKED), "partners is a masked array"),
        (lambda _: FactorDataset("v", MIXED[:50], auxiliary=ROW), "auxiliary is a masked array"),
        (lambda _: FactorDataset("v", MIXED[:50], sequence=ROW.astype(int)), "sequence is a"),
        (lambda _: standardised(FactorDataset("v", MIXED), mean=MASKED[4]), "mean is a masked"),
        (lambda _: segments(n=50).images_of(MASKED), "factors is a masked array"),
        (lambda _: select(MASKED, ["vae"]), "dataset is a masked array"),
    ],
    ids=range(15),
)
def test_nothing_behind_a_mask_is_read(call, what, fitted):
    with pytest.raises(DataError, match=what):
        call(fitted)


@pytest.fixture(scope="module")
def fitted():
    return vae(batch_size=50).fit(MIXED[:50])


def test_a_masked_array_without_a_mask_is_an_array(fitted):
    whole = np.ma.array(MIXED[:50], mask=False)
    np.testing.assert_array_equal(fitted.transform(whole), fitted.transform(MIXED[:50]))
    np.testing.assert_array_equal(FactorDataset("v", whole, whole).factors, MIXED[:50])
