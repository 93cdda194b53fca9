"""What the README tells a user to type, typed."""

import re
from pathlib import Path

import numpy as np
import pytest

from micvae.data import squares

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def own_images(tmp_path, monkeypatch):
    data = squares(128, seed=0)
    monkeypatch.chdir(tmp_path)
    np.savez("faces.npz", images=data.images, factors=data.factors, factor_names=data.factor_names)
    return tmp_path


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.filterwarnings("ignore::micvae.errors.NotConvergedWarning")  # it is a small file
def test_every_python_block_runs(own_images):
    names = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert (own_images / "out" / "first" / "run.json").exists()
    assert names["codes"].shape == (128, 6)


def test_every_command_is_one(own_images):
    """Every line is parsed by its command; a second is enough, so none of them is carried out."""
    from micvae.cli import COMMANDS

    lines = [line.split() for block in blocks("sh") for line in block.splitlines()]
    said = {line[1] for line in lines if line and line[0] == "micvae"}
    assert said and said <= set(COMMANDS)
