"""Data flows one way: a room imports only from those above it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import micvae

ROOT = Path(micvae.__file__).parent

# From top to bottom; `docs/architecture.md` says what each is for.
ROOMS = [
    "errors",
    "checks",
    "arrays",
    "text",
    "locks",
    "paths",
    "files",
    "spelling",
    "torch_state",
    "records",
    "data",
    "networks",
    "distributions",
    "information",
    "representation",
    "models",
    "objectives",
    "tracking",
    "training",
    "metrics",
    "scoring",
    "identifiability",
    "studies",
    "sharing",
    "reports",
    "explorer",
    "claims",
    "cli",
    "estimator",
    "api",
    "__main__",
]


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "micvae" and len(parts) > 1 else None


def imported(path: Path) -> set[str]:
    """Every room that a file imports from, wherever in the file it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {room_of(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"micvae.{alias.name}" for alias in node.names]
            found |= {room_of(m) for m in (names if node.module == "micvae" else [node.module])}
    return {room for room in found if room in ROOMS}


FILES = sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


def test_every_room_is_listed():
    rooms = {p.relative_to(ROOT).parts[0].removesuffix(".py") for p in FILES}
    assert rooms == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_from_those_above_it(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    below = {room for room in imported(path) if ROOMS.index(room) > ROOMS.index(own)}
    assert not below, f"{own} imports from {below}"


@pytest.mark.parametrize("module", ["micvae", "micvae.cli", "micvae.metrics"])
def test_torch_is_not_loaded_by(module):
    """Help and metrics answer at once: torch alone takes seconds to load."""
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
