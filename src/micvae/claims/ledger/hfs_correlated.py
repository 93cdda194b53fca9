"""HFS under correlated factors."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import Score, each
from micvae.claims.settings import SQUARES, setting
from micvae.claims.verdict import Comparison

DATA = (
    "correlated('squares(n=10240, seed={seed})', factors=('size', 'intensity'), strength=0.2, "
    "seed={seed})"
)
METHODS = ("hfs", "vae", "beta-vae", "beta-tcvae")

CLAIM = Claim(
    name="hfs-correlated",
    statement="Where factors are correlated, a factorised support disentangles better than "
    "independence.",
    source=Source(
        title="Disentanglement of Correlated Factors via Hausdorff Factorized Support",
        authors="Roth, Ibrahim, Akata, Vincent & Bouchacourt",
        year=2023,
        where="the table of results under correlated factors",
    ),
    published=(
        Published(
            row="hfs",
            said="higher DCI-D than β-VAE and the other methods under correlated factors",
            on="3D Shapes, MPI3D and dSprites with correlated training data",
        ),
    ),
    quantity="DCI disentanglement",
    trainings={method: setting(method, DATA, **SQUARES) for method in METHODS},
    rows=each(Score("dci_disentanglement"), *METHODS),
    beside={f"MIG, {row}": measure for row, measure in each(Score("mig"), *METHODS).items()},
    scored=True,
    comparisons=tuple(Comparison(higher="hfs", lower=other) for other in METHODS[1:]),
    differs=(
        "Squares with three factors, of which two are correlated.",
        "Scored on the correlated data, where the authors score on uncorrelated data.",
        "One strength of every method, where the authors search a grid.",
    ),
)
