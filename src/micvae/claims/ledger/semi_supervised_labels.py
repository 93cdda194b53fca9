"""A hundred labels against the best method without supervision."""

from micvae.claims.claim import Source
from micvae.claims.families import against_unsupervised

CLAIM = against_unsupervised(
    name="semi-supervised-labels",
    method="semi-supervised:few",
    statement="A hundred labelled images let a method disentangle better than the best one "
    "without supervision.",
    source=Source(
        title="Disentangling Factors of Variation Using Few Labels",
        authors="Locatello, Tschannen, Bauer, Rätsch, Schölkopf & Bachem",
        year=2020,
        where="the figure of semi-supervised against unsupervised training",
    ),
    published=(
        "higher than unsupervised training with selection by the same labels",
        "dSprites, Cars3D, SmallNORB and 3D Shapes, 100 labels",
    ),
)
