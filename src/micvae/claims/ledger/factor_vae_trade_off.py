"""FactorVAE against β-VAE at equal reconstruction."""

from micvae.claims.claim import Source
from micvae.claims.families import trade_off

CLAIM = trade_off(
    name="factor-vae-trade-off",
    row="factor-vae",
    methods=tuple(f"factor-vae(tc_weight={weight})" for weight in (2, 5, 10, 20)),
    statement="At equal reconstruction, FactorVAE disentangles better than β-VAE.",
    source=Source(
        title="Disentangling by Factorising",
        authors="Kim & Mnih",
        year=2018,
        where="the figure of reconstruction error against disentanglement",
    ),
    on="dSprites and 3D shapes",
    differs=("MIG, where the authors take their own score by votes.",),
)
