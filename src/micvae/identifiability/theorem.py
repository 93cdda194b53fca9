"""The paper's Theorem 4.3, tested: its conditions measured where its conclusion is false."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from micvae.files import replacing, write_json
from micvae.identifiability.conditions import (
    Independence,
    gaussian_posterior,
    independence,
    no_pairwise_information,
)
from micvae.identifiability.darmois import darmois, density_conditionals
from micvae.identifiability.marginals import Floats
from micvae.identifiability.modular import (
    modular_alternative,
    modular_sum,
    modular_table,
    table_information,
)
from micvae.identifiability.rotation import rotated_alternative, to_normal
from micvae.identifiability.swirl import Swirl
from micvae.information.ksg import ksg
from micvae.metrics.mcc import mcc_pearson, mcc_spearman

RESULT = "theorem.json"
POINTS = "theorem.npz"

SOURCES = {
    "Gaussian": stats.norm(),
    "uniform": stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)),
    "Laplace": stats.laplace(scale=1 / np.sqrt(2)),
}
"""Two sources alike, each of variance 1."""

SHOWN_ANGLES = (0.0, 15.0, 30.0, 45.0)
LINEAR = np.array([[1.0, 0.5], [0.4, 1.0]])
NOISE = 0.3
"""Standard deviation of the noise before the mixing, for which the posterior is Gaussian."""
WIDTH = 0.1
FAMILY_LEVEL = 0.95
"""Probability that all checks of true conditions hold at once (Bonferroni)."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Scale:
    """How much is computed."""

    angles: tuple[float, ...]
    """Degrees, at which dependence is measured."""
    samples: int
    """For observations, marginals and MCC."""
    checked: int
    """Of them, for nearest-neighbour estimates."""

    @property
    def checks(self) -> int:
        """Of conditions that are true: independence, encoder, R_MI, Darmois, modular pairs."""
        return len(SOURCES) * (len(self.angles) + 2) + 2 + 2

    @property
    def level(self) -> float:
        """Of each check, so that all together have `FAMILY_LEVEL`."""
        return 1 - (1 - FAMILY_LEVEL) / self.checks

    @property
    def permutations(self) -> int:
        """The fewest that a tail of an interval can be read from."""
        return round(2 / (1 - self.level)) + 1


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
    """
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
            rotations.append({"sources": name, **_rotated(name, sources, angle, scale, seed)})
        curves[name] = _curve(name, sources)
        step(f"conditions, {name} sources")
        conditions[name] = _conditions(name, sources, scale, generator)
        points |= _shown(name, sources)
    darmois_found = {}
    for name in ("linear", "nonlinear"):
        step(f"Darmois' construction, {name} mixing")
        darmois_found[name], shown = _darmois(name, scale, np.random.default_rng([seed, 10]))
        points |= {f"darmois {name} {part}": values for part, values in shown.items()}
    step("sums modulo 1")
    modular, shown = _modular(scale, np.random.default_rng([seed, 20]), step)
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
    with replacing(Path(out) / POINTS) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **points)  # type: ignore[arg-type]
    write_json(Path(out) / RESULT, result)
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
        "every_condition_holds": all(
            check["holds"] for found in result["conditions"].values() for check in found.values()
        ),
        "mcc_at_45_at_most_0.75": all(row["mcc_pearson"] <= 0.75 for row in halfway),
        "darmois_independent": all(d["joint"]["holds"] for d in result["darmois"].values()),
        "modular_pairs_independent": all(m["pairwise"]["holds"] for m in modular["samples"]),
        "modular_jointly_dependent": not any(m["joint"]["holds"] for m in modular["samples"]),
    }


def exact_information(angle: float) -> list[list[float | None]]:
    r"""I(z_i; s_j) of sources turned by an angle in degrees, nats; None where it is infinite.

    It is that of the normal scores, $-\tfrac12 \log(1 - R_{ij}^2)$, whatever the sources.
    """
    cosine, sine = np.cos(np.deg2rad(angle)) ** 2, np.sin(np.deg2rad(angle)) ** 2
    same, other = (None if r > 1 - 1e-12 else float(-0.5 * np.log1p(-r)) for r in (cosine, sine))
    return [[same, other], [other, same]]


def _rotated(name: str, sources: Floats, angle: float, scale: Scale, seed: int) -> dict[str, Any]:
    mixing, marginals = Swirl(), [SOURCES[name]] * 2
    found = rotated_alternative(sources, marginals, angle, mixing, mixing.inverse)
    few = slice(scale.checked)
    dependence = _independence(found.latents[few], scale, seed)
    fits = [stats.kstest(z, SOURCES[name].cdf).pvalue for z in found.latents.T]
    between = ksg(np.concatenate([found.latents[few], sources[few]], axis=1))[:2, 2:]
    return {
        "angle": angle,
        "difference": float(np.abs(mixing(sources) - found.mixing(found.latents)).max()),
        "pairwise": asdict(dependence.pairwise),
        "joint": asdict(dependence.joint),
        "marginal_p": float(min(fits)),
        "mcc_pearson": mcc_pearson(found.latents, sources).value,
        "mcc_spearman": mcc_spearman(found.latents, sources).value,
        "information": between.tolist(),
        "information_exact": exact_information(angle),
    }


def _curve(name: str, sources: Floats) -> list[dict[str, float]]:
    """MCC over all angles."""
    marginals = [SOURCES[name]] * 2
    found = []
    for angle in np.linspace(0, 90, 31):
        latents = rotated_alternative(sources, marginals, angle).latents
        found.append({"angle": float(angle), "mcc_pearson": mcc_pearson(latents, sources).value})
    return found


def _conditions(
    name: str, sources: Floats, scale: Scale, generator: np.random.Generator
) -> dict[str, dict[str, Any]]:
    """The theorem's conditions at 45°, of a model whose posterior is Gaussian: x = f(t + noise)."""
    few = sources[: scale.checked]
    scores = rotated_alternative(few, [SOURCES[name]] * 2, 0).marginals
    truth = to_normal(few, scores)
    mixing = Swirl()
    x = mixing(truth + NOISE * generator.standard_normal(truth.shape))
    turn = rotated_alternative(few, [SOURCES[name]] * 2, 45).rotation
    loc = mixing.inverse(x) @ turn.T / (1 + NOISE**2)
    spread = np.full_like(loc, NOISE / np.sqrt(1 + NOISE**2))
    drawn = loc + spread * generator.standard_normal(loc.shape)
    options: dict[str, Any] = {"level": scale.level, "seed": int(generator.integers(2**31))}
    posterior = gaussian_posterior(
        truth @ turn.T, loc, spread, simulations=scale.permutations, **options
    )
    r_mi = no_pairwise_information(drawn, permutations=scale.permutations, **options)
    return {"gaussian_posterior": asdict(posterior), "r_mi": asdict(r_mi)}


def _darmois(
    name: str, scale: Scale, generator: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Floats]]:
    linear = name == "linear"
    source = SOURCES["Laplace" if linear else "Gaussian"]
    sources = source.rvs((scale.checked, 2), random_state=generator)
    swirl = Swirl()
    unmix = np.linalg.inv(LINEAR)

    def density(x: Floats) -> Floats:
        """Of the observations; both mixings have a constant Jacobian determinant."""
        s = x @ unmix.T if linear else swirl.inverse(x)
        return np.asarray(np.exp(source.logpdf(s).sum(axis=1)))

    x = sources @ LINEAR.T if linear else swirl(sources)
    low, high = ([-16, -16], [16, 16]) if linear else ([-6, -7], [6, 18])
    z = darmois(x, density_conditionals(density, low, high))
    dependence = _independence(z, scale, 0)
    found = {
        "sources": "Laplace" if linear else "Gaussian",
        "uniform_p": float(min(stats.kstest(column, "uniform").pvalue for column in z.T)),
        "joint": asdict(dependence.joint),
        "mcc_pearson": mcc_pearson(z, sources).value,
        "mcc_spearman": mcc_spearman(z, sources).value,
        "information": ksg(np.concatenate([z, sources], axis=1))[:2, 2:].tolist(),
    }
    return found, {"sources": sources[:1500], "observations": x[:1500], "latents": z[:1500]}


def _modular(
    scale: Scale, generator: np.random.Generator, step: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, Floats]]:
    sources = generator.random((scale.checked, 3))
    found = modular_alternative(sources, WIDTH)
    summed = modular_sum(sources[:, :2])
    samples = []
    for width, z in ((WIDTH, found.latents), (0.0, summed)):
        dependence = _independence(z, scale, 0)
        exact = found.total_correlation if width else None
        samples.append(
            {
                "width": width,
                "total_correlation": exact,
                "difference": float(np.abs(found.to_sources(z) - sources).max()) if width else None,
                "pairwise": asdict(dependence.pairwise),
                "joint": asdict(dependence.joint),
                "mcc_pearson": mcc_pearson(z, sources).value if width else None,
            }
        )
        if width:
            step("sums modulo 1, in the limit")
    tables = []
    for values in (2, 4, 8, 16, 32):
        row: dict[str, float] = {"values": values}
        for kind, binned in (("discrete", False), ("binned", True)):
            pairwise, joint = table_information(modular_table(values, binned=binned))
            row |= {f"{kind}_pairwise": float(np.abs(pairwise).max()), f"{kind}_joint": joint}
        tables.append(row)
    shown = {"latents": found.latents[:1500], "sum": summed[:1500]}
    return {"samples": samples, "tables": tables}, shown


def _independence(z: Floats, scale: Scale, seed: int) -> Independence:
    return independence(z, permutations=scale.permutations, level=scale.level, seed=seed)


def _shown(name: str, sources: Floats) -> dict[str, Floats]:
    few, marginals = sources[:1500], [SOURCES[name]] * 2
    shown = {f"{name} observations": Swirl()(few), f"{name} sources": few}
    for angle in SHOWN_ANGLES[1:]:
        shown[f"{name} {angle:.0f}"] = rotated_alternative(few, marginals, angle).latents
    return shown
