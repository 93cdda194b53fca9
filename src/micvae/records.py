"""Stored records: frozen dataclasses that are written as JSON, and checked when they are read.

A class says what a file holds by its fields and their types. `write` stores an instance, `read`
gives it back or says in one sentence which field does not fit, what was found and what would fit.

Types of fields: bool, int, float (finite), str, None, `Literal`, unions, `tuple[T, ...]` and
`tuple[A, B]` (JSON lists), `Mapping[str, T]` (JSON objects), other dataclasses and named tuples,
`Json` (any JSON value), and classes with methods `to_json` and `from_json` of their own.
`Annotated[T, Between(0, 1)]` bounds a number, `Annotated[T, Length(1, 5)]` a list or a text.

A file carries `schema`, the version of its class (`SCHEMA`, 1 where the class has none). A file
without it was written before there were versions: version 0, which is read as far as it fits. A
newer version is refused. Fields with a default may be absent; unknown fields are ignored; fields
that are no arguments of the class (`init=False`) follow from others, and are written only.
"""

from __future__ import annotations

import dataclasses
import math
import reprlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from micvae import spelling
from micvae.checks import Between
from micvae.errors import MicvaeError, RunError
from micvae.files import read_json, write_json

Json = None | bool | int | float | str | Sequence[Any] | Mapping[str, Any]
"""Any JSON value."""

LEFT_OUT = {"left out": True}
"""Metadata of a field that is not written if it has its default."""

T = TypeVar("T")

_DEEPEST = 32  # levels of a value of type `Json`
_LARGEST = 2**53  # not every reader of JSON keeps larger whole numbers
_FURTHEST = 1e100  # squares of numbers up to here are finite


@dataclass(frozen=True)
class Length:
    """Least and largest number of items of a list or object, or of characters of a text."""

    least: int = 0
    most: int = _LARGEST


Whole = Annotated[int, Between(0, _LARGEST)]
"""A whole number of at least 0."""
Count = Annotated[int, Between(1, _LARGEST)]
"""A whole number of at least 1."""
NonNegative = Annotated[float, Between(0)]
Share = Annotated[float, Between(0, 1)]
Numbers = tuple[float, ...]
WIDE = "wide"
Wide = Annotated[float, WIDE]
"""A number that may be so far from 0 that its square is infinite, as of measured data."""
Matrix = tuple[Numbers, ...]
Texts = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why a part of a result is missing."""

    missing: str


class Result(ABC):
    """What an analysis returns: it prints as a table, and converts to plain values."""

    @abstractmethod
    def lines(self) -> list[dict[str, Json]]:
        """The result as a table: a dictionary per line, by column."""

    @abstractmethod
    def __str__(self) -> str:
        """The main numbers as a table of text."""

    def to_frame(self) -> Any:
        """The result as a `pandas.DataFrame`.

        Raises:
            MicvaeError: where pandas is not installed.
        """
        return data_frame(self.lines())

    def to_dict(self) -> dict[str, Json]:
        """The whole result as values that JSON can hold."""
        return to_json(self)


def data_frame(lines: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> Any:
    """A `pandas.DataFrame` of these lines.

    Raises:
        MicvaeError: where pandas is not installed.
    """
    try:
        pandas = import_module("pandas")
    except ImportError:
        raise MicvaeError("to_frame needs pandas: pip install pandas.") from None
    return pandas.DataFrame(lines, columns=columns)


class FieldError(MicvaeError, ValueError):
    """A value that does not fit its field.

    Args:
        field: where in the record, such as `data.image_shape[0]`; empty for the whole.
        found: what is there, in words.
        wanted: what would fit, in words; empty where `found` says it.
    """

    def __init__(self, field: str, found: str, wanted: str = "") -> None:
        self.field, self.found, self.wanted = field, found, wanted
        expected = f"; expected {wanted}" if wanted else ""
        super().__init__(f"{field or 'the record'} is {found}{expected}.")

    def below(self, parent: str) -> FieldError:
        """The same of a field of a record that is itself the value of the field `parent`."""
        inner = self.field if self.field.startswith("[") or not parent else f".{self.field}"
        field = f"{parent}{inner}" if self.field else parent
        return FieldError(field, self.found, self.wanted)


def check_length(name: str, values: tuple[object, ...], wanted: int) -> None:
    """Refuse a list of another length.

    Raises:
        FieldError: names the field.
    """
    if len(values) != wanted:
        raise FieldError(name, f"a list of {len(values)}", f"a list of {wanted}")


def check_matrix(name: str, values: Matrix, rows: int, columns: int) -> None:
    """Refuse a matrix of another shape.

    Raises:
        FieldError: names the field.
    """
    check_length(name, values, rows)
    for i, row in enumerate(values):
        check_length(f"{name}[{i}]", row, columns)


def read(kind: type[T], path: Path) -> T:
    """Read a stored record.

    Args:
        kind: its class.
        path: a JSON file.

    Raises:
        RunError: where the file cannot be read, is of a newer version, or a field does not fit;
            the class's `REMEDY`, where it has one, ends the message.
    """
    try:
        value = read_json(path)
    except RunError as error:
        raise RunError(f"{error} {getattr(kind, 'REMEDY', '')}".rstrip()) from None
    return from_json(kind, value, str(path))


def from_json(kind: type[T], value: Any, name: str) -> T:
    """Build a record from JSON values.

    Args:
        kind: its class.
        value: what `to_json` gave, or what a file holds.
        name: of the file, for messages.

    Raises:
        RunError: see `read`.
    """
    remedy = getattr(kind, "REMEDY", "")
    known = schema(kind)
    try:
        version = value.get("schema", 0) if isinstance(value, Mapping) else 0
        if type(version) is not int or version < 0:
            raise FieldError("schema", shown(version), "a whole number of at least 0")
        if version > known:
            raise RunError(
                f"{name} has schema {shown(version)}, and this version of micvae reads up to "
                f"{known}; it was written by a newer version; use that version."
            )
        found: T = decoded(kind, value)
        return found
    except FieldError as error:
        raise RunError(f"{name}: {error}{' ' if remedy else ''}{remedy}") from None


def write(path: Path, record: Any) -> None:
    """Write a record as a JSON file, whole or not at all.

    Raises:
        RunError: where a number is NaN or infinite.
    """
    write_json(path, to_json(record))


def to_json(record: Any) -> dict[str, Json]:
    """A record as JSON values, with the version of its class."""
    values = encoded(record)
    assert isinstance(values, dict)
    return {"schema": schema(type(record)), **values}


def schema(kind: type[Any]) -> int:
    """The version of a class of records."""
    return int(getattr(kind, "SCHEMA", 1))


def encoded(value: Any) -> Json:
    """A value of a field as JSON values."""
    if hasattr(value, "to_json"):
        own: Json = value.to_json()
        return own
    if dataclasses.is_dataclass(value):
        return {
            f.name: encoded(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if not (f.metadata.get("left out") and getattr(value, f.name) == _default(f))
        }
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: encoded(part) for name, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): encoded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(part) for part in value]
    return value  # type: ignore[no-any-return]


def decoded(hint: Any, value: Any) -> Any:
    """A JSON value as a value of the type `hint`.

    Raises:
        FieldError: where it does not fit.
    """
    kind, inner = get_origin(hint), get_args(hint)
    if kind is Annotated:
        return _bounded(inner[0], value, inner[1:])
    if hint == Json:
        return _plain(value, _DEEPEST)
    if kind in (Union, UnionType):
        return _chosen(hint, inner, value)
    if kind is tuple:
        return _items(inner, value)
    if kind is not None and kind is not Literal:
        return _entries(inner[1], value)
    if hasattr(hint, "from_json"):
        return _own(hint, value)
    if _has_fields(hint):
        return _record(hint, value)
    try:
        found = spelling.fitted(value, hint)
    except TypeError:
        raise FieldError("", shown(value), wanted(hint)) from None
    return _finite(found, _FURTHEST) if hint is float else found


def _finite(value: Any, furthest: float) -> float:
    """A number as a float, where it is finite and no further from 0 than that."""
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= furthest:
        raise FieldError("", shown(number), wanted(float))
    return number


def _bounded(hint: Any, value: Any, bounds: Sequence[Any]) -> Any:
    try:
        found: Any = _wide(value) if WIDE in bounds else decoded(hint, value)
    except FieldError as error:
        said = [bound.said for bound in bounds if isinstance(bound, Between)]
        limits = "" if error.field or not error.wanted else " ".join(["", *said])
        raise FieldError(error.field, error.found, error.wanted + limits) from None
    for bound in bounds:
        if isinstance(bound, Between) and found not in bound:
            raise FieldError("", shown(value), f"{wanted(hint)} {bound.said}")
        if isinstance(bound, Length) and not bound.least <= len(found) <= bound.most:
            limits = f"{bound.least}" if bound.least == bound.most else f"at least {bound.least}"
            raise FieldError("", f"of length {len(found)}", f"length {limits}")
    return found


def _wide(value: Any) -> float:
    try:
        return _finite(spelling.fitted(value, float), sys.float_info.max)
    except TypeError:
        raise FieldError("", shown(value), wanted(float)) from None


def _chosen(hint: Any, hints: Sequence[Any], value: Any) -> Any:
    """The first member of a union that fits; of records, the one most of whose fields are there."""
    if isinstance(value, Mapping):
        records = [one for one in hints if _has_fields(one)]
        if records:
            best = max(records, key=lambda one: _share(one, value))
            return decoded(best, value)
    some = [one for one in hints if one is not type(None)]
    if len(some) == 1 and value is not None:
        try:
            return decoded(some[0], value)
        except FieldError as error:
            end = "" if error.field or not error.wanted else " or null"
            raise FieldError(error.field, error.found, error.wanted + end) from None
    errors = []
    for one in hints:
        try:
            return decoded(one, value)
        except FieldError as error:
            errors.append(error)
    deeper = next((error for error in errors if error.field), None)
    raise deeper or FieldError("", shown(value), wanted(hint))


def _share(kind: Any, value: Mapping[str, Any]) -> float:
    names = [name for name, _, _ in _fields(kind)]
    return sum(name in value for name in names) / len(names)


def _items(hints: Sequence[Any], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise FieldError("", shown(value), "a list")
    if hints[1:] == (...,):
        hints = (hints[0],) * len(value)
    if len(value) != len(hints):
        raise FieldError("", f"a list of {len(value)}", f"a list of {len(hints)}")
    return tuple(
        _within(f"[{i}]", hint, one) for i, (hint, one) in enumerate(zip(hints, value, strict=True))
    )


def _entries(hint: Any, value: Any) -> dict[str, object]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise FieldError("", shown(value), "an object with names")
    return {key: _within(f"[{shown(key)}]", hint, one) for key, one in value.items()}


def _record(kind: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        names = [name for name, _, _ in _fields(kind)]
        more = " and so on" if len(names) > 3 else ""
        raise FieldError("", shown(value), f"an object with {', '.join(names[:3])}{more}")
    found = {}
    for name, hint, required in _fields(kind):
        if name in value:
            found[name] = _within(name, hint, value[name])
        elif required:
            raise FieldError(name, "missing", wanted(hint))
    return kind(**found)


def _within(name: str, hint: Any, value: Any) -> Any:
    try:
        return decoded(hint, value)
    except FieldError as error:
        raise error.below(name) from None


def _own(kind: Any, value: Any) -> Any:
    """A class that reads itself, such as a configuration."""
    if not isinstance(value, Mapping):
        raise FieldError("", shown(value), "an object")
    try:
        return kind.from_json(_plain(value, _DEEPEST))
    except FieldError:
        raise
    except MicvaeError as error:
        reason = str(error).rstrip(".")
        raise FieldError("", f"not usable ({short(reason, 300)})", "") from None


def _plain(value: Any, depth: int) -> Any:
    """Any JSON value of which every number is finite."""
    if depth == 0:
        raise FieldError("", "nested too deeply", f"at most {_DEEPEST} levels")
    if isinstance(value, Mapping):
        return {str(k): _plain_within(f"[{shown(k)}]", v, depth) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_within(f"[{i}]", v, depth) for i, v in enumerate(value)]
    return _finite(value, sys.float_info.max) if isinstance(value, float) else value


def _plain_within(name: str, value: Any, depth: int) -> Any:
    try:
        return _plain(value, depth - 1)
    except FieldError as error:
        raise error.below(name) from None


def _has_fields(kind: Any) -> bool:
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or hasattr(kind, "_asdict"))


@cache
def _fields(kind: Any) -> list[tuple[str, Any, bool]]:
    """Name and type of every field, and whether a file must have it."""
    hints = get_type_hints(kind, include_extras=True)
    if dataclasses.is_dataclass(kind):
        given = [f for f in dataclasses.fields(kind) if f.init]
        return [(f.name, hints[f.name], _default(f) is MISSING) for f in given]
    return [(name, hints[name], name not in kind._field_defaults) for name in kind._fields]


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def wanted(hint: Any) -> str:
    """What fits a type, in words."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind is Annotated:
        said = [bound.said for bound in inner[1:] if isinstance(bound, Between)]
        return " ".join([wanted(inner[0]), *said])
    if kind in (Union, UnionType):
        return " or ".join(map(wanted, inner))
    if kind is tuple:
        return "a list"
    if _has_fields(hint) or hasattr(hint, "from_json"):
        return "an object"
    if kind is not None and kind is not Literal:
        return "an object"
    names = {bool: "true or false", type(None): "null", float: "a finite number"}
    return names.get(hint) or spelling.wanted(hint)


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60
_REPR.maxdict = _REPR.maxlist = _REPR.maxtuple = 4
_REPR.maxlevel = 2


def shown(value: Any) -> str:
    """A value in a message: shortened, control characters escaped."""
    return short(_REPR.repr(value), 120)


def short(text: str, most: int) -> str:
    """The start of a text, with … where it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
