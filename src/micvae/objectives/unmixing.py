"""Linear independent component analysis of learned features."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from micvae.data import Images
from micvae.distributions.point import Point, PointSpace
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.models import VAEModel

ITERATIONS = 2000
_SMALLEST = 1e-10  # of a direction's share in the variance, below which it is left out


def unmix(model: VAEModel, images: Images, seed: int) -> None:
    """Set a model's affine map so that its codes of these images are independent components.

    Args:
        model: with `PointLatents`; changed in place.
        images: the training data.
        seed: of the initial rotation.
    """
    space = model.space
    if not isinstance(space, PointSpace):
        raise MicvaeError("only point latents can be unmixed; use --latents point.")
    offset, unmixing = independent_components(features(model, images), seed)
    space.offset.copy_(torch.from_numpy(offset))
    space.unmixing.copy_(torch.from_numpy(unmixing))


def features(model: VAEModel, images: Images, batch_size: int = 1000) -> NDArray[np.float64]:
    """Features of a data set before unmixing, `(N, D)`."""
    weight = next(model.parameters())
    rows: list[Tensor] = []
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(images[start : start + batch_size]).to(weight)
            rows.append(Point.require(model.encode(batch)).features.cpu().double())
    return torch.cat(rows).numpy()


def independent_components(
    mixed: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """FastICA: an offset m `(D,)` and W `(R, D)` such that W (x − m) is independent, variance 1.

    Directions without variance are omitted: their rows are 0, so that R = D.

    Args:
        mixed: samples `(N, D)`.
        seed: of the initial rotation.

    References:
        *Fast and Robust Fixed-Point Algorithms for Independent Component Analysis*, Hyvärinen,
        1999.
    """
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    offset = mixed.mean(0)
    centred = mixed - offset
    variances, directions = np.linalg.eigh(np.cov(centred.T).reshape(len(offset), -1))
    there = variances > _SMALLEST * variances.max()
    unmixing = np.zeros((len(offset), len(offset)))
    if not there.any():
        return offset, unmixing
    whitening = (directions[:, there] / np.sqrt(variances[there])).T  # (R, D)
    rotation = np.eye(len(whitening))
    if len(whitening) > 1:
        ica = FastICA(whiten=False, max_iter=ITERATIONS, random_state=seed, fun="logcosh")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            rotation = ica.fit(centred @ whitening.T).components_
        if any(issubclass(w.category, ConvergenceWarning) for w in caught):
            warnings.warn(
                f"FastICA did not converge in {ITERATIONS:,} steps: some of the features may be "
                "Gaussian, and Gaussian ones cannot be unmixed.",
                MicvaeWarning,
                stacklevel=2,
            )
    unmixing[: len(whitening)] = rotation @ whitening
    return offset, unmixing
