"""Latent metadata shipped with the exported networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micvae.distributions import LatentKind
from micvae.models import VAEModel
from micvae.representation import Representation
from micvae.torch_state import with_torch_defaults

QUANTILES = (0.01, 0.99)
"""Of the aggregate posterior: the range that the decoder was trained on."""

_ALL = 10_000  # steps along a latent of finitely many values: more than any latent has


@dataclass(frozen=True)
class LatentDescription:
    """One latent.

    Args:
        name: `z0`, `z1`, …: numbered as in the log's columns.
        kind: the kind of its codes.
        kl: KL(q(z_d|x) ‖ p(z_d)), nats, averaged over the training images.
        active: whether it is an active unit.
        low: its code at the 1% quantile of the aggregate posterior.
        high: at the 99% quantile.
        values: the codes it can have, rising, where they are finitely many.
    """

    name: str
    kind: LatentKind
    kl: float
    active: bool
    low: float
    high: float
    values: tuple[float, ...] | None


def spread(representation: Representation) -> NDArray[np.float32]:
    """Samples of the aggregate posterior, `(N, D)`: a draw per training image.

    Draws and not means: the means of an inactive latent nearly coincide. A latent of finitely many
    values has no draw; it is the value of the image.
    """
    encoded = representation.encoded
    valued = np.asarray([kind == "discrete" for kind in encoded.latent_kinds])
    return np.where(valued, encoded.codes, encoded.draws)


@with_torch_defaults
def describe_latents(model: VAEModel, representation: Representation) -> list[LatentDescription]:
    """Every latent, in the order of the codes' columns."""
    low, high = np.quantile(spread(representation).astype(np.float64), QUANTILES, axis=0)
    described = []
    for d, kind in enumerate(model.space.kinds):
        values = None
        if kind == "discrete":
            values = tuple(np.unique(model.space.values(d, _ALL).numpy()).tolist())
        described.append(
            LatentDescription(
                name=f"z{d}",
                kind=kind,
                kl=float(representation.latent_kl[d]),
                active=bool(representation.active[d]),
                low=float(low[d]),
                high=float(high[d]),
                values=values,
            )
        )
    return described
