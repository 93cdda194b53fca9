"""Mixings whose inverse and Jacobian are known, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from micvae import spelling
from micvae.data.problems.mixings.base import Array, Ball, Mixing
from micvae.data.problems.mixings.conformal import Holomorphic, Mobius, holomorphic, mobius
from micvae.data.problems.mixings.isometric import Isometry, isometry
from micvae.data.problems.mixings.leaky import Leaky, leaky, linear
from micvae.data.problems.mixings.leaky_tanh import LeakyTanh, leaky_tanh
from micvae.data.problems.mixings.orthogonal import Bipolar, Spherical, orthogonal
from micvae.data.problems.mixings.sparse import Sparse, sparse
from micvae.errors import DataError, MicvaeError


@dataclass(frozen=True)
class MixingDescription:
    """The options of the function that draws a mixing, as fields."""

    builder: ClassVar[Callable[..., Mixing]]
    """The function."""


MIXINGS = {
    function.__name__: spelling.of_function(function, MixingDescription, {}, skip=2)
    for function in (linear, leaky, leaky_tanh, mobius, holomorphic, isometry, orthogonal, sparse)
}
spelling.register(MixingDescription, MIXINGS, "mixing")

__all__ = [
    "MIXINGS",
    "Ball",
    "Bipolar",
    "Holomorphic",
    "Isometry",
    "Leaky",
    "LeakyTanh",
    "Mixing",
    "MixingDescription",
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
    try:
        described = spelling.read(text, MixingDescription)
        return type(described).builder(Ball.of(sources), generator, **vars(described))
    except DataError:
        raise
    except MicvaeError as error:
        raise DataError(str(error)) from None
