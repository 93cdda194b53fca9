"""Distributions of latents and images: posteriors, priors and likelihoods."""

from micvae import spelling
from micvae.distributions.base import (
    Density,
    Factorised,
    LatentKind,
    Latents,
    LatentSpace,
    OwnLatents,
    Posterior,
    Trait,
    VectorCode,
)
from micvae.distributions.flow import FlowLatents
from micvae.distributions.full_gaussian import FullGaussianLatents
from micvae.distributions.gaussian import DiagonalGaussian, GaussianLatents
from micvae.distributions.joint import JointLatents
from micvae.distributions.likelihood import (
    LIKELIHOODS,
    AutoLikelihood,
    Bernoulli,
    Gaussian,
    ImageDistribution,
    LearnedGaussian,
    Likelihood,
)
from micvae.distributions.noise import NoisyLatents
from micvae.distributions.point import PointLatents
from micvae.distributions.priors import PRIORS, Prior, StandardNormal
from micvae.distributions.quantised import CodebookLatents, FSQLatents, Quantised
from micvae.distributions.shared_codebook import SharedCodebookLatents
from micvae.distributions.uniform import UniformLatents

LATENTS: dict[str, type[Latents]] = {
    "gaussian": GaussianLatents,
    "uniform": UniformLatents,
    "full-gaussian": FullGaussianLatents,
    "flow": FlowLatents,
    "joint": JointLatents,
    "codebook": CodebookLatents,
    "fsq": FSQLatents,
    "shared-codebook": SharedCodebookLatents,
    "noisy": NoisyLatents,
    "point": PointLatents,
}
spelling.register(Latents, {"own": OwnLatents, **LATENTS}, "latents")

__all__ = [
    "LATENTS",
    "LIKELIHOODS",
    "PRIORS",
    "AutoLikelihood",
    "Bernoulli",
    "CodebookLatents",
    "Density",
    "DiagonalGaussian",
    "FSQLatents",
    "Factorised",
    "FlowLatents",
    "FullGaussianLatents",
    "Gaussian",
    "GaussianLatents",
    "ImageDistribution",
    "JointLatents",
    "LatentKind",
    "LatentSpace",
    "Latents",
    "LearnedGaussian",
    "Likelihood",
    "NoisyLatents",
    "OwnLatents",
    "PointLatents",
    "Posterior",
    "Prior",
    "Quantised",
    "SharedCodebookLatents",
    "StandardNormal",
    "Trait",
    "UniformLatents",
    "VectorCode",
]
