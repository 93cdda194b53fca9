"""Training and test parts for metrics that fit predictors."""

import numpy as np
from numpy.typing import NDArray

from micvae.metrics.inputs import CheckedInputs
from micvae.metrics.score import MetricError, check_whole

Rows = NDArray[np.int64]


def train_test_split(n: int, seed: int) -> tuple[Rows, Rows]:
    """Permute n samples by `seed`; the first ⌈2n/3⌉ to train on and the rest to test on.

    Raises:
        MetricError: For a seed outside 0 to 2³² − 1.
    """
    check_whole("seed", seed, 0)
    order = np.random.default_rng(seed).permutation(n)
    size = -(-2 * n // 3)
    return order[:size], order[size:]


def check_split(given: CheckedInputs, fit: Rows, test: Rows) -> None:
    """Refuse factors that cannot be learnt from one part and tested on the other.

    Raises:
        MetricError: For a discrete factor with fewer than two samples per class on average, or a
            factor with only one value in the training part (or, if continuous, in the test part).
    """
    for k, discrete in enumerate(given.discrete):
        values = given.factors[:, k]
        classes = len(np.unique(values))
        if discrete and 2 * classes > len(values):
            raise MetricError(
                f"{given.factor(k)} has {classes} classes in {len(values)} samples, fewer than two "
                "samples per class: give more samples, or call it continuous in factor_kinds"
            )
        for part, rows in (("trained on", fit), ("tested", test)):
            # Accuracy on one class is defined, R² on one value is not.
            if len(np.unique(values[rows])) < 2 and not (discrete and part == "tested"):
                raise MetricError(
                    f"{given.factor(k)} takes one value only in the {len(rows)} samples {part}: "
                    "give more samples of its other values, or another seed"
                )
