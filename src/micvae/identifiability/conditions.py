"""The assumptions of the paper's Theorem 4.3 as checks on samples.

Every check compares a measured value with the interval in which it falls when the condition
holds; no estimate is ever exactly zero.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.identifiability.marginals import Floats
from micvae.information.checks import finite_matrix
from micvae.information.multi_information import total_correlation
from micvae.information.pairwise import pairwise_mutual_information
from micvae.information.permutation import null_interval, permutation_null


@dataclass(frozen=True)
class Check:
    """One measured value, and the interval that it falls into when the condition holds.

    Examples:
        >>> from micvae.identifiability import Check
        >>> Check("R_MI", 0.02, low=0.0, high=0.05, holds=True, sentence="R_MI is 0.02 nats.").holds
        True
    """

    name: str
    """What is measured."""
    value: float
    low: float
    """Lower end of the interval under the condition."""
    high: float
    """Upper end."""
    holds: bool
    """Whether the value lies in the interval: a failure to refute the condition, not a proof."""
    sentence: str
    """The same in plain words."""


@dataclass(frozen=True)
class Independence:
    """Independence of columns, pair by pair and all together.

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import independence
        >>> found = independence(np.random.default_rng(0).normal(size=(200, 2)), permutations=200)
        >>> found.pairwise.holds, found.joint.holds, found.holds
        (True, True, True)
    """

    pairwise: Check
    """The largest mutual information of a pair, nats."""
    joint: Check
    """Total correlation, nats."""

    @property
    def holds(self) -> bool:
        """Whether neither refutes it."""
        return self.pairwise.holds and self.joint.holds

    @property
    def sentence(self) -> str:
        """Both in plain words."""
        return f"{self.pairwise.sentence} {self.joint.sentence}"


def independence(
    samples: ArrayLike, *, permutations: int = 400, level: float = 0.99, seed: int = 0
) -> Independence:
    """Condition (i), independent sources: pairwise information and total correlation are zero.

    Both are nearest-neighbour estimates (`micvae.information.ksg.ksg`,
    `micvae.information.total_correlation`), against the same estimates of permuted columns. For
    two columns they are the same number.

    Args:
        samples: sources or latents, shape `(N, D)`, D ≥ 2, independent draws.
        permutations: at least 2 / (1 - level).
        level: probability with which an interval holds the value of independent columns.
        seed: of the permutations.

    Raises:
        MicvaeError: samples that are not a finite matrix of two columns or more, too few
            permutations, a level outside (0, 1).

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import independence
        >>> s = np.random.default_rng(0).uniform(size=(200, 2))
        >>> independence(s, permutations=200).holds
        True
        >>> independence(s @ [[1, 1], [0, 1]], permutations=200).holds
        False
    """
    values = _columns("samples", samples)

    def measured(z: Floats) -> Floats:
        joint = total_correlation(z)
        alone = z.shape[1] == 2  # one pair is all there is: the same estimate
        pairs = [joint] if alone else pairwise_mutual_information(z)[np.triu_indices(z.shape[1], 1)]
        return np.asarray([max(pairs), joint])

    null = permutation_null(values, measured, permutations, seed)
    pairwise, joint = measured(values)
    return Independence(
        information_check("The largest pairwise mutual information", pairwise, null[:, 0], level),
        information_check("The total correlation", joint, null[:, 1], level),
    )


def no_pairwise_information(
    latents: ArrayLike, *, permutations: int = 400, level: float = 0.99, seed: int = 0
) -> Check:
    r"""Condition (iii), $R_{MI} = \sum_{i \ne j} I(z_i; z_j) = 0$ over ordered pairs, nats.

    The interval is that of independent columns. Columns that are independent only in pairs have
    R_MI = 0 too, but the estimates of their pairs vary together, and the interval is then not
    exact; give `independence` two columns at a time to judge pairs as such.

    Arguments and errors are those of `independence`.

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import no_pairwise_information
        >>> z = np.random.default_rng(0).uniform(size=(200, 2))
        >>> no_pairwise_information(z, permutations=200).holds
        True
    """
    values = _columns("latents", latents)

    def measured(z: Floats) -> float:
        return float(pairwise_mutual_information(z).sum())

    null = permutation_null(values, measured, permutations, seed)
    return information_check("R_MI", measured(values), null, level)


def gaussian_posterior(
    latents: ArrayLike,
    loc: ArrayLike,
    scale: ArrayLike,
    *,
    simulations: int = 400,
    level: float = 0.99,
    seed: int = 0,
) -> Check:
    r"""Condition (ii), Gaussian encoder: q(z|x) = N(loc(x), diag(scale(x)²)) is the posterior.

    If it is, the residuals $r = (z - \mathrm{loc}(x)) / \mathrm{scale}(x)$ of the latents that
    made the observations are standard normal, independent of each other and of x. Measured is the
    largest $\sqrt{n}\,$-scaled Kolmogorov-Smirnov distance from the standard normal of every
    $r_i$ and every $(r_i \pm r_j) / \sqrt{2}$, among all samples and among those with each
    $\mathrm{loc}_k$ below, and above, its median; against the same of simulated residuals. A
    mismatch that averages out within those halves goes unseen.

    Args:
        latents: z, shape `(N, D)`: the latents that made each observation.
        loc: the encoder's means, shape `(N, D)`.
        scale: its standard deviations, positive, shape `(N, D)`.
        simulations: at least 2 / (1 - level).
        level: probability with which the interval holds the value of a matched encoder.
        seed: of the simulations.

    Raises:
        MicvaeError: shapes that differ, fewer than 20 rows, a scale that is not positive, too few
            simulations, a level outside (0, 1).

    Examples:
        >>> import numpy as np
        >>> from micvae.identifiability import gaussian_posterior
        >>> rng = np.random.default_rng(0)
        >>> loc, scale = rng.normal(size=(300, 2)), np.full((300, 2), 0.5)
        >>> gaussian_posterior(loc + scale * rng.normal(size=(300, 2)), loc, scale).holds
        True
    """
    z, mu, sigma = (
        finite_matrix(name, values, least=20)
        for name, values in (("latents", latents), ("loc", loc), ("scale", scale))
    )
    if z.shape != mu.shape or z.shape != sigma.shape:
        raise MicvaeError(
            "latents, loc and scale must share one shape (samples, latents), got "
            f"{z.shape}, {mu.shape} and {sigma.shape}"
        )
    if sigma.min() <= 0:
        raise MicvaeError("scale: must be positive, standard deviations of the encoder")
    simulations = whole_number("simulations", simulations, least=1)
    distance = _distance_from_normal(mu)
    generator = np.random.default_rng(whole_number("seed", seed))
    null = np.asarray([distance(generator.standard_normal(z.shape)) for _ in range(simulations)])
    value = distance((z - mu) / sigma)
    low, high = null_interval(null, level)
    holds = low <= value <= high
    words = "are" if holds else "are not"
    sentence = (
        f"The latents {words} distributed about the encoder's means as its Gaussians say: scaled "
        f"distance {value:.3f}, between {low:.3f} and {high:.3f} for a matched encoder."
    )
    return Check("distance of the residuals from normal", value, low, high, holds, sentence)


def _distance_from_normal(loc: Floats) -> Callable[[Floats], float]:
    above = loc > np.median(loc, axis=0)
    groups = [np.ones(len(loc), dtype=bool), *above.T, *~above.T]
    pairs = np.triu_indices(loc.shape[1], 1)

    def distance(residuals: Floats) -> float:
        first, second = residuals[:, pairs[0]], residuals[:, pairs[1]]
        sides = [residuals, (first + second) / np.sqrt(2), (first - second) / np.sqrt(2)]
        u = ndtr(np.concatenate(sides, axis=1))
        return max(_scaled_kolmogorov(u[group]) for group in groups if group.any())

    return distance


def _scaled_kolmogorov(u: Floats) -> float:
    """Largest √n-scaled Kolmogorov-Smirnov distance of a column from the uniform."""
    n = len(u)
    ordered = np.sort(u, axis=0)
    steps = np.arange(n)[:, None] / n
    return float(np.sqrt(n) * max((ordered - steps).max(), (steps + 1 / n - ordered).max()))


def _columns(name: str, values: ArrayLike) -> Floats:
    matrix = finite_matrix(name, values, least=5)
    if matrix.shape[1] < 2:
        raise MicvaeError(f"{name}: dependence takes at least 2 columns, got 1")
    return matrix


def information_check(subject: str, value: float, null: Floats, level: float) -> Check:
    """Judge an estimate in nats by draws of it under independence, shape `(P,)`.

    Raises:
        MicvaeError: a level outside (0, 1), or too few draws for it.
    """
    low, high = null_interval(null, level)
    holds = low <= value <= high
    found = "cannot be distinguished from zero" if holds else "is not that of independent columns"
    sentence = (
        f"{subject} {found}: {value:.4f} nats, between {low:.4f} and {high:.4f} with "
        f"probability {level:.4g} for independent columns."
    )
    return Check(subject.removeprefix("The "), float(value), low, high, bool(holds), sentence)
