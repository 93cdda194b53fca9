"""Mean mutual information of pairs of codes."""

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from micvae.metrics.binning import checked_bins, equal_width_bins, mutual_information
from micvae.metrics.inputs import check_codes
from micvae.metrics.score import Score, Weights, scored


def mean_pairwise_mi(
    codes: ArrayLike, *, bins: int = 20, resamples: int = 0, seed: int = 0
) -> Score:
    r"""Mean mutual information of two latents, in nats.

    .. math:: \frac{1}{D (D - 1)} \sum_{i \ne j} I(z_i; z_j)

    with the plug-in estimate on 20 equally wide bins. Range 0 to log(bins), lower is better:
    independent codes reach the bias (bins − 1)² / 2N. It needs no ground truth.

    Args:
        codes: (N, D) array, usually posterior means.
        bins: Bins per latent.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `mean_pairwise_mi` and details `mutual_information` (D, D), diagonal 0.

    Raises:
        MetricError: For codes that are not finite 2-D numbers, fewer samples than bins, or fewer
            than 2 bins.

    Degenerate inputs: constant latents have mutual information 0 and stay in the mean, as in the
    reference. With D = 1 there is no pair and the score is 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import mean_pairwise_mi
        >>> factors = np.random.default_rng(0).normal(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [0, 1]]
        >>> [round(float(mean_pairwise_mi(codes)), 2) for codes in (factors, mixed)]
        [0.21, 0.52]

    References:
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (mutual information score).
    """
    z = check_codes(codes, min_samples=checked_bins(bins=bins))
    labels = [equal_width_bins(column, bins) for column in z.T]
    d = len(labels)

    def statistic(weights: Weights) -> Score:
        information = np.zeros((d, d))
        for i, j in combinations(range(d), 2):
            information[i, j] = mutual_information(labels[i], labels[j], weights)
        information += information.T
        mean = float(information.sum() / (d * (d - 1))) if d > 1 else 0.0
        return Score({"mean_pairwise_mi": mean}, {"mutual_information": information})

    return scored(statistic, len(z), resamples, seed)
