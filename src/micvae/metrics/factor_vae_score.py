"""The FactorVAE score."""

from collections.abc import Mapping

import numpy as np

from micvae.metrics.interventions import Interventions
from micvae.metrics.score import Score, check_setting, check_whole

BLOCK = 64


def factor_vae_score(
    interventions: Interventions,
    *,
    group: int = 64,
    train_votes: int = 10_000,
    test_votes: int = 5_000,
    variance_samples: int = 10_000,
    prune: float = 0.05,
    seed: int = 0,
) -> Score:
    r"""FactorVAE score: does the latent that moves least tell which factor was held fixed?

    One vote: a factor k is drawn, `group` samples that share its value are encoded, and the latent

    .. math:: j^* = \arg\min_j \frac{\operatorname{Var}_{group}(z_j)}{\operatorname{Var}(z_j)}

    is noted. A latent stands for the factor it voted for most often among the training votes; the
    score is the share of the test votes that it gets right. Range 0 to 1, 1/K is chance, higher is
    better.

    Args:
        interventions: `Rendered(encode, dataset)` or `Matched(codes, factors)`.
        group: Samples per vote.
        train_votes: Votes that decide what latents stand for.
        test_votes: Votes that are counted.
        variance_samples: Samples for Var(z_j).
        prune: Latents of a lower standard deviation do not vote: 0.05 in the published study, 0
            in its code's default, where a collapsed latent wins votes by its rounding errors.
        seed: Decides all draws.

    Returns:
        `Score` with key `factor_vae_score` and details `votes` (K, D) of training, `active` (D,),
        `active_dimensions`, `train_accuracy`, and `test_votes`. Its deviation is that of a share of
        independent votes.

    Raises:
        MetricError: For numbers that are not whole or too small, or a negative prune.

    Degenerate inputs: if no latent is active the score is 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import Matched, factor_vae_score
        >>> factors = np.random.default_rng(0).integers(0, 4, size=(500, 2))
        >>> score = factor_vae_score(Matched(-factors, factors), train_votes=500, test_votes=500)
        >>> round(float(score), 2)
        1.0

    References:
        *Disentangling by Factorising*, Hyunjik Kim, Andriy Mnih, 2018.
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (settings).
    """
    check_counts(group=(group, 2), train_votes=(train_votes, 1), test_votes=(test_votes, 1))
    check_counts(variance_samples=(variance_samples, 2), seed=(seed, 0))
    check_setting("prune", prune, lambda v: v >= 0, "give a number of at least 0")
    random = np.random.default_rng(seed)
    codes = interventions.codes(variance_samples, random).astype(np.float64)
    variances = codes.var(axis=0, ddof=1)
    active = (np.sqrt(variances) >= prune) & (variances > 0)
    active &= codes.min(axis=0) < codes.max(axis=0)
    details = {"active": active, "active_dimensions": int(active.sum()), "test_votes": test_votes}
    if not active.any():
        nothing = {**details, "votes": None, "train_accuracy": 0.0}
        return vote_share("factor_vae_score", 0.0, test_votes, nothing)
    live = np.flatnonzero(active)

    def vote(n: int) -> np.ndarray:
        votes = np.zeros((interventions.n_factors, len(active)), np.int64)
        for start in range(0, n, BLOCK):
            factor = random.integers(0, interventions.n_factors, min(BLOCK, n - start))
            moved = interventions.groups(factor, group, random).astype(np.float64)
            relative = moved.var(axis=1, ddof=1)[:, live] / variances[live]
            np.add.at(votes, (factor, live[relative.argmin(axis=1)]), 1)
        return votes

    trained = vote(train_votes)
    stands_for, latent = trained.argmax(axis=0), np.arange(len(active))
    counted = vote(test_votes)
    details |= {"votes": trained, "train_accuracy": trained[stands_for, latent].sum() / train_votes}
    share = float(counted[stands_for, latent].sum() / test_votes)
    return vote_share("factor_vae_score", share, test_votes, details)


def vote_share(name: str, share: float, votes: int, details: Mapping[str, object]) -> Score:
    """A score that is a share of independent votes, with its binomial standard deviation."""
    deviation = float(np.sqrt(share * (1 - share) / votes))
    return Score({name: share}, details, {name: deviation})


def check_counts(**counts: tuple[int, int]) -> None:
    """Refuse numbers that are not whole or below their least value, by name."""
    for name, (value, least) in counts.items():
        check_whole(name, value, least)
