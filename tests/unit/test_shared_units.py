"""What leaves a run says in which units, from which frames and over which range; and no folder."""

import json
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from micvae import Disentangler
from micvae.cli import main
from micvae.data import FactorDataset, load, read_matrix, standardised, whitened
from micvae.errors import DataError, RunError
from micvae.explorer import content
from micvae.files import read_json, write_json
from micvae.networks import MLP
from micvae.objectives import SemiSupervised, VAEObjective, find
from micvae.sharing.codes import encode_to, read_codes
from micvae.sharing.hub import CARD, CONFIG, from_pretrained, public, save_pretrained
from micvae.sharing.latents import describe_latents
from micvae.sharing.onnx import export_run
from micvae.training import Run, RunConfig, train_run
from micvae.training.units import Units

SMALL = RunConfig(
    objective=VAEObjective(),
    data="",
    epochs=2,
    latent_dim=2,
    network=MLP(hidden=8, depth=1),
    batch_size=50,
    device="cpu",
)


def own_samples(n=200, seed=0):
    """Sensors in units of their own."""
    x = np.random.default_rng(seed).normal(size=(n, 4))
    return (x * [1, 10, 100, 1000] + [0, 50, 500, 5000]).astype(np.float32)


def in_own_units(decoded):
    """Within a standard deviation of the mean; standardised ones are five away."""
    apart = np.abs(decoded.mean(0) - [0, 50, 500, 5000]) / [1, 10, 100, 1000]
    return bool((apart < 1).all())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("my private folder")


@pytest.fixture(scope="module")
def path(folder):
    np.save(folder / "v.npy", own_samples())
    return folder / "v.npy"


@pytest.fixture(scope="module")
def learner(folder, path):
    """Standardises by default, without a word of the user's."""
    learner = Disentangler(
        "vae", latent_dim=2, epochs=2, network=MLP(hidden=8, depth=1), device="cpu"
    )
    return learner.fit(str(path), out=folder / "run")


@pytest.fixture(scope="module")
def run(learner, folder):
    return Run(folder / "run")


@pytest.fixture(scope="module")
def shared(run, folder):
    return save_pretrained(run, folder / "shared", intervals=False)


@pytest.fixture(scope="module", params=["run", "shared"])
def trained(request, run, shared):
    return run.trained_model() if request.param == "run" else from_pretrained(shared)


def test_raw_data_is_standardised_with_the_runs_own_numbers(trained, run, path, learner):
    codes = run.representation().codes
    np.testing.assert_array_equal(trained.encode(load(str(path))).codes, codes)
    # What is standardised already is not standardised twice.
    np.testing.assert_array_equal(trained.encode(run.dataset()).codes, codes)
    # New samples have another mean and scale, and are not moved by those.
    new = own_samples(30, seed=1) * 2
    expected = learner.transform(new)
    np.testing.assert_array_equal(trained.encode(FactorDataset("new", new)).codes, expected)
    by_their_own = standardised(FactorDataset("new", new))
    np.testing.assert_allclose(trained.encode(by_their_own).codes, expected, atol=1e-5)
    np.testing.assert_allclose(learner.transform(by_their_own), expected, atol=1e-5)


def test_what_is_decoded_has_the_units_of_the_data(trained, run, learner):
    codes = run.representation().codes
    decoded = trained.decode(codes)
    np.testing.assert_array_equal(decoded, learner.inverse_transform(codes))
    assert in_own_units(decoded)


def test_commands_take_and_give_raw_vectors(shared, path, run, tmp_path):
    main(["encode", str(shared), str(path), "--out", str(tmp_path / "c.parquet")])
    trained = from_pretrained(shared)
    codes = read_codes(tmp_path / "c.parquet", trained)
    np.testing.assert_array_equal(codes.astype(np.float32), run.representation().codes)
    main(["decode", str(shared), str(tmp_path / "c.parquet"), "--out", str(tmp_path / "v.csv")])
    found = read_matrix(tmp_path / "v.csv", "vectors").values
    assert in_own_units(found)


def test_a_shared_model_carries_its_units_and_no_folder(shared, run, path):
    x = own_samples().astype(float)
    units = read_json(shared / CONFIG)["data"]["units"]
    np.testing.assert_allclose(units["mean"], x.mean(0))
    np.testing.assert_allclose(units["scale"], x.std(0))
    assert "Give vectors in the units of the training data" in (shared / CARD).read_text()
    assert "vectors = trained.decode(codes)" in (shared / CARD).read_text()
    for name in (CONFIG, CARD):
        assert "my private folder" not in (shared / name).read_text()


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ({"mean": [0, 0], "scale": [1, 1]}, "units.mean is a list of 2; expected a list of 4"),
        ({"mean": [0, 0, 0, 0], "scale": [1, 1, 0, 1]}, "units.scale is not positive"),
        ({"mean": [0, 0, 0, "x"], "scale": [1, 1, 1, 1]}, r"units.mean\[3\] is 'x'"),
        ({"mean": [0, 0, 0, 0]}, "units.scale is missing"),
        ("raw", "units is 'raw'; expected an object with mean, scale, whitened"),
    ],
)
def test_broken_units_are_refused(shared, tmp_path, units, message):
    for file in shared.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    facts = read_json(shared / CONFIG)
    facts["data"]["units"] = units
    write_json(tmp_path / CONFIG, facts)
    with pytest.raises(RunError, match=message):
        from_pretrained(tmp_path)


def test_a_model_that_was_shared_without_its_units_is_refused(shared, tmp_path):
    for file in shared.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    facts = read_json(shared / CONFIG)
    del facts["data"]["units"]
    write_json(tmp_path / CONFIG, facts)
    with pytest.raises(RunError, match=r"units is missing.* Share the run again"):
        from_pretrained(tmp_path)


def test_an_export_says_what_to_subtract_and_divide_by(run, path, tmp_path, capsys):
    main(["export", str(run.path), "--out", str(tmp_path)])
    said = read_json(tmp_path / "model.json")
    assert any("subtract mean and divide by scale" in note for note in said["notes"])
    assert "note: encoder.onnx reads standardised vectors" in capsys.readouterr().out
    assert "my private folder" not in json.dumps(said) and said["config"]["data"].endswith(
        "('v.npy')"
    )
    mean, scale = (np.asarray(said["units"][name]) for name in ("mean", "scale"))
    session = onnxruntime.InferenceSession(tmp_path / "encoder.onnx")
    given = ((own_samples() - mean) / scale).astype(np.float32)
    found = session.run(None, {said["encoder"]["input"]["name"]: given})[0]
    np.testing.assert_allclose(found, run.representation().codes, atol=1e-5)


def test_the_explorer_shows_vectors_in_the_units_of_the_data(run):
    found = content.gather_content(run, run.model(), run.representation(), run.dataset())
    x = own_samples().astype(float)
    for feature, column in zip(found.features, x.T, strict=True):
        low = feature.low * feature.scale + feature.mean
        assert low == pytest.approx(np.quantile(column, 0.01), rel=1e-4, abs=1e-3)


def test_units_are_found_below_what_was_made_of_the_data():
    source = {
        "data": "standardised",
        "mean": [1.0],
        "scale": [2.0],
        "of": {
            "data": "split",
            "of": {"data": "standardised", "mean": [10.0], "scale": [5.0], "of": {"data": "x.npz"}},
        },
    }
    mean, scale = Units.of(source, (1,)).arrays(1)
    x = np.asarray([30.0])
    np.testing.assert_allclose((x - mean) / scale, ((x - 10) / 5 - 1) / 2)
    assert not Units.of(source, (1, 8, 8)).standardised  # images that were rendered from them


@pytest.mark.parametrize("wrapped", ["whitened({!r})", "standardised({!r})"])
def test_whitened_data_is_asked_for_by_name(tmp_path, wrapped):
    """The matrix is not stored, and a stranger's would be another one."""
    x = own_samples()
    np.savez(tmp_path / "v.npz", images=x, factors=x[:, :2], factor_names=["a", "b"])
    raw = str(tmp_path / "v.npz")
    inner = f"whitened({raw!r})"
    name = inner if wrapped.startswith("whitened") else wrapped.format(inner)
    run = train_run(replace(SMALL, data=name), tmp_path / "run")
    trained, codes = run.trained_model(), run.representation().codes
    with pytest.raises(DataError, match=r"trained on whitened data, .* as whitened\('…'\)"):
        encode_to(trained, load(raw), tmp_path / "c.csv")
    np.testing.assert_allclose(trained.encode(load(inner)).codes, codes, atol=1e-6)
    array = np.asarray(whitened(load(raw)).images)  # nobody can tell what was done to it
    out = encode_to(trained, FactorDataset("array", array), tmp_path / "c.csv")
    np.testing.assert_allclose(read_codes(out, trained), codes, atol=1e-6)
    assert "whitened vectors" in export_run(run, tmp_path / "onnx").notes[-1]
    card = (save_pretrained(run, tmp_path / "shared", intervals=False) / CARD).read_text()
    assert "whitens" not in card and "the matrix that whitened the training" in card


@pytest.mark.parametrize("how", [whitened, standardised])
def test_a_model_of_raw_data_refuses_what_was_moved(tmp_path, how):
    x = own_samples()
    data = FactorDataset("raw", x, x[:, :1], ("a",), ("continuous",))
    trained = train_run(SMALL, tmp_path / "run", dataset=data).trained_model()
    with pytest.raises(DataError, match=f"was not trained on {how.__name__} data; give raw"):
        trained.encode(how(data))


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    data = "state_space(n=301, sources=2, seed=0)"
    config = replace(SMALL, objective=find("snica(window=32,iterations=2)"), data=data, epochs=1)
    return train_run(config, tmp_path_factory.mktemp("sequence") / "run")


def test_codes_of_sequences_are_the_runs_own_however_they_are_batched(sequence, tmp_path):
    """301 rows in parts of 100: the last part would be a sequence of one frame."""
    trained = sequence.trained_model()
    out = encode_to(trained, sequence.dataset(), tmp_path / "c.parquet", batch_size=100)
    found = read_codes(out, trained).astype(np.float32)
    np.testing.assert_array_equal(found, sequence.representation().codes)


def test_an_export_of_sequences_says_that_it_does_not_smooth(sequence, tmp_path, capsys):
    main(["export", str(sequence.path), "--out", str(tmp_path)])
    assert "note: encoder.onnx gives the codes of single frames" in capsys.readouterr().out
    said = read_json(tmp_path / "model.json")
    assert "without smoothing" in said["notes"][0] and said["units"] is None


def test_methods_that_need_whole_sequences_are_known():
    snica = find("snica")
    assert VAEObjective().encodes_samplewise and SemiSupervised().encodes_samplewise
    assert not snica.encodes_samplewise and not SemiSupervised(base=snica).encodes_samplewise


def test_export_of_plain_images_needs_no_note(tmp_path):
    config = replace(SMALL, data="squares(n=64)", epochs=1)
    assert export_run(train_run(config, tmp_path / "run"), tmp_path / "onnx").notes == ()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("split(data='/home/me/My Data, v2/x.npz')", "split(data='x.npz')"),
        ("split('/home/me/(a),b=c/x.npz', share=0.2)", "split('x.npz', share=0.2)"),
        (
            "pairs(\"standardised('/home/me/a, b/x.npz')\", changes=1)",
            "pairs(\"standardised('x.npz')\", changes=1)",
        ),
        (
            "auxiliary('pairs(\"split(\\'/home/me/x.npz\\')\")', column='km/h')",
            "auxiliary('pairs(\"split(\\'x.npz\\')\")', column='km/h')",
        ),
        (r"standardised('C:\\Users\\me\\My Data, v2\\x.npz')", "standardised('x.npz')"),
        (r"standardised('C:\Users\me\new data, v2\x.npz')", "standardised('x.npz')"),
        ('standardised("/home/it\'s me/x.npz")', "standardised('x.npz')"),
        ("mpi3d('~/me/mpi3d_toy.npz', seed=1)", "mpi3d('mpi3d_toy.npz', seed=1)"),
        ("squares(n=64,  seed=0)", "squares(n=64,  seed=0)"),
        (
            "independent(n=9, mixing='leaky(layers=3)')",
            "independent(n=9, mixing='leaky(layers=3)')",
        ),
        ("squares", "squares"),
        ("in memory", "in memory"),
        (r"C:\Users\me\x.npz", "x.npz"),
        ("split('/home/me/x.npz'", "…"),
    ],
)
def test_no_folder_is_published_however_deep_it_is_quoted(given, shown):
    assert public(given) == shown


def test_the_explorer_names_no_folder(run, path, tmp_path, monkeypatch):
    from micvae.explorer import build, explore_run

    monkeypatch.setattr(build, "runtime_files", lambda: (b"script", b"machine"))
    assert "my private folder" not in explore_run(run, tmp_path / "a.html").read_text()
    path.rename(path.with_suffix(".away"))
    try:
        page = explore_run(run, tmp_path / "b.html").read_text()
    finally:
        path.with_suffix(".away").rename(path)
    assert "could not be read" in page and "my private folder" not in page


def test_ranges_are_those_of_the_aggregate_posterior(tmp_path):
    """Means of a latent that carries nothing all but coincide; its draws fill the prior."""
    learner = Disentangler("beta-vae", beta=50.0, latent_dim=2, epochs=3, device="cpu")
    learner.fit(load("squares(n=512)"), out=tmp_path / "run")
    run = Run(tmp_path / "run")
    representation = run.representation()
    described = describe_latents(run.model(), representation)
    assert not described[0].active
    for d, latent in enumerate(described):
        ends = np.quantile(representation.encoded.draws[:, d], (0.01, 0.99))
        assert (latent.low, latent.high) == pytest.approx(tuple(ends), abs=1e-6)
        assert latent.high - latent.low > 3
    found = content.gather_content(run, run.model(), representation, None).latents[0]
    assert sum(found.density) > 400  # a bell, and not a single bar


def test_what_is_shared_knows_its_features_by_name(tmp_path):
    names = ["flow", "heat", "speed", "load"]
    data = FactorDataset("readings", own_samples(), feature_names=names)
    learner = Disentangler("vae", latent_dim=2, epochs=1, network=MLP(hidden=8, depth=1))
    run = Run(learner.fit(data).save(tmp_path / "run"))
    page = content.gather_content(run, run.model(), run.representation(), None)
    assert [feature.name for feature in page.features] == names
    save_pretrained(run, tmp_path / "shared")
    export_run(run, tmp_path / "exported")
    assert read_json(tmp_path / "exported" / "model.json")["data"]["feature_names"] == names
    shared = from_pretrained(tmp_path / "shared")
    turned = FactorDataset("turned", data.images[:, ::-1], feature_names=names[::-1])
    with pytest.raises(DataError, match="turned has features in another order"):
        shared.encode(turned)
    unnamed = FactorDataset("unnamed", data.images)
    np.testing.assert_array_equal(shared.encode(unnamed).codes, shared.encode(data).codes)
