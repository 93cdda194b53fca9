"""AnnealedVAE: what latents carry as their capacity grows."""

from micvae.claims.claim import Claim, Measurement, Published, Source
from micvae.claims.measures import Information, Of, Score, each
from micvae.claims.settings import SPRITES, setting
from micvae.claims.verdict import Comparison

CAPACITIES = (2, 5, 10, 15, 25)
FACTORS = {
    "position": Information(("posX", "posY")),
    "scale": Information(("scale",)),
    "orientation": Information(("orientation",)),
    "shape": Information(("shape",)),
}
ORDER = (
    Comparison(higher="position, C = 5", lower="scale, C = 5"),
    Comparison(higher="scale, C = 15", lower="orientation, C = 15"),
    Comparison(higher="scale, C = 15", lower="scale, C = 2"),
)
EVERY: dict[str, Measurement] = {
    f"{name}, C = {c}": Of(f"C = {c}", factor)
    for c in CAPACITIES
    for name, factor in FACTORS.items()
}
COMPARED = [row for c in ORDER for row in (c.higher, c.lower)]

CLAIM = Claim(
    name="annealed-vae-order",
    statement="As the capacity C grows, latents first carry the position of a sprite, then its "
    "scale, then its orientation and shape.",
    source=Source(
        title="Understanding disentangling in β-VAE",
        authors="Burgess, Higgins, Pal, Matthey, Watters, Desjardins & Lerchner",
        year=2018,
        where="the figure of traversals at increasing C",
    ),
    published=(
        Published(row="position, C = 5", said="first", on="dSprites, C from 0 to 25 nats"),
        Published(row="scale, C = 15", said="after position", on="dSprites, C from 0 to 25 nats"),
    ),
    quantity="largest information of a latent on the factor, as a share of its entropy",
    trainings={
        f"C = {c}": setting(
            f"annealed-vae(gamma=100, capacity='relative-ramp(0, {c}, share=0.75)')",
            "dsprites(n=20480, seed={seed})",
            **SPRITES,
        )
        for c in CAPACITIES
    },
    rows={row: EVERY[row] for row in dict.fromkeys(COMPARED)},
    beside={row: measure for row, measure in EVERY.items() if row not in COMPARED}
    | {
        f"KL, {row}": measure
        for row, measure in each(Score("kl"), *(f"C = {c}" for c in CAPACITIES)).items()
    },
    scored=True,
    comparisons=ORDER,
    differs=(
        "One training per C, measured by information; the authors show traversals of one training "
        "while C grows.",
        "20,480 redrawn images and 6,400 steps, where the authors take the published file and "
        "100,000; γ = 100 instead of 1,000, which a short training does not bear.",
    ),
)
