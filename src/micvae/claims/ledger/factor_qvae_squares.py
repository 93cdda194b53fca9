"""FactorQVAE with twice as many latents as factors."""

from micvae.claims.claim import Source
from micvae.claims.families import more_latents

CLAIM = more_latents(
    name="factor-qvae-squares",
    methods=("factor-qvae", "beta-tcvae", "vae"),
    metric=("dci_disentanglement", "DCI disentanglement"),
    beside=("infom", "InfoM"),
    statement="With twice as many latents as factors, FactorQVAE has a higher DCI disentanglement "
    "than β-TCVAE and a VAE.",
    source=Source(
        title="Disentanglement with Factor Quantized Variational Autoencoders",
        authors="Baykal, Kandemir & Unal",
        year=2024,
        where="the main table",
    ),
    published=("higher DCI than the methods compared", "3D Shapes, Isaac3D and MPI3D"),
    differs=("3,200 steps of the default network, where the authors train longer and wider.",),
)
