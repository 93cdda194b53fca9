"""Active units."""

import numpy as np
from numpy.typing import ArrayLike

from micvae.metrics.inputs import check_codes
from micvae.metrics.score import Score, Weights, check_setting, scored


def active_units(
    codes: ArrayLike, *, threshold: float = 0.01, resamples: int = 0, seed: int = 0
) -> Score:
    r"""How many latents are in use: those with $\operatorname{Var}_x \mathrm{E}[z_j | x] > 0.01$.

    Range 0 to D; neither end is the good one. It needs no ground truth. The threshold suits codes
    on the scale of a standard normal prior.

    Args:
        codes: (N, D) array of posterior means.
        threshold: Least variance of an active unit.
        resamples: Bootstrap resamples for `Score.deviations`; 0 for none.
        seed: Seed of the resamples.

    Returns:
        `Score` with key `active_units` and details `variances` (D,).

    Raises:
        MetricError: For codes that are not finite 2-D numbers, or a threshold below 0.

    Degenerate inputs: a constant latent is not active.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import active_units
        >>> factors = np.random.default_rng(0).normal(size=(500, 2))
        >>> dead = factors * [1, 0.01]
        >>> [round(float(active_units(codes)), 2) for codes in (factors, dead)]
        [2.0, 1.0]

    References:
        *Importance Weighted Autoencoders*, Yuri Burda, Roger Grosse, Ruslan Salakhutdinov, 2016.
    """
    check_setting("threshold", threshold, lambda v: v >= 0, "give a number of at least 0")
    z = check_codes(codes).astype(np.float64)

    def statistic(weights: Weights) -> Score:
        share = weights / weights.sum()
        variances = share @ (z - share @ z) ** 2
        count = float((variances > threshold).sum())
        return Score({"active_units": count}, {"variances": variances})

    return scored(statistic, len(z), resamples, seed)
