"""The explicitness and size of DCI-ES."""

import operator
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve

from micvae.information.plug_in import Floats
from micvae.metrics.embedding import embed
from micvae.metrics.inputs import check_inputs
from micvae.metrics.logistic import standardised
from micvae.metrics.score import MetricError, Score, Weights, scored
from micvae.metrics.splits import Rows, check_split, train_test_split
from micvae.metrics.tables import ratio

MIN_SAMPLES = 30
FEATURES = (0, 8, 32, 128, 512)
RIDGE = 1e-3


def dci_es(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    features: Sequence[int] = FEATURES,
    seed: int = 0,
    resamples: int = 0,
) -> Score:
    r"""Explicitness E and size S: how small a predictor does, and how small the code is.

    Probes of rising capacity κ predict every factor from all codes; $\ell(\kappa)$ is their loss
    on the test samples relative to predicting the mean, its running minimum over κ. Then

    .. math::
        E = \frac1K \sum_k \Bigl( 1 - 2\, \frac{\int (\ell_k(\kappa) - \min \ell_k)\, d\log\kappa}
            {\log\kappa_{\max} - \log\kappa_{\min}} \Bigr),
        \qquad S = K / D

    E is 1 if the smallest probe, a linear one, is as good as any; 0 if the loss falls linearly in
    log κ from that of the mean to 0; and down to −1 if only the largest probe helps. Higher is
    better, but it speaks of ease of use alone: of a code that knows nothing, no probe makes more,
    and E is 1, so read it beside `dci_informativeness`. The area is measured against that from the
    mean's loss down to 0, as in the authors' code, so that noise in a factor raises E. S is above
    0, 1 for as many latents as factors, less for more.

    A probe is ridge regression on the D standardised codes and the first m of a fixed sequence of
    random Fourier features $\cos(w^\top z + b)$, w standard normal, κ = D + 1 + m; factors are
    embedded by kind as in `block_score`, the loss being the squared distance. The authors use
    networks, forests and random Fourier features; probes change the score.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`.
        features: Increasing numbers m of random features, at least two.
        seed: Decides the features, and which ⌈2N/3⌉ samples train and which test.
        resamples: Bootstrap resamples of the test samples for `Score.deviations`; 0 for none. The
            probes are fitted once.

    Returns:
        `Score` with keys `dci_explicitness`, `dci_size` and details `capacity` (M,), `loss`
        (K, M) and `per_factor` (K,).

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer than 30 samples, a discrete factor with fewer than two samples
            per class on average or one value in the training part, or features out of order.

    Degenerate inputs: constant latents count in S, and change nothing in E.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import dci_es
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> scores = dci_es(factors @ [[1, 0.2], [0.2, 1]], factors)
        >>> {name: round(value, 2) for name, value in scores.to_dict().items()}
        {'dci_explicitness': 1.0, 'dci_size': 1.0}

    References:
        *DCI-ES: An Extended Disentanglement Framework with Connections to Identifiability*, Cian
        Eastwood, Andrei Liviu Nicolicioiu, Julius von Kügelgen, Armin Kekić, Frederik Träuble,
        Andrea Dittadi, Bernhard Schölkopf, 2023.
        *Random Features for Large-Scale Kernel Machines*, Ali Rahimi, Benjamin Recht, 2007.
    """
    try:
        sizes = [operator.index(m) for m in features]
    except TypeError:
        raise MetricError(f"features={features!r}: give increasing whole numbers") from None
    if len(sizes) < 2 or sizes[0] < 0 or any(a >= b for a, b in pairwise(sizes)):
        raise MetricError(f"features={features!r}: give at least two increasing numbers")
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES)
    fit, test = train_test_split(len(given), seed)
    check_split(given, fit, test)
    points = embed(given)
    target = np.concatenate(points, axis=1)
    target = target - target[fit].mean(axis=0)
    owner = np.repeat(np.arange(len(points)), [p.shape[1] for p in points])
    x = _canonical(standardised(given.codes, given.codes[fit]))
    n_codes = x.shape[1]
    random = np.random.default_rng([seed, 2])
    frequencies = random.standard_normal((n_codes, sizes[-1]))
    phase = random.uniform(0, 2 * np.pi, sizes[-1])

    def design(rows: Rows) -> Floats:
        some = x[rows]
        waves = np.cos(some @ frequencies + phase)
        return np.concatenate([some, waves, np.ones((len(some), 1))], axis=1)

    width = n_codes + sizes[-1] + 1
    gram, moment = np.zeros((width, width)), np.zeros((width, target.shape[1]))
    for rows in _blocks(fit):
        probed = design(rows)
        gram += probed.T @ probed
        moment += probed.T @ target[rows]
    solved = []
    for m in sizes:
        used = [*range(n_codes + m), width - 1]
        ridge = RIDGE * len(fit) / 1000 * np.eye(len(used))
        solved.append(solve(gram[np.ix_(used, used)] + ridge, moment[used], assume_a="pos"))
    error = np.empty((len(points), len(sizes), len(test)))
    filled = 0
    for rows in _blocks(test):
        probed = design(rows)
        for i, (m, found) in enumerate(zip(sizes, solved, strict=True)):
            used = [*range(n_codes + m), width - 1]
            squared = (target[rows] - probed[:, used] @ found) ** 2
            for k in range(len(points)):
                error[k, i, filled : filled + len(rows)] = squared[:, owner == k].sum(axis=1)
        filled += len(rows)
    spread = np.stack([(target[test][:, owner == k] ** 2).sum(axis=1) for k in range(len(points))])
    capacity = np.array([n_codes + 1 + m for m in sizes], dtype=np.float64)

    def statistic(weights: Weights) -> Score:
        loss = np.clip(ratio(error @ weights[test], (spread @ weights[test])[:, None]), 0, 1)
        loss = np.minimum.accumulate(loss, axis=1)
        above = loss - loss[:, -1:]
        log_capacity = np.log(capacity)
        area = ((above[:, 1:] + above[:, :-1]) / 2) @ np.diff(log_capacity)
        each = 1 - 2 * area / (log_capacity[-1] - log_capacity[0])
        values = {
            "dci_explicitness": float(each.mean()),
            "dci_size": len(points) / n_codes,
        }
        return Score(values, {"capacity": capacity, "loss": loss, "per_factor": each})

    return scored(statistic, len(given), resamples, seed, (fit, test))


def _blocks(rows: Rows, size: int = 4096) -> list[Rows]:
    """Parts small enough for their features to stay in a core's cache."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _canonical(x: Floats) -> Floats:
    """Codes ordered and oriented by their moments: permuting or flipping them changes nothing."""
    size = np.abs(x)
    order = np.lexsort([size.max(axis=0), (size**3).mean(axis=0), size.mean(axis=0)])
    direction = np.where((x**3).mean(axis=0) < 0, -1.0, 1.0)
    ordered: Floats = (x * direction)[:, order]
    return ordered
