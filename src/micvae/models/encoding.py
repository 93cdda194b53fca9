"""From data to what the model reads, and from the model to codes."""

import numpy as np
import torch
from torch import Tensor

from micvae.models.vae import VAE
from micvae.representation import Encoded


def laid_out(batch: Tensor, device: torch.device) -> Tensor:
    """Put a batch where the model is, images in the layout that convolutions are fastest on."""
    if batch.ndim != 4:
        return batch.to(device, non_blocking=True)
    return batch.to(device, memory_format=torch.channels_last, non_blocking=True)


def encode(model: VAE, images: np.ndarray, batch_size: int = 1000) -> Encoded:
    """What a model makes of images `(N, C, H, W)` or vectors `(N, F)`, each on its own."""
    device = next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(0)
    codes, scales, draws = [], [], []
    total = np.zeros(model.latent_dim)
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(images[start : start + batch_size]).to(device)
            posterior = model.encode(batch)
            code, scale = model.space.code(posterior)
            codes.append(code.cpu().numpy())
            scales.append(scale.cpu().numpy())
            z, kl = model.space.draw(posterior, noise)
            draws.append(model.space.codes_of(z).cpu().numpy())
            total += kl.double().sum(0).cpu().numpy()
    return Encoded(
        np.concatenate(codes),
        np.concatenate(scales),
        np.concatenate(draws),
        total / len(images),
        model.space.kinds,
    )
