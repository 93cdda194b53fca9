"""Write the table of theorems in docs/methods.md from what each method states of itself."""

import re
from pathlib import Path

from micvae.objectives import METHODS

GUIDE = Path(__file__).parents[1] / "docs" / "methods.md"
MARKS = re.compile(r"(<!-- identifiability -->\n).*?(<!-- /identifiability -->)", re.DOTALL)


def table() -> str:
    """One row per method with a theorem."""
    lines = [
        "| method | identified up to | if | evidence | source |",
        "|---|---|---|---|---|",
    ]
    for name, kind in METHODS.items():
        stated = kind().identifiability
        if stated is None or name == "semi-supervised":  # that of its base
            continue
        given = f"{stated.given}. {stated.remark}" if stated.remark else stated.given
        cells = (f"`{name}`", stated.up_to, given, stated.evidence, stated.source)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def filled(text: str) -> str:
    """Return the page with the table of now."""
    found, count = MARKS.subn(lambda m: m[1] + table() + m[2], text)
    if count != 1:
        raise SystemExit(f"{GUIDE} has no place marked identifiability")
    return found


if __name__ == "__main__":
    GUIDE.write_text(filled(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote the table of theorems into {GUIDE}")
