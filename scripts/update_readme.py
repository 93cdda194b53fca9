"""Put the measured table, the findings and a picture of a finished comparison into the README.

micvae reproduce --seeds 10
python scripts/update_readme.py out/paper
"""

import argparse
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from micvae.files import read_json
from micvae.studies.paper import findings, read_table1

ROOT = Path(__file__).parents[1]
PICTURES = {"traversals": "traversals-*-recommended-*.png", "seeds": "seeds.png"}


def interval(row: Mapping[str, Any], name: str) -> str:
    """`0.57 [0.52, 0.61]`."""
    mean, low, high = (row[f"{name}_{part}"] for part in ("mean", "low", "high"))
    return "" if mean is None else f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def table(rows: list[Mapping[str, Any]]) -> str:
    """A row per method: ours with intervals, the paper's, the paired difference."""
    lines = [
        "| | MIG | in the paper | MIG − vanilla's, paired | DCI-D | in the paper |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        printed = [
            "" if row[key] is None else f"{row[key]:.2f}" for key in ("paper_mig", "paper_dci")
        ]
        cells = [row["method"], interval(row, "mig"), printed[0], interval(row, "difference_mig")]
        lines.append(
            "| " + " | ".join([*cells, interval(row, "dci_disentanglement"), printed[1]]) + " |"
        )
    seeds = rows[0]["seeds"]
    caption = f"Mean over {seeds} seeds [95% bootstrap interval]; the paper gives neither."
    return "\n".join([*lines, "", caption])


def between(text: str, name: str, content: str) -> str:
    """Replace what stands between the two marks of a name."""
    pattern = rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)"
    found = re.subn(pattern, lambda m: m[1] + content + m[2], text, flags=re.DOTALL)
    if found[1] != 1:
        raise SystemExit(f"the page has no place marked {name}")
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what micvae reproduce wrote")
    folder = parser.parse_args().folder
    readme = ROOT / "README.md"
    text = between(readme.read_text(), "table", table(read_json(folder / "table1.json")))
    said = "\n".join(f"- {finding}" for finding in findings(read_table1(folder / "table1.json")))
    readme.write_text(between(text, "findings", said))
    (ROOT / "docs" / "figures").mkdir(exist_ok=True)
    for name, pattern in PICTURES.items():
        source = max((folder / "figures").glob(pattern), key=lambda p: p.stat().st_mtime)
        shutil.copy(source, ROOT / "docs" / "figures" / f"{name}.png")


if __name__ == "__main__":
    main()
