"""The conclusion where the factors are known: did each get a latent of its own, and only that?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from micvae.errors import MicvaeError
from micvae.identifiability.audit.rotations import against_rotations
from micvae.identifiability.audit.subject import Floats, Subject
from micvae.information.checks import finite_matrix, whole_number
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
    r"""What all other latents know of a factor beyond its own latent, I(v; z_others | z_own), nats.

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
    # Ties of the own latent in random order: where it says nothing, all samples are neighbours.
    order = np.lexsort((generator.random(len(z)), z[:, 0]))
    block = np.arange(len(order)) // BLOCK
    drawn = []
    for _ in range(permutations):
        shuffled = order[np.lexsort((generator.random(len(order)), block))]
        exchanged = np.empty_like(rest)
        exchanged[order] = rest[shuffled]
        drawn.append(conditional_information(v, exchanged, z, seed=seed))
    return value, np.asarray(drawn)


def compare_with_factors(
    codes: Floats, factors: Floats, *, rotations: int, permutations: int, samples: int, seed: int
) -> dict[str, Any]:
    """MCC against random rotations, and the excess information about every factor.

    Args:
        codes: `(N, A)`, active latents.
        factors: `(N, K)`, all varying.
        rotations: of the baseline.
        permutations: per factor.
        samples: at most so many for the excess.
        seed: of everything.
    """
    found: dict[str, Any] = {"samples": len(codes), "rotations": rotations}
    for name, metric in SCORES.items():
        compared = against_rotations(
            lambda z, metric=metric: float(metric(z, factors).value),  # type: ignore[misc]
            codes,
            rotations=rotations,
            seed=seed,
        )
        found[name] = asdict(compared) | {"above": compared.above}
    found["mcc_affine"] = mcc_affine(codes, factors, seed=seed).value
    details = mcc_nonlinear(codes, factors, seed=seed).details
    few = slice(samples)
    # One-sided: an own latent that knows all leaves nothing that could be too little.
    level = 1 - (1 - FAMILY_LEVEL) / factors.shape[1]
    excess: list[dict[str, Any] | None] = []
    for k, own in enumerate(details["assignment"]):
        rest = [j for j in range(codes.shape[1]) if j != own]
        if own < 0 or not rest:
            excess.append(None)
            continue
        value, null = excess_information(
            factors[few, k], codes[few, own], codes[few][:, rest],
            permutations=permutations, seed=seed,
        )  # fmt: skip
        limit = float(np.quantile(null, level))
        excess.append(
            {
                "own": int(own),
                "value": value,
                "null_median": float(np.median(null)),
                "limit": limit,
                "beyond": bool(value > limit),
            }
        )
    found |= {"per_factor": details["per_factor"].tolist(), "excess": excess}
    return found


def audit_truth(
    subject: Subject, samples: int, few: int, rotations: int, permutations: int, seed: int
) -> dict[str, Any]:
    """Compare the codes of active latents with the factors that vary; `missing` says why not."""
    # Out of the data's order, so that the first few are a random part as well.
    rows = np.random.default_rng(seed).permutation(subject.rows(samples, seed))
    factors, which = subject.factors(rows)
    if not which:
        return {"missing": "not known: the data has no ground-truth factors that vary"}
    names = [subject.dataset.factor_names[k] for k in which]
    if len(subject.active) == 0:
        return {"missing": "not available: no latent is active", "factors": names}
    codes = subject.encoded.codes[rows][:, subject.active].astype(np.float64)
    found = compare_with_factors(
        codes, factors, rotations=rotations, permutations=permutations, samples=few, seed=seed
    )
    for row in found["excess"]:
        if row is not None:
            row["own"] = int(subject.active[row["own"]])
    return {
        **found,
        "factors": names,
        "kinds": [subject.dataset.factor_kinds[k] for k in which],
    }
