"""Joint entropy minus mutual information gap."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.metrics.posterior_bins import PosteriorBins
from micvae.metrics.score import Score, Weights, scored
from micvae.metrics.tables import gaps


def jemmig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    scale: ArrayLike | None = None,
    bins: int = 100,
    limits: tuple[float, float] | None = None,
    factor_bins: int = 20,
    resamples: int = 0,
    seed: int = 0,
) -> Score:
    r"""JEMMIG: does one latent alone know each factor, and nothing besides?

    .. math::
        \mathrm{JEMMIG}_k = H(z_{j_k}, v_k) - I(z_{j_k}; v_k) + \max_{j \ne j_k} I(z_j; v_k),
        \qquad
        \text{score} = \frac{1}{K} \sum_k
            \Bigl( 1 - \frac{\mathrm{JEMMIG}_k}{H(v_k) + \log b} \Bigr)

    with $j_k$ the latent that knows factor k best, b bins, and the estimates of `rmig`. The raw
    quantity is lower for better codes; the score reported here is its normalised complement,
    range 0 to 1, higher is better. A perfect code of a factor with few values reaches 1 only if
    it takes few values too: a latent that also moves with anything else pays for it.

    Args:
        codes: (N, D) array, posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        scale: (N, D) posterior standard deviations, or `None` for points.
        bins: Bins per latent. 100 in Do & Tran.
        limits: As in `rmig`.
        factor_bins: Bins per continuous factor.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `jemmig` and details `raw` (K,) and `joint_entropies` (D, K) in nats,
        `best` (K,) latent of every factor, and `binned_factors`.

    Raises:
        MetricError: As `rmig` does.

    Degenerate inputs: a constant latent has mutual information 0, and no entropy either: codes
    that are all constant score 1 − H(v) / (H(v) + log b), far more than noise does. With D = 1
    there is no second latent and the gap is taken to 0.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import jemmig
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(jemmig(codes, factors)), 2) for codes in (-factors, mixed)]
        [0.61, 0.22]

    References:
        *Theory and Evaluation Metrics for Learning Disentangled Representations*, Kien Do, Truyen
        Tran, 2020.
    """
    table = PosteriorBins.of(codes, factors, factor_kinds, scale, bins, limits, factor_bins)

    def statistic(weights: Weights) -> Score:
        information, joint, entropies = table.measures(weights)
        best = information.argmax(axis=0)
        raw = joint[best, np.arange(len(best))] - gaps(information)
        details = {
            "raw": raw,
            "joint_entropies": joint,
            "best": best,
            "binned_factors": table.binned_factors,
        }
        score = 1 - raw / (entropies + np.log(table.bins))
        return Score({"jemmig": float(score.mean())}, details)

    return scored(statistic, len(table), resamples, seed)
