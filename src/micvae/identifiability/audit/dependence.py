"""Independence: R_MI and total correlation of the aggregate posterior beside their nulls."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.identifiability.audit.record import Dependence
from micvae.identifiability.audit.subject import Floats, Subject
from micvae.identifiability.conditions import information_check
from micvae.information.checks import finite_matrix
from micvae.information.ksg import ksg
from micvae.information.multi_information import total_correlation
from micvae.information.permutation import permutation_null
from micvae.records import Missing

LEVEL = 0.99
"""Of each interval."""


def dependence(values: ArrayLike, permutations: int, seed: int) -> Dependence:
    r"""R_MI = Σ_{i≠j} I(z_i; z_j) and TC of columns, each with its interval for independent ones.

    The two nulls come from the same permutations.

    Args:
        values: shape `(N, D)`, D ≥ 2, independent draws.
        permutations: at least 200.
        seed: of the permutations.

    Returns:
        Both checks, nats.

    Raises:
        MicvaeError: values that are not a finite matrix of 5 rows, too few permutations.
    """
    given = finite_matrix("values", values, least=5)

    def measured(z: NDArray[np.float64]) -> Floats:
        joint = total_correlation(z)
        pairs = 2 * joint if z.shape[1] == 2 else ksg(z).sum()  # one pair: the same estimate
        return np.asarray([pairs, joint])

    null = permutation_null(given, measured, permutations, seed)
    pairs, joint = measured(given)
    return Dependence(
        samples=len(given),
        permutations=permutations,
        level=LEVEL,
        r_mi=information_check("R_MI", pairs, null[:, 0], LEVEL),
        tc=information_check("The total correlation", joint, null[:, 1], LEVEL),
    )


def audit_latents(
    subject: Subject, samples: int, permutations: int, seed: int
) -> Dependence | Missing:
    """Measure dependence of the active latents, on one draw of q(z|x) per image."""
    if len(subject.active) < 2:
        return Missing(missing="not available: fewer than two latents are active")
    rows = subject.rows(samples, seed)
    draws = subject.encoded.draws[rows][:, subject.active]
    return dependence(draws, permutations, seed)


def audit_sources(
    subject: Subject, samples: int, permutations: int, seed: int
) -> Dependence | Missing:
    """Measure dependence of the factors, where at least two are known and vary."""
    factors, which = subject.factors(subject.rows(samples, seed))
    if len(which) < 2:
        return Missing(missing="not known: the data has fewer than two factors that vary")
    return dependence(factors, permutations, seed)
