"""Sizes beyond memory and seeds below 0 are refused by one sentence, before memory is taken."""

import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from micvae import Disentangler
from micvae.checks import whole_number
from micvae.cli import main
from micvae.data import load, squares
from micvae.data.memory import check_memory, free_memory
from micvae.errors import DataError, MicvaeError
from micvae.identifiability import conditions
from micvae.information import permutation_null, total_correlation
from micvae.metrics import METRICS, compiled, evaluate, infomec
from micvae.models import elbo
from micvae.scoring import evaluate_run
from micvae.training import Run

HUGE = "1000000000000"
TOO_LARGE = [
    f"squares(n={HUGE})",
    f"dsprites(n={HUGE})",
    f"scenes(n={HUGE}000000000000)",
    f"independent(n={HUGE})",
    f"segments(n={HUGE})",
    "segments(n=100000000, segments=100000000)",
    f"autoregressive(n={HUGE})",
    "autoregressive(coefficient=0.99999999999)",
    f"sparse_transitions(n={HUGE})",
    f"state_space(n={HUGE})",
    f"sharing_pairs(n={HUGE})",
    f"independent(sources={HUGE})",
    f"independent(marginal='discrete', levels={HUGE})",
    f"independent(mixing='leaky(features={HUGE})')",
    f"independent(mixing='sparse(features={HUGE})')",
    f"correlated('squares(n=96)', n={HUGE})",
    f"standardised('independent(n={HUGE})')",
]


@pytest.mark.parametrize("data", TOO_LARGE)
def test_data_beyond_the_memory(data):
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"needs at least .* of memory, and .* are free here"):
            load(data)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_what_fits_is_not_refused():
    free = free_memory()
    assert free is None or free > 2**27  # what these tests need themselves
    check_memory(2**20, "n is 1")
    assert len(squares(np.int64(8))) == 8


def test_a_limit_of_the_process_counts():
    resource = pytest.importorskip("resource")
    pages = Path("/proc/self/statm")
    if not pages.exists():
        pytest.skip("this system does not say how much a process uses")
    usual = resource.getrlimit(resource.RLIMIT_AS)
    used = int(pages.read_text("ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (used * os.sysconf("SC_PAGE_SIZE") + 2**28, usual[1]))
    try:
        with pytest.raises(DataError, match="n is 200000"):
            load("squares(n=200000)")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, usual)


CODES = np.random.default_rng(0).normal(size=(60, 3))
FACTORS = np.random.default_rng(1).integers(0, 3, (60, 2))


@pytest.fixture
def run(finished_run, tmp_path_factory):
    return Run(shutil.copytree(finished_run.path, tmp_path_factory.mktemp("copy") / "run"))


SEEDED = {
    "evaluate": lambda run, seed: evaluate(CODES, FACTORS, metrics=["mig"], seed=seed),
    "infomec": lambda run, seed: infomec(CODES, FACTORS, seed=seed),
    "evaluate_run": lambda run, seed: evaluate_run(run, seed),
    "sample": lambda run, seed: run.representation().sample(1000, seed),
    "elbo": lambda run, seed: elbo(run.model(), squares(4).images, seed),
    "fit": lambda run, seed: Disentangler("vae", seed=seed).fit(CODES),
    "total_correlation": lambda run, seed: total_correlation(CODES, seed=seed),
    "permutation_null": lambda run, seed: permutation_null(CODES, np.sum, 4, seed),
    "conditions": lambda run, seed: conditions.independence(CODES, seed=seed),
    **{
        data: lambda run, seed, data=data: load(data.format(seed))
        for data in (
            "squares(n=8, seed={})",
            "dsprites(n=8, seed={})",
            "scenes(n=8, seed={})",
            "independent(n=8, seed={})",
            "split('squares(n=96)', seed={})",
            "pairs('squares(n=96)', seed={})",
            "correlated('squares(n=96)', seed={})",
        )
    },
    "a metric": lambda run, seed: METRICS["dci_disentanglement"].function(
        CODES, FACTORS, seed=seed
    ),
}


@pytest.mark.parametrize("name", SEEDED)
def test_seeds_below_0(name, run):
    with pytest.raises(MicvaeError, match=r"seed.*-1") as found:
        SEEDED[name](run, -1)
    assert "whole number" in str(found.value)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, None])
def test_what_is_no_seed(seed):
    with pytest.raises(MicvaeError, match=r"seed is .*; give a whole number of at least 0"):
        whole_number("seed", seed)
    assert whole_number("seed", np.int64(3)) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "vae", "--out", "new"],
        ["study", "vae", "--out", "new"],
        ["select", "squares(n=96)", "--out", "new"],
        ["evaluate", "RUN"],
        ["audit", "RUN", "--quick"],
        ["theorem", "--quick", "--out", "new"],
    ],
    ids=lambda a: a[0],
)
def test_seeds_of_commands(arguments, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main([str(run.path) if a == "RUN" else a for a in arguments] + ["--seed", "-1"])
    said = capsys.readouterr().err.strip().splitlines()
    assert stop.value.code == 2 and "seed" in said[-1] and "Traceback" not in said[-1]
    assert list(tmp_path.iterdir()) == []


# --- where compiled functions are kept ----------------------------------------------------------


def twice(x):
    return 2 * x


PLACES = {
    # what the environment says, and whether a cache is kept
    "no home": ({"HOME": None}, False),
    "a home that is not there": ({"HOME": "/nonexistent/home"}, False),
    "a home of one's own": ({"HOME": "own"}, True),
    "a home that all can write to": ({"HOME": "shared"}, False),
    "a cache of one's own": ({"HOME": None, "XDG_CACHE_HOME": "own"}, True),
    "a cache that is named": ({"HOME": None, "NUMBA_CACHE_DIR": "shared"}, True),
}


@pytest.mark.parametrize("name", PLACES)
def test_only_safe_places_keep_compiled_functions(name, tmp_path, monkeypatch):
    """Where the package is read-only; a cache that others can write to would run their code."""
    environment, kept = PLACES[name]
    for folder, mode in (("own", 0o700), ("shared", 0o777)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder).chmod(mode)
    for variable in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        if value is not None:
            monkeypatch.setenv(variable, value if value[0] == "/" else str(tmp_path / value))
    monkeypatch.setattr(compiled.os, "access", lambda path, mode: False)
    monkeypatch.setattr(
        compiled.os.path, "expanduser", expanding(environment.get("HOME"), tmp_path)
    )
    if name == "a home that is not there":
        monkeypatch.setattr(compiled.os, "getuid", lambda: 54321)
    assert compiled._has_place(twice) is kept
    function = compiled.compiled(twice)
    assert function(21) == 42


def expanding(home, folder):
    """As `os.path.expanduser` for a user who is not in the system's list."""
    known = home if home is None or home[0] == "/" else str(folder / home)
    return lambda path: path if known is None else path.replace("~", known, 1)
