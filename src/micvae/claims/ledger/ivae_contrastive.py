"""iVAE on its own simulation, with an additional term."""

from micvae.claims.claim import Claim, Published
from micvae.claims.ledger.ivae_simulation import DATA, ON, SOURCE
from micvae.claims.measures import Recovered, each
from micvae.claims.settings import VECTORS, setting
from micvae.claims.verdict import Comparison

RATE = "ramp(1e-2, 0, steps=1800, begin=1700)"
LAYERS = (2, 3)
METHODS = ("ivae:contrastive", "ivae:simulation")

CLAIM = Claim(
    name="ivae-contrastive",
    statement="A bound on I(z; u) as a further term lets iVAE recover sources that it does not "
    "recover alone.",
    source=SOURCE,
    published=tuple(
        Published(row=f"ivae:contrastive L={n}", said="a term of micvae, not of the paper", on=ON)
        for n in LAYERS
    ),
    quantity="MCC of the codes with the sources",
    trainings={
        f"{method} L={n}": setting(
            method,
            DATA.format(n),
            **VECTORS | ({"learning_rate": RATE} if method == METHODS[0] else {}),
        )
        for n in LAYERS
        for method in METHODS
    },
    rows=each(Recovered(), *(f"{method} L={n}" for n in LAYERS for method in METHODS)),
    comparisons=tuple(
        Comparison(higher=f"{METHODS[0]} L={n}", lower=f"{METHODS[1]} L={n}") for n in LAYERS
    ),
    differs=(
        "The contrastive term is not in the paper. Its step size was chosen on seeds from "
        "100 on, like that of the plain method.",
    ),
)
