"""SNICA on noisy sources with switching dynamics."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import Recovered, each
from micvae.claims.settings import setting
from micvae.claims.verdict import Comparison

DATA = 'state_space(n=20000, mixing="leaky_tanh(features=12)", seed={seed})'
SETTINGS = {
    "latent_dim": 3,
    "network": "mlp",
    "likelihood": "learned-gaussian(scale=0.5, each=True)",
    "batch_size": 128,
    "epochs": 24,
    "learning_rate": "ramp(1e-2, 0, steps=1900, begin=1800)",
}
WINDOWS = SETTINGS | {
    "batch_size": 32,
    "epochs": 2,
    "learning_rate": "ramp(1e-2, 0, steps=650, begin=600)",
}
SLOWER = SETTINGS | {"learning_rate": "ramp(3e-3, 0, steps=1900, begin=1800)"}

CLAIM = Claim(
    name="snica-simulation",
    statement="Under noise, SNICA recovers sources of switching dynamics better than methods that "
    "assume none.",
    source=Source(
        title="Disentangling Identifiable Features from Noisy Data with Structured Nonlinear ICA",
        authors="Hälvä, Le Corff, Lehéricy, So, Zhu, Gassiat & Hyvärinen",
        year=2021,
        where="the simulations",
    ),
    published=(
        Published(
            row="snica:paper",
            said="higher than the methods compared",
            on="sources of switching dynamics in noisy features, 100,000 frames",
        ),
    ),
    quantity="MCC of the codes with the sources",
    trainings={
        "snica:paper": setting("snica:paper", DATA, **WINDOWS),
        "snica:contrastive": setting("snica:contrastive", DATA, **WINDOWS),
        "pcl": setting("pcl", DATA, **SLOWER),
        "vae": setting("vae", DATA, **SETTINGS),
    },
    rows=each(Recovered(), "snica:paper", "snica:contrastive", "pcl", "vae"),
    comparisons=(
        Comparison(higher="snica:paper", lower="pcl"),
        Comparison(higher="snica:paper", lower="vae"),
    ),
    differs=(
        "20,000 frames, where the authors take 100,000, and 1,248 steps.",
        "The row snica:contrastive has an additional term, which is not in the paper.",
        "Compared with PCL and a VAE; the authors compare with iVAE and with linear methods.",
    ),
    quick_samples=640,
)
