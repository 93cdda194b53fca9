"""Null distributions of a measure of dependence, by permutation of columns."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.information.checks import finite_matrix

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

    Examples:
        >>> import numpy as np
        >>> from micvae.information import permutation_null
        >>> z = np.random.default_rng(0).normal(size=(200, 2))
        >>> correlation = lambda samples: abs(np.corrcoef(samples.T)[0, 1])
        >>> null = permutation_null(z, correlation, permutations=100, seed=0)
        >>> null.shape, bool(null.mean() < 0.1)
        ((100,), True)
    """
    values = finite_matrix("samples", samples, least=2)
    permutations = whole_number("permutations", permutations, least=1)
    generator = np.random.default_rng(whole_number("seed", seed))
    drawn = np.asarray(
        [statistic(generator.permuted(values, axis=0)) for _ in range(permutations)],
        dtype=np.float64,
    )
    if not np.isfinite(drawn).all():
        raise MicvaeError("statistic: must be finite on permuted samples; it gave NaN or infinity")
    return drawn


def permuted_together(
    arrays: Sequence[NDArray[Any]], generator: np.random.Generator
) -> list[NDArray[Any]]:
    """Permute the rows of every column on its own, in all arrays alike.

    What belongs to one column of one row (a mean, its scale, a draw) stays together.

    Args:
        arrays: of one shape `(N, D)`.
        generator: source of the D permutations.
    """
    rows, columns = arrays[0].shape
    order = generator.permuted(np.tile(np.arange(rows)[:, None], columns), axis=0)
    return [np.take_along_axis(array, order, axis=0) for array in arrays]


def prediction_interval(
    null: NDArray[np.float64], level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Interval in which one more draw of the null falls, from as few as two draws.

    $$ \bar t \pm t_{P - 1,\,(1 + \mathrm{level}) / 2}\; s \sqrt{1 + 1 / P} $$

    with mean and standard deviation of the P draws and a quantile of Student's distribution. It
    holds with the stated probability where draws are normal, which sums over many samples nearly
    are, and is wider than `null_interval` of many draws, the more so the fewer draws there are.

    Args:
        null: draws from `permutation_null`, shape `(P, …)`.
        level: of the interval.

    Returns:
        Lower and upper ends, shape `(…)`.

    Raises:
        MicvaeError: a level outside (0, 1), or fewer than 2 draws.
    """
    if not 0 < level < 1:
        raise MicvaeError(f"level: must lie between 0 and 1, such as 0.95, got {level}")
    drawn = np.asarray(null, dtype=np.float64)
    if len(drawn) < 2:
        raise MicvaeError(f"permutations: at least 2 are needed, got {len(drawn)}")
    quantile = float(stdtrit(len(drawn) - 1, (1 + level) / 2))
    reach = quantile * drawn.std(0, ddof=1) * np.sqrt(1 + 1 / len(drawn))
    centre = drawn.mean(0)
    return centre - reach, centre + reach


def null_interval(null: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Central interval of draws from `permutation_null`, shape `(P,)`.

    Raises:
        MicvaeError: a level outside (0, 1), or fewer draws than its tails can be read from: at
            least 2 / (1 - level) are needed.

    Examples:
        >>> import numpy as np
        >>> from micvae.information import null_interval
        >>> low, high = null_interval(np.arange(1000.0), level=0.95)
        >>> round(low), round(high)
        (25, 974)
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
