"""Checks of vectors `(N, F)`, which keep their precision."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.errors import DataError, MicvaeWarning

Vectors = NDArray[np.float32 | np.float64]

WHOLE = 2**53
"""Up to here, float64 holds every whole number."""
LARGEST = 1e300
"""Larger numbers are refused: sums and differences of them overflow."""
FAR = 1e5
"""Mean over standard deviation, above which float32 rounds away 0.3% of a deviation."""
CONSTANT = 5e-16
"""Standard deviation over mean of a constant column, computed in float64, at most."""
LOST = 3e-3
"""Largest rounding error, in standard deviations, with which vectors may be trained on."""

_rounded_first: ContextVar[bool] = ContextVar("rounded_first", default=False)


@contextmanager
def rounded_first() -> Iterator[None]:
    """Round vectors to float32 as soon as they are read, as micvae 0.1 did.

    Runs that were trained then are read back with the same bits.
    """
    token = _rounded_first.set(True)
    try:
        yield
    finally:
        _rounded_first.reset(token)


def rounds_first() -> bool:
    """Whether the code runs inside `rounded_first`."""
    return _rounded_first.get()


def precise(vectors: NDArray[Any], what: str) -> Vectors:
    """Vectors as float32 or float64, whichever holds the numbers that were given.

    float32 and float16 become float32; everything else becomes float64.

    Args:
        vectors: numbers `(N, F)` of any real dtype.
        what: their name, for messages.

    Raises:
        DataError: for another dtype, and for whole numbers that float64 does not hold.
    """
    kind = vectors.dtype.kind
    if kind not in "fiub":
        raise DataError(
            f"{what} has dtype {vectors.dtype}; vectors (N, F) are numbers: encode text as 0, 1, "
            "…, and give dates as a number of days or seconds."
        )
    if kind in "iu":
        check_whole(vectors, what)
    single = kind == "f" and vectors.dtype.itemsize <= 4
    with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes infinite, and is refused
        return np.ascontiguousarray(vectors, dtype=np.float32 if single else np.float64)


def check_whole(numbers: NDArray[Any], what: str, names: Sequence[str] = ()) -> None:
    """Refuse whole numbers beyond 2^53, of which float64 keeps only every second or fewer.

    Args:
        numbers: `(N,)` or `(N, F)` of an integer dtype.
        what: their name, for messages.
        names: of the columns, where they have names.

    Raises:
        DataError: names the first column that has one.
    """
    if numbers.size == 0 or numbers.dtype.itemsize < 8:
        return
    beyond = (
        (numbers > WHOLE) | (numbers < -WHOLE) if numbers.dtype.kind == "i" else numbers > WHOLE
    )
    if not beyond.any():
        return
    where = what
    if numbers.ndim == 2:
        at = int(np.argmax(beyond.any(axis=0)))
        where = f"column {_name(names, at)} of {what}"
    raise beyond_float64(where, int(numbers[beyond].flat[0]))


def beyond_float64(where: str, number: int) -> DataError:
    """The error for a whole number that float64 does not hold."""
    return DataError(
        f"{where} has whole numbers beyond 2^53 ({number}), which float64 does not hold exactly; "
        "subtract an offset from the column first, such as its smallest value."
    )


def warn_of_rounding(
    mean: NDArray[np.float64],
    scale: NDArray[np.float64],
    what: str,
    names: Sequence[str] = (),
    dtype: np.dtype[Any] = np.dtype(np.float32),  # noqa: B008, a constant
) -> None:
    """Warn of columns that lie so far from 0 that their type has rounded their values.

    Args:
        mean: of each column, `(F,)`.
        scale: standard deviation of each column, `(F,)`; 0 where it does not vary.
        what: the data's name.
        names: of the columns, where they have names.
        dtype: of the columns.
    """
    finer = np.finfo(np.float32).eps / np.finfo(dtype).eps
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        varies = scale > CONSTANT * np.abs(mean)
        far = varies & (np.abs(mean) > FAR * finer * scale)
    if not far.any():
        return
    at = int(np.argmax(far))
    more = f" (and {int(far.sum()) - 1} more)" if far.sum() > 1 else ""
    step = np.spacing(dtype.type(abs(mean[at])))
    instead = "give it as float64, or subtract" if dtype == np.float32 else "subtract"
    warnings.warn(
        f"column {_name(names, at)}{more} of {what} is {dtype} and varies by {scale[at]:.3g} "
        f"around {mean[at]:,.9g}, which {dtype} resolves to {step:.2g} "
        f"only; {instead} an offset before it is stored as {dtype}.",
        MicvaeWarning,
        stacklevel=3,
    )


def check_float32(
    blocks: Sequence[Vectors] | Iterator[Vectors],
    mean: NDArray[np.float64],
    scale: NDArray[np.float64],
    what: str,
    names: Sequence[str] = (),
) -> None:
    """Refuse to train on vectors that float32 does not resolve.

    Args:
        blocks: all the vectors, in float64.
        mean: of each column, `(F,)`.
        scale: standard deviation of each column, `(F,)`; 0 where it does not vary.
        what: the data's name.
        names: of the columns, where they have names.

    Raises:
        DataError: names the first column whose rounding error exceeds 0.3% of its deviation.
    """
    error = np.zeros_like(scale)
    with np.errstate(over="ignore"):
        for block in blocks:
            error = np.maximum(error, np.abs(block - block.astype(np.float32)).max(axis=0))
    lost = error > LOST * scale
    lost &= scale > 0
    if not lost.any():
        return
    at = int(np.argmax(lost))
    raise DataError(
        f"column {_name(names, at)} of {what} varies by {scale[at]:.3g} around {mean[at]:,.9g}; "
        "networks compute in float32, which does not resolve that: standardise the vectors (leave "
        "out --no-standardise or standardise=False, or name the data as standardised('…')), or "
        "subtract an offset."
    )


def _name(names: Sequence[str], at: int) -> str:
    return repr(names[at]) if names else str(at)
