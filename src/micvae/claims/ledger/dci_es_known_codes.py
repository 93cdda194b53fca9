"""DCI-ES of codes whose scores follow from how they are made."""

import numpy as np
from numpy.typing import NDArray

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import CodesOfKnownConstruction
from micvae.claims.verdict import Comparison
from micvae.metrics import dci_es

Arrays = tuple[NDArray[np.float64], NDArray[np.float64]]
SAME, LINEAR, BENT = "the factors", "a rotation of them", "a nonlinear map of them"
SIZE = "size, twice as many latents as factors"


def same(generator: np.random.Generator, n: int) -> Arrays:
    """The factors themselves."""
    v = generator.uniform(-1, 1, (n, 3))
    return v, v


def linear(generator: np.random.Generator, n: int) -> Arrays:
    """A random rotation of the factors: linear, and entangled."""
    v = generator.uniform(-1, 1, (n, 3))
    q, _ = np.linalg.qr(generator.standard_normal((3, 3)))
    return v @ q, v


def bent(generator: np.random.Generator, n: int) -> Arrays:
    """An invertible map of the factors that no linear probe undoes."""
    v = generator.uniform(-1, 1, (n, 3))
    turn = 3.0 * v[:, 2]
    x, y = v[:, 0], v[:, 1]
    spiral = [np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y]
    return np.stack([*spiral, v[:, 2]], axis=1), v


def wide(generator: np.random.Generator, n: int) -> Arrays:
    """Twice as many latents as factors."""
    v = generator.uniform(-1, 1, (n, 3))
    return np.concatenate([v, v], axis=1), v


def explicitness(codes: NDArray[np.floating], v: NDArray[np.floating]) -> float:
    """E of DCI-ES."""
    return float(dci_es(codes, v).values["dci_explicitness"])


def size(codes: NDArray[np.floating], v: NDArray[np.floating]) -> float:
    """S of DCI-ES."""
    return float(dci_es(codes, v).values["dci_size"])


ON = "the definition: three uniform factors, codes as described"

CLAIM = Claim(
    name="dci-es-known-codes",
    statement="Explicitness is 1 where a linear probe suffices, whether or not factors are mixed, "
    "and lower where it does not; size is factors over latents.",
    source=Source(
        title="DCI-ES: An Extended Disentanglement Framework with Connections to Identifiability",
        authors="Eastwood, Nicolicioiu, von Kügelgen, Kekić, Träuble, Dittadi & Schölkopf",
        year=2023,
        where="the definitions of explicitness and size",
    ),
    published=(
        *(
            Published(
                row=row,
                said="1",
                on=ON,
                value=1.0,
                reading="derived",
                asked="equal",
                tolerance=0.02,
            )
            for row in (SAME, LINEAR)
        ),
        Published(row=BENT, said="lower than for a linear map", on=ON),
        Published(row=SIZE, said="3 / 6", on=ON, value=0.5, reading="derived", asked="equal"),
    ),
    quantity="explicitness E, in the last row size S",
    rows={
        SAME: CodesOfKnownConstruction(same, explicitness),
        LINEAR: CodesOfKnownConstruction(linear, explicitness),
        BENT: CodesOfKnownConstruction(bent, explicitness),
        SIZE: CodesOfKnownConstruction(wide, size),
    },
    comparisons=(
        Comparison(higher=SAME, lower=BENT),
        Comparison(higher=LINEAR, lower=BENT),
    ),
    differs=(
        "Probes are random Fourier features of rising number; the paper also takes networks and "
        "forests.",
    ),
)
