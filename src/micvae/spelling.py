"""Choices written as text: `mixture`, `gaussian(scale=0.1)`, `ramp(0, 2, steps=1000)`, `0.5`.

A run's configuration names its parts (estimator, likelihood, schedule, …) the same way on the
command line, in `run.json` and in a study's table: a registered name, where needed with
arguments as in Python. Only literals are read, so nothing that is opened can run code.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from micvae.errors import MicvaeError

T = TypeVar("T")


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


def read(text: str | float, base: type[T]) -> T:
    """Build the choice of type `base` that `text` spells.

    Raises
    ------
    MicvaeError
        On an unknown name (the known ones are listed) or arguments that do not fit.
    """
    what, kinds, of_number = _REGISTERED[base]
    if of_number is not None:
        try:
            return of_number(float(text))  # type: ignore[no-any-return]
        except MicvaeError:
            raise
        except ValueError:
            pass
    name, positional, keywords = parse(str(text), what)
    key = next((k for k in kinds if k.replace("-", "_") == name.replace("-", "_")), None)
    if key is None:
        raise MicvaeError(f"unknown {what} {name!r}; choose from {', '.join(kinds)}.")
    try:
        return kinds[key](*positional, **keywords)  # type: ignore[no-any-return]
    except TypeError:
        fields = ", ".join(
            f.name if f.default is dataclasses.MISSING else f"{f.name}={f.default!r}"
            for f in dataclasses.fields(kinds[key])
        )
        raise MicvaeError(f"{what} {text!r} does not fit {key}({fields}).") from None


def parse(text: str, what: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Split `text` into a name, its positional and its keyword literals."""
    wrong = MicvaeError(f"{what} {text!r} is not understood; write a name or name(key=value, …).")
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return name, [], {}
    try:
        call = ast.parse(f"_({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise wrong
        keywords = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg is not None}
        return name.strip(), [ast.literal_eval(a) for a in call.args], keywords
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise wrong from None


def spell(choice: Any) -> str | float:
    """Write `choice` as text (or a number), with every argument that is not the default."""
    entry = next(entry for base, entry in _REGISTERED.items() if isinstance(choice, base))
    values = {f.name: getattr(choice, f.name) for f in dataclasses.fields(choice)}
    if entry.of_number is not None and len(values) == 1:
        (value,) = values.values()
        if isinstance(value, (int, float)):
            return float(value)
    name = next(key for key, kind in entry.kinds.items() if type(choice) is kind)
    arguments = [
        f"{f.name}={values[f.name]!r}"
        for f in dataclasses.fields(choice)
        if values[f.name] != f.default
    ]
    return f"{name}({', '.join(arguments)})" if arguments else name
