"""How much likelier what belongs together is than what a batch brings together."""

import math

from torch import Tensor


def contrast(log_density: Tensor) -> Tensor:
    r"""Average the loss of telling each row's own column from the others, nats.

    .. math:: -\frac1B \sum_i \log \frac{p_{ii}}{\frac1B \sum_j p_{ij}}

    Args:
        log_density: `(B, B)`, log p of row i under column j; only differences within a row count.

    Returns:
        A scalar: 0 where columns do not matter, −log B at the least.

    References:
        *Representation Learning with Contrastive Predictive Coding*, van den Oord, Li & Vinyals,
        2018.
    """
    own = log_density.diagonal() - log_density.logsumexp(1)
    return -own.mean() - math.log(len(log_density))
