"""Measure what is recovered of known sources, by assumption and method: MCC over seeds.

python scripts/assumptions.py            # out/assumptions; goes on where it was interrupted
python scripts/assumptions.py --quick    # few samples and steps: whether it runs, not what it finds

Settings were chosen on other seeds (100 and up). Every seed draws sources and mixing anew, but for
the rows without any assumption: there data stay as they are, and what is told is how far trainings
from different seeds agree with one another.
"""

import argparse
import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from micvae import spelling
from micvae.cli.display import study_progress
from micvae.distributions import Likelihood
from micvae.metrics import mcc_affine, mcc_pearson
from micvae.networks import Network
from micvae.objectives import find
from micvae.objectives.schedules import Schedule
from micvae.studies.record import StudyRecord, StudyRow
from micvae.studies.statistics import bootstrap_interval
from micvae.studies.study import Cell, grid, n_workers, run_study
from micvae.training.config import RunConfig
from micvae.training.run import Run
from update_readme import between

GUIDE = Path(__file__).parents[1] / "docs" / "assumptions.md"
QUICK_SAMPLES, QUICK_EPOCHS = 4000, 15


@dataclass(frozen=True)
class Entry:
    """A row of the table: what is assumed, on what, by which method."""

    assumption: str
    problem: str
    method: str
    target: str = "s"
    published: str = ""

    @property
    def label(self) -> str:
        """Names the row in the study."""
        return f"{self.problem} {self.method}"


SIMULATION = (
    'whitened(\'segments(n=40000, mixing="leaky(layers={}, slope=0.1, condition=6.3, tied=True)", '
    "scales=(0.5, 3), means=5, seed={{seed}})')"
)
NOISY = 'state_space(n=20000, mixing="leaky(features=12)", seed={seed})'
PROBLEMS = {
    "segments L=1": SIMULATION.format(1),
    "segments L=2": SIMULATION.format(2),
    "segments L=3": SIMULATION.format(3),
    "Laplace segments L=2": 'whitened(\'segments(n=40000, marginal="laplace", layers=2, '
    "seed={seed})')",
    "autoregressive L=2": "whitened('autoregressive(n=40000, layers=2, seed={seed})')",
    "sparse transitions L=2": "whitened('sparse_transitions(n=40000, layers=2, seed={seed})')",
    "noisy state space L=2": NOISY,
    "noisy state space L=2, in blocks": f"blocks('{NOISY}', length=200)",
    "linear": "whitened('independent(n=40000, mixing=\"linear\", seed={seed})')",
    "isometry": "independent(n=10000, sources=2, mixing='isometry', seed={seed})",
    "orthogonal": "whitened('independent(n=40000, mixing=\"orthogonal\", seed={seed})')",
    "sparse": "independent(n=40000, marginal='gaussian', mixing='sparse', seed={seed})",
    "independent L=2": "whitened('independent(n=10000, layers=2, seed=0)')",
}
SETTINGS: dict[str, Any] = {
    "likelihood": spelling.read("learned-gaussian(scale=0.1)", Likelihood),
    "network": spelling.read("mlp(hidden=128)", Network),
    "batch_size": 512,
    "epochs": 45,
    "learning_rate": spelling.read("ramp(3e-3, 0, steps=1800, begin=1700)", Schedule),
    "latent_dim": 5,
}
NOISE: dict[str, Any] = {
    "likelihood": spelling.read("learned-gaussian(scale=0.5, each=True)", Likelihood),
    "network": spelling.read("mlp", Network),
    "batch_size": 128,
    "epochs": 24,
    "learning_rate": spelling.read("ramp(1e-2, 0, steps=1900, begin=1800)", Schedule),
    "latent_dim": 3,
}
SLOWER = {"learning_rate": spelling.read("ramp(3e-3, 0, steps=1900, begin=1800)", Schedule)}
OTHERWISE: dict[str, dict[str, Any]] = {  # by method, by problem, by both
    "ivae:contrastive": {
        "learning_rate": spelling.read("ramp(1e-2, 0, steps=1800, begin=1700)", Schedule)
    },
    "tcl": {
        "network": spelling.read("mlp(hidden=64, depth=2)", Network),
        "epochs": 60,
        "learning_rate": spelling.read("ramp(1e-2, 0, steps=3500, begin=1100)", Schedule),
    },
    "fast-ica": {"network": spelling.read("mlp(depth=0)", Network), "epochs": 1},
    "sparse-vae": {"network": spelling.read("sparse", Network)},
    "isometry": {"latent_dim": 2, "batch_size": 128},
    "independent L=2": {"batch_size": 128},
    "noisy state space L=2": NOISE,
    "noisy state space L=2, in blocks": NOISE,
    "noisy state space L=2 pcl": SLOWER,
    "noisy state space L=2, in blocks tcl": SLOWER,
    "noisy state space L=2 snica:contrastive": {
        "batch_size": 32,
        "epochs": 2,
        "learning_rate": spelling.read("ramp(1e-2, 0, steps=650, begin=600)", Schedule),
    },
}
CHANGING = "u changes variances and means"
SPARSE = "two features or more of each source alone"
PAST = "sources depend on their past"
NONE = "none beside independence"
UNAIDED = (
    "vae",
    "beta-vae(beta=4)",
    "beta-tcvae",
    "factor-vae",
    "dip-vae-ii",
    "mi-constrained",
    "fast-ica",
)
TABLE = (
    *(
        entry
        for problem in ("segments L=1", "segments L=2", "segments L=3")
        for entry in (
            Entry(CHANGING, problem, "ivae:contrastive"),
            Entry(CHANGING, problem, "ivae", published="0.93" if problem[-1] == "3" else ""),
            Entry(NONE, problem, "vae", published="0.65" if problem[-1] == "3" else ""),
            Entry(NONE, problem, "mi-constrained"),
        )
    ),
    Entry("u changes scales", "Laplace segments L=2", "tcl", target="|s|"),
    Entry(NONE, "Laplace segments L=2", "vae", target="|s|"),
    Entry(PAST, "autoregressive L=2", "pcl"),
    Entry(NONE, "autoregressive L=2", "vae"),
    Entry("sources jump seldom", "sparse transitions L=2", "slow-vae:contrastive"),
    Entry("sources jump seldom", "sparse transitions L=2", "slow-vae"),
    Entry(NONE, "sparse transitions L=2", "vae"),
    Entry("switching dynamics, noise", "noisy state space L=2", "snica:contrastive"),
    Entry(PAST, "noisy state space L=2", "pcl"),
    # Sources are not centred at 0 here, so that s itself is what TCL finds best.
    Entry("scales change", "noisy state space L=2, in blocks", "tcl"),
    Entry("sources jump seldom", "noisy state space L=2", "slow-vae(beta=2, slowness=2)"),
    Entry(NONE, "noisy state space L=2", "vae"),
    Entry("the mixing is linear", "linear", "fast-ica"),
    Entry(NONE, "linear", "vae"),
    Entry("the mixing is an isometry", "isometry", "isometric-ica"),
    Entry(NONE, "isometry", "vae"),
    Entry("columns of the Jacobian are orthogonal", "orthogonal", "ima-vae"),
    Entry(NONE, "orthogonal", "vae"),
    Entry(SPARSE, "sparse", "sparse-vae"),
    Entry(NONE, "sparse", "vae"),
    *(Entry(NONE, "independent L=2", method) for method in UNAIDED),
)


def config(entry: Entry, quick: bool) -> RunConfig:
    """The training of a row; `quick` takes few samples and epochs."""
    data, settings = PROBLEMS[entry.problem], dict(SETTINGS)
    for name in (entry.method, entry.problem, entry.label):
        settings |= OTHERWISE.get(name, {})
    if quick:
        data = re.sub(r"n=\d+", f"n={QUICK_SAMPLES}", data)
        settings["epochs"] = min(settings["epochs"], QUICK_EPOCHS)
    return RunConfig(objective=find(entry.method), data=data, **settings)


def recovered(cell: Cell, folder: Path, target: str) -> dict[str, float]:
    """MCC of all codes with what the theory promises: the sources, or their absolute values."""
    found = Run(folder / cell.path).representation()
    factors = np.abs(found.factors) if target == "|s|" else found.factors
    return {"recovered": float(mcc_pearson(found.codes, factors))}


def table(results: list[dict[str, Any]]) -> str:
    """A line per row: mean and interval over seeds, and every seed."""
    lines = [
        "| assumption | problem | method | MCC with | MCC | per seed | published | s per run |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for entry in TABLE:
        mine = [row for row in results if row["row"] == entry.label]
        if not mine:
            continue
        values = [row["recovered"] for row in mine]
        each = ", ".join(f"{value:.3f}" for value in values)
        seconds = sum(row["seconds"] for row in mine) / len(mine)
        target = entry.target.replace("|", "\\|")
        lines.append(
            f"| {entry.assumption} | {entry.problem} | `{entry.method}` | {target} | "
            f"{shown(values)} | {each} | {entry.published or '–'} | {seconds:.0f} |"
        )
    return "\n".join(lines)


def shown(values: list[float]) -> str:
    """`0.857 [0.801, 0.902]`."""
    mean, low, high = bootstrap_interval(values)
    return f"{mean:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def agreement(results: list[dict[str, Any]], folder: Path) -> str:
    """How far two trainings on the same data agree, where nothing is assumed; beside the sources.

    A number per pair of seeds; pairs share seeds, so that they get a range and no interval.
    """
    lines = [
        "| method | MCC between two seeds | the same up to affine maps | MCC with the sources |",
        "|---|---|---|---|",
    ]
    for method in UNAIDED:
        mine = [row for row in results if row["row"] == f"independent L=2 {method}"]
        codes = [Run(folder / row["path"]).representation().codes for row in mine]
        pairs = list(combinations(codes, 2))
        cells = [span([float(f(a, b)) for a, b in pairs]) for f in (mcc_pearson, mcc_affine)]
        cells.append(span([row["recovered"] for row in mine]))
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def span(values: list[float]) -> str:
    """Mean, least and largest: `0.71 (0.63 to 0.80)`."""
    if not values:
        return "–"
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/assumptions"))
    parser.add_argument("--seeds", type=int, help="default 5, with --quick 2")
    parser.add_argument("--workers", type=int, default=n_workers())
    parser.add_argument("--quick", action="store_true", help="few samples and epochs")
    options = parser.parse_args()
    folder = options.out / "quick" if options.quick else options.out
    configs = {entry.label: config(entry, options.quick) for entry in TABLE}
    targets = {entry.label: entry.target for entry in TABLE}
    cells = grid(configs, range(options.seeds or (2 if options.quick else 5)))
    description = StudyRecord(
        title="What is recovered of known sources, by assumption and method",
        rows=tuple(StudyRow(label=label, config=c.to_json()) for label, c in configs.items()),
    )
    with study_progress(cells) as progress:
        results = run_study(
            cells,
            folder,
            description,
            options.workers,
            progress,
            extra=lambda cell: recovered(cell, folder, targets[cell.row]),
        )
    found = {"table": table(results), "agreement": agreement(results, folder)}
    (folder / "assumptions.md").write_text("\n\n".join(found.values()) + "\n")
    print(*found.values(), sep="\n\n")
    if not options.quick:
        page = GUIDE.read_text()
        for name, lines in found.items():
            page = between(page, name, lines)
        GUIDE.write_text(page)


if __name__ == "__main__":
    main()
