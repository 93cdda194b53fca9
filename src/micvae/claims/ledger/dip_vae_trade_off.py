"""DIP-VAE-II against β-VAE at equal reconstruction."""

from micvae.claims.claim import Source
from micvae.claims.families import trade_off

CLAIM = trade_off(
    name="dip-vae-trade-off",
    row="dip-vae-ii",
    methods=tuple(f"dip-vae-ii(off_diagonal={w}, diagonal={w})" for w in (1, 5, 10, 50)),
    statement="At equal reconstruction, DIP-VAE disentangles better than β-VAE.",
    source=Source(
        title="Variational Inference of Disentangled Latent Concepts from Unlabeled Observations",
        authors="Kumar, Sattigeri & Balakrishnan",
        year=2018,
        where="the figure of SAP against reconstruction error",
    ),
    on="dSprites and CelebA",
    differs=("MIG, where the authors take SAP.",),
)
