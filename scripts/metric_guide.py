"""Draw what every metric sees in known representations, and fill the tables of docs/metrics.md.

python scripts/metric_guide.py
"""

import re
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from rich.progress import track
from scipy.special import ndtri

from micvae.metrics import METRICS, Matched, UnfairMetricWarning, evaluate
from micvae.reports.quantities import quantity

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "metrics.md"
PICTURE = ROOT / "docs" / "figures" / "metrics.png"
N = 6_000
KINDS = ("ordinal", "ordinal", "categorical")
WORTH = [name for name, metric in METRICS.items() if metric.needs != "codes" and name != "dci_size"]
AGAINST_SHAPE = ("mig", "mig_rank", "rmig", "dci_disentanglement", "infom", "mcc_pearson")

Example = tuple[np.ndarray, np.ndarray, tuple[str, ...]]


def representations() -> dict[str, Example]:
    """Codes, factors and kinds by what they are: 16 positions, 8 sizes and 3 shapes, uniform."""
    random = np.random.default_rng(0)
    factors = np.stack([random.integers(0, m, N) for m in (16, 8, 3)], axis=1)
    s = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    fine = 0.02 * random.normal(size=s.shape)  # no encoder is exact

    def noise(width: int = 1) -> np.ndarray:
        return random.normal(size=(N, width))

    turn = np.array([[1, -1, 0], [1, 1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2)
    everywhere, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    key = random.integers(0, 3, N)
    split = np.column_stack([np.maximum(s[:, 0], 0), np.minimum(s[:, 0], 0), s[:, 1:]])
    angle = 2 * np.pi * factors[:, 0] / 16
    circle = np.column_stack([np.cos(angle), np.sin(angle), s[:, 1:]])
    made = {
        "perfect": s + fine,
        "perfect, bent by exp": np.exp(s) + fine,
        "perfect, 5 dead latents": np.column_stack([s + fine, 1e-3 * noise(5)]),
        "every latent twice": np.column_stack([s + fine, s + 0.02 * noise(3)]),
        "noisy": s + 0.5 * noise(3),
        "one factor split over two": split + 0.02 * noise(4),
        "two factors merged in one": np.column_stack([8 * factors[:, 0] + factors[:, 1], s[:, 2]])
        + 0.02 * noise(2),
        "one factor missing": np.column_stack([s[:, 1:], noise()]) + fine,
        "two factors turned by 45°": (s + fine) @ turn,
        "all turned": (s + fine) @ everywhere,
        "shape in two latents jointly": np.column_stack([s[:, :2], key, (factors[:, 2] + key) % 3])
        + 0.02 * noise(4),
        "noise only": noise(3),
    }
    examples: dict[str, Example] = {name: (codes, factors, KINDS) for name, codes in made.items()}
    turning = ("angular", "ordinal", "categorical")
    examples["an angle as (cos, sin)"] = (circle + 0.02 * noise(4), factors, turning)
    examples["an angle on a line"] = (s + fine, factors, turning)
    return examples


def scores(codes: np.ndarray, factors: np.ndarray, kinds: tuple[str, ...]) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnfairMetricWarning)
        held = Matched(codes, factors, kinds)
        return evaluate(codes, factors, factor_kinds=kinds, metrics=WORTH, interventions=held)


def draw(found: dict[str, dict[str, float]]) -> None:
    rows = list(found)
    values = np.array([[found[row][name] for name in WORTH] for row in rows])
    figure, axes = plt.subplots(figsize=(13.5, 7.2), layout="constrained")
    shown = axes.imshow(np.clip(values, 0, 1), cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            text = f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00")
            colour = "black" if np.clip(value, 0, 1) > 0.6 else "white"
            axes.text(j, i, text, ha="center", va="center", fontsize=7.5, color=colour)
    axes.set_yticks(range(len(rows)), rows)
    labels = [quantity(name).label for name in WORTH]
    axes.set_xticks(range(len(WORTH)), labels, rotation=55, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.colorbar(shown, ax=axes, shrink=0.6, label="score (colours cut to 0 … 1)")
    axes.set_xlabel(
        f"{N:,} samples, seed 0; factors: position (16 values), size (8), shape (3 categories)"
    )
    figure.savefig(PICTURE, dpi=130, metadata={"Software": None})


def ceilings() -> str:
    """Scores of a perfect code of three uniform factors, by the code's own shape."""
    random = np.random.default_rng(0)
    u = random.uniform(size=(20_000, 3))
    shapes = {
        "uniform": u,
        "its square root": np.sqrt(u),
        "Gaussian, as a VAE's prior wants it": ndtri(u),
        "Gaussian, posterior noise 0.1": ndtri(u) + 0.1 * random.normal(size=u.shape),
        "Gaussian, posterior noise 0.3": ndtri(u) + 0.3 * random.normal(size=u.shape),
        "log-normal": np.exp(ndtri(u)),
    }
    names = AGAINST_SHAPE
    lines = [
        "| the code's distribution | " + " | ".join(quantity(n).label for n in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for shape, codes in shapes.items():
        found = evaluate(codes, u, metrics=names)
        lines.append(f"| {shape} | " + " | ".join(f"{found[n]:.2f}" for n in names) + " |")
    return "\n".join(lines)


def catalogue() -> str:
    """One line per score."""
    lines = [
        "| key | says | range | unchanged by¹ | not fair to | source |",
        "|---|---|---|---|---|---|",
    ]
    order = ("offset", "common scale", "scale", "monotone", "rotation")
    for name, metric in METRICS.items():
        low, high = (f"{end:g}".replace("inf", "∞").replace("-", "−") for end in metric.range)
        better = {True: " ↑", False: " ↓", None: ""}[metric.higher_is_better]
        cells = (
            f"`{name}`",
            metric.summary,
            f"{low} … {high}{better}",
            ", ".join(kind for kind in order if kind in metric.invariant),
            ", ".join(sorted(metric.unfair_to)),
            metric.reference,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def between(text: str, name: str, content: str) -> str:
    """Replace what stands between the two marks of a name."""
    pattern = rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)"
    found, count = re.subn(pattern, lambda m: m[1] + content + m[2], text, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"{GUIDE.name} has no place marked {name}")
    return found


def main() -> None:
    examples = representations()
    draw({name: scores(*examples[name]) for name in track(examples, "scoring")})
    text = between(GUIDE.read_text(), "catalogue", catalogue())
    GUIDE.write_text(between(text, "ceilings", ceilings()))
    print(f"wrote {PICTURE.name} and the tables of {GUIDE.name}")


if __name__ == "__main__":
    main()
