"""PCL on sources that depend on their past."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import Recovered, each
from micvae.claims.settings import VECTORS, setting
from micvae.claims.verdict import Comparison

DATA = "whitened('autoregressive(n=40000, layers={}, seed={{seed}})')"
LAYERS = (1, 2, 3)
METHODS = ("pcl", "vae", "fast-ica")

CLAIM = Claim(
    name="pcl-simulation",
    statement="PCL recovers sources that depend on their past through a nonlinear mixing, which "
    "methods without time do not.",
    source=Source(
        title="Nonlinear ICA of Temporally Dependent Stationary Sources",
        authors="Hyvärinen & Morioka",
        year=2017,
        where="the simulations",
    ),
    published=tuple(
        Published(
            row=f"pcl L={n}",
            said="higher than linear separation by time",
            on="autoregressive sources with Laplace innovations, mixed by L layers",
        )
        for n in LAYERS
    ),
    quantity="MCC of the codes with the sources",
    trainings={
        f"{method} L={n}": setting(
            method,
            DATA.format(n),
            **VECTORS | ({"network": "mlp(depth=0)", "epochs": 1} if method == "fast-ica" else {}),
        )
        for n in LAYERS
        for method in METHODS
    },
    rows=each(Recovered(), *(f"{method} L={n}" for n in LAYERS for method in METHODS)),
    comparisons=tuple(
        Comparison(higher=f"pcl L={n}", lower=f"{other} L={n}")
        for n in (2, 3)
        for other in METHODS[1:]
    ),
    differs=(
        "40,000 samples of 5 sources and leaky rectifiers in the network, where the authors take "
        "up to 2¹⁸ samples and maxout units with batch normalisation.",
        "Compared with a VAE and linear ICA; linear separation by time is not offered here.",
    ),
)
