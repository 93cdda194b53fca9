"""QLAE with twice as many latents as factors."""

from micvae.claims.claim import Source
from micvae.claims.families import more_latents

CLAIM = more_latents(
    name="qlae-squares",
    methods=("qlae(weight_decay=1.0)", "beta-tcvae", "vae"),
    metric=("infom", "InfoM"),
    beside=("dci_disentanglement", "DCI disentanglement"),
    statement="With twice as many latents as factors, QLAE is more modular than β-TCVAE and a VAE.",
    source=Source(
        title="Disentanglement via Latent Quantization",
        authors="Hsu, Dorrell, Whittington, Wu & Finn",
        year=2023,
        where="the main table",
    ),
    published=("higher InfoM than β-TCVAE", "3D Shapes, MPI3D, Falcor3D and Isaac3D"),
    differs=("3,200 steps, where the authors take many times as many.",),
)
