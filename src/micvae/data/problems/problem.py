"""`Problem`: a data set with known sources, known mixing and a statement of identifiability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.grid import seeded
from micvae.data.problems.checks import number
from micvae.data.problems.mixings import Mixing, draw
from micvae.errors import DataError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Problem(FactorDataset):
    """Observations x = f(s) + noise with their sources s, `factors`, and their mixing f.

    Args:
        mixing: f, with its inverse and its Jacobian. Needed.
        theory: what can be identified, up to which transformation, under which assumption, and the
            source.
        parameters: the numbers of the law of the sources that were drawn or chosen, such as the
            `variances` of segments `(S, D)`; and `noise`, the standard deviation of the noise on
            every feature, `(F,)`.
        hidden: what was drawn beside each sample and is not given to a method, arrays of N rows:
            `states` of a hidden Markov chain, the sources of `partners`.

    Raises:
        DataError: also without a mixing, or where `hidden` has another number of rows.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import independent
        >>> problem = independent(100, sources=2, mixing="linear")
        >>> np.allclose(problem.mixing(problem.factors), problem.images, atol=1e-5)
        True
        >>> problem.mixing.jacobian(problem.factors).shape
        (100, 2, 2)
    """

    mixing: Mixing = None  # type: ignore[assignment]
    theory: str = ""
    parameters: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    hidden: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.mixing, Mixing):
            raise DataError(f"mixing is {self.mixing!r}; give the Mixing that made the images.")
        for name, rows in self.hidden.items():
            if len(rows) != len(self):
                raise DataError(
                    f"hidden {name!r} has {len(rows)} rows, but there are {len(self)} samples."
                )

    def subset(self, indices: ArrayLike) -> Problem:
        """Return the samples at `indices`, in that order."""
        index = np.asarray(indices)
        part = cast(Problem, FactorDataset.subset(replace(self, hidden={}), index))
        return replace(part, hidden={name: rows[index] for name, rows in self.hidden.items()})


def without_mixing(data: FactorDataset) -> FactorDataset:
    """The same data as a plain `FactorDataset`, for changes of its vectors."""
    return FactorDataset(**{f.name: getattr(data, f.name) for f in fields(FactorDataset)})


class Streams(NamedTuple):
    """Independent generators, so that more samples or noise do not change the mixing."""

    sources: np.random.Generator
    mixing: np.random.Generator
    noise: np.random.Generator

    @classmethod
    def of(cls, seed: int) -> Streams:
        """Split one seed; no global random state is touched."""
        return cls(*seeded(seed).spawn(3))


def mixing_of(
    mixing: str, layers: int | None, sources: Array, generator: np.random.Generator
) -> Mixing:
    """Draw the mixing of the options `mixing` and `layers`, short for leaky(layers=…).

    Raises:
        DataError: where both are given, or the mixing cannot be.
    """
    if layers is not None:
        if mixing != "leaky":
            raise DataError(
                f"layers is {layers!r} and mixing {mixing!r}; layers is short for "
                "mixing='leaky(layers=…)': give one of the two."
            )
        mixing = f"leaky(layers={layers!r})"
    return draw(mixing, sources, generator)


def observed(
    name: str,
    sources: Array,
    mixing: Mixing,
    streams: Streams,
    *,
    noise: float,
    theory: str,
    noisy_theory: bool = False,
    source: Mapping[str, Any],
    values: tuple[Array | None, ...] = (),
    partners: Array | None = None,
    parameters: Mapping[str, NDArray[Any]] | None = None,
    hidden: Mapping[str, NDArray[Any]] | None = None,
    auxiliary: Array | None = None,
    sequence: NDArray[np.int64] | None = None,
) -> Problem:
    """Mix sources `(N, D)`, add noise, and build the `Problem`.

    Args:
        name: of the problem.
        sources: s.
        mixing: f.
        streams: generators of the seed.
        noise: standard deviation of the Gaussian noise on each feature, as a share of that
            feature's own standard deviation without noise.
        theory: as in `Problem`.
        noisy_theory: whether that theory allows for noise on the observations.
        source: the options that make the same problem again.
        values: per source the values that it takes, where it is categorical.
        partners: the sources `(N, D)` of the partners, where there are any.
        parameters: as in `Problem`.
        hidden: as in `Problem`.
        auxiliary: as in `FactorDataset`.
        sequence: as in `FactorDataset`.

    Raises:
        DataError: for noise that is no number, 0 or larger.
    """
    level = number(noise, "noise", 0, np.inf)
    clean = mixing.forward(sources)
    deviation = level * clean.std(0)
    if level > 0 and not noisy_theory:
        theory += " That holds without noise; here is some."
    kept = dict(hidden or {})
    images, others = clean, None
    if partners is not None:
        others, kept["partners"] = mixing.forward(partners), partners
    if level > 0:
        images = clean + deviation * streams.noise.standard_normal(clean.shape)
        if others is not None:
            others = others + deviation * streams.noise.standard_normal(clean.shape)
    kinds: tuple[FactorKind, ...] = tuple(
        "categorical" if v is not None else "continuous"
        for v in values or (None,) * sources.shape[1]
    )
    return Problem(
        name=name,
        images=images.astype(np.float32),
        factors=sources,
        factor_names=tuple(f"source {d + 1}" for d in range(sources.shape[1])),
        factor_kinds=kinds,
        factor_values=values or (None,) * sources.shape[1],
        renderer=mixing,
        notes=(theory,),
        source={"data": name, "n": len(sources), **source, "noise": level},
        partners=None if others is None else others.astype(np.float32),
        auxiliary=auxiliary,
        sequence=sequence,
        mixing=mixing,
        theory=theory,
        parameters={**(parameters or {}), "noise": deviation},
        hidden=kept,
    )
