"""The evidence lower bound of single samples."""

import numpy as np
import torch
from numpy.typing import NDArray

from micvae.checks import whole_number
from micvae.data import Images
from micvae.models.encoding import batch_size_for
from micvae.models.finite import check_finite
from micvae.models.vae import VAEModel
from micvae.torch_state import with_torch_defaults


@with_torch_defaults
def elbo(
    model: VAEModel, images: Images, seed: int = 0, batch_size: int = 1000
) -> NDArray[np.float64]:
    r"""A lower bound of log p(x) for each of N samples, `(N,)`, nats.

    .. math:: \log p(x) \ge E_{q(z|x)}[\log p(x|z)] - \sum_d KL(q(z_d|x) \| p(z_d))

    with the expectation estimated by one draw of z, which is unbiased. Latents without
    a density (points) have no KL term, and Bernoulli pixels of grey values no normalised density:
    the result is then a reconstruction term, or a bound up to a constant. p(z) is the prior of the
    latents: for a method with a conditional prior (iVAE's u, SNICA's frames around, CS-Isolate's
    means) the bound is that of the model of x alone.

    Args:
        model: a trained model.
        images: `(N, C, H, W)` or vectors `(N, F)`.
        seed: determines the draws.
        batch_size: samples at a time, at most.

    Raises:
        NotFiniteError: if a bound is NaN or infinite.

    References:
        *Auto-Encoding Variational Bayes*, Kingma & Welling, 2013.
    """
    weight = next(model.parameters())
    noise = torch.Generator(weight.device).manual_seed(whole_number("seed", seed))
    found = []
    batch_size = batch_size_for(images, batch_size)
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(images[start : start + batch_size]).to(weight)
            z, kl = model.space.draw(model.encode(batch), noise)
            found.append((model.decode(z).log_prob(batch) - kl.sum(1)).cpu().double().numpy())
    bounds = np.concatenate(found)
    check_finite(bounds, "evidence lower bounds")
    return bounds
