"""Choices written as text: `mixture`, `gaussian(scale=0.1)`, `ramp(0, 2, steps=1000)`, `0.5`.

A run's configuration names its parts (estimator, likelihood, schedule, …) the same way on the
command line, in `run.json` and in a study's table: a registered name, where needed with
arguments as in Python. Only literals are read, so nothing that is opened can run code.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from micvae.errors import MicvaeError, nearest

T = TypeVar("T")
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", re.DOTALL)

LONGEST = 2**17
"""Characters of a choice as text: a longer one takes seconds to be read."""


class _Choices(NamedTuple):
    what: str
    kinds: Mapping[str, type[Any]]
    of_number: Callable[[float], Any] | None


_REGISTERED: dict[type[Any], _Choices] = {}


def register(
    base: type[Any],
    kinds: Mapping[str, type[Any]],
    what: str,
    of_number: Callable[[float], Any] | None = None,
) -> None:
    """Make the frozen dataclasses `kinds`, all subclasses of `base`, writable as text.

    `what` names the choice in error messages; with `of_number` a bare number is one, too.
    """
    _REGISTERED[base] = _Choices(what, kinds, of_number)


def registered(base: Any) -> bool:
    """Tell whether values of this type are written as text."""
    return isinstance(base, type) and base in _REGISTERED


def everything() -> list[type[Any]]:
    """Every class that can be written as text."""
    return [kind for _, kinds, _ in _REGISTERED.values() for kind in kinds.values()]


def metavar(base: type[Any]) -> str:
    """How a help text shows what can be written: the names, and NUMBER where one is enough."""
    _, kinds, of_number = _REGISTERED[base]
    return "|".join([*(["NUMBER"] if of_number else []), *kinds])


def read(text: str | float, base: type[T]) -> T:
    """Build the choice of type `base` that `text` spells.

    Raises:
        MicvaeError: for an unknown name (the known ones are listed) or arguments that do not fit
            their fields, see `fitting`.
    """
    what, kinds, of_number = _REGISTERED[base]
    if of_number is not None:
        try:
            return of_number(float(text))  # type: ignore[no-any-return]
        except MicvaeError:
            raise
        except (ValueError, OverflowError):
            pass
    if not isinstance(text, str):
        raise MicvaeError(f"{what} is {text!r}; write a name, such as {next(iter(kinds))}.")
    name, positional, keywords = parse(text, what)
    key = next((k for k in kinds if k.replace("-", "_") == name.replace("-", "_")), None)
    if key is None:
        near = nearest(name, kinds)
        raise MicvaeError(f"unknown {what} {name!r}{near}; choose from {', '.join(kinds)}.")
    fields = dataclasses.fields(kinds[key])
    hints = get_type_hints(kinds[key])
    try:
        if len(positional) > len(fields):
            raise TypeError
        values = dict(zip((f.name for f in fields), positional, strict=False))
        if values.keys() & keywords.keys():
            raise TypeError
        renamed = getattr(kinds[key], "renamed", {})  # fields that runs were stored with before
        values |= {renamed.get(name, name): value for name, value in keywords.items()}
        built = {
            k: read(v, hints[k])
            if registered(hints.get(k))
            else fitting(k, v, hints.get(k), of=key)
            for k, v in values.items()
        }
        return kinds[key](**built)  # type: ignore[no-any-return]
    except (TypeError, OverflowError):
        signature = ", ".join(
            f.name if f.default is dataclasses.MISSING else f"{f.name}={_literal(f.default)}"
            for f in fields
        )
        raise MicvaeError(f"{what} {text!r} does not fit {key}({signature}).") from None


def fitting(name: str, value: Any, hint: Any, *, of: str) -> Any:
    """Bring a plain value to the type of the field `name` of `of`.

    Whole floats become ints, as in `steps=1e4`, lists tuples, and 0 and 1 bools; True is no
    number of anything. Types that are not plain (bool, int, float, str, None, literals, unions and
    tuples of them) are left to the field's class.

    Raises:
        MicvaeError: for a value of another type, or that is none of the literals.
    """
    try:
        return fitted(value, hint)
    except TypeError:
        raise MicvaeError(
            f"{name} is {value!r}, which does not fit {of}; give {wanted(hint)}."
        ) from None


def fitted(value: Any, hint: Any) -> Any:
    """`value` as a `hint`; a TypeError where it is none."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind is Literal:
        fits = any(type(value) is type(known) and value == known for known in inner)
    elif kind in (Union, UnionType):
        return _first_fitted(value, inner)
    elif kind is tuple:
        return _fitted_tuple(value, inner)
    elif hint is int:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif hint is bool:
        if type(value) is int and value in (0, 1):
            return bool(value)
        fits = isinstance(value, bool)
    elif hint is float:
        fits = isinstance(value, int | float)
    elif hint in (str, type(None)):
        fits = isinstance(value, hint)
    else:
        fits = True
    if not fits:
        raise TypeError
    return value


def _first_fitted(value: Any, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        try:
            return fitted(value, hint)
        except TypeError:
            continue
    raise TypeError


def _fitted_tuple(values: Any, hints: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(values, tuple | list):
        raise TypeError
    if hints[1:] == (...,):
        hints = (hints[0],) * len(values)
    if len(values) != len(hints):
        raise TypeError
    return tuple(fitted(v, hint) for v, hint in zip(values, hints, strict=True))


def wanted(hint: Any) -> str:
    """How an error message names what fits."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind is Literal:
        return " or ".join(map(repr, inner))
    if kind in (Union, UnionType):
        return " or ".join(map(wanted, inner))
    if kind is tuple and inner[1:] == (...,):
        return f"a tuple, each item {wanted(inner[0])}"
    if kind is tuple:
        return f"({', '.join(map(wanted, inner))})"
    plain = {int: "a whole number", bool: "True or False", float: "a number", str: "text"}
    return plain.get(hint, "None")


def quoted(text: str) -> str:
    r"""Text in quotes, as `parse(…, paths=True)` reads it back.

    Line breaks and tabs are written as \x0a and the like, since \n may begin a folder's name.
    """
    written = {"n": "x0a", "r": "x0d", "t": "x09"}
    return _ESCAPE.sub(lambda m: "\\" + written.get(m[1], m[1]), repr(text))


def _is_escape(code: str) -> bool:
    """Whether a backslash before this is no separator of folders, in a path in quotes."""
    if len(code) == 1:
        return code in "\\'\""
    number = int(code[1:], 16)
    return number < 0x110000 and not chr(number).isprintable()


def parse(text: str, what: str, *, paths: bool = False) -> tuple[str, list[Any], dict[str, Any]]:
    """Split `text` into a name, its positional and its keyword literals.

    Args:
        text: a name, or name(value, key=value).
        what: what it is, for messages.
        paths: whether quoted texts are paths, in which a backslash is one unless a quotation mark
            or another backslash follows; otherwise it begins an escape sequence of Python.

    Raises:
        MicvaeError: for anything else, and for a text of more than 131,072 characters; `**` and a
            name that is given twice are not taken.
    """
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return name, [], {}
    if len(text) > LONGEST:
        raise MicvaeError(
            f"{what} {text[:40]!r}… has {len(text):,} characters; at most {LONGEST:,} are read."
        )
    hint = (
        "; in a path, write / or \\\\ in place of a \\ before a quotation mark"
        if paths and "\\" in text
        else ""
    )
    wrong = MicvaeError(
        f"{what} {text!r} is not understood; write a name or name(key=value, …){hint}."
    )
    if paths:
        rest = _ESCAPE.sub(lambda m: m[0] if _is_escape(m[1]) else "\\" + m[0], rest)
    try:
        call = ast.parse(f"_({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise wrong
        keywords: dict[str, Any] = {}
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg in keywords:  # **{…}, or the same name twice
                raise wrong
            keywords[keyword.arg] = ast.literal_eval(keyword.value)
        return name.strip(), [ast.literal_eval(a) for a in call.args], keywords
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise wrong from None


def spell(choice: Any, *, full: bool = False) -> str | float:
    """Write `choice` as text (or as a number, where a number is enough).

    Args:
        choice: an instance of a registered dataclass.
        full: write every argument; otherwise only those that differ from their default.
    """
    entry = next(entry for base, entry in _REGISTERED.items() if isinstance(choice, base))
    values = {f.name: getattr(choice, f.name) for f in dataclasses.fields(choice)}
    if entry.of_number is not None and choice == _number(entry, values):
        return float(next(iter(values.values())))
    name = next(key for key, kind in entry.kinds.items() if type(choice) is kind)
    arguments = [
        f"{f.name}={_literal(values[f.name], full)}"
        for f in dataclasses.fields(choice)
        if full or values[f.name] != f.default
    ]
    return f"{name}({', '.join(arguments)})" if arguments else name


def _number(entry: _Choices, values: dict[str, Any]) -> Any:
    (value, *others) = values.values()
    plain = not others and isinstance(value, (int, float)) and entry.of_number is not None
    return entry.of_number(value) if plain else None  # type: ignore[misc]


def _literal(value: Any, full: bool = False) -> str:
    return repr(spell(value, full=full) if dataclasses.is_dataclass(value) else value)
