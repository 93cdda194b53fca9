"""InfoGAN: a category that finds the classes of handwritten digits without labels."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import CategoryAccuracy, Chance, Of
from micvae.claims.settings import setting
from micvae.claims.verdict import Comparison

ROW, CHANCE = "infogan", "random categories"

CLAIM = Claim(
    name="infogan-digits",
    statement="Without labels, the categorical code of InfoGAN finds the classes of handwritten "
    "digits.",
    source=Source(
        title="InfoGAN: Interpretable Representation Learning by Information Maximizing "
        "Generative Adversarial Nets",
        authors="Chen, Duan, Houthooft, Schulman, Sutskever & Abbeel",
        year=2016,
        where="Section 7.2",
    ),
    published=(
        Published(
            row=ROW,
            said="an error rate of 5% as a classifier",
            on="MNIST, 60,000 images",
            value=0.95,
            reading="printed",
            tolerance=0.005,
        ),
    ),
    quantity="accuracy of the category, matched one-to-one with the classes",
    trainings={
        ROW: setting(
            "infogan:paper",
            "digits(n=1797)",
            latent_dim=3,
            latents="noisy(inner='joint(categories=(10,), numbers=\"uniform\")', noise=62)",
            epochs=400,
        )
    },
    rows={ROW: Of(ROW, CategoryAccuracy("digit")), CHANCE: Chance(ROW, "digit")},
    comparisons=(Comparison(higher=ROW, lower=CHANCE),),
    differs=(
        "1,797 images of 8×8 pixels that come with scikit-learn, instead of MNIST's 60,000 of "
        "28×28; the published number is therefore not asked for.",
    ),
)
