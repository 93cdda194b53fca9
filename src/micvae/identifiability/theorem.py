"""The paper's Theorem 4.3, tested: its conditions measured where its conclusion is false."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from micvae.files import expanded, replacing, write_json
from micvae.identifiability.marginals import Floats
from micvae.identifiability.trials import (
    FAMILY_LEVEL,
    SOURCES,
    Scale,
    conditions_trial,
    darmois_trial,
    mcc_curve,
    modular_trial,
    rotation_trial,
    shown_points,
)
from micvae.information.checks import whole_number

RESULT = "theorem.json"
POINTS = "theorem.npz"

Progress = Callable[[int, int, str], None]

FULL = Scale(tuple(np.linspace(0, 90, 7).tolist()), 20_000, 2_000)
QUICK = Scale((0.0, 45.0, 90.0), 4_000, 500)


def run_theorem(
    out: Path, seed: int = 0, quick: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Run the counterexamples and write `theorem.json` and, for the figures, `theorem.npz`.

    Two sources, both Gaussian, both uniform or both Laplace, are mixed by a `Swirl`; then for
    angles from 0° to 90° their rotated alternatives are constructed and judged. Darmois' latents
    and the modular sum follow.

    Args:
        out: folder to write to.
        seed: determines all draws.
        quick: fewer samples and angles.
        progress: called with steps done, steps in all and what is next.

    Returns:
        What `theorem.json` holds; `verdicts` says of every claim whether it was met.

    Raises:
        MicvaeError: a seed that is no whole number from 0.
    """
    seed = whole_number("seed", seed, least=0)
    scale = QUICK if quick else FULL
    total = len(SOURCES) * (len(scale.angles) + 1) + 2 + 2
    done = 0

    def step(what: str) -> None:
        nonlocal done
        if progress is not None:
            progress(done, total, what)
        done += 1

    points: dict[str, Floats] = {}
    rotations, curves, conditions = [], {}, {}
    for index, name in enumerate(SOURCES):
        generator = np.random.default_rng([seed, index])
        sources = SOURCES[name].rvs((scale.samples, 2), random_state=generator)
        for angle in scale.angles:
            step(f"{name} sources at {angle:.0f}°")
            rotations.append({"sources": name, **rotation_trial(name, sources, angle, scale, seed)})
        curves[name] = mcc_curve(name, sources)
        step(f"conditions, {name} sources")
        conditions[name] = conditions_trial(name, sources, scale, generator)
        points |= shown_points(name, sources)
    darmois_found = {}
    for name in ("linear", "nonlinear"):
        step(f"Darmois' construction, {name} mixing")
        darmois_found[name], shown = darmois_trial(name, scale, np.random.default_rng([seed, 10]))
        points |= {f"darmois {name} {part}": values for part, values in shown.items()}
    step("sums modulo 1")
    modular, shown = modular_trial(scale, np.random.default_rng([seed, 20]), step)
    points |= {f"modular {part}": values for part, values in shown.items()}
    result = {
        "seed": seed,
        "quick": quick,
        **asdict(scale),
        "level": scale.level,
        "permutations": scale.permutations,
        "rotations": rotations,
        "curves": curves,
        "conditions": conditions,
        "darmois": darmois_found,
        "modular": modular,
    }
    result["verdicts"] = verdicts(result)
    with replacing(expanded(out) / POINTS) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **points)  # type: ignore[arg-type]
    write_json(expanded(out) / RESULT, result)
    if progress is not None:
        progress(total, total, "done")
    return result


def verdicts(result: dict[str, Any]) -> dict[str, bool]:
    """Say of every claim of the page whether the numbers bear it out."""
    rotations = result["rotations"]
    halfway = [row for row in rotations if row["angle"] == 45]
    modular = result["modular"]
    return {
        "observations_identical_to_1e-6": all(row["difference"] <= 1e-6 for row in rotations),
        "every_rotation_independent": all(
            row["pairwise"]["holds"] and row["joint"]["holds"] for row in rotations
        ),
        "every_marginal_unchanged": all(
            row["marginal_p"] >= (1 - FAMILY_LEVEL) / (2 * len(rotations)) for row in rotations
        ),
        "every_condition_holds": all(
            check["holds"] for found in result["conditions"].values() for check in found.values()
        ),
        "mcc_at_45_at_most_0.75": all(row["mcc_pearson"] <= 0.75 for row in halfway),
        "darmois_independent": all(d["joint"]["holds"] for d in result["darmois"].values()),
        "modular_pairs_independent": all(
            pair["holds"] for sample in modular["samples"] for pair in sample["pairs"]
        ),
        "modular_jointly_dependent": not any(m["joint"]["holds"] for m in modular["samples"]),
    }
