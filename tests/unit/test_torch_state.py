"""What the caller has set for the whole of PyTorch changes no bit of a result, and stays set."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from micvae import Disentangler
from micvae.data import squares
from micvae.identifiability.audit import audit_runs
from micvae.information import aggregate_pairwise_mi
from micvae.models import elbo
from micvae.networks import Patch
from micvae.objectives import find
from micvae.scoring import evaluate_run
from micvae.sharing.onnx import export_run
from micvae.torch_state import torch_defaults
from micvae.training import Run, RunConfig, train_run

DATA = squares(128, seed=0)
METHODS = ("vae", "factor-vae", "mi-constrained", "fast-ica")
"""Plain, with a second network and batch, with a gradient written by hand, in closed form."""


@contextlib.contextmanager
def setting(change, undo):
    change()
    try:
        yield
    finally:
        undo()


STATES = {
    "no gradients": lambda: setting(
        lambda: torch.set_grad_enabled(False), lambda: torch.set_grad_enabled(True)
    ),
    "no_grad": torch.no_grad,
    "inference mode": torch.inference_mode,
    "float64": lambda: setting(
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.set_default_dtype(torch.float32),
    ),
    "device meta": lambda: setting(
        lambda: torch.set_default_device("meta"), lambda: torch.set_default_device(None)
    ),
    "within device meta": lambda: torch.device("meta"),
    "deterministic": lambda: setting(
        lambda: torch.use_deterministic_algorithms(True, warn_only=True),
        lambda: torch.use_deterministic_algorithms(False),
    ),
    "matmul precision": lambda: setting(
        lambda: torch.set_float32_matmul_precision("medium"),
        lambda: torch.set_float32_matmul_precision("highest"),
    ),
    "anomaly detection": lambda: torch.autograd.set_detect_anomaly(True),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
}


def state():
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.get_float32_matmul_precision(),
        torch.is_anomaly_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_num_threads(),
    )


def config(method):
    data = "independent(n=128)" if method == "fast-ica" else "squares(n=128)"
    network = {} if method == "fast-ica" else {"network": Patch(width=4, hidden=8)}
    latents = 5 if method == "fast-ica" else 3
    return RunConfig(
        objective=find(method), data=data, latent_dim=latents, epochs=1, device="cpu", **network
    )


def computed(folder):
    """Everything that is computed with PyTorch, as bits."""
    found = {}
    for method in METHODS:
        run = train_run(config(method), folder / method)
        found[f"weights of {method}"] = {
            name: tensor.numpy().tobytes() for name, tensor in run.model().state_dict().items()
        }
        found[f"codes of {method}"] = run.representation().codes.tobytes()
        found[f"KL of {method}"] = run.representation().latent_kl.tobytes()
    run = Run(folder / "vae")
    trained = run.trained_model()
    codes = trained.encode(DATA).codes
    found["encoded"] = codes.tobytes()
    found["decoded"] = trained.decode(codes[:5]).tobytes()
    found["bounds"] = elbo(run.model(), DATA.images).tobytes()
    scores = evaluate_run(run)
    found["scores"] = repr(replace(scores, seconds=None))
    spread = np.full_like(codes, 0.5)
    found["information"] = np.asarray(aggregate_pairwise_mi(codes, codes, spread)).tobytes()
    exported = export_run(run, folder / "onnx")
    found["exported"] = (folder / "onnx" / "decoder.onnx").read_bytes(), repr(exported.latents)
    audited = audit_runs([run], folder / "audit", quick=True).runs[0]
    found["audit"] = repr((audited.generator, audited.encoder))
    learner = Disentangler("vae", latent_dim=2, epochs=1, network="patch(width=4, hidden=8)")
    found["fitted"] = learner.fit_transform(DATA.images).tobytes()
    found["transformed"] = learner.transform(DATA.images[:9]).tobytes()
    found["inverse"] = learner.inverse_transform(np.zeros((2, 2))).tobytes()
    found["score"] = learner.score(DATA.images)
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return computed(tmp_path_factory.mktemp("usual"))


@pytest.mark.filterwarnings("ignore::micvae.errors.MicvaeWarning")
@pytest.mark.parametrize("name", STATES)
def test_results_are_the_same_and_the_state_is_left(name, expected, tmp_path):
    with STATES[name]():
        before = state()
        found = computed(tmp_path)
        assert state() == before
    assert {key for key in expected if found[key] != expected[key]} == set()


def test_the_state_is_restored_after_an_error():
    with torch.inference_mode(), pytest.raises(ValueError, match="wrong"):
        torch.set_default_dtype(torch.float64)
        try:
            with torch_defaults():
                assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
                assert torch.get_default_dtype() == torch.float32
                raise ValueError("wrong")
        finally:
            assert torch.is_inference_mode_enabled()
            assert torch.get_default_dtype() == torch.float64
            torch.set_default_dtype(torch.float32)


def test_precision_set_by_the_newer_names_is_restored():
    """They do not mix with `get_float32_matmul_precision`, which then raises."""
    matmul = torch.backends.cuda.matmul
    if not hasattr(matmul, "fp32_precision"):
        pytest.skip("this PyTorch has the older names only")
    usual = matmul.fp32_precision
    matmul.fp32_precision = "tf32"
    try:
        with torch_defaults():
            assert matmul.fp32_precision == "ieee"
        assert matmul.fp32_precision == "tf32"
    finally:
        matmul.fp32_precision = usual
