"""Pairwise mutual information of samples, by a named estimator."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.errors import MicvaeError
from micvae.information.binned import binned
from micvae.information.correlation import gaussian
from micvae.information.ksg import ksg

# To add an evaluation estimator, write its file and add its line here.
SAMPLE_ESTIMATORS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "ksg": ksg,
    "gaussian": gaussian,
    "binned": binned,
}


def pairwise_mutual_information(
    samples: ArrayLike, estimator: str = "ksg", **options: Any
) -> NDArray[np.float64]:
    """Estimate I(z_i; z_j) of every pair of columns from samples alone.

    Args:
        samples: shape `(N, D)`, independent draws.
        estimator: `"ksg"` (nearest neighbours, the reference for continuous latents),
            `"gaussian"` (linear dependence only) or `"binned"` (equal-mass bins).
        **options: that estimator's own, see `micvae.information.ksg.ksg`,
            `micvae.information.correlation.gaussian`, `micvae.information.binned.binned`.

    Returns:
        Shape `(D, D)`, nats, symmetric. The diagonal is 0: a continuous variable's information
        about itself is infinite. A constant column has mutual information 0. Estimates that are
        unbiased at independence can be slightly negative.

    Raises:
        MicvaeError: an unknown estimator or option, or samples that are not a finite matrix with
            enough rows.

    Examples:
        >>> import numpy as np
        >>> from micvae.information import pairwise_mutual_information
        >>> z = np.random.default_rng(0).normal(size=(2000, 2))
        >>> z[:, 1] = 0.8 * z[:, 0] + 0.6 * z[:, 1]  # correlation 0.8: -log(0.6) = 0.51 nats
        >>> np.round(pairwise_mutual_information(z, "gaussian"), 2)
        array([[0. , 0.5],
               [0.5, 0. ]])
    """
    if estimator not in SAMPLE_ESTIMATORS:
        known = ", ".join(repr(name) for name in SAMPLE_ESTIMATORS)
        raise MicvaeError(f"estimator: must be one of {known}, got {estimator!r}")
    function = SAMPLE_ESTIMATORS[estimator]
    allowed = function.__kwdefaults__ or {}
    for name in options:
        if name not in allowed:
            takes = ", ".join(allowed) or "no options"
            raise MicvaeError(f"{name}: estimator {estimator!r} takes {takes}")
    return function(samples, **options)
