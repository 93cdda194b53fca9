"""Write docs/figures/explorer.png: the explorer of a run, in the browser that tests it.

usage: python scripts/explorer_screenshot.py RUN [OUT.png]

The figure in the README is of
    micvae train mi-constrained --data "squares(n=10240)" --latent-dim 6 --epochs 12 --out RUN
with RUN/latent_names.json naming the active latents by what their traversals show.
"""

import sys
import tempfile
from pathlib import Path

from micvae.explorer import explore_run
from micvae.training.run import Run

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from devtools import Browser  # noqa: E402, it lies beside the tests

WIDTH, HEIGHT = 1240, 1270
SAMPLE = 6  # of the strip: one that is neither black nor square to the frame


def screenshot(run: Run, out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, Browser(WIDTH, HEIGHT) as browser:
        page = explore_run(run, Path(folder) / "explore.html")
        browser.size(WIDTH, HEIGHT)
        browser.open(page, "document.body?.classList.contains('ready')")
        browser.evaluate(f"document.querySelectorAll('#strip .cell')[{SAMPLE}].click()")
        drawn = "document.querySelector('#grid .cell canvas')?.width !== 300"
        browser.wait_for(f"document.querySelector('[data-code]') && {drawn}")
        browser.evaluate("new Promise(done => setTimeout(done, 1000))")
        out.parent.mkdir(parents=True, exist_ok=True)
        browser.call("Emulation.setScrollbarsHidden", hidden=True)
        browser.screenshot(out)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    given = [Path(argument) for argument in sys.argv[1:]]
    screenshot(Run(given[0]), given[1] if len(given) == 2 else ROOT / "docs/figures/explorer.png")
