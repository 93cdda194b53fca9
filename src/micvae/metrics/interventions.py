"""Samples that share the value of one factor."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.data import FactorDataset
from micvae.metrics.inputs import check_inputs, read_codes
from micvae.metrics.score import MetricError

Encode = Callable[[NDArray[np.float32]], NDArray[Any]]
"""Images (M, C, H, W) to codes (M, D)."""


class Interventions(Protocol):
    """A source of samples with one factor held fixed.

    Attributes:
        n_factors: K.
    """

    n_factors: int

    def codes(self, n: int, random: np.random.Generator) -> NDArray[Any]:
        """Codes (n, D) of samples with all factors free."""

    def groups(
        self, factor: NDArray[np.int64], size: int, random: np.random.Generator
    ) -> NDArray[Any]:
        """Codes (G, size, D) of G groups: in group g all samples share factor `factor[g]`."""


class Rendered:
    """Interventions on generated data: factors are drawn, rendered and encoded.

    Every factor is drawn from its values in the data set, independently of the others. Only factors
    that vary can be held fixed.

    Args:
        encode: Maps images (M, C, H, W) to codes (M, D).
        dataset: Generated data, with a renderer and factors.

    Raises:
        MetricError: For data that cannot be rendered or has no factors.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import squares
        >>> from micvae.metrics import Rendered
        >>> held = Rendered(lambda images: images.mean(axis=(2, 3)), squares(64))
        >>> held.groups(np.array([0, 1]), 5, np.random.default_rng(0)).shape
        (2, 5, 1)
    """

    def __init__(self, encode: Encode, dataset: FactorDataset) -> None:
        if dataset.renderer is None or dataset.n_factors == 0:
            raise MetricError(
                f"{dataset.name} cannot hold a factor fixed: it renders no images of given "
                "factors. Use Matched on its codes and factors"
            )
        self._held = np.flatnonzero(np.ptp(dataset.factors, axis=0) > 0)
        if len(self._held) == 0:
            raise MetricError(f"{dataset.name} has no factor that varies: there is none to hold")
        self.n_factors = len(self._held)
        self._encode, self._dataset = encode, dataset

    def codes(self, n: int, random: np.random.Generator) -> NDArray[Any]:
        """Codes (n, D) of samples with all factors free."""
        return self._of(self._draw(n, random))

    def groups(
        self, factor: NDArray[np.int64], size: int, random: np.random.Generator
    ) -> NDArray[Any]:
        """Codes (G, size, D) of G groups: in group g all samples share factor `factor[g]`."""
        everything = self._dataset.n_factors
        drawn = self._draw(len(factor) * size, random).reshape(len(factor), size, everything)
        rows, held = np.arange(len(factor)), self._held[factor]
        drawn[rows, :, held] = drawn[rows, :1, held]
        return self._of(drawn.reshape(-1, everything)).reshape(len(factor), size, -1)

    def _draw(self, n: int, random: np.random.Generator) -> NDArray[np.float64]:
        known = self._dataset.factors
        return np.stack([column[random.integers(0, len(known), n)] for column in known.T], axis=1)

    def _of(self, factors: NDArray[np.float64], batch_size: int = 8192) -> NDArray[Any]:
        parts = [factors[i : i + batch_size] for i in range(0, len(factors), batch_size)]
        found = np.concatenate([self._encode(self._dataset.images_of(part)) for part in parts])
        return np.asarray(read_codes(found))


class Matched:
    """Interventions on a finite sample: groups of samples that share a factor's value.

    The other factors vary as in those samples of the data; dependent factors stay dependent.
    Factors must be discrete: no two samples share a continuous value.

    Args:
        codes: (N, D) array.
        factors: (N, K) array of discrete ground truth, no column constant.
        factor_kinds: As in `mig`.

    Raises:
        MetricError: As every metric does, and for continuous factors.

    Examples:
        >>> import numpy as np
        >>> from micvae.metrics import Matched
        >>> factors = np.random.default_rng(0).integers(0, 4, size=(500, 2))
        >>> held = Matched(factors, factors)
        >>> group = held.groups(np.array([1]), 5, np.random.default_rng(0))[0]
        >>> int(np.ptp(group[:, 1]))
        0
    """

    def __init__(
        self, codes: ArrayLike, factors: ArrayLike, factor_kinds: Sequence[str] | None = None
    ) -> None:
        given = check_inputs(codes, factors, factor_kinds)
        for k, discrete in enumerate(given.discrete):
            if not discrete:
                raise MetricError(
                    f"{given.factor(k)} is continuous: no two samples share a value. Leave it "
                    "out, round it, or use Rendered on generated data"
                )
        self.n_factors = given.factors.shape[1]
        self._codes = given.codes
        self._members = []
        for column in given.factors.T:
            order = np.argsort(column, kind="stable")
            counts = np.unique(column, return_counts=True)[1]
            start = np.concatenate([[0], np.cumsum(counts)[:-1]])
            self._members.append((order, np.repeat(start, counts), np.repeat(counts, counts)))

    def codes(self, n: int, random: np.random.Generator) -> NDArray[Any]:
        """Codes (n, D) of samples with all factors free."""
        return self._codes[random.integers(0, len(self._codes), n)]

    def groups(
        self, factor: NDArray[np.int64], size: int, random: np.random.Generator
    ) -> NDArray[Any]:
        """Codes (G, size, D) of G groups: in group g all samples share factor `factor[g]`."""
        rows = np.empty((len(factor), size), np.int64)
        for k, (order, start, count) in enumerate(self._members):
            mine = np.flatnonzero(factor == k)
            one = random.integers(0, len(order), len(mine))  # its value, as often as in the data
            inside = (random.random((len(mine), size)) * count[one, None]).astype(np.int64)
            rows[mine] = order[start[one, None] + inside]
        return self._codes[rows]
