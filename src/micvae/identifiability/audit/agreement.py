"""The conclusion where no factor is known: do runs from other seeds find the same latents?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from micvae.identifiability.audit.rotations import against_rotations
from micvae.identifiability.audit.subject import Floats, Subject
from micvae.metrics.mcc import mcc_pearson, mcc_spearman
from micvae.metrics.mcc_affine import mcc_affine


def strong(a: Floats, b: Floats, ranks: bool = False) -> float:
    """MCC between two codes of the same samples, `(N, A)` and `(N, B)`: a latent for a latent.

    Symmetric: latents of the larger set that have no partner count 0.
    """
    few, many = sorted((a, b), key=lambda codes: codes.shape[1])
    return float((mcc_spearman if ranks else mcc_pearson)(few, many).value)


def affine(a: Floats, b: Floats, seed: int = 0) -> float:
    """MCC after the best affine map of all latents, averaged over both directions."""
    return float((mcc_affine(a, b, seed=seed).value + mcc_affine(b, a, seed=seed).value) / 2)


def agree(a: Floats, b: Floats, rotations: int, seed: int) -> dict[str, Any]:
    """Compare two codes with each other, and with the first whitened and turned at random."""
    found: dict[str, Any] = {}
    for name, ranks in (("strong", False), ("ranks", True)):
        compared = against_rotations(
            lambda z, ranks=ranks: strong(z, b, ranks),  # type: ignore[misc]
            a,
            rotations=rotations,
            seed=seed,
        )
        found[name] = asdict(compared) | {"above": compared.above}
    found["affine"] = affine(a, b, seed)
    return found


def audit_agreement(
    subjects: Sequence[Subject], samples: int, rotations: int, seed: int
) -> list[dict[str, Any]]:
    """Agreement of the active latents of every pair of runs on the same data.

    Returns:
        Per pair its places `first` and `second`, `latents` active in the first and what `agree`
        finds; pairs of which one has no active latent have `missing` instead.
    """
    rows = subjects[0].rows(samples, seed)
    codes = [s.encoded.codes[rows][:, s.active].astype(np.float64) for s in subjects]
    found = []
    for i, j in combinations(range(len(codes)), 2):
        pair: dict[str, Any] = {"first": i, "second": j, "samples": len(rows)}
        pair["latents"] = codes[i].shape[1]  # of which the first's are rotated
        if codes[i].shape[1] and codes[j].shape[1]:
            pair |= agree(codes[i], codes[j], rotations, seed)
        else:
            pair["missing"] = "not available: a run has no active latent"
        found.append(pair)
    return found
