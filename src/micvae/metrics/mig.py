"""Mutual information gap."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micvae.metrics.binning import as_labels, entropy, equal_width_bins, mutual_information
from micvae.metrics.inputs import check_inputs
from micvae.metrics.score import MetricError, Score


def mig(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    bins: int = 20,
    factor_bins: int = 20,
) -> Score:
    r"""Mutual information gap: does one latent alone know each factor?

    .. math::
        \mathrm{MIG} = \frac{1}{K} \sum_{k=1}^{K}
            \frac{I(z_{j_k}; v_k) - \max_{j \ne j_k} I(z_j; v_k)}{H(v_k)},
        \qquad j_k = \arg\max_j I(z_j; v_k)

    with the plug-in mutual information and entropy of binned codes, in nats (the unit cancels).
    Range 0 to 1, higher is better; nothing is clamped.

    Codes are cut into equally wide bins over their range. Discrete factors are used as they are;
    a continuous factor is cut into `factor_bins` equally wide bins and named in
    `details["binned_factors"]`. The score is invariant to permuting, flipping and rescaling
    latents and to the order of samples, but not to monotone maps: a perfect code of a uniform
    factor loses points where its own distribution is far from uniform.

    Args:
        codes: (N, D) array, by convention posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: Per factor `continuous`, `ordinal`, `categorical` or `angular`; `None`
            infers them: continuous if all values are distinct, or if more than 50 are and not
            all are whole numbers; else discrete.
        bins: Bins per latent. 20 in Locatello et al.
        factor_bins: Bins per continuous factor.

    Returns:
        `Score` with key `mig` and details `gaps` (K,), `mutual_information` (D, K) and
        `entropies` (K,) in nats, `binned_factors` (indices), `bins` and `factor_bins`.

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer samples than bins, or fewer than 2 bins.

    Degenerate inputs: a constant latent has mutual information 0. With D = 1 there is no second
    latent and the gap is taken to 0. With D < K some factors share a latent, which is allowed.

    References:
        *Isolating Sources of Disentanglement in Variational Autoencoders*, Ricky T. Q. Chen,
        Xuechen Li, Roger Grosse, David Duvenaud, 2018.
        *Challenging Common Assumptions in the Unsupervised Learning of Disentangled
        Representations*, Francesco Locatello et al., 2019 (binning).
    """
    for name, count in (("bins", bins), ("factor_bins", factor_bins)):
        if not isinstance(count, (int, np.integer)) or count < 2:
            raise MetricError(f"{name}={count!r}: give a whole number of at least 2")
    given = check_inputs(codes, factors, factor_kinds, min_samples=max(bins, factor_bins))
    z = [equal_width_bins(column, bins) for column in given.codes.T]
    v = [
        as_labels(column) if discrete else equal_width_bins(column, factor_bins)
        for column, discrete in zip(given.factors.T, given.discrete, strict=True)
    ]
    information = np.array([[mutual_information(zj, vk) for vk in v] for zj in z])
    entropies = np.array([entropy(vk) for vk in v])
    ranked = np.sort(np.vstack([information, np.zeros_like(entropies)]), axis=0)
    gaps = (ranked[-1] - ranked[-2]) / entropies
    return Score(
        {"mig": float(gaps.mean())},
        {
            "gaps": gaps,
            "mutual_information": information,
            "entropies": entropies,
            "binned_factors": tuple(k for k, d in enumerate(given.discrete) if not d),
            "bins": bins,
            "factor_bins": factor_bins,
        },
    )
