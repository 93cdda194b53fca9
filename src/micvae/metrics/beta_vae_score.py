"""The β-VAE score."""

import numpy as np

from micvae.metrics.factor_vae_score import BLOCK, check_counts, vote_share
from micvae.metrics.interventions import Interventions
from micvae.metrics.logistic import fit_logistic
from micvae.metrics.score import Score


def beta_vae_score(
    interventions: Interventions,
    *,
    group: int = 64,
    train_points: int = 10_000,
    test_points: int = 5_000,
    seed: int = 0,
) -> Score:
    r"""β-VAE score: can a linear classifier find the factor that two samples share?

    One point: a factor k is drawn, and `group` pairs of samples whose two members share its value;
    the feature is the mean over pairs of |z − z'|, (D,). The score is the test accuracy of a
    multinomial logistic regression (L2 penalty, C = 1, raw features) of k. Range 0 to 1, 1/K is
    chance, higher is better.

    Args:
        interventions: `Rendered(encode, dataset)` or `Matched(codes, factors)`.
        group: Pairs per point.
        train_points: Points that train the classifier.
        test_points: Points that test it.
        seed: Decides all draws.

    Returns:
        `Score` with key `beta_vae_score` and details `train_accuracy` and `test_points`. Its
        deviation is that of a share of independent points.

    Raises:
        MetricError: For numbers that are not whole or too small.

    Degenerate inputs: with K = 1 there is nothing to confuse and the score is 1. Constant latents
    give features 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import Matched, beta_vae_score
        >>> factors = np.random.default_rng(0).integers(0, 4, size=(500, 2))
        >>> score = beta_vae_score(Matched(-factors, factors), train_points=500, test_points=500)
        >>> round(float(score), 2)
        1.0

    References:
        *beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework*, Irina
        Higgins et al., 2017.
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (settings).
    """
    check_counts(group=(group, 1), train_points=(train_points, 10), test_points=(test_points, 1))
    check_counts(seed=(seed, 0))
    random = np.random.default_rng(seed)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = random.integers(0, interventions.n_factors, n)
        features = []
        for start in range(0, n, BLOCK):
            factor = labels[start : start + BLOCK]
            pairs = interventions.groups(np.repeat(factor, group), 2, random).astype(np.float64)
            difference = np.abs(pairs[:, 0] - pairs[:, 1])
            features.append(difference.reshape(len(factor), group, -1).mean(axis=1))
        return np.concatenate(features), labels

    x, y = draw(train_points)
    seen, known = np.unique(y, return_inverse=True)
    test_x, test_y = draw(test_points)
    if len(seen) == 1:
        train, test = np.ones(len(y), bool), test_y == seen[0]
    else:
        model = fit_logistic(x, known.astype(np.int64), C=1.0)
        train, test = model.predict(x) == known, seen[model.predict(test_x)] == test_y
    details = {"train_accuracy": float(train.mean()), "test_points": test_points}
    return vote_share("beta_vae_score", float(test.mean()), test_points, details)
