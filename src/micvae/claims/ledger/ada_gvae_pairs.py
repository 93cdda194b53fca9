"""Ada-GVAE against the best method without supervision."""

from micvae.claims.claim import Source
from micvae.claims.families import against_unsupervised

CLAIM = against_unsupervised(
    name="ada-gvae-pairs",
    method="ada-gvae:paper",
    statement="Pairs that differ in few factors let Ada-GVAE disentangle better than the best "
    "method without supervision.",
    source=Source(
        title="Weakly-Supervised Disentanglement Without Compromises",
        authors="Locatello, Poole, Rätsch, Schölkopf, Bachem & Tschannen",
        year=2020,
        where="the figure of scores per method",
    ),
    published=(
        "higher than β-VAE and other methods without supervision",
        "dSprites, Cars3D, SmallNORB, 3D Shapes and MPI3D",
    ),
    differs=("Partners differ in one factor, and are rendered.",),
)
