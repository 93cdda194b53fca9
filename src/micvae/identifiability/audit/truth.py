"""The conclusion with known factors: does exactly one latent represent each factor?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from micvae.checks import whole_number
from micvae.errors import MicvaeError
from micvae.identifiability.audit.record import Excess, NoTruth, Truth
from micvae.identifiability.audit.rotations import against_rotations
from micvae.identifiability.audit.subject import Floats, Subject
from micvae.information.checks import finite_matrix
from micvae.information.conditional import conditional_information
from micvae.metrics.mcc import mcc_pearson, mcc_spearman
from micvae.metrics.mcc_affine import mcc_affine
from micvae.metrics.mcc_nonlinear import mcc_nonlinear

SCORES = {
    "mcc_pearson": mcc_pearson,
    "mcc_spearman": mcc_spearman,
    "mcc_nonlinear": mcc_nonlinear,
}
FAMILY_LEVEL = 0.95
"""Probability that no factor of an identified model shows excess information (Bonferroni)."""
BLOCK = 10


def excess_information(
    factor: ArrayLike, own: ArrayLike, others: ArrayLike, *, permutations: int, seed: int = 0
) -> tuple[float, Floats]:
    r"""Information of the other latents about a factor given its own, I(v; z_others | z_own), nats.

    0 if the own latent determines the factor, or if it knows as much as all latents together.

    **Null.** If it is 0, the others may be exchanged between samples whose own latent is the same
    without changing anything. They are shuffled, as whole rows, among 10 neighbours in the order
    of the own latent, which keeps their dependence on it.

    Args:
        factor: v, shape `(N,)`.
        own: shape `(N,)`.
        others: shape `(N, A)`.
        permutations: draws from the null.
        seed: of ties and permutations.

    Returns:
        The estimate (`micvae.information.conditional.conditional_information`), and those of the
        permuted samples, `(permutations,)`; both biased towards 0 alike.

    Raises:
        MicvaeError: arrays that are not finite or differ in length; permutations < 1.

    References:
        "Conditional Independence Testing Based on a Nearest-Neighbor Estimator of Conditional
        Mutual Information", J. Runge, 2018 (permutation among neighbours).
    """
    permutations = whole_number("permutations", permutations, least=1)
    v, z = (np.asarray(values, dtype=np.float64).reshape(-1, 1) for values in (factor, own))
    rest = finite_matrix("others", others, least=2 * BLOCK)
    if not len(v) == len(z) == len(rest):
        raise MicvaeError("factor, own and others must have equally many rows")
    generator = np.random.default_rng(seed)
    value = conditional_information(v, rest, z, seed=seed)
    # Ties of the own latent in random order: if it is constant, all samples are neighbours.
    order = np.lexsort((generator.random(len(z)), z[:, 0]))
    block = np.arange(len(order)) // BLOCK
    drawn = []
    for _ in range(permutations):
        shuffled = order[np.lexsort((generator.random(len(order)), block))]
        exchanged = np.empty_like(rest)
        exchanged[order] = rest[shuffled]
        drawn.append(conditional_information(v, exchanged, z, seed=seed))
    return value, np.asarray(drawn)


def audit_truth(
    subject: Subject, samples: int, few: int, rotations: int, permutations: int, seed: int
) -> Truth | NoTruth:
    """Compare the codes of active latents with the factors that vary, or say why not.

    The result has the MCC, that of random rotations, and the excess information of every factor.

    Args:
        subject: the model with its data.
        samples: at most so many for MCC.
        few: at most so many for the excess.
        rotations: of the baseline.
        permutations: per factor.
        seed: of everything.
    """
    # Out of the data's order, so that the first few are a random part as well.
    rows = np.random.default_rng(seed).permutation(subject.rows(samples, seed))
    factors, which = subject.factors(rows)
    if not which:
        return NoTruth(missing="not known: the data has no ground-truth factors that vary")
    names = tuple(subject.dataset.factor_names[k] for k in which)
    if len(subject.active) == 0:
        return NoTruth(missing="not available: no latent is active", factors=names)
    codes = subject.encoded.codes[rows][:, subject.active].astype(np.float64)
    scores = {
        name: against_rotations(
            lambda z, metric=metric: float(metric(z, factors).value),  # type: ignore[misc]
            codes,
            rotations=rotations,
            seed=seed,
        )
        for name, metric in SCORES.items()
    }
    details = mcc_nonlinear(codes, factors, seed=seed).details
    assignment = [int(own) for own in details["assignment"]]
    excess = _excess(codes[:few], factors[:few], assignment, permutations, seed)
    return Truth(
        samples=len(codes),
        rotations=rotations,
        **scores,
        mcc_affine=mcc_affine(codes, factors, seed=seed).value,
        per_factor=tuple(details["per_factor"].tolist()),
        excess=tuple(
            None if one is None else replace(one, own=int(subject.active[one.own]))
            for one in excess
        ),
        factors=names,
        kinds=tuple(subject.dataset.factor_kinds[k] for k in which),
    )


def _excess(
    codes: Floats, factors: Floats, assignment: Sequence[int], permutations: int, seed: int
) -> list[Excess | None]:
    """Of every factor; None where it has no latent of its own, or there is no other latent.

    Args:
        codes: `(N, A)`.
        factors: `(N, K)`.
        assignment: column of `codes` of each factor, -1 for none.
        permutations: per factor.
        seed: of everything.
    """
    # One-sided: only too much information is evidence against the condition.
    level = 1 - (1 - FAMILY_LEVEL) / factors.shape[1]
    found: list[Excess | None] = []
    for k, own in enumerate(assignment):
        rest = [j for j in range(codes.shape[1]) if j != own]
        if own < 0 or not rest:
            found.append(None)
            continue
        value, null = excess_information(
            factors[:, k], codes[:, own], codes[:, rest], permutations=permutations, seed=seed
        )
        limit = float(np.quantile(null, level))
        found.append(
            Excess(
                own=own,
                value=value,
                null_median=float(np.median(null)),
                limit=limit,
                beyond=bool(value > limit),
            )
        )
    return found
