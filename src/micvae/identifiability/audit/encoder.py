"""The encoder: the distance of its posterior from the true one."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from micvae.distributions.priors import LOG_TWO_PI
from micvae.identifiability.audit.hmc import hmc
from micvae.identifiability.audit.record import EncoderGap, MonteCarlo
from micvae.identifiability.audit.subject import Subject
from micvae.models import VAEModel
from micvae.records import Missing

MAX_LATENTS = 10
_BATCH = 2048


def log_joint(model: VAEModel, x: Tensor, z: Tensor) -> Tensor:
    """log p(x|z) + log N(z; 0, I) for images and latents of equal number, `(B,)`, nats."""
    prior = -0.5 * (z.square() + LOG_TWO_PI).sum(1)
    likelihood: Tensor = model.decode(z).log_prob(x)
    return likelihood + prior


def importance_gap(
    model: VAEModel, x: Tensor, samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    r"""Importance-weighted bound minus evidence lower bound, per image.

    With $z_k \sim q(z|x)$ and $\log w_k = \log p(x, z_k) - \log q(z_k|x)$,

    $$ \log \tfrac1K \sum_k w_k - \tfrac1K \sum_k \log w_k, $$

    never negative, whose expectation is at most $KL(q(z|x) \,\Vert\, p(z|x))$ and grows to it
    with K. It is 0 exactly where q is the posterior: then all weights are equal.

    Args:
        model: latents with a normal prior and a known log-density.
        x: `(B, …)`.
        samples: K.
        generator: source of the samples.

    Returns:
        The gap and the evidence lower bound, both `(B,)`, nats.

    References:
        "Importance Weighted Autoencoders", Y. Burda, R. Grosse and R. Salakhutdinov, 2016.
        "Inference Suboptimality in Variational Autoencoders", C. Cremer, X. Li and D. Duvenaud,
        2018.
    """
    together = max(1, _BATCH // samples)
    gaps, bounds = [], []
    with torch.no_grad():
        for part in torch.split(x, together):
            repeated = part.repeat_interleave(samples, 0)
            parameters = model.encoder(part).repeat_interleave(samples, 0)
            posterior = model.space.posterior(parameters)
            z = posterior.sample(generator)
            log_q = model.space.log_prob(posterior, z).sum(1)
            weights = (log_joint(model, repeated, z) - log_q).view(len(part), samples)
            bound = weights.mean(1)
            gaps.append((weights - bound[:, None]).logsumexp(1) - math.log(samples))
            bounds.append(bound)
    return torch.cat(gaps), torch.cat(bounds)


def audit_encoder(
    subject: Subject,
    images: int,
    samples: int,
    points: int,
    iterations: int,
    seed: int,
) -> EncoderGap | Missing:
    """Compare q(z|x) with p(z|x) by importance weights and by Monte Carlo; `missing` says why not.

    Args:
        subject: the model.
        images: for the importance-weighted bound.
        samples: K of the bound.
        points: images for Hamiltonian Monte Carlo.
        iterations: its transitions after warm-up.
        seed: of everything.
    """
    missing = subject.exact_posterior_unknown
    if missing:
        return Missing(missing=missing)
    generator = torch.Generator().manual_seed(seed)
    rows = subject.rows(images, seed)
    gap, bound = importance_gap(subject.model, subject.images(rows), samples, generator)
    chains: MonteCarlo | Missing
    if subject.model.latent_dim > MAX_LATENTS:
        chains = Missing(missing=f"not run for more than {MAX_LATENTS} latents")
    else:
        few = np.random.default_rng(seed).choice(rows, min(points, len(rows)), replace=False)
        x = subject.images(np.sort(few))
        chains = compare_with_monte_carlo(subject.model, x, iterations, seed)
    return EncoderGap(
        images=len(rows),
        samples=samples,
        gap=float(gap.mean()),
        gap_error=float(gap.std() / math.sqrt(len(gap))),
        elbo=float(bound.mean()),
        monte_carlo=chains,
    )


def compare_with_monte_carlo(
    model: VAEModel, x: Tensor, iterations: int, seed: int, chains: int = 4
) -> MonteCarlo:
    """Mean and variance of q(z|x) beside those of long chains, for a few images.

    Chains start from draws of q and move in its units; R̂ and acceptance show whether they are
    reliable.

    Args:
        model: latents with a normal prior and a known log-density.
        x: images, `(B, …)`.
        iterations: transitions after a warm-up of half as many.
        seed: of everything.
        chains: per image.

    Returns:
        Differences of means and ratios of variances, with diagnostics of their reliability.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        posterior = model.encode(x)
        loc, scale = posterior.mean, posterior.scale
        wide = [v.repeat_interleave(chains, 0) for v in (loc, scale)]
        start = torch.randn(wide[0].shape, generator=generator, dtype=wide[0].dtype)
    images = x.repeat_interleave(chains, 0)
    found = hmc(
        lambda u: log_joint(model, images, wide[0] + wide[1] * u),
        start,
        warm_up=iterations // 2,
        iterations=iterations,
        leapfrog=6,
        generator=generator,
    )
    each = found.draws.view(len(found.draws), len(x), chains, -1)  # (T, B, chains, D)
    mean, variance = each.mean((0, 2)), each.transpose(1, 2).flatten(0, 1).var(0)
    # Chains move independently, so the scatter of their means is the error of the mean of all.
    error = (each.mean(0).var(1) / chains).sqrt() / variance.sqrt()
    return MonteCarlo(
        images=len(x),
        chains=chains,
        iterations=iterations,
        mean_difference=tuple(map(tuple, (-mean / variance.sqrt()).tolist())),
        variance_ratio=tuple(map(tuple, (1 / variance).tolist())),
        mean_error=float(error.square().mean().sqrt()),
        acceptance=float(found.acceptance.min()),
        r_hat=float(found.r_hat(chains).max()),
    )
