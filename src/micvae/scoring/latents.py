"""Dependence among the latents of a run, in nats, and what independent latents give."""

import numpy as np

from micvae.information import aggregate_pairwise_mi, pairwise_mutual_information
from micvae.information.permutation import prediction_interval
from micvae.representation import Representation
from micvae.scoring.nulls import PERMUTATIONS, Null, permuted

COMPONENTS = 4_000
"""Samples, and components of the mixture, of the aggregate posterior in the estimate of R_MI."""

NULL_WORK = 2_000_000
"""Samples times components of one draw of the null of R_MI: all samples where N ≤ 1,400."""


def latent_information(
    representation: Representation, seed: int = 0, rows: int | None = None
) -> np.ndarray:
    """I(z_i; z_j) of the aggregate posterior, `(D, D)`, nats, from thousands of samples.

    Gaussian posteriors: from their densities. Other numbers: from samples, by nearest neighbours.
    Where one latent of a pair has finitely many values: from counts, the other in equal-mass bins.

    Args:
        representation: at most `COMPONENTS` of its samples are used.
        seed: seed of the samples and of the noise.
        rows: number of samples at which densities are computed, see `aggregate_pairwise_mi`.
    """
    part = representation.sample(COMPONENTS, seed)
    encoded = part.encoded
    if part.gaussian:
        draws = part.codes + part.scale * np.random.default_rng(seed).standard_normal(
            part.codes.shape, dtype=np.float32
        )
        return np.asarray(aggregate_pairwise_mi(draws, part.codes, part.scale, rows=rows))
    discrete = np.asarray([kind == "discrete" for kind in encoded.latent_kinds])
    samples = np.where(discrete, encoded.codes, encoded.draws)
    most = max(len(np.unique(column)) for column in samples.T[discrete]) if discrete.any() else 0
    found = pairwise_mutual_information(samples, "binned", bins=max(20, most))
    numbers = np.flatnonzero(~discrete)
    if len(numbers) > 1:
        found[np.ix_(numbers, numbers)] = pairwise_mutual_information(samples[:, numbers])
    return found


def latent_information_null(
    representation: Representation, seed: int = 0
) -> tuple[Null | None, np.ndarray]:
    """The estimates of `latent_information` for the same latents made independent.

    The estimates are biased, most of all on few samples. The samples of each latent are permuted
    separately, which keeps N, the posteriors and the estimator. With many components, densities are
    computed at fewer samples, which widens the interval slightly.

    Returns:
        The interval of R_MI, None for a single latent, and the upper ends for every pair, `(D, D)`.
    """
    part = representation.sample(COMPONENTS, seed)
    count = part.codes.shape[1]
    if count < 2:
        return None, np.zeros((count, count))
    rows = max(1, min(len(part), NULL_WORK // len(part)))
    drawn = np.asarray(
        [
            latent_information(permuted(part, seed + 1 + p), seed + 1 + p, rows)
            for p in range(PERMUTATIONS)
        ]
    )
    low, high = prediction_interval(drawn.sum((1, 2)))
    return Null(float(low), float(high)), prediction_interval(drawn)[1]
