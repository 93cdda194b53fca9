"""Measure every claim of the ledger, and fill docs/claims.md from what is stored.

python scripts/claims.py             # hours; goes on where it was interrupted
python scripts/claims.py --stored    # fill the page from what is there; nothing is measured
"""

import argparse
import shutil
from pathlib import Path

from micvae.claims import CLAIMS, find_claim
from micvae.claims.record import ClaimRecord, PlanRecord
from micvae.claims.reproduce import CLAIM, FIGURE, PLAN, stored_plan, stored_record
from micvae.claims.table import ledger_table, section
from micvae.cli import main as micvae
from update_readme import between

DOCS = Path(__file__).parents[1] / "docs"
KEPT = DOCS / "claims"
"""Records of claims that were measured in full, a folder per claim, kept with the page."""


def keep(out: Path) -> None:
    """Copy full records, their figures and the plans of all claims to where the docs keep them."""
    for name in CLAIMS:
        claim = find_claim(name)
        wanted = [CLAIM, FIGURE] if stored_record(claim, out) is not None else []
        wanted += [PLAN] if stored_plan(claim, out) is not None else []
        for file in wanted:
            (KEPT / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(out / name / file, KEPT / name / file)


def page(text: str) -> str:
    """The page with its ledger and its sections filled from the kept records."""
    claims = {name: find_claim(name) for name in CLAIMS}
    found: dict[str, ClaimRecord] = {}
    plans: dict[str, PlanRecord] = {}
    for name, claim in claims.items():
        record, plan = stored_record(claim, KEPT), stored_plan(claim, KEPT)
        found |= {} if record is None else {name: record}
        plans |= {} if plan is None else {name: plan}
    text = between(text, "ledger", ledger_table(claims, found, plans))
    sections = [
        section(claim, found.get(name), Path("claims") / name / FIGURE if name in found else None)
        for name, claim in claims.items()
    ]
    return between(text, "claims", "\n\n".join(sections))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/claims"))
    parser.add_argument("--stored", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if not options.stored:
        micvae(["reproduce", "--all", "--out", str(options.out)])
    keep(options.out)
    guide = DOCS / "claims.md"
    guide.write_text(page(guide.read_text()))


if __name__ == "__main__":
    main()
