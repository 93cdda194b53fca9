"""Choices written as text: `mixture`, `gaussian(scale=0.1)`, `ramp(0, 2, steps=1000)`, `0.5`.

A run's configuration names its parts (estimator, likelihood, schedule, …) the same way on the
command line, in `run.json` and in a study's table: a registered name, where needed with
arguments as in Python. An argument that is itself a choice may be quoted or not:
`split(squares(n=64))`. Only literals are read, so nothing that is opened can run code.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping
from types import UnionType
from typing import (
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from micvae.errors import MicvaeError, nearest

T = TypeVar("T")
Labels = tuple[tuple[str, str], ...]
"""Arguments as they were written: per argument what stands before its value, and its field."""
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", re.DOTALL)

_FORM = re.compile(r"\s*([\w-]+)\s*(?:\(.*\)|\([^)]*)?\s*", re.DOTALL)
"""A name, alone or with brackets; behind the last closing one there is nothing."""

LONGEST = 2**17
"""Characters of a choice as text: a longer one takes seconds to be read."""


class Seed:
    """A seed that is not yet known, written `{seed}`: of data that follows the seed of a run."""

    def __repr__(self) -> str:
        """As it is written."""
        return "{seed}"


SEED = Seed()


class _Choices(NamedTuple):
    what: str
    kinds: Mapping[str, type[Any]]
    of_number: Callable[[float], Any] | None
    of_path: type[Any] | None
    exists: Callable[[str], object]


class _Nested(str):
    """A choice that was written as an argument of another one, without quotes."""

    __slots__ = ()


_REGISTERED: dict[type[Any], _Choices] = {}


def register(
    base: type[Any],
    kinds: Mapping[str, type[Any]],
    what: str,
    of_number: Callable[[float], Any] | None = None,
    of_path: type[Any] | None = None,
    exists: Callable[[str], object] = bool,
) -> None:
    """Make the frozen dataclasses `kinds`, all subclasses of `base`, writable as text.

    Args:
        base: the type of the fields that hold such a choice.
        kinds: the choices by name.
        what: names the choice in error messages.
        of_number: makes the choice that a bare number stands for.
        of_path: the choice that a path stands for, with a field `path`. A text is a path where a
            file of that name exists, or where it does not have the form of a known name. In quoted
            texts a backslash is then one, unless a quotation mark or another backslash follows,
            and an argument may be `{seed}`, see `SEED`.
        exists: whether there is a file or folder of that name.
    """
    _REGISTERED[base] = _Choices(what, kinds, of_number, of_path, exists)


def registered(base: Any) -> bool:
    """Tell whether values of this type are written as text."""
    return isinstance(base, type) and base in _REGISTERED


def everything() -> list[type[Any]]:
    """Every class that can be written as text."""
    return [kind for choices in _REGISTERED.values() for kind in choices.kinds.values()]


def kinds_of(base: type[T]) -> Mapping[str, type[T]]:
    """The registered choices of type `base` by name."""
    return _REGISTERED[base].kinds


def of_function(
    function: Callable[..., Any], base: type[T], types: Mapping[Any, Any], skip: int = 0
) -> type[T]:
    """A frozen dataclass whose fields are the parameters of a function, for `register`.

    Args:
        function: becomes the class attribute `builder`; its name in CamelCase is that of the
            class.
        base: what the class derives from.
        types: the type of a field by that of its parameter, where they differ.
        skip: number of leading parameters that are no fields.
    """
    hints = get_type_hints(function)
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    made = dataclasses.make_dataclass(
        "".join(part.capitalize() for part in function.__name__.split("_")),
        [
            (p.name, types.get(hints[p.name], hints[p.name]), *_default(p.default))
            for p in parameters
        ],
        bases=(base,),
        frozen=True,
        namespace={"builder": staticmethod(function), "__doc__": function.__doc__},
    )
    made.__module__ = function.__module__
    return made


def _default(value: Any) -> tuple[Any, ...]:
    return () if value is inspect.Parameter.empty else (dataclasses.field(default=value),)


def metavar(base: type[Any]) -> str:
    """How a help text shows what can be written: the names, and NUMBER where one is enough."""
    choices = _REGISTERED[base]
    return "|".join([*(["NUMBER"] if choices.of_number else []), *choices.kinds])


def read(text: str | float, base: type[T]) -> T:
    """Build the choice of type `base` that `text` spells.

    Raises:
        MicvaeError: for an unknown name (the known ones are listed) or arguments that do not fit
            their fields, see `fitting`.
    """
    what, kinds, of_number, of_path, exists = choices = _REGISTERED[base]
    if of_number is not None:
        try:
            return of_number(float(text))  # type: ignore[no-any-return]
        except MicvaeError:
            raise
        except (ValueError, OverflowError):
            pass
    if not isinstance(text, str):
        raise MicvaeError(f"{what} is {text!r}; write a name, such as {next(iter(kinds))}.")
    if of_path is not None and (exists(text) or _kind(text, kinds) is None):
        return of_path(text)  # type: ignore[no-any-return]
    name, positional, keywords = _call(text, choices)
    key = _kind(name, kinds)
    if key is None:
        near = nearest(name, kinds)
        raise MicvaeError(f"unknown {what} {name!r}{near}; choose from {', '.join(kinds)}.")
    fields = dataclasses.fields(kinds[key])
    hints = get_type_hints(kinds[key])
    wrong = ""
    try:
        if len(positional) > len(fields):
            raise TypeError
        values = dict(zip((f.name for f in fields), positional, strict=False))
        if values.keys() & keywords.keys():
            raise TypeError
        labels = (*(("", name) for name in values), *((f"{name}=", name) for name in keywords))
        renamed = getattr(kinds[key], "renamed", {})  # fields that runs were stored with before
        values |= {renamed.get(name, name): value for name, value in keywords.items()}
        wrong = ", ".join(repr(name) for name in values if name not in {f.name for f in fields})
        choice = kinds[key](**{k: _argument(k, v, hints.get(k), key) for k, v in values.items()})
    except (TypeError, OverflowError):
        signature = ", ".join(
            f.name if f.default is dataclasses.MISSING else f"{f.name}={_literal(f.default)}"
            for f in fields
        )
        wrong = wrong and f": it has no {wrong}"
        raise MicvaeError(f"{what} {text!r} does not fit {key}({signature}){wrong}.") from None
    if of_path is not None:
        object.__setattr__(choice, "written", labels)
        object.__setattr__(choice, "text", text)
    return choice  # type: ignore[no-any-return]


def name_in(text: str) -> str:
    """The name of a choice that is alone or before brackets; another text as it is."""
    found = _FORM.fullmatch(text)
    return found[1] if found else text


def _kind(text: str, kinds: Mapping[str, type[Any]]) -> str | None:
    """The choice that a text names, alone or before brackets; None where it names none."""
    name = name_in(text).replace("-", "_")
    return next((kind for kind in kinds if kind.replace("-", "_") == name), None)


def _argument(name: str, value: Any, hint: Any, kind: str) -> Any:
    """The value of a field, out of what was written for it."""
    if value is SEED:
        return value
    if registered(hint):
        return value if isinstance(value, hint) else read(value, hint)
    if isinstance(value, _Nested):
        raise MicvaeError(
            f"{name} is {value}, which is not understood as an argument of {kind}; give "
            f"{wanted(hint)}."
        )
    return fitting(name, value, hint, of=kind)


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


def quoted(value: Any) -> str:
    r"""A literal as text, as an argument of a choice that may name paths.

    Line breaks and tabs are written as \x0a and the like, since \n may begin a folder's name.
    """
    written = {"n": "x0a", "r": "x0d", "t": "x09"}
    return _ESCAPE.sub(lambda m: "\\" + written.get(m[1], m[1]), repr(value))


def _is_escape(code: str) -> bool:
    """Whether a backslash before this is no separator of folders, in a path in quotes."""
    if len(code) == 1:
        return code in "\\'\""
    number = int(code[1:], 16)
    return number < 0x110000 and not chr(number).isprintable()


def _call(text: str, choices: _Choices) -> tuple[str, list[Any], dict[str, Any]]:
    """Split `text` into a name, its positional and its keyword arguments.

    Raises:
        MicvaeError: for anything but a name or name(value, key=value), and for a text of more than
            131,072 characters; `**` and a name that is given twice are not taken.
    """
    what, paths = choices.what, choices.of_path is not None
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
            keywords[keyword.arg] = _value(keyword.value, paths)
        return name.strip(), [_value(argument, paths) for argument in call.args], keywords
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise wrong from None


def _value(node: ast.expr, seeds: bool) -> Any:
    """The literal, the choice or the seed that stands for an argument."""
    if isinstance(node, ast.Name | ast.Call):
        return _Nested(ast.unparse(node))
    if seeds and isinstance(node, ast.Set) and ast.unparse(node) == repr(SEED):
        return SEED
    return ast.literal_eval(node)


def spell(choice: Any, *, full: bool = False) -> str | float:
    """Write `choice` as text (or as a number, where a number is enough).

    Args:
        choice: an instance of a registered dataclass.
        full: write every argument; otherwise only those that differ from their default.
    """
    entry = next(entry for base, entry in _REGISTERED.items() if isinstance(choice, base))
    if type(choice) is entry.of_path:
        return str(choice.path)
    if getattr(choice, "text", None) is not None:
        return str(choice.text)
    values = {f.name: getattr(choice, f.name) for f in dataclasses.fields(choice)}
    if entry.of_number is not None and choice == _number(entry, values):
        return float(next(iter(values.values())))
    name = next(key for key, kind in entry.kinds.items() if type(choice) is kind)
    labels: Labels = getattr(choice, "written", None) or tuple(
        (f"{f.name}=", f.name)
        for f in dataclasses.fields(choice)
        if full or values[f.name] != f.default
    )
    show = repr if entry.of_path is None else quoted
    arguments = [label + show(_plain(values[field], full)) for label, field in labels]
    return f"{name}({', '.join(arguments)})" if arguments else name


def _number(entry: _Choices, values: dict[str, Any]) -> Any:
    (value, *others) = values.values()
    plain = not others and isinstance(value, (int, float)) and entry.of_number is not None
    return entry.of_number(value) if plain else None  # type: ignore[misc]


def _plain(value: Any, full: bool = False) -> Any:
    return spell(value, full=full) if dataclasses.is_dataclass(value) else value


def _literal(value: Any) -> str:
    return repr(_plain(value))
