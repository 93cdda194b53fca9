"""Tripod with twice as many latents as factors."""

from micvae.claims.claim import Source
from micvae.claims.families import more_latents

CLAIM = more_latents(
    name="tripod-squares",
    methods=("tripod", "qlae(weight_decay=1.0)", "beta-tcvae", "vae"),
    metric=("infom", "InfoM"),
    beside=("dci_disentanglement", "DCI disentanglement"),
    statement="With twice as many latents as factors, Tripod is more modular than QLAE, β-TCVAE "
    "and a VAE.",
    source=Source(
        title="Tripod: Three Complementary Inductive Biases for Disentangled Representation "
        "Learning",
        authors="Hsu, Ibn Hamid, Burns, Finn & Wu",
        year=2024,
        where="the main table",
    ),
    published=("higher InfoM than QLAE and β-TCVAE", "3D Shapes, MPI3D, Falcor3D and Isaac3D"),
    differs=(
        "3,200 steps of the default network, where the authors take 250,000 of residual networks; "
        "the weights of both penalties were chosen for squares on seeds from 100 on.",
    ),
)
