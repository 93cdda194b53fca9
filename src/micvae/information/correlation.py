"""Mutual information as if the samples were jointly Gaussian."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.information.checks import finite_matrix, varying


def gaussian(samples: ArrayLike) -> NDArray[np.float64]:
    r"""Estimate pairwise mutual information from the sample correlations ρ̂.

    $$ \hat I_{ij} = -\tfrac12 \log(1 - \hat\rho_{ij}^2) $$

    A lower bound in the limit of many samples when the marginals are Gaussian, and blind to
    dependence without correlation. About 1/(2N) too high at independence. 1 - ρ̂² is floored at
    float64's resolution, which bounds the estimate at 18 nats. A constant column has mutual
    information 0.

    Args:
        samples: shape `(N, D)`, N ≥ 3.

    Returns:
        Shape `(D, D)`, nats, symmetric, zero diagonal.

    Raises:
        MicvaeError: samples that are not a finite matrix of 3 rows or more.

    References:
        "Elements of Information Theory", T. M. Cover and J. A. Thomas, 2006 (Section 8.5).
    """
    values = finite_matrix("samples", samples, least=3, shifted=True)
    varies = varying(values)
    largest = np.where(varies, np.abs(values).max(axis=0), 1.0)
    centred = values / largest  # so that squares can neither overflow nor vanish
    centred = np.where(varies, centred - centred.mean(axis=0), 0.0)
    unit = centred / np.where(varies, np.linalg.norm(centred, axis=0), 1.0)
    correlation = unit.T @ unit
    information = -0.5 * np.log(np.maximum(1 - correlation**2, np.finfo(np.float64).eps))
    information = 0.5 * (information + information.T)
    np.fill_diagonal(information, 0.0)
    return np.asarray(information)
