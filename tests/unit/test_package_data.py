"""What lies beside the Python files must be in the wheel."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "micvae"
FETCHED = "explorer/runtime/*"
"""By `make src/micvae/explorer/runtime`; a checkout may be without."""


def test_every_file_of_the_package_is_named_as_its_data():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["micvae"]
    named = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    missing = {pattern for pattern in patterns if not any(PACKAGE.glob(pattern))}
    assert missing <= {FETCHED}
    others = {
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert others == named


def test_every_folder_with_modules_is_a_package():
    """setuptools finds packages by their __init__.py: a folder without one would be left out."""
    for folder in {path.parent for path in PACKAGE.rglob("*.py")}:
        assert (folder / "__init__.py").exists(), folder
