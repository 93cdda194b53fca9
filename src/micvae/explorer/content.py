"""What the page knows of a run, as one class that is written into it as JSON."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.data import FactorDataset
from micvae.distributions import LatentKind
from micvae.explorer.latent_names import LONGEST, read_names
from micvae.explorer.samples import Samples, gather_samples
from micvae.models import VAEModel
from micvae.reports.style import latent_name
from micvae.representation import Representation
from micvae.sharing.latents import QUANTILES, LatentDescription, describe_latents, spread
from micvae.training.run import Run

BINS = 48
"""Bars of the histogram above each slider."""


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A latent with the range of its slider."""

    key: str
    """Its name in the log's columns: z0, z1, …"""
    symbol: str
    name: str
    """Given by the user; empty without one."""
    kind: LatentKind
    kl: float
    """KL(q(z_d|x) ‖ p(z_d)), nats, averaged over the training samples."""
    effect: float
    """How far it moves the decoded sample, see `decoder_effects`."""
    active: bool
    low: float
    high: float
    values: tuple[float, ...] | None
    """The codes it can have, rising, where they are finitely many."""
    density: tuple[int, ...]
    """Bars of the histogram of its codes, in percent of the tallest."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature of vectors: the page shows x · scale + mean of a number x in model units."""

    name: str
    low: float
    high: float
    mean: float
    scale: float


@dataclass(frozen=True, kw_only=True)
class DecoderPorts:
    """Names of input and output of the decoder's ONNX file."""

    input: str
    output: str


@dataclass(frozen=True, kw_only=True)
class Content:
    """What `page/*.js` reads as `content`."""

    run: str
    """Identifies the run; the browser stores names of latents under it."""
    method: str
    data: str
    shape: tuple[int, ...]
    """`(C, H, W)`, or `(F,)` for vectors."""
    latents: tuple[Slider, ...]
    order: tuple[int, ...]
    """Latents in the order of the page: active ones first, by KL or by effect."""
    informative: bool
    """Whether latents have a KL; they are ordered by their effect otherwise."""
    longest: int
    """Largest number of characters of a latent's name."""
    mean: tuple[float, ...]
    """The mean code."""
    samples: Samples
    features: tuple[Feature, ...] | None
    """None for images."""
    decoder: DecoderPorts | None = None


def gather_content(
    run: Run,
    model: VAEModel,
    representation: Representation,
    dataset: FactorDataset | None,
    decoder: DecoderPorts | None = None,
) -> Content:
    """Describe latents, samples of the data, shapes and names.

    Args:
        run: a finished run.
        model: its networks.
        representation: codes of its training data.
        dataset: the training data, or None where it cannot be read.
        decoder: names in the decoder's file.

    Raises:
        RunError: for a file of latent names that cannot be used.
    """
    described = describe_latents(model, representation)
    names = read_names(run.path, [latent.name for latent in described])
    effects = decoder_effects(model, representation.codes, described)
    draws = spread(representation)
    informative = bool((representation.latent_kl > 0).any())
    latents = tuple(
        _slider(model, d, latent, draws[:, d], names.get(latent.name, ""), effects[d])
        for d, latent in enumerate(described)
    )
    weights = representation.latent_kl if informative else effects
    order = sorted(range(len(latents)), key=lambda d: (not latents[d].active, -weights[d]))
    return Content(
        run=f"{run.config.method} {run.data.fingerprint} {run.config.seed}",
        method=run.config.method,
        data=run.data.name,
        shape=run.image_shape,
        latents=latents,
        order=tuple(order),
        informative=informative,
        longest=LONGEST,
        mean=tuple(representation.codes.mean(0, dtype=np.float64).tolist()),
        samples=gather_samples(representation, dataset, run.image_shape),
        features=None if run.data.pictures else _features(run, model, representation, dataset),
        decoder=decoder,
    )


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


def _slider(
    model: VAEModel,
    d: int,
    latent: LatentDescription,
    draws: NDArray[np.float32],
    name: str,
    effect: float,
) -> Slider:
    """Range of a slider, and the histogram of the codes.

    An inactive latent hardly varies over the data. Its slider takes the range of the prior, so
    that the reader can see that nothing depends on it.
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
    return Slider(
        key=latent.name,
        symbol=latent_name(d),
        name=name,
        kind=latent.kind,
        kl=latent.kl,
        effect=effect,
        active=latent.active,
        low=low,
        high=high,
        values=latent.values,
        density=tuple(round(100 * int(c) / max(1, int(counts.max()))) for c in counts),
    )


def _features(
    run: Run, model: VAEModel, representation: Representation, dataset: FactorDataset | None
) -> tuple[Feature, ...]:
    """Name and range of every feature, from the data or from decoded vectors."""
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
    return tuple(
        Feature(
            name=name,
            low=float(a),
            high=float(b if b > a else a + 1),
            mean=float(m),
            scale=float(s),
        )
        for name, a, b, m, s in zip(names, low, high, mean, scale, strict=True)
    )
