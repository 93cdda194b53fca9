"""`FactorDataset`: images or vectors, and what is known of the factors that made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micvae.data.declared import few
from micvae.data.lazy import Images, LazyImages, parts, rows_of
from micvae.errors import DataError

FactorKind = Literal["continuous", "ordinal", "categorical", "angular"]
KINDS: tuple[FactorKind, ...] = ("continuous", "ordinal", "categorical", "angular")
Renderer = Callable[[NDArray[np.float64]], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class FactorDataset:
    """Images (or vectors) with their ground-truth factors, where known.

    Args:
        name: how the data set is called in tables and titles.
        images: float32 `(N, C, H, W)`, every value in [0, 1]; or, for data that is no picture,
            vectors `(N, F)` of any finite values. `LazyImages` are read in parts and stay on disk.
        factors: `(N, K)` floats, one column per factor; `(N, 0)` or None where nothing is known.
        factor_names: K names.
        factor_kinds: K kinds (`continuous`, `ordinal`, `categorical`, `angular`). Left out, they
            are guessed, see `guess_kind`.
        factor_values: per factor, the finite set of its values, or None where it has none.
        renderer: for generated data, the map from factors `(M, K)` to images `(M, C, H, W)`.
        notes: what a reader of any result on this data must know, one sentence each.
        source: what a run stores so that the same data can be found again (plain JSON values).
        partners: where images come in pairs, the partner of each: float32, of the images' shape.
        auxiliary: where an auxiliary variable u was observed beside each image: `(N, U)` floats.
        sequence: where the images are frames, in the order of time: which sequence each belongs
            to, `(N,)` integers, frames of one sequence standing together.
        feature_names: of vectors, what their F numbers are called; empty where nobody said.

    Raises:
        DataError: on a wrong shape, a value that is not finite or lies outside [0, 1], lengths
            that do not match, or two factors of one name.
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
        factors = np.empty((len(images), 0)) if self.factors is None else np.asarray(self.factors)
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
            auxiliary = _checked_rows(np.asarray(auxiliary), len(images), "auxiliary")
        sequence = None if self.sequence is None else _checked_sequence(self.sequence, len(images))
        k = factors.shape[1]
        names = self.factor_names or tuple(f"factor {i}" for i in range(k))
        kinds = self.factor_kinds or tuple(guess_kind(column) for column in factors.T)
        values = self.factor_values or tuple(
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
        """Whether the samples can be looked at: images, not vectors."""
        return self.images.ndim == 4

    def images_of(self, factors: ArrayLike) -> NDArray[np.float32]:
        """Render images `(M, C, H, W)` for given factors `(M, K)`; generated data only."""
        if self.renderer is None:
            raise DataError(
                f"{self.name} is not generated: it has no image for factors of one's choice. "
                "Use a generated data set such as squares."
            )
        given = np.atleast_2d(np.asarray(factors, dtype=np.float64))
        if given.ndim != 2 or given.shape[1] != self.n_factors:
            raise DataError(
                f"factors has shape {given.shape}; expected (M, {self.n_factors}) for "
                f"{', '.join(self.factor_names)}."
            )
        if not np.isfinite(given).all():
            raise DataError("factors holds NaN or infinite values; give finite ones.")
        return self.renderer(given)

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
    images = given if isinstance(given, LazyImages) else np.asarray(given)
    if images.dtype.kind not in "fiub":
        raise DataError(f"{what} has dtype {images.dtype}; expected floats in [0, 1].")
    if not isinstance(images, LazyImages):
        images = images.astype(np.float32, copy=False)
    if images.ndim not in (2, 4):
        raise DataError(
            f"{what} has shape {images.shape}; expected (N, C, H, W), or vectors (N, F)."
        )
    if 0 in images.shape:
        raise DataError(f"{what} is empty; at least one image is needed.")
    low, high = _range(images)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{what} holds NaN or infinite values; remove or replace those images.")
    if images.ndim == 4 and (low < 0 or high > 1):
        raise DataError(
            f"{what} ranges from {low:g} to {high:g}; values must lie in [0, 1]"
            + ("; divide by 255." if low >= 0 and 1 < high <= 255 else ".")
        )
    return images


def _range(images: Images) -> tuple[float, float]:
    """Smallest and largest value; NaN where there is one."""
    if isinstance(images, LazyImages) and images.bounded:
        return 0.0, 1.0
    if not isinstance(images, LazyImages):
        return float(images.min()), float(images.max())
    ranges = np.array([(block.min(), block.max()) for block in parts(images)])
    return float(ranges[:, 0].min()), float(ranges[:, 1].max())


def _checked_sequence(given: ArrayLike, n: int) -> NDArray[np.int64]:
    sequence = np.asarray(given)
    if sequence.shape != (n,) or sequence.dtype.kind not in "iub":
        raise DataError(
            f"sequence has shape {sequence.shape} and dtype {sequence.dtype}; give one whole "
            f"number per image, ({n},)."
        )
    starts = np.flatnonzero(np.diff(sequence, prepend=sequence[0] - 1))
    if len(np.unique(sequence)) != len(starts):
        raise DataError(
            "sequence returns to a number after another one; sort the images so that the frames "
            "of a sequence stand together, in the order of time."
        )
    return sequence.astype(np.int64)


def _checked_rows(rows: NDArray[Any], n: int, what: str) -> NDArray[np.float64]:
    """Check a table of numbers, a row per image: factors, or an auxiliary variable."""
    if rows.dtype.kind not in "fiub":
        raise DataError(
            f"{what} has dtype {rows.dtype}; expected numbers (encode categories as 0, 1, …)."
        )
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


def guess_kind(column: NDArray[np.float64]) -> FactorKind:
    """Tell `continuous` from `ordinal` by the values of a factor, `(N,)`.

    Continuous if all values are distinct, or if more than 50 are and not all are whole numbers.
    """
    distinct = len(np.unique(column))
    fractions = bool((column != np.round(column)).any())
    return "continuous" if distinct == len(column) or (distinct > 50 and fractions) else "ordinal"
