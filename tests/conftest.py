"""What all tests share: one thread, untouched global randomness, and small data."""

import os

# Read by every process that a test starts, too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import numpy as np
import pytest
import torch

from builders import in_process, tiny_run
from micvae.data import FactorDataset, squares
from micvae.studies import study
from micvae.training import Run

torch.set_num_threads(1)

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def toy() -> FactorDataset:
    return squares(256, seed=0)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> Run:
    """A finished run of 96 toy images, for all tests: copy its folder before you change it."""
    return tiny_run(tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture
def studies_in_process(monkeypatch):
    """The runs of studies and selections are trained in this process, not by workers."""
    monkeypatch.setattr(study, "run_jobs", in_process)


@pytest.fixture(autouse=True)
def global_randomness_is_left_alone():
    """A seed must determine a run whatever else draws numbers: nothing here may draw globally."""
    before = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    yield
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[0][1], after[1]) and before[0][2:] == after[2:]
    assert torch.equal(before[1], torch.get_rng_state())


@pytest.fixture
def coil20() -> Path:
    """Real photographs, where a development checkout has them."""
    path = SHARED / "coil20_32x32.npz"
    if not path.exists():
        pytest.skip("the real image files are not here")
    return path


@pytest.fixture
def dsprites_12() -> Path:
    """Twelve images of the published dSprites, where a development checkout has them."""
    path = SHARED / "dsprites_12_real_images.npz"
    if not path.exists():
        pytest.skip("the real image files are not here")
    return path
