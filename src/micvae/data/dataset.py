"""`FactorDataset`: images or vectors, with the factors that generated them where known."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.arrays import unmasked
from micvae.data.array_header import few
from micvae.data.lazy import Images, LazyImages, Transformed, parts, rows_of
from micvae.data.vectors import LARGEST, check_whole, precise, rounds_first
from micvae.errors import AmbiguousKindWarning, DataError

FactorKind = Literal["continuous", "ordinal", "categorical", "angular"]
KINDS: tuple[FactorKind, ...] = ("continuous", "ordinal", "categorical", "angular")
Renderer = Callable[[NDArray[np.float64]], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class FactorDataset:
    """Images (or vectors) with their ground-truth factors, where known.

    Args:
        name: how the data set is called in tables and titles.
        images: float32 `(N, C, H, W)`, every value in [0, 1]; or vectors `(N, F)` of any finite
            values, which keep their precision (float32 stays float32, other numbers become
            float64). `LazyImages` are read in parts and stay on disk.
        factors: `(N, K)` floats, one column per factor; `(N, 0)` or None where nothing is known.
        factor_names: K names.
        factor_kinds: K kinds (`continuous`, `ordinal`, `categorical`, `angular`). Left out, they
            are guessed, see `guess_kind`.
        factor_values: per factor, the finite set of its values, or None where it has none.
        renderer: for generated data, the map from factors `(M, K)` to images `(M, C, H, W)`.
        notes: sentences that every reader of a result on this data must know.
        source: what a run stores so that the same data can be found again (plain JSON values).
        partners: where images come in pairs, the partner of each, of the images' shape.
        auxiliary: where an auxiliary variable u was observed beside each image: `(N, U)` floats.
        sequence: where the images are frames, in the order of time: which sequence each belongs
            to, `(N,)` integers, frames of one sequence standing together.
        feature_names: names of the F features of vectors; empty if unknown.

    Raises:
        DataError: on a wrong shape, a value that is masked, not finite or outside [0, 1], whole
            numbers that float64 does not hold, lengths that do not match, or two factors of one
            name.

    Examples:
        >>> import numpy as np
        >>> from micvae.data import FactorDataset
        >>> data = FactorDataset(
        ...     "waves",
        ...     images=np.zeros((4, 1, 8, 8), np.float32),
        ...     factors=np.array([[0.0], [1.0], [2.0], [3.0]]),
        ...     factor_names=("phase",),
        ...     factor_kinds=("ordinal",),
        ... )
        >>> len(data), data.image_shape, data.pictures
        (4, (1, 8, 8), True)
    """

    name: str
    images: Images
    factors: NDArray[np.float64] = None  # type: ignore[assignment]
    factor_names: tuple[str, ...] = ()
    factor_kinds: tuple[FactorKind, ...] = ()
    factor_values: tuple[NDArray[np.float64] | None, ...] = ()
    renderer: Renderer | None = None
    notes: tuple[str, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)
    partners: Images | None = None
    auxiliary: NDArray[np.float64] | None = None
    sequence: NDArray[np.int64] | None = None
    feature_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        images = _checked_images(self.images, "images")
        factors = np.empty((len(images), 0)) if self.factors is None else self.factors
        factors = _checked_rows(factors, len(images), "factors")
        partners, auxiliary = self.partners, self.auxiliary
        if partners is not None:
            partners = _checked_images(partners, "partners")
            if partners.shape != images.shape:
                raise DataError(
                    f"partners has shape {partners.shape}, but images has {images.shape}; give "
                    "every image one partner of its own size."
                )
        if auxiliary is not None:
            auxiliary = _checked_rows(auxiliary, len(images), "auxiliary")
        sequence = None if self.sequence is None else _checked_sequence(self.sequence, len(images))
        k = factors.shape[1]
        names = self.factor_names or tuple(f"factor {i}" for i in range(k))
        kinds = self.factor_kinds or tuple(guess_kind(column) for column in factors.T)
        if not self.factor_kinds and len(names) == k:
            called = [repr(str(name)) for name in names]
            warn_of_guesses(list(factors.T), called, "specify it by factor_kinds")
        values = tuple(unmasked(v, "factor_values") for v in self.factor_values) or tuple(
            np.unique(column) if kind != "continuous" else None
            for column, kind in zip(factors.T, kinds, strict=False)
        )
        for label, given in (("factor_names", names), ("factor_kinds", kinds)):
            if len(given) != k:
                raise DataError(
                    f"{label} has {len(given)} entries, but factors has {k} columns; give one each."
                )
        features = tuple(map(str, self.feature_names))
        if features and images.shape[1:] != (len(features),):
            raise DataError(
                f"feature_names has {len(features)} entries, but a sample has shape "
                f"{tuple(images.shape[1:])}; give a name to each number of a vector, or none."
            )
        for label, what, given in (
            ("factor_names", "factor", names),
            ("feature_names", "feature", features),
        ):
            if repeated := [name for name, count in Counter(given).items() if count > 1]:
                raise DataError(
                    f"{label} has {few([*map(repr, repeated)])} more than once; give every "
                    f"{what} a name of its own."
                )
        for kind in kinds:
            if kind not in KINDS:
                raise DataError(f"factor_kinds has {kind!r}; use one of {', '.join(KINDS)}.")
        for attribute, value in (
            ("images", images),
            ("factors", factors),
            ("factor_names", tuple(names)),
            ("factor_kinds", tuple(kinds)),
            ("factor_values", tuple(values)),
            ("partners", partners),
            ("auxiliary", auxiliary),
            ("sequence", sequence),
            ("feature_names", features),
        ):
            object.__setattr__(self, attribute, value)

    def __len__(self) -> int:
        """Return N, the number of images."""
        return len(self.images)

    @property
    def n_factors(self) -> int:
        """K, the number of known factors (0 where none is)."""
        return int(self.factors.shape[1])

    @property
    def image_shape(self) -> tuple[int, ...]:
        """`(C, H, W)`, or `(F,)` for vectors."""
        return tuple(map(int, self.images.shape[1:]))

    @property
    def pictures(self) -> bool:
        """Whether the samples are images, not vectors."""
        return self.images.ndim == 4

    def images_of(self, factors: ArrayLike) -> NDArray[np.float32]:
        """Render images `(M, C, H, W)` for given factors `(M, K)`; generated data only."""
        if self.renderer is None:
            raise DataError(
                f"{self.name} is not generated: it cannot render given factors. "
                "Use a generated data set such as squares."
            )
        given = np.atleast_2d(np.asarray(unmasked(factors, "factors"), dtype=np.float64))
        if given.ndim != 2 or given.shape[1] != self.n_factors:
            raise DataError(
                f"factors has shape {given.shape}; expected (M, {self.n_factors}) for "
                f"{', '.join(self.factor_names)}."
            )
        if not np.isfinite(given).all():
            raise DataError("factors holds NaN or infinite values; give finite ones.")
        return self.renderer(given)

    def as_float32(self) -> FactorDataset:
        """Return the data set as networks read it, all images and vectors in float32.

        Raises:
            DataError: names the column of vectors that has numbers beyond float32.
        """
        if all(a is None or a.dtype == np.float32 for a in (self.images, self.partners)):
            return self
        return replace(
            self,
            images=self._rounded(self.images),
            partners=None if self.partners is None else self._rounded(self.partners),
        )

    def _rounded(self, vectors: Images) -> Images:
        if vectors.dtype == np.float32:
            return vectors
        largest = np.max([np.abs(block).max(axis=0) for block in parts(vectors)], axis=0)
        if (beyond := largest > np.finfo(np.float32).max).any():
            at = int(np.argmax(beyond))
            name = repr(self.feature_names[at]) if self.feature_names else at
            raise DataError(
                f"column {name} of {self.name} has numbers up to {largest[at]:.3g}; networks "
                "compute in float32, which ends at 3.4e+38: standardise the vectors, or divide the "
                "column by a constant."
            )
        return _as_float32(vectors)

    def save(self, path: Path) -> None:
        """Write everything but the renderer to one .npz file, which `--data` reads, too.

        Raises:
            FileError: where the system refuses to write; nothing is left behind.
        """
        from micvae.data.saved import save  # which imports this class

        save(self, path)

    @staticmethod
    def load(path: Path) -> FactorDataset:
        """Read what `save` wrote: every field as it was, but for the renderer.

        Raises:
            DataError: for a file that cannot be read or arrays that do not fit.
        """
        from micvae.data.files import from_npz  # which imports this class

        read = from_npz(path)
        return replace(read, source=read.source.get("of", read.source))

    def subset(self, indices: ArrayLike) -> FactorDataset:
        """Return the samples at `indices`, in that order."""
        index = np.asarray(indices)
        return replace(
            self,
            images=rows_of(self.images, index),
            factors=self.factors[index],
            partners=None if self.partners is None else rows_of(self.partners, index),
            auxiliary=None if self.auxiliary is None else self.auxiliary[index],
            sequence=None if self.sequence is None else self.sequence[index],
        )


def _checked_images(given: ArrayLike | LazyImages, what: str) -> Images:
    images = given if isinstance(given, LazyImages) else np.asarray(unmasked(given, what))
    if images.dtype.kind not in "fiub":
        raise DataError(
            f"{what} has dtype {images.dtype}; expected numbers: images in [0, 1], or vectors "
            "(N, F)."
        )
    if not isinstance(images, LazyImages):
        images = (
            precise(images, what) if images.ndim == 2 else images.astype(np.float32, copy=False)
        )
    if images.ndim == 2 and rounds_first() and images.dtype != np.float32:
        images = _as_float32(images)
    if images.ndim not in (2, 4):
        raise DataError(
            f"{what} has shape {images.shape}; expected (N, C, H, W), or vectors (N, F)."
        )
    if 0 in images.shape:
        raise DataError(f"{what} is empty; at least one image is needed.")
    low, high = _range(images)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{what} holds NaN or infinite values; remove or replace those images.")
    if max(abs(low), abs(high)) > LARGEST:
        raise DataError(
            f"{what} ranges from {low:g} to {high:g}, beyond the limit of {LARGEST:g}; divide the "
            "vectors by a constant."
        )
    if images.ndim == 4 and (low < 0 or high > 1):
        raise DataError(
            f"{what} ranges from {low:g} to {high:g}; values must lie in [0, 1]"
            + ("; divide by the value of white." if low >= 0 else ".")
        )
    return images


def _as_float32(vectors: Images) -> Images:
    if isinstance(vectors, LazyImages):
        return Transformed(vectors, lambda block: block.astype(np.float32))
    return vectors.astype(np.float32)


def _range(images: Images) -> tuple[float, float]:
    """Smallest and largest value; NaN where there is one."""
    if isinstance(images, LazyImages) and images.bounded:
        return 0.0, 1.0
    if not isinstance(images, LazyImages):
        return float(images.min()), float(images.max())
    ranges = np.array([(block.min(), block.max()) for block in parts(images)])
    return float(ranges[:, 0].min()), float(ranges[:, 1].max())


def _checked_sequence(given: ArrayLike, n: int) -> NDArray[np.int64]:
    sequence = np.asarray(unmasked(given, "sequence"))
    if sequence.shape != (n,) or sequence.dtype.kind not in "iub":
        raise DataError(
            f"sequence has shape {sequence.shape} and dtype {sequence.dtype}; give one whole "
            f"number per image, ({n},)."
        )
    starts = np.flatnonzero(np.diff(sequence, prepend=sequence[0] - 1))
    if len(np.unique(sequence)) != len(starts):
        raise DataError(
            "frames of one number in sequence are not adjacent; sort the images so that the frames "
            "of a sequence stand together, in the order of time."
        )
    return sequence.astype(np.int64)


def _checked_rows(given: Any, n: int, what: str) -> NDArray[np.float64]:
    """Check a table of numbers, a row per image: factors, or an auxiliary variable."""
    rows = np.asarray(unmasked(given, what))
    if rows.dtype.kind not in "fiub":
        raise DataError(
            f"{what} has dtype {rows.dtype}; expected numbers (encode categories as 0, 1, …)."
        )
    if rows.dtype.kind in "iu":
        check_whole(rows, what)
    rows = rows.astype(np.float64, copy=False)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2:
        raise DataError(
            f"{what} has shape {rows.shape}; expected (N, {'K' if what == 'factors' else 'U'})."
        )
    if len(rows) != n:
        raise DataError(
            f"{what} has {len(rows)} rows, but there are {n} images; give one row per image."
        )
    if not np.isfinite(rows).all():
        raise DataError(f"{what} holds NaN or infinite values; remove or replace those samples.")
    return rows


FEW_VALUES, MANY_VALUES, PER_VALUE = 20, 50, 10
"""Limits of `guess_kind`: distinct values of a class, of a measurement, and samples per class."""


def guess_kind(column: NDArray[Any]) -> FactorKind:
    """Guess from the values of a factor, `(N,)`, whether it is `continuous` or `ordinal`.

    Continuous if all values are distinct or more than 50 are, whole numbers or not; ordinal if at
    most 20 are. Between the two, ordinal if there are at least ten samples per value on average.
    """
    distinct = len(np.unique(column))
    if distinct == len(column) or distinct > MANY_VALUES:
        return "continuous"
    if distinct <= FEW_VALUES or len(column) >= PER_VALUE * distinct:
        return "ordinal"
    return "continuous"


def is_ambiguous(column: NDArray[Any]) -> bool:
    """Whether `guess_kind` is ambiguous for the values of a factor, `(N,)`.

    They do with 21 to 50 distinct values, and with more of them that are all whole numbers, where
    values repeat.
    """
    distinct = np.unique(column)
    if not FEW_VALUES < len(distinct) < len(column):
        return False
    return len(distinct) <= MANY_VALUES or bool((distinct == np.round(distinct)).all())


def warn_of_guesses(columns: Sequence[NDArray[Any]], names: Sequence[str], remedy: str) -> None:
    """Warn once of all factors whose guessed kind is ambiguous.

    Args:
        columns: the factors whose kinds are guessed, each `(N,)`.
        names: what they are called.
        remedy: what the user can do, in the terms of the caller.
    """
    unclear = [
        f"{name} is taken as {guess_kind(column)} ({len(np.unique(column))} distinct values)"
        for name, column in zip(names, columns, strict=True)
        if is_ambiguous(column)
    ]
    if unclear:
        warnings.warn(
            f"the kind of a factor is a guess: {', '.join(unclear)}; {remedy}",
            AmbiguousKindWarning,
            stacklevel=3,
        )
