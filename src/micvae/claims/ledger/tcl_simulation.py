"""TCL on its own simulation."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import Recovered, each
from micvae.claims.settings import setting
from micvae.claims.verdict import Comparison

DATA = (
    'whitened(\'segments(n=131072, sources=20, segments=256, marginal="laplace", '
    'scales=(0.001, 1), mixing="leaky(layers={}, slope=0.2)", seed={{seed}})\')'
)
SETTINGS = {
    "latent_dim": 20,
    "network": "mlp(hidden=40, depth=2)",
    "likelihood": "learned-gaussian(scale=0.1)",
    "batch_size": 512,
}
TRAINING = SETTINGS | {
    "epochs": 120,
    "learning_rate": "ramp(1e-2, 0, steps=20000, begin=10000)",
}
LAYERS = (1, 2, 3)

CLAIM = Claim(
    name="tcl-simulation",
    statement="TCL recovers the absolute values of Laplace sources whose scales change by "
    "segment, which linear ICA does not once the mixing has several layers.",
    source=Source(
        title="Unsupervised Feature Extraction by Time-Contrastive Learning and Nonlinear ICA",
        authors="Hyvärinen & Morioka",
        year=2016,
        where="the figure of recovered sources in simulation",
    ),
    published=tuple(
        Published(
            row=f"tcl L={n}",
            said="higher than the methods compared",
            on="20 Laplace sources, 256 segments of 512 samples, L layers of leaky rectifiers "
            "(authors' code: tcl_training.py)",
        )
        for n in LAYERS
    ),
    quantity="MCC of the codes (fast-ica: of their absolute values) with the sources' absolute "
    "values",
    trainings={
        f"{method} L={n}": setting(method, DATA.format(n), **chosen)
        for n in LAYERS
        for method, chosen in (
            ("tcl", TRAINING),
            ("fast-ica", SETTINGS | {"network": "mlp(depth=0)", "epochs": 1}),
        )
    },
    rows=each(Recovered("|s|"), *(f"tcl L={n}" for n in LAYERS))
    | each(Recovered("|s|", absolute=True), *(f"fast-ica L={n}" for n in LAYERS)),
    comparisons=tuple(Comparison(higher=f"tcl L={n}", lower=f"fast-ica L={n}") for n in (2, 3)),
    differs=(
        "30,720 steps of Adam, where the authors take 700,000 of momentum after 70,000 for the "
        "softmax layer alone.",
        "Leaky rectifiers of 40 units in two layers, where the authors take maxout units in as "
        "many layers as the mixing has, and decay weights.",
        "Scales from 0.001 on, where the authors' begin at 0; the bound on condition numbers is "
        "25, where theirs is the lowest quarter of random matrices.",
    ),
    quick_samples=2_048,
)
