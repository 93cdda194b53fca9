"""What a latent and an image can be."""

from micvae.distributions.gaussian import DiagonalGaussian, StandardNormal
from micvae.distributions.likelihood import LIKELIHOODS, Likelihood

__all__ = ["LIKELIHOODS", "DiagonalGaussian", "Likelihood", "StandardNormal"]
