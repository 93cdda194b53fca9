"""Write docs/bad-input.md: every case of the test's table with the message that it really gets.

python scripts/bad_input_guide.py
"""

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from bad_input_cases import CASES  # noqa: E402

from micvae.cli import main  # noqa: E402
from micvae.networks import Patch  # noqa: E402
from micvae.objectives import Vae  # noqa: E402
from micvae.training import RunConfig, train_run  # noqa: E402

HEAD = """\
# Bad input

Everything that is opened may come from a stranger. Nothing that is opened can run code: weights
are safetensors, arrays are npz without pickles, tables are Parquet or CSV, settings are JSON and
texts of literals. What a file declares is compared with what it holds before memory is taken.

Bad input ends in one line and exit status 2. It leaves no half-written file or folder, and what
was there is left as it was: `--out` replaces what the same command wrote before, and nothing else.
`tests/cli/test_bad_input.py` tries every row through the command line, and those about files
through Python, too; `scripts/bad_input_guide.py` writes this page.

| given | command | message |
| --- | --- | --- |
"""


def message_of(case, finished: Path) -> tuple[str, str]:
    """The command and what it prints, in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shutil.copytree(finished, folder / "run")
        (folder / "full").mkdir()
        (folder / "full" / "thesis.tex").write_text("years of work")
        os.chdir(folder)
        arguments, said = case.spoil(folder), io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
            main(arguments)
    printed = " ".join(said.getvalue().split()).rpartition("micvae: error: ")[2]
    printed = re.sub(r" at 0x[0-9a-f]+", "", printed)
    shown = re.sub(r"this machine has [\d,]+", "this machine has less", printed)
    shown = shown.replace(str(folder.resolve()), "FOLDER")
    words = [f'"{word}"' if set(word) & set(" ()'") else word for word in arguments]
    return " ".join(["micvae", *words]), shown


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def write() -> None:
    """Try every case and write the page."""
    with tempfile.TemporaryDirectory() as place:
        config = RunConfig(
            objective=Vae(),
            data="squares(n=96)",
            epochs=1,
            network=Patch(width=4, hidden=8),
            device="cpu",
        )
        finished = train_run(config, Path(place) / "run").path
        rows = []
        for case in CASES:
            command, said = message_of(case, finished)
            rows.append(f"| {case.title} | `{cell(command)}` | {cell(said)} |")
    (ROOT / "docs" / "bad-input.md").write_text(HEAD + "\n".join(rows) + "\n")


if __name__ == "__main__":
    write()
