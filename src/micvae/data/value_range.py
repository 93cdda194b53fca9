"""Value ranges of images: which numbers are black and white."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.layout import Layout
from micvae.errors import DataError, MicvaeWarning
from micvae.records import Json

Range = tuple[float, float]
Measure = Callable[[float], Range]
"""Gives the smallest and largest value of an array; it may stop at a value that is large enough."""

WHITES = (255, 1023, 4095, 16383, 65535)
"""White of 8, 10, 12, 14 and 16 bits."""
PLAIN: Mapping[str, Range] = {"uint8": (0, 255), "uint16": (0, 65535)}
"""The full range of these types; floats and booleans go from 0 to 1."""
CERTAIN = {"uint8": 64, "uint16": 16384}
"""From these values on, white is the largest value that the type has."""
NUMBERS = re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64|96|128)")
MODEL = "the model was trained on"
OVERSHOOT = 1.1
"""Floats that exceed a usual white by less may have been resized by a filter that overshoots."""


@dataclass(frozen=True)
class Reading:
    """Name of an array of images for messages, and the options to read it with.

    Args:
        what: its name: X, images in digits.npz.
        call: the data description that takes options, without its end: `arrays('digits.npz'`.
        value_range: black and white; None where they are to be found.
        layout: where channels are.
    """

    what: str
    call: str = ""
    value_range: Range | None = None
    layout: Layout = "auto"

    def option(self, text: str) -> str:
        """An option as it is written where this array is named."""
        return f"{self.call}, {text})" if self.call else text


@dataclass(frozen=True)
class Scale:
    """Black and white of an array.

    Args:
        black: the value that becomes 0.
        white: the value that becomes 1.
        dtype: of the array, the name that NumPy gives it.
        given: whether the user said so; otherwise the values of the array decided.
    """

    black: float
    white: float
    dtype: str
    given: bool = False

    @property
    def plain(self) -> bool:
        """Whether these are the full range of the array's type."""
        return (self.black, self.white) == _made_for(np.dtype(self.dtype))

    @property
    def unit(self) -> bool:
        """Whether values are from 0 to 1 as they are."""
        return (self.black, self.white) == (0, 1)

    @classmethod
    def of(cls, source: Any) -> Scale | None:
        """Read it from a data set's `source`; None where there is none."""
        step = innermost(source)
        try:
            black, white = map(float, step["value_range"])
            dtype = step["dtype"]
        except (KeyError, TypeError, ValueError):
            return None
        known = isinstance(dtype, str) and NUMBERS.fullmatch(dtype)
        if not known or not -math.inf < black < white < math.inf:
            return None
        return cls(black, white, dtype, step.get("value_range_given") is True)

    def notes(self, name: str) -> tuple[str, ...]:
        """A sentence for readers of results, where the scale is not that of the type."""
        if self.plain:
            return ()
        return (f"In {name}, {_shown(self.black)} is black and {_shown(self.white)} is white.",)

    @property
    def of_images(self) -> TrainedScale:
        """The scale for arrays stored with these images."""
        return TrainedScale((self.black, self.white), self.dtype, "the images are of")

    def to_json(self) -> dict[str, Json]:
        """Its entry in a data set's `source`."""
        values = {"value_range": [_plain(self.black), _plain(self.white)], "dtype": self.dtype}
        return values | ({"value_range_given": True} if self.given else {})


@dataclass(frozen=True)
class TrainedScale:
    """The scale of the pictures that a model was trained on.

    Args:
        value_range: black and white; None for the plain ones of each type, which is how pictures
            were read before runs stored a range.
        dtype: of the array that was trained on; None where there was none, as of generated images.
        whose: how a message says whose scale it is.
    """

    value_range: Range | None = None
    dtype: str | None = None
    whose: str = MODEL

    @classmethod
    def of(cls, source: Any) -> TrainedScale:
        """Read it from a data set's `source`.

        Generated and published data, which has no range of its own, is made of floats in [0, 1].
        """
        step = innermost(source)
        if "value_range" not in step:
            of_old_run = "data" in step and not step.keys() - {"data", "layout", "column"}
            return cls() if of_old_run else cls((0, 1))
        if step["value_range"] == [0, 1] and step.get("dtype") is None:
            return cls((0, 1))
        scale = Scale.of(step)
        return cls() if scale is None else cls((scale.black, scale.white), scale.dtype)

    def check(self, source: Any, name: str) -> None:
        """Refuse pictures that were read on another scale than those that were trained on.

        Args:
            source: of their data set.
            name: what messages call them.

        Raises:
            DataError: where the values of arrays of one type were read differently, and nobody
                said that they should be.
        """
        scale = Scale.of(source)
        if scale is None or scale.given:
            return
        own = self.plain_or_own(np.dtype(scale.dtype))
        if own not in (None, (scale.black, scale.white)):
            black, white = map(_shown, own)
            raise DataError(
                f"{name}: read with {_shown(scale.black)} as black and {_shown(scale.white)} as "
                f"white, and {self.whose} {scale.dtype} with {black} and {white}; read it with "
                f"value_range=({black}, {white})."
            )

    def plain_or_own(self, dtype: np.dtype[Any]) -> Range | None:
        """Black and white for an array of the same type; None where that is another type."""
        if self.value_range is None:
            return _made_for(dtype)
        if self.dtype is None:
            return None
        known = np.dtype(self.dtype)
        same = known.name == dtype.name or known.kind == dtype.kind == "f"
        return self.value_range if same else None


@dataclass(frozen=True)
class _Expected:
    value_range: Range | None = None
    trained: TrainedScale | None = None


_NOTHING = _Expected()
_EXPECTED: ContextVar[_Expected] = ContextVar("expected", default=_NOTHING)


@contextmanager
def expecting(
    value_range: Range | None = None, trained: TrainedScale | None = None
) -> Iterator[None]:
    """Read all images that are loaded inside this context on a given scale.

    Args:
        value_range: black and white, as the user said.
        trained: the scale of a trained model, for pictures that it is to encode.
    """
    token = _EXPECTED.set(_Expected(value_range, trained))
    try:
        yield
    finally:
        _EXPECTED.reset(token)


def checked_range(given: Any) -> Range | None:
    """Black and white as two numbers; None stays None.

    Raises:
        DataError: for anything else.
    """
    if given is None:
        return None
    numbers = tuple(given) if isinstance(given, tuple | list | np.ndarray) else ()
    plain = tuple(n.item() if isinstance(n, np.generic) else n for n in numbers)
    fits = len(plain) == 2 and all(type(n) in (int, float) for n in plain)
    if not fits or not -math.inf < plain[0] < plain[1] < math.inf:
        raise DataError(
            f"value_range is {given!r}; give the values of black and white, the smaller one first, "
            "such as (0, 255)."
        )
    return plain[0], plain[1]


def chosen_scale(dtype: np.dtype[Any], measure: Measure, how: Reading) -> Scale:
    """Find black and white of an array of pictures.

    What the user said counts first, then the scale of the model that is to read the pictures,
    then what the array holds: booleans, and values that all lie in [0, 1], go from 0 to 1; else
    white is the smallest of 255, 1023, 4095, 16383 and 65535 that is not below the largest value.

    Args:
        dtype: of the array.
        measure: gives its smallest and largest value.
        how: what was said of it.

    Raises:
        DataError: for values that are no numbers, not finite or outside the range, and where it is
            doubtful what the range is: a value below 0 or above 65535, or a largest value between
            1 and 64 or, of floats, below 0.05 or slightly above one of the values of white.
    """
    if dtype.kind not in "biuf":
        raise DataError(f"{how.what}: dtype {dtype}; expected integers, floats or booleans.")
    expected, given = _EXPECTED.get(), value_range_of(how)
    if dtype.kind == "b":
        if given not in (None, (0, 1)):
            raise DataError(f"{how.what}: booleans, of which True is white; leave value_range out.")
        return Scale(0, 1, dtype.name)
    whose = expected.trained.whose if expected.trained else ""
    own = expected.trained.plain_or_own(dtype) if expected.trained else None
    if given is not None:
        if own not in (None, given):
            warnings.warn(
                f"{how.what}: read with value_range={given}, as the description says; "
                f"{whose} {dtype} with value_range={own}.",
                MicvaeWarning,
                stacklevel=2,
            )
        _check_within(measure, dtype, given, how, f"outside value_range={given}; give a wider one")
        return Scale(*given, dtype.name, given=True)
    if own is not None:
        black, white = map(_shown, own)
        _check_within(
            measure,
            dtype,
            own,
            how,
            f"and {whose} {dtype} with {black} as black and {white} as white; "
            "bring them to that range",
        )
        return Scale(*own, dtype.name)
    low, high = _finite(measure(CERTAIN.get(dtype.name, math.inf)), how)
    if expected.trained and expected.trained.value_range:
        return Scale(*_of_another_type(low, high, dtype, how, expected.trained), dtype.name)
    found, why = _found(low, high, dtype)
    if found is None:
        raise DataError(_doubt(low, high, dtype, how, why))
    return Scale(*found, dtype.name)


def value_range_of(how: Reading) -> Range | None:
    """Black and white as the user said, with the array or for whatever is loaded.

    Raises:
        DataError: where both were said, and differ.
    """
    asked = _EXPECTED.get().value_range
    given = how.value_range or asked
    if asked not in (None, given):
        raise DataError(
            f"{how.what}: value_range is {how.value_range} in the description and {asked} as a "
            "parameter; give one of them."
        )
    return given


def scaled(images: NDArray[Any], scale: Scale) -> NDArray[np.float32]:
    """Map black to 0 and white to 1."""
    if scale.unit:
        return np.ascontiguousarray(images, dtype=np.float32)
    black, white = _bounds(scale.black, scale.white, images.dtype)
    if black == 0 and float(white).is_integer() and white <= WHITES[-1]:
        floats = np.ascontiguousarray(images).astype(np.float32)
        floats /= np.float32(white)
        return floats
    wide = np.ascontiguousarray(images).astype(np.float64)
    return ((wide - black) / (white - black)).astype(np.float32)


def measured(blocks: Iterator[NDArray[Any]]) -> Measure:
    """Smallest and largest value over blocks; NaN where there is one."""

    def measure(enough: float) -> Range:
        low, high = math.inf, -math.inf
        for block in blocks:
            if block.size:
                low = float(np.minimum(low, float(block.min())))
                high = float(np.maximum(high, float(block.max())))
            if high >= enough:
                break
        return (low, high) if low <= high or low != low else (0.0, 0.0)

    return measure


def innermost(source: Any) -> Mapping[str, Any]:
    """What a data set's `source` says of the file or array itself, below all wrappers."""
    step = source if isinstance(source, Mapping) else {}
    while isinstance(step.get("of"), Mapping):
        step = step["of"]
    return step


def _made_for(dtype: np.dtype[Any]) -> Range | None:
    return (0, 1) if dtype.kind in "bf" else PLAIN.get(dtype.name)


DARKEST = 0.05
"""Largest value of float images, below which they are taken for images on another scale."""


def _found(low: float, high: float, dtype: np.dtype[Any]) -> tuple[Range | None, str]:
    """Black and white by the values alone, or None and why they are ambiguous."""
    if low == high == 0:
        return _made_for(dtype) or (0, 255), ""
    if low < 0:
        return None, "some of them below 0"
    if dtype.kind == "f" and high < DARKEST:
        return None, "which are nearly black if 1 is white"
    if high <= 1:
        return (0, 1), ""
    if high > WHITES[-1]:
        return None, f"some of them above {WHITES[-1]}"
    white = next(w for w in WHITES if w >= high)
    if dtype.kind == "f" and any(w < high <= OVERSHOOT * w for w in (1, *WHITES)):
        return None, "just above a usual white level"
    if high < white / 4:
        return None, f"which are dark images (if {white} is white) or on another scale"
    return (0, white), ""


def _of_another_type(
    low: float, high: float, dtype: np.dtype[Any], how: Reading, trained: TrainedScale
) -> Range:
    """Black and white of pictures whose type is not the one that was trained on."""
    assert trained.value_range is not None
    black, white = trained.value_range
    found, why = _found(low, high, dtype)
    within = black <= low and high <= white
    if low == high == 0 == black:
        return trained.value_range
    if dtype.kind in "iu" and trained.dtype and np.dtype(trained.dtype).kind in "iu":
        holds = np.iinfo(dtype).max >= white
        if within and holds and found not in (None, trained.value_range):
            found, why = None, "which are dark images or on another scale"
        elif within and holds:
            return trained.value_range
    elif found is None and within and high >= white / 4:
        return trained.value_range
    if found is None:
        raise DataError(_doubt(low, high, dtype, how, why, trained))
    return found


def _doubt(
    low: float,
    high: float,
    dtype: np.dtype[Any],
    how: Reading,
    why: str,
    trained: TrainedScale | None = None,
) -> str:
    seen = f"{how.what}: values of {dtype} from {_shown(low)} to {_shown(high)}, {why}"
    if trained is not None and (not how.call or trained.whose != MODEL):
        return (
            f"{seen}; {trained.whose} {trained.dtype or 'floats'}; give that, or floats in [0, 1]."
        )
    black, white = _outward(low, high)
    option = how.option(f"value_range=({black}, {white})")
    dark = 1 < high < CERTAIN["uint8"] and low >= 0 and dtype.kind in "iu"
    other = ", or (0, 255) for a dark picture" if dark else ""
    return f"{seen}; say which values are black and white, as in {option}{other}."


def _check_within(
    measure: Measure, dtype: np.dtype[Any], own: Range, how: Reading, else_: str
) -> None:
    if dtype.kind == "u" and own[0] <= 0 and np.iinfo(dtype).max <= own[1]:
        return  # no value of this type can lie outside
    low, high = _finite(measure(math.inf), how)
    black, white = _bounds(*own, dtype)
    if low < black or high > white:
        raise DataError(f"{how.what}: values from {_shown(low)} to {_shown(high)}, {else_}.")


def _finite(seen: Range, how: Reading) -> Range:
    if not all(map(math.isfinite, seen)):
        raise DataError(f"{how.what} holds NaN or infinite values; remove or replace those images.")
    return seen


def _bounds(black: float, white: float, dtype: np.dtype[Any]) -> Range:
    """The range in numbers of that type: 0.1 of float32 is not 0.1 of float64."""
    if dtype.kind != "f" or dtype.itemsize > 4:
        return black, white
    with np.errstate(over="ignore"):
        one, other = (v if float(v).is_integer() else float(dtype.type(v)) for v in (black, white))
    return (one, other) if -math.inf < one < other < math.inf else (black, white)


def _outward(low: float, high: float) -> tuple[str, str]:
    """A range of short numbers around the values, for an example."""
    if -1 <= low < 0 and high <= 1:
        return "-1", "1"
    return ("0" if low >= 0 else _rounded(low, math.floor)), _rounded(high, math.ceil)


def _rounded(value: float, to: Callable[[float], int]) -> str:
    """Three digits of it, rounded up or down."""
    if value == 0 or float(value).is_integer():
        return _shown(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return _shown(to(value * 10**digits) / 10**digits)


def _plain(value: float) -> float:
    return int(value) if float(value).is_integer() else float(value)


def _shown(value: float) -> str:
    return str(_plain(value)) if float(value).is_integer() else f"{value:.6g}"
