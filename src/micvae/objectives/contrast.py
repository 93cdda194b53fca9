"""A contrastive loss: each row of a batch against all columns."""

import math

from torch import Tensor


def contrast(log_density: Tensor) -> Tensor:
    r"""Average the loss of identifying the column of each row among all columns, nats.

    .. math:: -\frac1B \sum_i \log \frac{p_{ii}}{\frac1B \sum_j p_{ij}}

    Args:
        log_density: `(B, B)`, log p of row i under column j; only differences within a row count.

    Returns:
        A scalar: 0 if all columns are equal, at least −log B.

    References:
        *Representation Learning with Contrastive Predictive Coding*, van den Oord, Li & Vinyals,
        2018.
    """
    own = log_density.diagonal() - log_density.logsumexp(1)
    return -own.mean() - math.log(len(log_density))
