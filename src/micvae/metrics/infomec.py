"""InfoMEC: modularity, explicitness and compactness in units of information."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.information.plug_in import Floats, Labels, as_labels
from micvae.information.precision import unit_scaled
from micvae.metrics.binning import checked_bins, entropy, middle_rank_bins, mutual_information
from micvae.metrics.inputs import CheckedInputs, check_inputs
from micvae.metrics.logistic import fit_logistic, standardised
from micvae.metrics.neighbours import local_information
from micvae.metrics.predictors import r_squared
from micvae.metrics.score import MetricError, Score, Weights, check_setting, check_whole, scored
from micvae.metrics.tables import factor_labels, ratio

MIN_SAMPLES = 10
MAX_SYMBOLS = 50

Reweighted = Callable[[Weights], Floats]
"""A quantity of all samples as a function of their weights."""


def infomec(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    discrete_codes: bool | Sequence[bool] | None = None,
    neighbours: int = 10,
    prune: float = 1 / 20,
    factor_bins: int = 20,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""InfoM, InfoE, InfoC: one factor per latent, linearly readable, one latent per factor.

    With $U_{jk} = I(z_j; v_k) / H(v_k)$ over the D' active latents,

    .. math::
        \mathrm{InfoM} = \frac{\operatorname{mean}_j \frac{\max_k U_{jk}}{\sum_k U_{jk}}
            - \frac1K}{1 - \frac1K},
        \quad
        \mathrm{InfoC} = \frac{\operatorname{mean}_k \frac{\max_j U_{jk}}{\sum_j U_{jk}}
            - \frac1{D'}}{1 - \frac1{D'}},
        \quad
        \mathrm{InfoE} = \operatorname{mean}_k \Bigl( 1 - \frac{L_k}{\log |V_k|} \Bigr)

    where $L_k$ is the mean log loss of an unpenalised, class-balanced multinomial logistic
    regression of factor k on all standardised codes, on the samples it was fitted to, and
    $\log |V_k|$ that of a regression on nothing. All three: up to 1, higher is better; M and C
    from 0, E below 0 only where balancing hurts.

    I is Ross's nearest-neighbour estimate, or the plug-in estimate for discrete latents, which
    enter the regression one-hot. A latent is active if its range exceeds a twentieth of the largest
    (discrete: if it varies). These are the defaults of the first author's standalone file; other
    copies use 3 neighbours or an eighth. Continuous factors, which the authors do not consider, are
    cut into `factor_bins` bins of equal mass for M and C, and their E is the R² of a linear
    regression.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        discrete_codes: Whether latents are symbols, as quantised ones are: one answer for all (the
            authors' choice), or one for each; `None`: those are that have at most 50 values, and
            at most half as many as there are samples.
        neighbours: k of the estimate.
        prune: Share of the largest range that a latent's range must exceed to be active.
        factor_bins: Bins per continuous factor.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none. Neighbours and
            regressions are found once, and their terms per sample reweighted.
        seed: Of the resamples and of the noise, 1e-10 of a code's spread, that breaks ties.

    Returns:
        `Score` with keys `infom`, `infoe`, `infoc` and details `normalised` U (D, K), `active`
        (D,), `explicitness_per_factor` (K,) and `discrete_codes` (D,).

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer than 10 samples, neighbours below 1, prune outside [0, 1), or
            discrete_codes that are not D in number.

    Degenerate inputs: where the authors divide by 0, M = C = 0 without an active latent; a latent
    without any information prefers no factor (ratio 1/K), a factor without any no latent; with
    K = 1 a latent that knows the factor scores 1 in M, with D' = 1 a factor that is known in C.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import infomec
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> scores = infomec(factors @ [[1, 0.2], [0.2, 1]], factors)
        >>> {name: round(value, 2) for name, value in scores.to_dict().items()}
        {'infom': 0.99, 'infoe': 1.0, 'infoc': 0.99}

    References:
        *Disentanglement via Latent Quantization*, Kyle Hsu, Will Dorrell, James C. R. Whittington,
        Jiajun Wu, Chelsea Finn, 2023.
    """
    check_whole("neighbours", neighbours, 1)
    check_whole("seed", seed, 0)
    check_setting("prune", prune, lambda v: 0 <= v < 1, "give a share from 0 to below 1")
    checked_bins(factor_bins=factor_bins)
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES)
    z = given.codes.astype(np.float64)
    if discrete_codes is None:
        counts = np.array([len(np.unique(column)) for column in z.T])
        symbols = counts <= min(MAX_SYMBOLS, len(z) / 2)
    else:
        if np.ndim(discrete_codes) > 0 and np.shape(discrete_codes) != (z.shape[1],):
            raise MetricError(
                f"discrete_codes has shape {np.shape(discrete_codes)}: give one answer, or "
                f"{z.shape[1]}, one per latent"
            )
        symbols = np.broadcast_to(np.asarray(discrete_codes, dtype=bool), z.shape[1])
    reach = z.max(axis=0) - z.min(axis=0)
    least = reach[~symbols].max(initial=0) * prune
    active = reach > np.where(symbols, 0, least)
    information = _information(given, symbols, neighbours, factor_bins, seed)
    explicit = _explicit(given, symbols)

    def statistic(weights: Weights) -> Score:
        normalised = information(weights)
        per_factor = explicit(weights)
        live = normalised[active]
        values = {
            "infom": _preference(live),
            "infoe": float(per_factor.mean()),
            "infoc": _preference(live.T) if active.any() else 0.0,
        }
        details = {
            "normalised": normalised,
            "active": active,
            "explicitness_per_factor": per_factor,
            "discrete_codes": symbols,
        }
        return Score(values, details)

    return scored(statistic, len(given), resamples, seed)


def _preference(normalised: Floats) -> float:
    """Mean over rows (A, B) of largest entry over sum, rescaled from [1/B, 1] to [0, 1]."""
    if len(normalised) == 0:
        return 0.0
    width = normalised.shape[1]
    total, best = normalised.sum(axis=1), normalised.max(axis=1)
    if width == 1:
        return float((total > 0).mean())
    share = np.where(total > 0, ratio(best, total), 1 / width)
    return float((share.mean() - 1 / width) / (1 - 1 / width))


def _information(
    given: CheckedInputs, symbols: NDArray[np.bool_], neighbours: int, factor_bins: int, seed: int
) -> Reweighted:
    """A function of weights that gives U (D, K)."""
    labels = factor_labels(given, factor_bins, middle_rank_bins)
    jitter = 1e-10 * np.random.default_rng(seed).standard_normal(len(given))

    def pair(column: Floats, symbol: bool, label: Labels) -> Callable[[Weights], float]:
        spread = column.std()
        if column.min() == column.max() or spread == 0:
            return lambda weights: 0.0
        if symbol:
            numbered = as_labels(column)
            return lambda weights: mutual_information(numbered, label, weights)
        scaled = column / spread
        size = max(1.0, float(np.abs(scaled).mean()))
        term, kept = local_information(scaled + size * jitter, label, neighbours)
        return lambda weights: max(0.0, float(ratio(weights @ term, weights @ kept)))

    columns = unit_scaled(given.codes.astype(np.float64)).T
    pairs = [
        [pair(column, bool(symbol), label) for label in labels]
        for column, symbol in zip(columns, symbols, strict=True)
    ]

    def normalised(weights: Weights) -> Floats:
        found = np.array([[information(weights) for information in row] for row in pairs])
        return ratio(found, np.array([entropy(v, weights) for v in labels]))

    return normalised


def _explicit(given: CheckedInputs, symbols: NDArray[np.bool_]) -> Reweighted:
    """A function of weights that gives InfoE of every factor, (K,)."""
    parts = [standardised(given.codes[:, ~symbols])]
    for column in given.codes.T[symbols]:
        numbered = as_labels(column)
        parts.append(np.eye(numbered.max() + 1)[numbered])
    x = np.concatenate(parts, axis=1)
    readable = [
        _log_loss(x, as_labels(column)) if discrete else _linear(x, column)
        for column, discrete in zip(given.factors.T, given.discrete, strict=True)
    ]
    return lambda weights: np.array([one(weights) for one in readable])


def _log_loss(x: Floats, labels: Labels) -> Callable[[Weights], float]:
    model = fit_logistic(x, labels, C=np.inf, balanced=True)
    loss = -model.log_probabilities(x)[np.arange(len(x)), labels]
    nothing = np.log(labels.max() + 1)
    return lambda weights: float(1 - weights @ loss / weights.sum() / nothing)


def _linear(x: Floats, column: Floats) -> Callable[[Weights], float]:
    design = np.column_stack([x, np.ones(len(x))])
    solution = np.linalg.lstsq(design, column, rcond=None)[0]
    predicted = design @ solution
    return lambda weights: r_squared(predicted, column, weights)
