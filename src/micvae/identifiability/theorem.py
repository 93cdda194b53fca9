"""A test of the paper's Theorem 4.3: its conditions, measured where its conclusion is false."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from micvae import records
from micvae.checks import whole_number
from micvae.data.array_header import npz_arrays
from micvae.errors import RunError
from micvae.files import expanded, replacing_all
from micvae.identifiability.marginals import Floats
from micvae.identifiability.record import DarmoisTrial, DarmoisTrials, TheoremRecord, Trials
from micvae.identifiability.trials import (
    FAMILY_LEVEL,
    SHOWN_ANGLES,
    SOURCES,
    Scale,
    conditions_trial,
    darmois_trial,
    mcc_curve,
    modular_trial,
    rotation_trial,
    shown_points,
)

RESULT = "theorem.json"
POINTS = "theorem.npz"

Progress = Callable[[int, int, str], None]

FULL = Scale(tuple(np.linspace(0, 90, 7).tolist()), 20_000, 2_000)
QUICK = Scale((0.0, 45.0, 90.0), 4_000, 500)


def run_theorem(
    out: Path, seed: int = 0, quick: bool = False, progress: Progress | None = None
) -> TheoremRecord:
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
            rotations.append(rotation_trial(name, sources, angle, scale, seed))
        curves[name] = mcc_curve(name, sources)
        step(f"conditions, {name} sources")
        conditions[name] = conditions_trial(name, sources, scale, generator)
        points |= shown_points(name, sources)
    darmois: dict[str, DarmoisTrial] = {}
    for name in ("linear", "nonlinear"):
        step(f"Darmois' construction, {name} mixing")
        darmois[name], shown = darmois_trial(name, scale, np.random.default_rng([seed, 10]))
        points |= {f"darmois {name} {part}": values for part, values in shown.items()}
    step("sums modulo 1")
    modular, shown = modular_trial(scale, np.random.default_rng([seed, 20]), step)
    points |= {f"modular {part}": values for part, values in shown.items()}
    trials = Trials(
        seed=seed,
        quick=quick,
        **asdict(scale),
        level=scale.level,
        permutations=scale.permutations,
        rotations=tuple(rotations),
        curves=curves,
        conditions=conditions,
        darmois=DarmoisTrials(**darmois),
        modular=modular,
    )
    result = TheoremRecord(**vars(trials), verdicts=verdicts(trials))
    with replacing_all(expanded(out), (RESULT, POINTS)) as (described, drawn):
        records.write(described, result)
        with drawn.open("wb") as file:
            np.savez_compressed(file, **points)  # type: ignore[arg-type]
    if progress is not None:
        progress(total, total, "done")
    return result


def verdicts(found: Trials) -> dict[str, bool]:
    """Whether the numbers support each claim of the page."""
    rotations, samples = found.rotations, found.modular.samples
    return {
        "observations_identical_to_1e-6": all(row.difference <= 1e-6 for row in rotations),
        "every_rotation_independent": all(
            row.pairwise.holds and row.joint.holds for row in rotations
        ),
        "every_marginal_unchanged": all(
            row.marginal_p >= (1 - FAMILY_LEVEL) / (2 * len(rotations)) for row in rotations
        ),
        "every_condition_holds": all(both.hold for both in found.conditions.values()),
        "mcc_at_45_at_most_0.75": all(row.mcc_pearson <= 0.75 for row in found.halfway()),
        "darmois_independent": found.darmois.linear.joint.holds
        and found.darmois.nonlinear.joint.holds,
        "modular_pairs_independent": all(p.holds for sample in samples for p in sample.pairs),
        "modular_jointly_dependent": not any(sample.joint.holds for sample in samples),
    }


def read_points(path: Path) -> dict[str, Floats]:
    """Read the points of the figures.

    Raises:
        RunError: where the file cannot be read, or does not hold what is drawn.
    """
    remedy = "run micvae theorem again to rewrite it"
    try:
        with npz_arrays(path) as stored:
            points = {name: stored.read(name) for name in stored.names}
    except Exception as error:  # zipfile and NumPy raise a dozen kinds on a broken file
        reason = str(error).rstrip(".") or type(error).__name__
        raise RunError(f"{path} cannot be read: {reason}; {remedy}.") from None
    for names, columns in _drawn():
        rows = {len(points[name]) if name in points and points[name].ndim else 0 for name in names}
        for name in names:
            array = points.get(name)
            if array is None:
                raise RunError(f"{path} has no {name}; {remedy}.")
            fits = array.ndim == 2 and array.shape[1] == columns and array.dtype.kind == "f"
            if not fits or len(rows) > 1 or not (np.abs(array) <= _FURTHEST).all():
                raise RunError(
                    f"{path}: {name} has shape {array.shape} and dtype {array.dtype}; expected "
                    f"finite numbers, {columns} columns and as many rows as its neighbours; "
                    f"{remedy}."
                )
    return points


_FURTHEST = 1e15


def _drawn() -> list[tuple[list[str], int]]:
    """Names of the arrays that are drawn together, and how many columns they have."""
    turned = ["observations", "sources", *(f"{angle:.0f}" for angle in SHOWN_ANGLES[1:])]
    groups = [([f"{name} {part}" for part in turned], 2) for name in SOURCES]
    parts = ("sources", "observations", "latents")
    groups += [([f"darmois {m} {part}" for part in parts], 2) for m in ("linear", "nonlinear")]
    return [*groups, (["modular sum"], 3)]
