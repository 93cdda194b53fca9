"""FastICA where the mixing is linear."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import Recovered, each
from micvae.claims.settings import VECTORS, setting
from micvae.claims.verdict import Comparison

DATA = "whitened('independent(n=40000, mixing=\"linear\", seed={seed})')"

CLAIM = Claim(
    name="fast-ica-linear",
    statement="Under a linear mixing, independent sources that are not Gaussian are recovered by "
    "linear ICA up to order and scale; a VAE does not single them out.",
    source=Source(
        title="Independent Component Analysis, a New Concept?",
        authors="Comon",
        year=1994,
        where="the theorem on identifiability",
    ),
    published=(
        Published(
            row="fast-ica",
            said="identified up to permutation and scale, so an MCC of 1",
            on="the theorem",
            value=1.0,
            reading="derived",
            tolerance=0.005,
            asked="at least",
        ),
    ),
    quantity="MCC of the codes with the sources",
    trainings={
        "fast-ica": setting("fast-ica", DATA, **VECTORS | {"network": "mlp(depth=0)", "epochs": 1}),
        "vae": setting("vae", DATA, **VECTORS),
    },
    rows=each(Recovered(), "fast-ica", "vae"),
    comparisons=(Comparison(higher="fast-ica", lower="vae"),),
    differs=("The theorem is on the distribution; here are 40,000 samples of uniform sources.",),
)
