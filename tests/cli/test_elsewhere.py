"""The commands where nothing but a folder of one's own can be written to.

`make test-elsewhere` runs this as a user without a name and a home directory, with the package
read-only in a path with spaces, and with output in cp1252; here it runs as it is.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import micvae

pytestmark = pytest.mark.elsewhere
PACKAGE = Path(micvae.__file__).parent
COMMANDS = """\
train vae --data squares(n=128) --epochs 1 --network patch(width=4,hidden=8) --out a$run
evaluate a$run
report a$run
encode a$run squares(n=64) --out codes.csv
decode a$run codes.csv --out images.npz
export a$run
share a$run --out shared
audit a$run --quick
study vae --data squares(n=96) --epochs 1 --network patch(width=4,hidden=8) --seeds 1 --workers 1
"""
SCRIPT = """\
import sys
from micvae.cli import main

for line in sys.argv[1].splitlines():
    main([word.replace("$", " ") for word in line.split(" ")])
"""
NOISE = ("Traceback", "Matplotlib", "matplotlib", "mkdir", "telemetry", "cache", "Warning")


@pytest.mark.skipif("MICVAE_ELSEWHERE" not in os.environ, reason="only in make test-elsewhere")
def test_this_is_elsewhere():
    assert os.geteuid() == 54321 and "HOME" not in os.environ
    assert not os.access(PACKAGE, os.W_OK) and " " in str(PACKAGE)
    assert not Path(os.path.expanduser("~")).is_absolute()  # noqa: PTH111, Path.home would raise
    assert os.environ["PYTHONIOENCODING"] == "cp1252"


def test_every_command_works_and_writes_here_only(tmp_path):
    """`evaluate` and `report` ended in "cannot cache function …: no locator available"."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, COMMANDS],
        cwd=tmp_path,
        capture_output=True,
        timeout=280,
        check=False,
    )
    said = done.stderr.decode("cp1252", errors="replace")
    assert done.returncode == 0, said
    assert not [word for word in NOISE if word in said], said
    wanted = {"a run", "codes.csv", "images.npz", "shared", "out"}
    assert {path.name for path in tmp_path.iterdir()} == wanted
