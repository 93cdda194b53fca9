"""A run, its shared model and the estimator compute the same numbers, to the bit."""

import numpy as np
import pytest

from micvae import Disentangler
from micvae.data import FactorDataset, load, squares
from micvae.errors import DataError
from micvae.models import elbo
from micvae.networks import MLP
from micvae.objectives import VAEObjective
from micvae.sharing.hub import from_pretrained, save_pretrained
from micvae.sharing.load_model import open_trained
from micvae.training import Run, RunConfig, train_run

SMALL = {
    "objective": VAEObjective(),
    "epochs": 1,
    "latent_dim": 2,
    "network": MLP(hidden=8, depth=1),
    "device": "cpu",
}


def readings(n=200):
    """Vectors in units of their own."""
    x = np.random.default_rng(0).normal(size=(n, 4))
    return x * [1, 10, 100, 1000] + [0, 50, 500, 5000]


@pytest.fixture(scope="module", params=["images", "standardised", "wrapped", "whitened"])
def case(request, tmp_path_factory):
    """A run folder, and the data that was given, as it was before training."""
    folder = tmp_path_factory.mktemp(request.param)
    np.savez(folder / "x.npz", images=readings(), factors=readings()[:, :2])
    raw = str(folder / "x.npz")
    data = {
        "images": "squares(n=128)",
        "standardised": f"standardised({raw!r})",
        "wrapped": "split('squares(n=160)', share=0.2)",
        "whitened": f"whitened({raw!r})",
    }[request.param]
    config = RunConfig(data=data, **SMALL)
    train_run(config, folder / "run")
    return folder / "run", load(raw if request.param == "standardised" else data)


def test_run_shared_model_and_estimator_agree_to_the_bit(case, tmp_path):
    path, given = case
    run = Run(path)
    codes = run.representation().codes
    handles = [
        run.trained_model(),
        open_trained(str(path)),
        from_pretrained(save_pretrained(run, tmp_path / "shared", intervals=False)),
    ]
    estimator = Disentangler.load(path, device="cpu")
    decoded = estimator.inverse_transform(codes)
    drawn, bounds = estimator.sample(5, seed=3), estimator.score_samples(given)
    np.testing.assert_array_equal(estimator.transform(given), codes)
    for handle in handles:
        np.testing.assert_array_equal(handle.encode(given).codes, codes)
        np.testing.assert_array_equal(handle.encode(run.dataset()).codes, codes)
        np.testing.assert_array_equal(handle.decode(codes), decoded)
        np.testing.assert_array_equal(handle.reconstruct(given), decoded)
        np.testing.assert_array_equal(handle.sample(5, seed=3), drawn)
        np.testing.assert_array_equal(handle.score_samples(given), bounds)
        assert decoded.dtype == handle.decoded_dtype
    # The same from the networks alone, on the data as they read it.
    own = elbo(run.model(), run.dataset().images) - run.units.log_scale
    np.testing.assert_array_equal(bounds, own)


def test_decoded_vectors_and_bounds_are_in_the_units_of_the_data(tmp_path):
    np.save(tmp_path / "x.npy", readings())
    raw = str(tmp_path / "x.npy")
    run = train_run(RunConfig(data=f"standardised({raw!r})", **SMALL), tmp_path / "run")
    handle = run.trained_model()
    x = readings()
    mean, scale = handle.units.arrays(4)
    np.testing.assert_allclose(mean, x.mean(0))
    np.testing.assert_allclose(scale, x.std(0))
    assert handle.decoded_dtype == np.float64
    inside = np.abs(handle.sample(50).mean(0) - x.mean(0)) < x.std(0)
    assert inside.all()
    # A density in units that are k times as large is 1/k as large.
    apart = elbo(run.model(), run.dataset().images) - handle.score_samples(load(raw))
    np.testing.assert_allclose(apart, np.log(x.std(0)).sum())


def test_samples_of_another_shape_or_with_other_features_are_refused(tmp_path):
    names = ("a", "b", "c", "d")
    data = FactorDataset("readings", readings().astype(np.float32), feature_names=names)
    handle = train_run(
        RunConfig(data="in memory", **SMALL), tmp_path / "run", dataset=data
    ).trained_model()
    with pytest.raises(DataError, match=r"has images of 32×32 pixels .* takes vectors of 4"):
        handle.encode(squares(8))
    turned = FactorDataset("turned", data.images[:, ::-1], feature_names=names[::-1])
    with pytest.raises(DataError, match=r"Y has features in another order .* number 0 is 'd'"):
        handle.prepared(turned, called="Y")
    for codes in (np.zeros((3, 5)), np.zeros(2), np.full((1, 2), np.nan), np.zeros((1, 2), bool)):
        with pytest.raises(DataError, match="codes"):
            handle.decode(codes)
