"""InfoMEC of codes whose scores follow from how they are made."""

import numpy as np
from numpy.typing import NDArray

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import CodesOfKnownConstruction
from micvae.claims.verdict import Comparison
from micvae.metrics import infomec

Arrays = tuple[NDArray[np.float64], NDArray[np.float64]]
FACTORS, VALUES = 3, 8


def factors(generator: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Independent factors with eight values each, `(n, 3)`."""
    return generator.integers(0, VALUES, (n, FACTORS)).astype(np.float64)


def one_each(generator: np.random.Generator, n: int) -> Arrays:
    """One latent per factor."""
    v = factors(generator, n)
    return v[:, ::-1].copy(), v


def two_each(generator: np.random.Generator, n: int) -> Arrays:
    """Two latents per factor: modular, and not compact."""
    v = factors(generator, n)
    return np.concatenate([v, v], axis=1), v


def two_in_one(generator: np.random.Generator, n: int) -> Arrays:
    """Two factors share a latent: compact, and not modular."""
    v = factors(generator, n)
    return np.stack([v[:, 0] * VALUES + v[:, 1], v[:, 2]], axis=1), v


def infom(codes: NDArray[np.floating], v: NDArray[np.floating]) -> float:
    """InfoM of symbols."""
    return float(infomec(codes, v, discrete_codes=True).values["infom"])


def infoc(codes: NDArray[np.floating], v: NDArray[np.floating]) -> float:
    """InfoC of symbols."""
    return float(infomec(codes, v, discrete_codes=True).values["infoc"])


ON = "the definition: independent factors with eight values, codes as described"

CLAIM = Claim(
    name="infomec-known-codes",
    statement="InfoM tells whether a latent carries one factor, InfoC whether a factor is in one "
    "latent; one latent per factor has both at 1.",
    source=Source(
        title="Disentanglement via Latent Quantization",
        authors="Hsu, Dorrell, Whittington, Wu & Finn",
        year=2023,
        where="the section that defines InfoMEC",
    ),
    published=tuple(
        Published(
            row=row,
            said=said,
            on=ON,
            value=value,
            reading="derived",
            asked="equal",
            tolerance=0.03,
        )
        for row, said, value in (
            ("InfoM, one latent per factor", "1", 1.0),
            ("InfoC, one latent per factor", "1", 1.0),
            ("InfoM, two latents per factor", "1", 1.0),
            ("InfoC, two latents per factor", "(1/2 − 1/6) / (1 − 1/6) = 0.40", 0.4),
            ("InfoC, two factors in one latent", "1", 1.0),
            ("InfoM, two factors in one latent", "(3/4 − 1/3) / (1 − 1/3) = 0.625", 0.625),
        )
    ),
    quantity="InfoM or InfoC",
    rows={
        "InfoM, one latent per factor": CodesOfKnownConstruction(one_each, infom),
        "InfoC, one latent per factor": CodesOfKnownConstruction(one_each, infoc),
        "InfoM, two latents per factor": CodesOfKnownConstruction(two_each, infom),
        "InfoC, two latents per factor": CodesOfKnownConstruction(two_each, infoc),
        "InfoM, two factors in one latent": CodesOfKnownConstruction(two_in_one, infom),
        "InfoC, two factors in one latent": CodesOfKnownConstruction(two_in_one, infoc),
    },
    comparisons=(
        Comparison(
            higher="InfoM, two latents per factor", lower="InfoM, two factors in one latent"
        ),
        Comparison(
            higher="InfoC, two factors in one latent", lower="InfoC, two latents per factor"
        ),
    ),
    differs=(
        "The numbers follow from the published definition; the paper prints none for these codes.",
    ),
)
