"""Typed configuration dataclasses as command-line flags."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from micvae import spelling
from micvae.errors import MicvaeError
from micvae.files import expanded

T = TypeVar("T")


def parse(kind: type[T], arguments: Sequence[str], command: str, default: T | None = None) -> T:
    """Parse flags into a dataclass; ends the program on `--help` or a wrong flag (status 2).

    Choices such as estimators, networks and schedules are read as text, see `micvae.spelling`;
    `~` at the beginning of a path is the home directory.
    """
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


def _option_of(word: str, arguments: Sequence[str]) -> str | None:
    """The option that has this value, where only one has."""
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
    """Read a path; the shell leaves the `~` of `--out=~/runs` to us."""
    if info.type is not Path:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="PATH",
        instance_from_str=lambda words: expanded(words[0]),
        is_instance=lambda value: isinstance(value, Path),
        str_from_instance=lambda value: [str(value)],
    )
