"""Unsupervised disentanglement ranking."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from micvae.arrays import unmasked
from micvae.information.plug_in import Floats
from micvae.metrics.inputs import check_codes
from micvae.metrics.logistic import standardised
from micvae.metrics.mcc import correlations
from micvae.metrics.score import MetricError, check_setting
from micvae.metrics.tables import ratio

Similarity = Literal["lasso", "spearman"]


@dataclass(frozen=True)
class Ranking:
    """UDR of M models.

    Attributes:
        scores: (M,) the median of each model's agreement with the others; higher is better.
        pairwise: (M, M) agreement of every two models; the diagonal is NaN.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import Ranking
        >>> ranking = Ranking(np.array([0.9, 0.4]), np.array([[np.nan, 0.4], [0.9, np.nan]]))
        >>> int(ranking.scores.argmax())
        0
    """

    scores: Floats
    pairwise: Floats


def udr(
    codes: Sequence[ArrayLike],
    latent_kl: Sequence[ArrayLike] | None = None,
    *,
    similarity: Similarity = "lasso",
    alpha: float = 0.1,
    kl_threshold: float = 0.01,
) -> Ranking:
    r"""UDR: do models trained from other seeds find the same latents?

    .. math::
        \mathrm{UDR}_{ab} = \tfrac12 \Bigl(
            \frac1{d_a} \sum_i \frac{\max_j R_{ij}^2}{\sum_j R_{ij}} +
            \frac1{d_b} \sum_j \frac{\max_i R_{ij}^2}{\sum_i R_{ij}} \Bigr)

    with R (d_a, d_b) the similarity of the informative latents of models a and b: absolute
    coefficients of a lasso (α = 0.1) that predicts b's standardised codes from a's, or absolute
    Spearman correlations. A model's score is the median over the others, predicted from them.
    No ground truth is needed; models that fail in the same way also agree. This is the authors'
    code; the paper weighs the two sums by 1/(d_a + d_b), which is the same where d_a = d_b.

    Args:
        codes: M ≥ 2 arrays (N, D): posterior means of the same samples in the same order.
        latent_kl: M arrays (D,) of KL per latent in nats; latents below `kl_threshold` are left
            out. `None` keeps all latents that vary.
        similarity: `lasso` or `spearman`.
        alpha: Penalty of the lasso.
        kl_threshold: Least KL of an informative latent, nats.

    Returns:
        The `Ranking`.

    Raises:
        MetricError: For fewer than two models, codes that are not finite 2-D numbers, other
            numbers of samples, KLs that do not fit, or an unknown similarity.

    Degenerate inputs: a model without informative latents agrees with none (0).

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import udr
        >>> codes = np.random.default_rng(0).normal(size=(500, 2))
        >>> ranking = udr([codes, -codes, codes @ [[1, 1], [1, -1]]])
        >>> ranking.scores.round(2)
        array([0.6 , 0.6 , 0.31])

    References:
        *Unsupervised Model Selection for Variational Disentangled Representation Learning*, Sunny
        Duan, Loic Matthey, Andre Saraiva, Nick Watters, Christopher P. Burgess, Alexander
        Lerchner, Irina Higgins, 2020.
    """
    if similarity not in get_args(Similarity):
        raise MetricError(
            f"unknown similarity {similarity!r}: choose from {', '.join(get_args(Similarity))}"
        )
    if len(codes) < 2:
        raise MetricError(f"UDR compares models: {len(codes)} given, at least 2 needed")
    check_setting("alpha", alpha, lambda v: 0 < v < np.inf, "give a positive number")
    checked = [check_codes(c, min_samples=3) for c in codes]
    if len({len(c) for c in checked}) > 1:
        raise MetricError(
            "codes differ in their number of samples "
            f"({', '.join(str(len(c)) for c in checked)}): encode the same ones with every model"
        )
    if latent_kl is not None and len(latent_kl) != len(checked):
        raise MetricError(f"latent_kl has {len(latent_kl)} entries for {len(checked)} models")
    models = []
    for m, c in enumerate(checked):
        used = c.min(axis=0) < c.max(axis=0)
        if latent_kl is not None:
            given = unmasked(latent_kl[m], f"latent_kl[{m}]", MetricError)
            try:
                kl = np.asarray(given, dtype=np.float64)
            except (TypeError, ValueError):
                kl = np.array(np.nan)
            if kl.shape != (c.shape[1],) or not np.isfinite(kl).all():
                raise MetricError(f"latent_kl[{m}] must be {c.shape[1]} finite numbers")
            used &= kl > kl_threshold
        z = standardised(c[:, used])
        models.append(rankdata(z, axis=0) if similarity == "spearman" else z)
    count = len(models)
    pairwise = np.full((count, count), np.nan)
    for a in range(count):
        for b in range(count):
            if a != b:
                pairwise[a, b] = _agreement(_similar(models[a], models[b], similarity, alpha))
    off_diagonal = ~np.eye(count, dtype=bool)
    scores = np.array([np.median(pairwise[off_diagonal[:, m], m]) for m in range(count)])
    return Ranking(scores, pairwise)


def _similar(a: Floats, b: Floats, similarity: Similarity, alpha: float) -> Floats:
    """Similarity (d_a, d_b) of the latents of two models."""
    if a.shape[1] == 0 or b.shape[1] == 0:
        return np.zeros((a.shape[1], b.shape[1]))
    if similarity == "spearman":
        return correlations(a, b, np.ones(len(a)))
    from sklearn.linear_model import Lasso

    # Strongly correlated latents need more rounds of coordinate descent than scikit-learn's 1,000.
    lasso = Lasso(alpha=alpha, max_iter=100_000, random_state=0).fit(a, b)
    found: Floats = np.abs(lasso.coef_).reshape(b.shape[1], a.shape[1]).T
    return found


def _agreement(similar: Floats) -> float:
    if 0 in similar.shape:
        return 0.0
    sides = [
        float(ratio(similar.max(axis=axis) ** 2, similar.sum(axis=axis)).mean()) for axis in (0, 1)
    ]
    return sum(sides) / 2
