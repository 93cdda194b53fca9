"""Isometric ICA where the mixing is a local isometry."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import Recovered, each
from micvae.claims.settings import VECTORS, setting
from micvae.claims.verdict import Comparison

DATA = "independent(n=10000, sources=2, mixing='isometry', seed={seed})"
METHODS = ("isometric-ica", "vae")

CLAIM = Claim(
    name="isometric-ica-isometry",
    statement="Where the mixing is a local isometry of sources that are not Gaussian, unfolding "
    "and linear ICA recover them, and a VAE less well.",
    source=Source(
        title="When Is Unsupervised Disentanglement Possible?",
        authors="Horan, Richardson & Weiss",
        year=2021,
        where="the experiments",
    ),
    published=(
        Published(
            row="isometric-ica",
            said="recovers the factors, better than the VAEs compared",
            on="synthetic manifolds and images",
        ),
    ),
    quantity="MCC of the codes with the sources",
    trainings={
        method: setting(method, DATA, **VECTORS | {"latent_dim": 2, "batch_size": 128})
        for method in METHODS
    },
    rows=each(Recovered(), *METHODS),
    comparisons=(Comparison(higher="isometric-ica", lower="vae"),),
    differs=("Vectors from a known isometry, where the authors take images of moving objects.",),
)
