"""The conclusion where no factor is known: do runs from other seeds find the same latents?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from micvae.identifiability.audit.record import Agreement, ComparedPair, MissingPair
from micvae.identifiability.audit.rotations import against_rotations
from micvae.identifiability.audit.subject import Floats, Subject
from micvae.metrics.mcc import mcc_pearson, mcc_spearman
from micvae.metrics.mcc_affine import mcc_affine


def strong(a: Floats, b: Floats, ranks: bool = False) -> float:
    """MCC between two codes of the same samples, `(N, A)` and `(N, B)`: with one-to-one matching of
    latents.

    Symmetric: latents of the larger set that have no partner count 0.
    """
    few, many = sorted((a, b), key=lambda codes: codes.shape[1])
    return float((mcc_spearman if ranks else mcc_pearson)(few, many).value)


def affine(a: Floats, b: Floats, seed: int = 0) -> float:
    """MCC after the best affine map of all latents, averaged over both directions."""
    return float((mcc_affine(a, b, seed=seed).value + mcc_affine(b, a, seed=seed).value) / 2)


def agree(a: Floats, b: Floats, rotations: int, seed: int) -> Agreement:
    """Compare two codes with each other, and the second with random rotations of the first."""
    plain, ranks = (
        against_rotations(
            lambda z, of_ranks=of_ranks: strong(z, b, of_ranks),  # type: ignore[misc]
            a,
            rotations=rotations,
            seed=seed,
        )
        for of_ranks in (False, True)
    )
    return Agreement(strong=plain, ranks=ranks, affine=affine(a, b, seed))


def audit_agreement(
    subjects: Sequence[Subject], samples: int, rotations: int, seed: int
) -> list[ComparedPair | MissingPair]:
    """Agreement of the active latents of every pair of runs on the same data.

    Returns:
        Per pair what `agree` finds, or why it is missing: one run has no active latent.
    """
    rows = subjects[0].rows(samples, seed)
    codes = [s.encoded.codes[rows][:, s.active].astype(np.float64) for s in subjects]
    found: list[ComparedPair | MissingPair] = []
    for i, j in combinations(range(len(codes)), 2):
        latents = codes[i].shape[1]
        pair = {"first": i, "second": j, "samples": len(rows), "latents": latents}
        if latents and codes[j].shape[1]:
            compared = agree(codes[i], codes[j], rotations, seed)
            found.append(ComparedPair(**pair, **vars(compared)))
        else:
            why = "not available: a run has no active latent"
            found.append(MissingPair(**pair, missing=why))
    return found
