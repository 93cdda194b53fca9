"""The two boosting backends against each other, and in one process with torch."""

import subprocess
import sys

import numpy as np
import pytest

from micvae.metrics import MetricError, boosting, dci


def vae_like(seed, n=1500):
    """Mixed, bent and noisy codes of two continuous factors and one of four classes."""
    rng = np.random.default_rng(seed)
    factors = np.column_stack([rng.uniform(size=n), rng.uniform(size=n), rng.integers(0, 4, n)])
    standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    mixed = standard @ (np.eye(3) + 0.4 * rng.normal(size=(3, 3)))
    codes = np.tanh(mixed) + 0.15 * mixed * np.roll(mixed, 1, axis=1)
    return (codes + 0.1 * rng.normal(size=codes.shape)).astype(np.float32), factors


@pytest.mark.parametrize("seed", range(3))
def test_fast_trees_are_the_reference_to_a_hundredth(seed):
    codes, factors = vae_like(seed)
    kinds = ("continuous", "continuous", "categorical")
    fast = dci(codes, factors, factor_kinds=kinds)
    reference = dci(codes, factors, factor_kinds=kinds, predictor="sklearn")
    for key, value in reference.values.items():
        # Ties are all that differs: about 0.003 is seen, the promise is 0.01.
        assert fast.values[key] == pytest.approx(value, abs=0.01), key
    np.testing.assert_allclose(
        fast.details["importance"], reference.details["importance"], atol=0.02
    )


def test_threads_and_scale_do_not_change_the_score():
    codes, factors = vae_like(9)
    one = dci(codes, factors).values
    assert dci(codes, factors, n_jobs=2).values == one
    # Powers of two scale without rounding, so ranks and standardised targets are the same.
    assert dci(codes * [2.0, 0.25, 1024.0], factors * [1, 2.0**-20, 1]).values == one


@pytest.mark.parametrize("predictor", ["lightgbm", "sklearn"])
def test_seeds_determine_the_score_and_no_global_generator_is_touched(predictor):
    codes, factors = vae_like(10, n=200)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = dci(codes, factors, predictor=predictor, seed=4).values
    assert dci(codes, factors, predictor=predictor, seed=4).values == first
    assert dci(codes, factors, predictor=predictor, seed=5).values != first
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


ALONG = """
import sys
import numpy as np
rng = np.random.default_rng(0)
codes, factors = rng.normal(size=(300, 3)), rng.integers(0, 3, (300, 2))
def score():
    from micvae.metrics import MetricError, boosting, dci
    return dci(codes, factors).value
def learn():
    import torch
    torch.set_num_threads(2)
    assert torch.get_num_threads() == 2
    x = torch.nn.Parameter(torch.randn(400, 400))
    (x @ x).logsumexp(0).sum().backward()
    return torch.get_num_threads()
{order}
import torch
assert torch.get_num_threads() == 2  # both may share one OpenMP runtime, and its settings
assert learn() == 2
"""


@pytest.mark.parametrize("order", ["import torch; learn(); score()", "score(); learn(); score()"])
def test_lightgbm_and_torch_share_a_process(order):
    done = subprocess.run(
        [sys.executable, "-c", ALONG.format(order=order)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_importing_metrics_is_light():
    code = (
        "import sys, micvae.metrics; "
        "print([m for m in ('torch', 'sklearn', 'lightgbm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_an_openmp_runtime_that_is_missing_is_named(monkeypatch):
    def without(name):
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(boosting, "import_module", without)
    codes, factors = vae_like(11, n=100)
    with pytest.raises(MetricError, match=r"libgomp\.so\.1.*use predictor='sklearn'"):
        dci(codes, factors)
