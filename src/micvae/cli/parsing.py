"""Typed configuration dataclasses as command-line flags."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, get_origin

import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from micvae import spelling
from micvae.errors import MicvaeError
from micvae.files import expanded

T = TypeVar("T")


def parse(kind: type[T], arguments: Sequence[str], command: str, default: T | None = None) -> T:
    """Parse flags into a dataclass; ends the program on `--help` or a wrong flag (status 2).

    Estimators, networks, schedules and other choices are read as text, see `micvae.spelling`. A
    leading `~` in a path is the home directory.
    """
    _refuse_repeated(kind, arguments)
    registry = ConstructorRegistry()
    words: list[str] = []
    registry.primitive_rule(partial(_choice, read=words))
    registry.primitive_rule(_path)
    cli = partial(
        tyro.cli,
        prog=f"micvae {command}",
        args=list(arguments),
        config=(tyro.conf.OmitArgPrefixes,),
        registry=registry,
    )
    try:
        parsed: T = cli(kind) if default is None else cli(kind, default=default)
    except MicvaeError as error:
        option = _option_of(words[-1], arguments) if words else None
        raise type(error)(f"{option}: {error}" if option else str(error)) from None
    return parsed


def _refuse_repeated(kind: type[Any], arguments: Sequence[str]) -> None:
    """Refuse an option that is given more than once; otherwise only the last value would count.

    Raises:
        MicvaeError: names the option, its values, and the remedy.
    """
    given: dict[str, list[str]] = {}
    for argument, after in zip(arguments, [*arguments, ""][1:], strict=True):
        if argument.startswith("--") and len(argument) > 2:
            option, equals, value = argument.partition("=")
            value = value if equals or after.startswith("--") else after
            given.setdefault(option.replace("_", "-").replace("--no-", "--"), []).append(value)
    several = {
        f"--{field.name.replace('_', '-')}"
        for field in (fields(kind) if is_dataclass(kind) else ())
        if get_origin(field.type) is tuple or str(field.type).startswith("tuple")
    }
    for option, values in given.items():
        if len(values) > 1:
            shown = ", ".join(value for value in values if value)
            raise MicvaeError(
                f"{option} is given {len(values)} times{f' ({shown})' if shown else ''}; "
                + (f"give all values after one {option}." if option in several else "give it once.")
            )


def _option_of(word: str, arguments: Sequence[str]) -> str | None:
    """The option with this value, if it is the only one."""
    pairs = pairwise(arguments)
    found = [option for option, value in pairs if value == word and option.startswith("--")]
    found += [
        a.partition("=")[0] for a in arguments if a.startswith("--") and a.endswith(f"={word}")
    ]
    return found[0] if len(found) == 1 else None


def _choice(info: PrimitiveTypeInfo, read: list[str]) -> PrimitiveConstructorSpec[Any] | None:
    base = info.type
    if not spelling.registered(base):
        return None

    def instance(words: list[str]) -> Any:
        read.append(words[0])
        value = spelling.read(words[0], base)
        read.pop()
        return value

    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=spelling.metavar(base),
        instance_from_str=instance,
        is_instance=lambda value: isinstance(value, base),
        str_from_instance=lambda value: [str(spelling.spell(value))],
    )


def _path(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Path] | None:
    """Read a path; the shell does not expand the `~` of `--out=~/runs`."""
    if info.type is not Path:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="PATH",
        instance_from_str=lambda words: expanded(words[0]),
        is_instance=lambda value: isinstance(value, Path),
        str_from_instance=lambda value: [str(value)],
    )
