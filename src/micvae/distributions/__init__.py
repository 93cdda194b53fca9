"""What latents and images can be: posteriors, priors and likelihoods."""

from micvae.distributions.gaussian import DiagonalGaussian, StandardNormal
from micvae.distributions.likelihood import (
    LIKELIHOODS,
    Bernoulli,
    Gaussian,
    ImageDistribution,
    LearnedGaussian,
    Likelihood,
)

__all__ = [
    "LIKELIHOODS",
    "Bernoulli",
    "DiagonalGaussian",
    "Gaussian",
    "ImageDistribution",
    "LearnedGaussian",
    "Likelihood",
    "StandardNormal",
]
