"""Checks that results of a model are finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from micvae.errors import NotFiniteError
from micvae.representation import Encoded


def check_finite(values: Tensor | NDArray[Any], what: str) -> None:
    """Refuse results `(N, …)` that are not finite.

    Raises:
        NotFiniteError: names the number of samples concerned.
    """
    finite: Any = torch.isfinite(values) if isinstance(values, Tensor) else np.isfinite(values)
    if bool(finite.all()):
        return
    bad = ~finite.reshape(len(finite), -1).all(1)
    raise NotFiniteError(
        f"{what} are NaN or infinite in {int(bad.sum())} of {len(bad)} samples: a weight of the "
        "model is too large, or the input lies far outside of the training data; check both, or "
        "train again."
    )


def finite(encoded: Encoded) -> Encoded:
    """Return codes, which must be finite.

    Raises:
        NotFiniteError: if a code, its scale, a draw or a KL is not.
    """
    for name, what in (("codes", "codes"), ("scale", "scales"), ("draws", "draws")):
        check_finite(getattr(encoded, name), what)
    check_finite(encoded.latent_kl[None], "KL divergences")
    return encoded
