"""Batches for the model, and codes of data sets."""

import math

import numpy as np
import torch
from torch import Tensor

from micvae.data import Images
from micvae.models.finite import finite
from micvae.models.vae import VAEModel
from micvae.representation import Encoded
from micvae.torch_state import with_torch_defaults

BATCH = 2**24  # bytes


def laid_out(batch: Tensor, device: torch.device) -> Tensor:
    """Move a batch to the device of the model, images in the fastest layout for convolutions."""
    if batch.ndim != 4:
        return batch.to(device, non_blocking=True)
    return batch.to(device, memory_format=torch.channels_last, non_blocking=True)


def batch_size_for(images: Images, most: int) -> int:
    """Number of samples in a batch of at most 16 MB and at most `most` samples."""
    return max(1, min(most, BATCH // (4 * max(1, math.prod(images.shape[1:])))))


@with_torch_defaults
def encode(model: VAEModel, images: Images, batch_size: int = 1000) -> Encoded:
    """Encode images `(N, C, H, W)` or vectors `(N, F)`, each sample independently.

    Raises:
        NotFiniteError: if codes, scales, draws or KL divergences are NaN or infinite.
    """
    weight = next(model.parameters())
    device = weight.device
    noise = torch.Generator(device).manual_seed(0)
    codes, scales, draws = [], [], []
    total = np.zeros(model.latent_dim)
    batch_size = batch_size_for(images, batch_size)
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(images[start : start + batch_size]).to(weight)
            posterior = model.encode(batch)
            code, scale = model.space.code(posterior)
            codes.append(code.cpu().numpy())
            scales.append(scale.cpu().numpy())
            z, kl = model.space.draw(posterior, noise)
            draws.append(model.space.codes_of(z).cpu().numpy())
            total += kl.cpu().double().sum(0).numpy()  # not every device knows float64
    every = np.concatenate(codes)
    return finite(
        Encoded(
            every,
            np.concatenate(scales),
            np.concatenate(draws),
            model.space.average_kl(total / len(images), every),
            model.space.kinds,
        )
    )
