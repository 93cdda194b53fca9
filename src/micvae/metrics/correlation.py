"""Total and Wasserstein correlation of codes, as if they were Gaussian."""

import numpy as np
from numpy.typing import ArrayLike

from micvae.information.plug_in import Floats
from micvae.information.precision import unit_scaled
from micvae.metrics.inputs import check_codes
from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.tables import ratio


def gaussian_total_correlation(codes: ArrayLike, *, resamples: int = 0, seed: int = 0) -> Score:
    r"""Total correlation of a Gaussian with the codes' covariance Σ, in nats.

    .. math:: \mathrm{TC} = \tfrac12 \Bigl( \sum_j \log \Sigma_{jj} - \log \det \Sigma \Bigr)
        = -\tfrac12 \sum_j \log \lambda_j

    with λ the eigenvalues of the correlation matrix. 0 for uncorrelated codes, unbounded above;
    lower is better. It sees linear dependence only, and no ground truth.

    Args:
        codes: (N, D) array, usually posterior means.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `gaussian_total_correlation` and details `correlation` (D', D') of the D'
        latents that vary.

    Raises:
        MetricError: For codes that are not finite 2-D numbers, or fewer than 2 samples.

    Degenerate inputs: constant latents are left out (the reference gives NaN). Latents that are
    linear functions of others would make TC infinite: eigenvalues below D times the float64
    rounding are taken for that, so each such latent adds about 17 nats.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import gaussian_total_correlation
        >>> factors = np.random.default_rng(0).normal(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [0, 1]]
        >>> [round(float(gaussian_total_correlation(codes)), 2) for codes in (factors, mixed)]
        [0.0, 0.36]

    References:
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019.
    """
    z = unit_scaled(check_codes(codes, min_samples=2).astype(np.float64))

    def statistic(weights: Weights) -> Score:
        covariance = _covariance(z, weights)
        size = np.sqrt(np.diag(covariance))
        correlation = ratio(covariance, np.outer(size, size))
        least = len(correlation) * np.finfo(np.float64).eps
        eigenvalues = np.maximum(np.linalg.eigvalsh(correlation), least)
        value = max(0.0, float(-0.5 * np.log(eigenvalues).sum()))
        return Score({"gaussian_total_correlation": value}, {"correlation": correlation})

    return scored(statistic, len(z), resamples, seed)


def wasserstein_correlation(codes: ArrayLike, *, resamples: int = 0, seed: int = 0) -> Score:
    r"""Squared 2-Wasserstein distance of Gaussians with covariance Σ and with its diagonal.

    .. math:: W = 2 \operatorname{tr} \Sigma - 2 \operatorname{tr}
        \bigl( \Delta^{1/2} \Sigma \Delta^{1/2} \bigr)^{1/2},
        \qquad \Delta = \operatorname{diag} \Sigma

    0 for uncorrelated codes, in squared units of the codes; `wasserstein_correlation_norm` divides
    by tr Σ, range 0 to 2. Lower is better. Unlike the total correlation it stays small where the
    correlated latents have little variance. It needs no ground truth.

    Args:
        codes: (N, D) array, usually posterior means.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with keys `wasserstein_correlation` and `wasserstein_correlation_norm`.

    Raises:
        MetricError: For codes that are not finite 2-D numbers, or fewer than 2 samples.

    Degenerate inputs: constant latents contribute nothing; if all are constant both are 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import wasserstein_correlation
        >>> codes = np.random.default_rng(0).normal(size=(500, 2)) @ [[1, 1], [0, 1]]
        >>> scores = wasserstein_correlation(codes)
        >>> {name: round(value, 2) for name, value in scores.to_dict().items()}
        {'wasserstein_correlation': 0.4, 'wasserstein_correlation_norm': 0.14}

    References:
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019.
    """
    z = check_codes(codes, min_samples=2).astype(np.float64)
    # All latents are scaled alike, since the score compares their variances.
    unit = float(np.exp2(np.frexp(np.ptp(z, axis=0).max())[1]))
    z = z / unit if unit < 1e-30 or unit > 1e30 else z
    squared_unit = unit**2 if unit < 1e-30 or unit > 1e30 else 1.0

    def statistic(weights: Weights) -> Score:
        covariance = _covariance(z, weights)
        variances = np.diag(covariance)
        size = np.sqrt(variances)
        eigenvalues = np.maximum(np.linalg.eigvalsh(covariance * np.outer(size, size)), 0)
        value = max(0.0, float(2 * variances.sum() - 2 * np.sqrt(eigenvalues).sum()))
        norm = float(ratio(value, variances.sum()))  # type: ignore[arg-type]
        return Score(
            {"wasserstein_correlation": squared_unit * value, "wasserstein_correlation_norm": norm}
        )

    return scored(statistic, len(z), resamples, seed)


def _covariance(codes: Floats, weights: Weights) -> Floats:
    """Covariance of the latents that vary among the samples that count."""
    counted = codes[weights > 0]
    z = codes[:, counted.min(axis=0) < counted.max(axis=0)]
    centred = z - weights @ z / weights.sum()
    covariance: Floats = (weights[:, None] * centred).T @ centred / (weights.sum() - 1)
    return covariance
