"""Columns in floating point without a loss of digits: offsets and scales that are taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXACT_INTEGERS = 2**53
"""Up to this size a float64 holds every integer."""

OFFSET = 8
"""A column is centred where its largest value exceeds so many times its range."""

LARGE = 100
"""No trained latent hardly moves about a value as large as this."""

COARSE = 0.1
"""A constant latent so large that neighbouring floats are farther apart has lost its digits."""

FEW = 1000
"""A column has lost its digits where its range holds fewer different floats than this."""


def as_floats(column: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """A column (N,) as floats, and the offset that was subtracted before.

    float32 and float64 stay as they are. Integers beyond 2⁵³ and extended floats lose their
    smallest value first, in their own arithmetic, so that differences stay exact.
    """
    if column.dtype in (np.float32, np.float64):
        return column, 0.0
    if column.dtype.kind == "f" and column.dtype.itemsize > 8:
        if not np.isfinite(column).all():
            return column.astype(np.float64), 0.0
        low = column.min()
        return (column - low).astype(np.float64), float(low)
    if column.dtype.kind in "iu" and column.dtype.itemsize == 8:
        low, high = int(column.min()), int(column.max())
        if max(abs(low), abs(high)) > EXACT_INTEGERS:
            # Modulo 2⁶⁴ the difference to the minimum is right for signed integers, too.
            shifted = column.astype(np.uint64) - np.uint64(low % 2**64)
            return shifted.astype(np.float64), float(low)
    return column.astype(np.float64), 0.0


def centred(column: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """A finite column less its median, where an offset dominates it; and what was subtracted.

    The median is one of the values, so that the differences are exact.
    """
    low, high = float(column.min()), float(column.max())
    if low == high or max(abs(low), abs(high)) <= OFFSET * (high - low):
        return column, 0.0
    wide = column.astype(np.float64)
    middle = float(np.partition(wide, len(wide) // 2)[len(wide) // 2])
    return wide - middle, middle


def unit_scaled(values: NDArray[Any]) -> NDArray[Any]:
    """Columns (N, D), those of an extreme size divided by a power of two: no digit is lost.

    The largest size of such a column becomes a number between ½ and 1, so that squares of its
    values neither vanish nor overflow. All others stay as they are.
    """
    return scaled_by(values, unit_exponents(values))


def unit_exponents(values: NDArray[Any]) -> NDArray[np.int64]:
    """The powers of two (D,) that `unit_scaled` divides columns (N, D) by; 0 for ordinary ones."""
    largest = np.abs(values).max(axis=0, initial=0).astype(np.float64)
    extreme = (largest > 0) & ((largest < 1e-30) | (largest > 1e30))
    return np.where(extreme, np.frexp(largest)[1], 0).astype(np.int64)


def scaled_by(values: NDArray[Any], exponents: NDArray[np.int64]) -> NDArray[Any]:
    """Columns (N, D) divided by powers of two (D,)."""
    if not exponents.any():
        return values
    return np.asarray(np.ldexp(values.astype(np.float64), -exponents))


def lost_digits(columns: Sequence[NDArray[Any]]) -> list[int]:
    """Which finite columns have few different floats left in their range because of an offset.

    float64 columns whose values are all float32 values, and not whole numbers, count as float32.
    A latent that hardly moves beside the others, about an ordinary value, is a dead one.
    """
    spreads = [float(column.max()) - float(column.min()) for column in columns]
    found = []
    for d, (column, spread) in enumerate(zip(columns, spreads, strict=True)):
        largest = max(abs(float(column.min())), abs(float(column.max())))
        dead = largest < LARGE and spread < 1e-3 * max(spreads)
        if column.dtype.kind != "f" or largest <= OFFSET * spread or dead:
            continue
        epsilon = float(np.finfo(column.dtype).eps)
        if spread == 0:
            if epsilon * largest > COARSE:
                found.append(d)
            continue
        if column.dtype == np.float64 and largest < np.finfo(np.float32).max:
            narrow = np.array_equal(column.astype(np.float32), column)
            if narrow and (column != np.round(column)).any():
                epsilon = float(np.finfo(np.float32).eps)
        if spread < FEW * epsilon * largest:
            found.append(d)
    return found


def kept_by_float32(values: NDArray[Any]) -> NDArray[Any]:
    """Columns (N, D) whose order survives in float32, for trees that see no more of them.

    A column most of whose values are distinct in float64, and not in float32, becomes its dense
    ranks: trees use the order alone.
    """
    values = unit_scaled(values)
    if values.dtype == np.float32:
        return values
    kept = values
    for d, column in enumerate(values.T):
        distinct, rank = np.unique(column, return_inverse=True)
        narrow = distinct.astype(np.float32)
        different = 1 + np.count_nonzero(narrow[1:] != narrow[:-1])
        if 2 * len(distinct) > len(column) and different < 0.9 * len(distinct):
            kept = kept.copy() if kept is values else kept
            kept[:, d] = rank
    return kept
