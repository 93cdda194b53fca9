"""The generator: rank, conditioning and orthogonality of the decoder's Jacobian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from micvae.distributions.likelihood import GaussianImage
from micvae.identifiability.audit.rotations import random_rotation
from micvae.identifiability.audit.subject import Floats, Subject, finite_or_none
from micvae.models import VAEModel
from micvae.models.jacobian import jacobians
from micvae.records import Length, Missing

RANK_TOLERANCE = 1e-3
"""Directions with less than this share of the largest effect on the image are not counted."""
_BATCH = 64


def decoder_jacobian(model: VAEModel, codes: Tensor) -> Tensor:
    """Jacobian of the decoder's mean at codes `(B, D)`, `(B, P, D)`, P numbers per image.

    The mean of Gaussian pixels is taken before it is clipped to what can be shown.
    """

    def expected(z: Tensor) -> Tensor:
        image = model.decode_codes(z)
        mean = image.loc if isinstance(image, GaussianImage) else image.mean
        return mean.flatten(1)

    return jacobians(expected, codes.detach()).detach()


def ima_contrast(jacobian: Floats) -> Floats:
    r"""Departure of the columns from orthogonality, per image, nats: exact, without gradient.

    `micvae.models.jacobian.ima_contrast` is the one to train with: bounded by a ridge.

    $$ C = \sum_d \log \lVert J_d \rVert - \tfrac12 \log \det J^\top J \ge 0 $$

    0 exactly where all columns are orthogonal (Hadamard), unchanged by scaling columns, infinite
    where they are linearly dependent.

    Args:
        jacobian: shape `(B, P, D)`.

    Returns:
        Shape `(B,)`.

    References:
        "Independent mechanism analysis, a new concept?", L. Gresele, J. von Kügelgen, V. Stimper,
        B. Schölkopf and M. Besserve, 2021.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        lengths = np.linalg.norm(jacobian, axis=1)
        unit = jacobian / lengths[:, None, :]
        values = np.full(len(jacobian), np.inf)
        full = np.isfinite(unit).all(axis=(1, 2)) & (jacobian.shape[1] >= jacobian.shape[2])
        if full.any():
            values[full] = -np.log(np.linalg.svd(unit[full], compute_uv=False)).sum(axis=1)
    contrast: Floats = np.maximum(values, 0.0)
    return contrast


@dataclass(frozen=True)
class AuditedDecoder:
    """The decoder's Jacobian over images, of the active latents where not said otherwise."""

    images: int
    active: tuple[int, ...]
    singular_values: Annotated[tuple[tuple[float, float, float], ...], Length(1)]
    """10%, 50% and 90% quantile over images of the singular values of all latents, largest first;
    `(D, 3)`, per unit of a latent."""
    condition_median: float | None
    """Largest over smallest singular value; None for infinite."""
    condition_90: float | None
    rank_least: int
    """Smallest over images of the number of singular values above `RANK_TOLERANCE` of the
    largest."""
    rank_full: float
    """Share of images whose rank equals the number of active latents."""
    cosine: float
    """Mean over images and pairs of the |cosine| of the angle between two columns."""
    ima: float | None
    """Mean over images of the IMA contrast, nats."""
    ima_error: float | None
    """Its standard error over images."""
    ima_rotated: tuple[float, float, float] | None
    """2.5%, 50% and 97.5% quantile of that mean for randomly rotated latents."""


def reduced_jacobians(model: VAEModel, codes: Floats) -> Floats:
    """Upper triangles R of J = QR, `(N, min(P, D), D)`: lengths, angles and spectra are J's."""
    given = torch.from_numpy(codes)
    parts = [
        torch.linalg.qr(decoder_jacobian(model, given[start : start + _BATCH]), mode="r").R
        for start in range(0, len(given), _BATCH)
    ]
    return np.asarray(torch.cat(parts).numpy())


def describe_generator(
    jacobians: Floats, active: NDArray[np.int64], spread: Floats, rotations: int, seed: int
) -> AuditedDecoder:
    """Sum up Jacobians (or their triangles) `(N, P, D)`.

    Args:
        jacobians: one per image.
        active: the active latents, at least one.
        spread: standard deviation of every latent's codes, `(D,)`: latents are brought to unit
            variance before they are rotated.
        rotations: how many random rotations C is compared with.
        seed: of the rotations.
    """
    every = np.linalg.svd(jacobians, compute_uv=False)
    used = jacobians[:, :, active]
    values = np.linalg.svd(used, compute_uv=False)
    count = len(active)
    if values.shape[1] < count:  # fewer pixels than latents: the rest is 0
        values = np.pad(values, ((0, 0), (0, count - values.shape[1])))
    largest = values[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        condition = np.where(values[:, -1] > 0, largest / values[:, -1], np.inf)
        unit = used / np.linalg.norm(used, axis=1)[:, None, :]
    rank = (values > RANK_TOLERANCE * largest[:, None]).sum(axis=1)
    cosines = np.abs(np.einsum("npi,npj->nij", unit, unit))[:, *np.triu_indices(count, 1)]
    contrast = ima_contrast(used)
    turned = None
    if count > 1 and np.isfinite(contrast).all():
        generator = np.random.default_rng(seed)
        scaled = used * spread[active]
        means = [
            ima_contrast(scaled @ random_rotation(count, generator)).mean()
            for _ in range(rotations)
        ]
        turned = _three(np.quantile(means, [0.025, 0.5, 0.975]))
    return AuditedDecoder(
        images=len(jacobians),
        active=tuple(active.tolist()),
        singular_values=tuple(map(_three, np.quantile(every, [0.1, 0.5, 0.9], axis=0).T)),
        condition_median=finite_or_none(np.quantile(condition, 0.5, method="higher")),
        condition_90=finite_or_none(np.quantile(condition, 0.9, method="higher")),
        rank_least=int(rank.min()),
        rank_full=float((rank == count).mean()),
        cosine=float(np.nan_to_num(cosines).mean()) if count > 1 else 0.0,
        ima=finite_or_none(contrast.mean()),
        ima_error=finite_or_none(contrast.std(ddof=1) / np.sqrt(len(contrast))),
        ima_rotated=turned,
    )


def audit_decoder(
    subject: Subject, images: int, rotations: int, seed: int
) -> AuditedDecoder | Missing:
    """Measure the decoder at the codes of a few hundred images; `missing` says why not."""
    if not subject.smooth:
        return Missing(missing="not available: some latents take finitely many values")
    if len(subject.active) == 0:
        return Missing(missing="not available: no latent is active")
    codes = subject.encoded.codes[subject.rows(images, seed)].astype(np.float64)
    reduced = reduced_jacobians(subject.model, codes)
    spread = subject.encoded.codes.astype(np.float64).std(axis=0)
    return describe_generator(reduced, subject.active, spread, rotations, seed)


def _three(values: Floats) -> tuple[float, float, float]:
    low, middle, high = values.tolist()
    return low, middle, high
