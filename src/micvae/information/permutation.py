"""What a measure of dependence gives where there is none: the same samples, columns shuffled."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.arrays import whole_seed
from micvae.errors import MicvaeError
from micvae.information.checks import finite_matrix, whole_number

Statistic = Callable[[NDArray[np.float64]], float | NDArray[np.float64]]


def permutation_null(
    samples: ArrayLike, statistic: Statistic, permutations: int, seed: int
) -> NDArray[np.float64]:
    r"""Draw from a statistic's distribution under independence with the same marginals.

    Every column is permuted on its own, which leaves its values as they are and breaks every
    dependence between columns. If the columns are independent, the statistic of the samples
    themselves is one more draw from the same distribution: with P permutations it is the largest
    of all P + 1 with probability 1 / (P + 1), whatever the marginals and the estimator's bias.

    Args:
        samples: shape `(N, D)`, independent draws.
        statistic: of such an array; a number, or an array of several.
        permutations: P, at least 1.
        seed: of the permutations.

    Returns:
        Shape `(P,)`, or `(P, …)` where the statistic is an array.

    Raises:
        MicvaeError: samples that are not a finite matrix of 2 rows or more; permutations < 1; a
            statistic that is not finite.

    References:
        "Permutation, Parametric and Bootstrap Tests of Hypotheses", P. Good, 2005.
    """
    values = finite_matrix("samples", samples, least=2)
    permutations = whole_number("permutations", permutations, least=1)
    generator = np.random.default_rng(whole_seed(seed))
    drawn = np.asarray(
        [statistic(generator.permuted(values, axis=0)) for _ in range(permutations)],
        dtype=np.float64,
    )
    if not np.isfinite(drawn).all():
        raise MicvaeError("statistic: must be finite on permuted samples; it gave NaN or infinity")
    return drawn


def null_interval(null: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Central interval of draws from `permutation_null`, shape `(P,)`.

    Raises:
        MicvaeError: a level outside (0, 1), or fewer draws than its tails can be read from: at
            least 2 / (1 - level) are needed.
    """
    if not 0 < level < 1:
        raise MicvaeError(f"level: must lie between 0 and 1, such as 0.95, got {level}")
    least = round(2 / (1 - level))
    if len(null) < least:
        raise MicvaeError(
            f"permutations: a level of {level:.6g} needs at least {least}, got {len(null)}"
        )
    tail = (1 - level) / 2
    low, high = np.quantile(null, [tail, 1 - tail])
    return float(low), float(high)
