"""All that the page knows of a run, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.data import FactorDataset
from micvae.explorer.names import LONGEST, read_names
from micvae.explorer.samples import gather_samples
from micvae.models import VAEModel
from micvae.reports.style import latent_name
from micvae.representation import Representation
from micvae.sharing.latents import QUANTILES, LatentDescription, describe_latents, spread
from micvae.training.run import Run

BINS = 48
"""Bars of the small histogram above each slider."""


def gather_content(
    run: Run, model: VAEModel, representation: Representation, dataset: FactorDataset | None
) -> dict[str, Any]:
    """Latents in the order of the page, samples of the data, shapes and names.

    Raises:
        RunError: for a file of latent names that cannot be used.
    """
    shape = run.image_shape
    described = describe_latents(model, representation)
    names = read_names(run.path, [latent.name for latent in described])
    effects = decoder_effects(model, representation.codes, described)
    draws = spread(representation)
    informative = bool((representation.latent_kl > 0).any())
    latents = [
        _latent(model, d, latent, draws[:, d])
        | {"name": names.get(latent.name, ""), "effect": effects[d]}
        for d, latent in enumerate(described)
    ]
    weights = representation.latent_kl if informative else effects
    order = sorted(range(len(latents)), key=lambda d: (not latents[d]["active"], -weights[d]))
    data = run.data
    return {
        "run": f"{run.config.method} {data.fingerprint} {run.config.seed}",
        "method": run.config.method,
        "data": data.name,
        "shape": list(shape),
        "latents": latents,
        "order": order,
        "informative": informative,
        "longest": LONGEST,
        "mean": representation.codes.mean(0, dtype=np.float64).tolist(),
        "samples": gather_samples(representation, dataset, shape),
        "features": None if len(shape) == 3 else _features(run, model, representation, dataset),
    }


def decoder_effects(
    model: VAEModel, codes: NDArray[np.float32], described: list[LatentDescription]
) -> list[float]:
    """How far each latent, from the 1% to the 99% quantile, moves the decoded image.

    The root mean square over pixels (or features, in units of their standard deviation over the
    decoded ends), the other latents at the mean code. It orders latents without a KL.
    """
    ends = np.tile(codes.mean(0), (2, len(described), 1))
    for d, latent in enumerate(described):
        ends[:, d, d] = (latent.low, latent.high)
    with torch.inference_mode():
        flat = model.decode_codes(torch.from_numpy(ends.reshape(-1, len(described)))).mean
    images = flat.numpy().reshape(2, len(described), -1)
    scale = 1.0 if flat.ndim == 4 else images.std((0, 1)) + 1e-12
    moved = ((images[1] - images[0]) / scale) ** 2
    return [float(value) for value in np.sqrt(moved.mean(1))]


def _latent(
    model: VAEModel, d: int, latent: LatentDescription, draws: NDArray[np.float32]
) -> dict[str, Any]:
    """A slider: its range, and how often the data is where.

    A latent that is not in use hardly moves over the data; its slider goes where those of the
    prior would, so that its reader can see that nothing depends on it.
    """
    low, high = latent.low, latent.high
    if latent.values is not None:
        low, high = latent.values[0], latent.values[-1]
    elif not latent.active or not high > low:
        low, high = (float(v) for v in model.space.values(d, 2))
    if latent.values is None:
        counts, _ = np.histogram(draws, BINS, (low, high))
    else:
        values = np.asarray(latent.values)
        nearest = np.abs(draws[:, None] - values).argmin(1)
        counts = np.bincount(nearest, minlength=len(values))
    return {
        "key": latent.name,
        "symbol": latent_name(d),
        "kind": latent.kind,
        "kl": latent.kl,
        "active": latent.active,
        "low": low,
        "high": high,
        "values": latent.values,
        "density": [round(100 * int(c) / max(1, int(counts.max()))) for c in counts],
    }


def _features(
    run: Run, model: VAEModel, representation: Representation, dataset: FactorDataset | None
) -> list[dict[str, Any]]:
    """Name and range of every number of a vector, from the data or from what is decoded.

    The page computes in the units of the model, and shows a number x as x · scale + mean.
    """
    if dataset is not None:
        vectors = np.asarray(dataset.images)
    else:
        with torch.inference_mode():
            some = torch.from_numpy(representation.sample(1000).codes)
            vectors = model.decode_codes(some).mean.numpy()
    low, high = np.quantile(vectors.astype(np.float64), QUANTILES, axis=0)
    count = vectors.shape[1]
    names = run.data.feature_names or ["x" + latent_name(i)[1:] for i in range(count)]
    mean, scale = run.units.arrays(count)
    return [
        {
            "name": name,
            "low": float(a),
            "high": float(b if b > a else a + 1),
            "mean": float(m),
            "scale": float(s),
        }
        for name, a, b, m, s in zip(names, low, high, mean, scale, strict=True)
    ]
