"""Mixings whose inverse and Jacobian are known, by name."""

from collections.abc import Callable

import numpy as np

from micvae import spelling
from micvae.data.problems.mixings.base import Array, Ball, Mixing
from micvae.data.problems.mixings.conformal import Holomorphic, Mobius, holomorphic, mobius
from micvae.data.problems.mixings.isometric import Isometry, isometry
from micvae.data.problems.mixings.leaky import Leaky, leaky, linear
from micvae.data.problems.mixings.leaky_tanh import LeakyTanh, leaky_tanh
from micvae.data.problems.mixings.orthogonal import Bipolar, Spherical, orthogonal
from micvae.data.problems.mixings.sparse import Sparse, sparse
from micvae.errors import DataError

MIXINGS: dict[str, Callable[..., Mixing]] = {
    "linear": linear,
    "leaky": leaky,
    "leaky_tanh": leaky_tanh,
    "mobius": mobius,
    "holomorphic": holomorphic,
    "isometry": isometry,
    "orthogonal": orthogonal,
    "sparse": sparse,
}

__all__ = [
    "MIXINGS",
    "Ball",
    "Bipolar",
    "Holomorphic",
    "Isometry",
    "Leaky",
    "LeakyTanh",
    "Mixing",
    "Mobius",
    "Sparse",
    "Spherical",
    "draw",
]


def draw(text: str, sources: Array, generator: np.random.Generator) -> Mixing:
    """Draw the mixing that `text` spells, for sources `(N, D)`.

    Args:
        text: a name out of `MIXINGS`, with options where needed: `leaky(layers=3)`.
        sources: those that it must be one to one for.
        generator: of its weights and angles.

    Raises:
        DataError: for an unknown name, options that it does not have, or impossible ones.
    """
    if not isinstance(text, str):
        raise DataError(f"mixing is {text!r}; write a name, such as 'leaky(layers=2)'.")
    name, positional, options = spelling.parse(text, "mixing")
    if positional:
        raise DataError(f"mixing {text!r} has options without a name; write leaky(layers=2).")
    if name not in MIXINGS:
        raise DataError(f"unknown mixing {name!r}; choose from {', '.join(MIXINGS)}.")
    try:
        return MIXINGS[name](Ball.of(sources), generator, **options)
    except TypeError as error:
        raise DataError(f"mixing {text!r}: {error}.") from None
