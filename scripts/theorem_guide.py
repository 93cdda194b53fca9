"""Write the measured numbers and figures of docs/theorem.md from what `micvae theorem` left.

usage: python scripts/theorem_guide.py out/theorem
"""

import re
import shutil
import sys
from pathlib import Path

from micvae.files import read_json

DOCS = Path(__file__).parents[1] / "docs"


def interval(check):
    return f"{check['value']:.3f} [{check['low']:.3f}, {check['high']:.3f}]".replace("-", "−")


def rotations(result):
    yield "| sources | angle | max \\|x − x′\\| | TC, nats | MCC (Pearson) | MCC (Spearman) |"
    yield "|---|---|---|---|---|---|"
    for row in result["rotations"]:
        if row["angle"] <= 45:
            scores = f"{row['mcc_pearson']:.3f} | {row['mcc_spearman']:.3f}"
            identical = f"{row['difference']:.0e}".replace("-", "−")
            start = f"| {row['sources']} | {row['angle']:.0f}° | {identical}"
            yield f"{start} | {interval(row['joint'])} | {scores} |"


def darmois(result):
    about = "I(z₁; s₁), I(z₁; s₂) | I(z₂; s₁), I(z₂; s₂)"
    yield f"| mixing | sources | TC, nats | MCC (Spearman) | {about} |"
    yield "|---|---|---|---|---|---|"
    for name, found in result["darmois"].items():
        pairs = " | ".join(", ".join(f"{v:.2f}" for v in row) for row in found["information"])
        score = f"{found['mcc_spearman']:.3f}"
        yield f"| {name} | {found['sources']} | {interval(found['joint'])} | {score} | {pairs} |"


def modular(result):
    yield "| width w | I of the pairs, nats | TC, nats | exact TC |"
    yield "|---|---|---|---|"
    for found in result["modular"]["samples"]:
        pairs = "; ".join(interval(pair) for pair in found["pairs"])
        exact = found["total_correlation"]
        shown = "∞" if exact is None else f"{exact:.3f}"
        width = f"{found['width']:g}" if found["width"] else "0 (the sum itself)"
        yield f"| {width} | {pairs} | {interval(found['joint'])} | {shown} |"


def main(folder):
    result = read_json(folder / "theorem.json")
    page = (DOCS / "theorem.md").read_text()
    for part in (rotations, darmois, modular):
        name = part.__name__
        table = "\n".join(part(result))
        marks = rf"(<!-- {name} -->\n)(?:.|\n)*?(<!-- /{name} -->)"
        page = re.sub(marks, lambda found, t=table: f"{found[1]}\n{t}\n\n{found[2]}", page)
    (DOCS / "theorem.md").write_text(page)
    for picture in (folder / "figures").glob("theorem-*.png"):
        shutil.copy(picture, DOCS / "figures" / picture.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
