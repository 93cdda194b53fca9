"""IMA-VAE against the VAE where the mixing has orthogonal columns."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import Recovered, each
from micvae.claims.settings import VECTORS, setting
from micvae.claims.verdict import Comparison

DATA = "whitened('independent(n=40000, mixing=\"orthogonal\", seed={seed})')"
METHODS = ("ima-vae", "vae")

CLAIM = Claim(
    name="ima-vae-orthogonal",
    statement="Where the columns of the mixing's Jacobian are orthogonal, a penalty on columns "
    "that are not recovers the sources better than a VAE.",
    source=Source(
        title="Independent Mechanism Analysis, a New Concept?",
        authors="Gresele, von Kügelgen, Stimper, Schölkopf & Besserve",
        year=2021,
        where="the experiments on learning",
    ),
    published=(
        Published(
            row="ima-vae",
            said="regularised maximum likelihood recovers better than maximum likelihood",
            on="Möbius transformations of uniform sources, normalising flows",
        ),
    ),
    quantity="MCC of the codes with the sources",
    trainings={method: setting(method, DATA, **VECTORS) for method in METHODS},
    rows=each(Recovered(), *METHODS),
    comparisons=(Comparison(higher="ima-vae", lower="vae"),),
    differs=(
        "A VAE with the penalty, where the authors train a normalising flow.",
        "A mixing with orthogonal columns that is not conformal, as the theory asks.",
    ),
)
