"""One small training per method, whose weights are recorded in `weights.json`.

`python tests/golden/weight_sets.py` records them anew: do so only where a change is meant to move
the weights of a training, and say so in the changelog.
"""

import hashlib
import json
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.append(str(Path(__file__).parents[1]))  # where this file is run as a script
from builders import complete_file
from micvae import spelling
from micvae.data import from_npz
from micvae.objectives import METHODS, Objective
from micvae.training import RunConfig, train_run

RECORDED = Path(__file__).with_name("weights.json")
SETTINGS = {"epochs": 2, "batch_size": 16, "latent_dim": 3, "seed": 5}


def machine() -> dict[str, str]:
    """What decides the bits of a training beside its seed: one thread is a law of the tests."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
    capability = torch.backends.cpu.get_cpu_capability()
    return {"torch": torch.__version__, "capability": capability, "processor": model}


def weights_of(method: str, folder: Path) -> dict[str, torch.Tensor]:
    """The weights of a short training under the defaults of the method."""
    path = complete_file(folder / "golden.npz")
    text = method + ("(labels=16)" if method == "semi-supervised" else "")
    objective = spelling.read(text, Objective)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # features that so few steps leave unfit for ICA
        config = RunConfig(objective=objective, data=str(path), **SETTINGS)
        train_run(config, folder / "run", dataset=from_npz(path))
    return load_file(folder / "run" / "weights.safetensors")


def digest(weights: dict[str, torch.Tensor]) -> str:
    """One text for all the bits."""
    sha = hashlib.sha256()
    for name in sorted(weights):
        sha.update(name.encode() + weights[name].contiguous().numpy().tobytes())
    return sha.hexdigest()


def norms(weights: dict[str, torch.Tensor]) -> dict[str, float]:
    """The Euclidean norm of every tensor, which other machines agree on within rounding."""
    return {name: float(weights[name].double().norm()) for name in sorted(weights)}


def record() -> None:
    """Write `weights.json` of this machine."""
    torch.set_num_threads(1)
    found = {}
    for method in METHODS:
        with tempfile.TemporaryDirectory() as folder:
            weights = weights_of(method, Path(folder))
            found[method] = {"sha256": digest(weights), "norms": norms(weights)}
            print(method, found[method]["sha256"][:12])
    RECORDED.write_text(json.dumps({"machine": machine(), "methods": found}, indent=1) + "\n")


if __name__ == "__main__":
    record()
