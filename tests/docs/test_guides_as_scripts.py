"""Python blocks that start processes, run as what a reader makes of them: a plain script.

The blocks are those of a page, in their order, in a file that is run by `python guide.py`: without
`if __name__ == "__main__":`, which the pages do not have either. Only numbers are made smaller.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
STARTS = re.compile(r"\b(select|run_study|reproduce|run_jobs)\(")
"""What starts worker processes."""

GIVEN = """\
from micvae.data import squares

images = squares(96, seed=0).images
"""
SMALLER = {
    r"\bseeds=\d+": "seeds=2",
    r"\bepochs=\d+": "epochs=1",
    r"\bout=": 'network="patch(width=4, hidden=8)", latent_dim=2, workers=1, out=',
}
OWN_METHOD = """\
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from micvae.networks import Patch
from micvae.objectives import METHODS, VAEObjective
from micvae.studies.record import StudyRecord
from micvae.studies.study import grid, run_study
from micvae.training import RunConfig


@dataclass(frozen=True)
class Own(VAEObjective):
    summary: ClassVar[str] = "a method of the reader's own"


METHODS["own"] = Own
network = Patch(width=4, hidden=8)
config = RunConfig(objective=Own(), data="squares(n=96)", epochs=1, network=network)
"""
RUN_IT = (
    'print(len(run_study(grid({"own": config}, [0]), Path("study"), '
    'StudyRecord(title="own"), 1)))\n'
)


def pages():
    found = [
        ROOT / "README.md",
        *(p for p in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in p.parts),
    ]
    return [p for p in found if any(map(STARTS.search, BLOCK.findall(p.read_text("utf-8"))))]


def run(script, folder):
    (folder / "guide.py").write_text(script, "utf-8")
    command = [sys.executable, "guide.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=240, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_there_are_such_pages():
    assert [page.name for page in pages()] == ["select.md"]


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.name)
def test_a_page_runs_as_a_plain_script(page, tmp_path):
    """It began thirteen times, and ended in 770 lines of traceback."""
    script = "\n".join(filter(STARTS.search, BLOCK.findall(page.read_text("utf-8"))))
    for long, short in SMALLER.items():
        script, count = re.subn(long, short, script)
        assert count == 1
    begun = 'with open("begun", "a") as file:\n    file.write("once ")\n'
    status, _, said = run(f"{begun}{GIVEN}{script}", tmp_path)
    assert status == 0, said
    assert (tmp_path / "begun").read_text() == "once "
    assert "Traceback" not in said
    assert (tmp_path / "out" / "selection" / "selection.json").is_file()


def test_a_method_of_the_scripts_own_works_under_the_guard(tmp_path):
    guarded = f'{OWN_METHOD}\nif __name__ == "__main__":\n    {RUN_IT}'
    status, said, problem = run(guarded, tmp_path)
    assert (status, said) == (0, "1\n"), problem


def test_a_method_of_the_scripts_own_without_it_is_one_sentence(tmp_path):
    guarded = "from micvae.errors import MicvaeError\n\ntry:\n    {}except MicvaeError as error:\n"
    script = OWN_METHOD + guarded.format(RUN_IT) + "    print(error)\n"
    status, said, problem = run(script, tmp_path)
    assert status == 0 and "Traceback" not in problem, problem
    assert said.count("\n") == 1 and 'if __name__ == "__main__":' in said
