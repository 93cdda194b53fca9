"""Block score: every factor against a block of latents that is fair to its kind."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from micvae.information.plug_in import Floats
from micvae.metrics.embedding import embed
from micvae.metrics.inputs import check_inputs
from micvae.metrics.logistic import standardised
from micvae.metrics.mcc import assign
from micvae.metrics.score import MetricError, Score, Weights, scored
from micvae.metrics.splits import check_split, train_test_split
from micvae.metrics.tables import ratio

MIN_SAMPLES = 30
CANDIDATES = 8

Block = tuple[int, ...]


def block_score(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    factor_kinds: Sequence[str] | None = None,
    periods: Mapping[int, float] | None = None,
    neighbours: int = 10,
    seed: int = 0,
    resamples: int = 0,
) -> Score:
    r"""Block score: is every factor in a block of latents of its own, whatever its kind?

    .. math::
        \frac{1}{K} \max_\pi \sum_k R^2_{\pi(k) k},
        \qquad R^2_{bk} = \max\Bigl(0,\; 1 - \frac{\sum_n \lVert e_k(v_{nk}) -
            \hat e_{bk}(z_{nb}) \rVert^2}{\sum_n \lVert e_k(v_{nk}) - \bar e_k \rVert^2}\Bigr)

    over the test samples. $e_k$ embeds a factor as its kind asks: a number as itself, an angle as
    (cos, sin) of one turn, a category one-hot. $\hat e_{bk}$ is the mean over the 10 nearest
    training samples in the block's standardised codes. A block is one latent, for angles one or
    two; blocks of different factors do not share latents, and π is the best such assignment.
    A class that is not called `categorical` is taken for a number.
    Range 0 to 1, higher is better; noise scores 0, and so does what is spread over more latents
    than a block has.

    Args:
        codes: (N, D) array, usually posterior means.
        factors: (N, K) array of ground truth, no column constant.
        factor_kinds: As in `mig`; say `angular` and `categorical` where they are.
        periods: Period of an angular factor, by index. Left out: 2π or 360 where that is the
            range; else m·s for m equally spaced values of spacing s; else 2π if all lie within
            ±2π, else 360.
        neighbours: Nearest training samples that are averaged.
        seed: Decides which ⌈2N/3⌉ samples train and which test.
        resamples: Bootstrap resamples of the test samples for `Score.deviations`; 0 for none.
            Neighbours are found once.

    Returns:
        `Score` with key `block_score` and details `blocks` (per factor the latents of its block),
        `per_factor` (K,), `single` (D, K) the R² of each latent alone.

    Raises:
        MetricError: For codes or factors that are not finite 2-D numbers of equal length, a
            constant factor, fewer than 30 samples, a discrete factor with fewer than two samples
            per class on average or one value in the training part, neighbours below 1 or above
            the training samples, or periods of factors that are not angular.

    Degenerate inputs: constant latents predict the mean and score 0. With D < K some factors get
    no block and count 0. Pairs are formed among the 8 latents that are best alone for an angle.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import block_score
        >>> factors = np.random.default_rng(0).uniform(size=(500, 2))
        >>> mixed = factors @ [[1, 1], [1, -1]]
        >>> [round(float(block_score(codes, factors)), 2) for codes in (-factors, mixed)]
        [1.0, 0.43]

    References:
        *Self-Supervised Learning with Data Augmentations Provably Isolates Content from Style*,
        Julius von Kügelgen et al., 2021 (R² from a block of latents; the embedding by kind and the
        assignment of disjoint blocks are micvae's).
    """
    given = check_inputs(codes, factors, factor_kinds, min_samples=MIN_SAMPLES)
    fit, test = train_test_split(len(given), seed)
    check_split(given, fit, test)
    if not isinstance(neighbours, (int, np.integer)) or not 1 <= neighbours <= len(fit):
        raise MetricError(f"neighbours={neighbours!r}: give a whole number from 1 to {len(fit)}")
    points = embed(given, periods)
    z = standardised(given.codes)
    single: list[Block] = [(j,) for j in range(z.shape[1])]
    errors: dict[tuple[Block, int], Floats] = {}
    spread = [np.sum((p[test] - p[fit].mean(axis=0)) ** 2, axis=1) for p in points]

    def judge(block: Block, wanted: Sequence[int]) -> None:
        x = z[:, block]
        if not x.any():
            errors.update({(block, k): spread[k] for k in wanted})
            return
        nearest = cKDTree(x[fit]).query(x[test], k=np.arange(1, neighbours + 1))[1]
        for k in wanted:
            mean = points[k][fit][nearest].mean(axis=1)
            errors[block, k] = np.sum((points[k][test] - mean) ** 2, axis=1)

    everything = range(len(points))
    for block in single:
        judge(block, everything)
    for k in everything:
        if given.kinds[k] == "angular":
            order = sorted(single, key=lambda b: float(errors[b, k].sum()))[:CANDIDATES]
            for a, b in combinations(sorted(j for (j,) in order), 2):
                judge((a, b), [k])

    def statistic(weights: Weights) -> Score:
        w = weights[test]
        quality = {
            key: max(0.0, float(1 - ratio(w @ error, w @ spread[key[1]])))
            for key, error in errors.items()
        }
        alone = np.array([[quality[b, k] for k in everything] for b in single])
        if any(len(block) > 1 for block, _ in quality):
            blocks = _disjoint(quality, len(single), len(points))
        else:
            blocks = [(j,) if j >= 0 else () for j in assign(alone).tolist()]
        per_factor = np.array([quality.get((b, k), 0.0) for k, b in enumerate(blocks)])
        details = {"blocks": tuple(blocks), "per_factor": per_factor, "single": alone}
        return Score({"block_score": float(per_factor.mean())}, details)

    return scored(statistic, len(given), resamples, seed, (fit, test))


def _disjoint(quality: dict[tuple[Block, int], float], latents: int, factors: int) -> list[Block]:
    """The assignment of disjoint blocks to factors with the largest sum, by integer programming.

    A pair must earn a little more than a single latent: ties go to the smaller block.
    """
    choices = list(quality)
    gain = np.array([quality[choice] - 1e-9 * len(choice[0]) for choice in choices])
    rows, columns = [], []
    for column, (block, k) in enumerate(choices):
        for row in (k, *(factors + j for j in block)):
            rows.append(row)
            columns.append(column)
    shape = (factors + latents, len(choices))
    used = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    found = milp(
        -gain,
        integrality=np.ones(len(choices)),
        bounds=(0, 1),
        constraints=LinearConstraint(used, ub=np.ones(shape[0])),
    )
    blocks: list[Block] = [()] * factors
    taken: NDArray[np.float64] = found.x
    for choice, chosen in zip(choices, taken, strict=True):
        if chosen > 0.5:
            blocks[choice[1]] = choice[0]
    return blocks
