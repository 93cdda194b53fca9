"""The experiments behind `micvae.identifiability.theorem`: each returns plain numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from micvae.identifiability.conditions import (
    Independence,
    gaussian_posterior,
    independence,
    no_pairwise_information,
)
from micvae.identifiability.darmois import darmois, density_conditionals
from micvae.identifiability.marginals import Floats, marginal
from micvae.identifiability.modular import (
    modular_alternative,
    modular_sum,
    modular_table,
    table_information,
)
from micvae.identifiability.record import (
    CurvePoint,
    DarmoisTrial,
    Known,
    Modular,
    ModularSample,
    ModularTable,
    Rotation,
    TheoremConditions,
)
from micvae.identifiability.rotation import plane_rotations, rotated_alternative, to_normal
from micvae.identifiability.swirl import Swirl
from micvae.information.ksg import ksg
from micvae.metrics.mcc import mcc_pearson, mcc_spearman

SOURCES = {
    "Gaussian": stats.norm(),
    "uniform": stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)),
    "Laplace": stats.laplace(scale=1 / np.sqrt(2)),
}
"""Two sources of the same distribution, with variance 1."""

SHOWN_ANGLES = (0.0, 15.0, 30.0, 45.0)
LINEAR = np.array([[1.0, 0.5], [0.4, 1.0]])
NOISE = 0.3
"""Standard deviation of the noise before the mixing, for which the posterior is Gaussian."""
WIDTH = 0.1
FAMILY_LEVEL = 0.95
"""Probability that all checks of true conditions hold at once (Bonferroni)."""


@dataclass(frozen=True)
class Scale:
    """The sample sizes of the experiments."""

    angles: tuple[float, ...]
    """Degrees, at which dependence is measured."""
    samples: int
    """For observations, marginals and MCC."""
    checked: int
    """Of them, for nearest-neighbour estimates."""

    @property
    def checks(self) -> int:
        """Of conditions that are true: independence, encoder, R_MI, Darmois, pairs of two sums."""
        return len(SOURCES) * (len(self.angles) + 2) + 2 + 6

    @property
    def level(self) -> float:
        """Of each check, so that all together have `FAMILY_LEVEL`."""
        return 1 - (1 - FAMILY_LEVEL) / self.checks

    @property
    def permutations(self) -> int:
        """The fewest that a tail of an interval can be read from."""
        return round(2 / (1 - self.level)) + 1


def exact_information(angle: float) -> Known:
    r"""I(z_i; s_j) of sources turned by an angle in degrees, nats; None where it is infinite.

    It is that of the normal scores, $-\tfrac12 \log(1 - R_{ij}^2)$, whatever the sources.
    """
    cosine, sine = np.cos(np.deg2rad(angle)) ** 2, np.sin(np.deg2rad(angle)) ** 2

    def information(r: float) -> float | None:
        return None if r > 1 - 1e-12 else float(-0.5 * np.log1p(-r)) if r > 1e-12 else 0.0

    same, other = information(cosine), information(sine)
    return (same, other), (other, same)


def rotation_trial(name: str, sources: Floats, angle: float, scale: Scale, seed: int) -> Rotation:
    """Rotate two sources by an angle in degrees, and measure the latents."""
    mixing, marginals = Swirl(), [SOURCES[name]] * 2
    found = rotated_alternative(sources, marginals, angle, mixing, mixing.inverse)
    few = slice(scale.checked)
    dependence = _independence(found.latents[few], scale, seed)
    fits = [stats.kstest(z, SOURCES[name].cdf).pvalue for z in found.latents.T]
    between = ksg(np.concatenate([found.latents[few], sources[few]], axis=1))[:2, 2:]
    return Rotation(
        sources=name,
        angle=angle,
        difference=float(np.abs(mixing(sources) - found.mixing(found.latents)).max()),
        pairwise=dependence.pairwise,
        joint=dependence.joint,
        marginal_p=float(min(fits)),
        mcc_pearson=mcc_pearson(found.latents, sources).value,
        mcc_spearman=mcc_spearman(found.latents, sources).value,
        information=_square(between),
        information_exact=exact_information(angle),
    )


def _square(values: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (c, d) = values.tolist()
    return (a, b), (c, d)


def mcc_curve(name: str, sources: Floats) -> tuple[CurvePoint, ...]:
    """MCC over all angles."""
    marginals = [SOURCES[name]] * 2
    found = []
    for angle in np.linspace(0, 90, 31):
        latents = rotated_alternative(sources, marginals, angle).latents
        score = mcc_pearson(latents, sources).value
        found.append(CurvePoint(angle=float(angle), mcc_pearson=score))
    return tuple(found)


def conditions_trial(
    name: str, sources: Floats, scale: Scale, generator: np.random.Generator
) -> TheoremConditions:
    """The theorem's conditions at 45°, of a model whose posterior is Gaussian: x = f(t + noise)."""
    truth = to_normal(sources[: scale.checked], [marginal(SOURCES[name])] * 2)
    mixing = Swirl()
    x = mixing(truth + NOISE * generator.standard_normal(truth.shape))
    turn = plane_rotations(45.0, 2)
    loc = mixing.inverse(x) @ turn.T / (1 + NOISE**2)
    spread = np.full_like(loc, NOISE / np.sqrt(1 + NOISE**2))
    drawn = loc + spread * generator.standard_normal(loc.shape)
    count, level, seed = scale.permutations, scale.level, int(generator.integers(2**31))
    posterior = gaussian_posterior(
        truth @ turn.T, loc, spread, simulations=count, level=level, seed=seed
    )
    r_mi = no_pairwise_information(drawn, permutations=count, level=level, seed=seed)
    return TheoremConditions(gaussian_posterior=posterior, r_mi=r_mi)


def darmois_trial(
    name: str, scale: Scale, generator: np.random.Generator
) -> tuple[DarmoisTrial, dict[str, Floats]]:
    """Construct Darmois\' latents of a linear or a nonlinear mixing; also points to draw."""
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
    found = DarmoisTrial(
        sources="Laplace" if linear else "Gaussian",
        uniform_p=float(min(stats.kstest(column, "uniform").pvalue for column in z.T)),
        joint=dependence.joint,
        mcc_pearson=mcc_pearson(z, sources).value,
        mcc_spearman=mcc_spearman(z, sources).value,
        information=_square(ksg(np.concatenate([z, sources], axis=1))[:2, 2:]),
    )
    return found, {"sources": sources[:1500], "observations": x[:1500], "latents": z[:1500]}


def modular_trial(
    scale: Scale, generator: np.random.Generator, step: Callable[[str], None]
) -> tuple[Modular, dict[str, Floats]]:
    """Measure pairs and the whole of sums modulo 1; also points to draw."""
    sources = generator.random((scale.checked, 3))
    found = modular_alternative(sources, WIDTH)
    summed = modular_sum(sources[:, :2])
    samples = []
    for width, z in ((WIDTH, found.latents), (0.0, summed)):
        # Of each pair alone: a null of all columns at once is that of joint independence.
        pairs = [_independence(z[:, pair], scale, 0).pairwise for pair in ([0, 1], [0, 2], [1, 2])]
        dependence = _independence(z, scale, 0)
        exact = found.total_correlation if width else None
        samples.append(
            ModularSample(
                width=width,
                total_correlation=exact,
                difference=float(np.abs(found.to_sources(z) - sources).max()) if width else None,
                pairs=tuple(pairs),
                joint=dependence.joint,
                mcc_pearson=mcc_pearson(z, sources).value if width else None,
            )
        )
        if width:
            step("sums modulo 1, in the limit")
    tables = []
    for values in (2, 4, 8, 16, 32):
        row: dict[str, float] = {}
        for kind, binned in (("discrete", False), ("binned", True)):
            pairwise, joint = table_information(modular_table(values, binned=binned))
            row |= {f"{kind}_pairwise": float(np.abs(pairwise).max()), f"{kind}_joint": joint}
        tables.append(ModularTable(values=values, **row))
    shown = {"latents": found.latents[:1500], "sum": summed[:1500]}
    return Modular(samples=tuple(samples), tables=tuple(tables)), shown


def _independence(z: Floats, scale: Scale, seed: int) -> Independence:
    return independence(z, permutations=scale.permutations, level=scale.level, seed=seed)


def shown_points(name: str, sources: Floats) -> dict[str, Floats]:
    """Sources, observations and latents at a few angles, to draw."""
    few, marginals = sources[:1500], [SOURCES[name]] * 2
    shown = {f"{name} observations": Swirl()(few), f"{name} sources": few}
    for angle in SHOWN_ANGLES[1:]:
        shown[f"{name} {angle:.0f}"] = rotated_alternative(few, marginals, angle).latents
    return shown
