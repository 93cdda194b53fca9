"""JointVAE: a category that finds the classes of handwritten digits without labels."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import CategoryAccuracy, Chance, Of
from micvae.claims.settings import setting
from micvae.claims.verdict import Comparison

ROW, CHANCE = "joint-vae", "random categories"

CLAIM = Claim(
    name="joint-vae-digits",
    statement="Without labels, one category of ten finds the classes of handwritten digits.",
    source=Source(
        title="Learning Disentangled Joint Continuous and Discrete Representations",
        authors="Dupont",
        year=2018,
        where="the experiments on MNIST",
    ),
    published=(
        Published(
            row=ROW, said="the category follows the class of the digit", on="MNIST, 60,000 images"
        ),
    ),
    quantity="accuracy of the category, matched one-to-one with the classes",
    trainings={
        ROW: setting(
            "joint-vae:mnist",
            "digits(n=1797)",
            latent_dim=11,
            latents="joint(categories=(10,))",
            epochs=900,
            learning_rate=5e-4,
        )
    },
    rows={ROW: Of(ROW, CategoryAccuracy("digit")), CHANCE: Chance(ROW, "digit")},
    comparisons=(Comparison(higher=ROW, lower=CHANCE),),
    differs=(
        "1,797 images of 8×8 pixels that come with scikit-learn, instead of MNIST's 60,000 of "
        "32×32: 25,200 steps of the published schedule see every image 900 times.",
    ),
)
