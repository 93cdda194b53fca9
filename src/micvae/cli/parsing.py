"""Typed configuration dataclasses as command-line flags."""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from micvae import spelling

T = TypeVar("T")


def parse(kind: type[T], arguments: Sequence[str], command: str, default: T | None = None) -> T:
    """Parse flags into a dataclass; ends the program on `--help` or a wrong flag (status 2).

    Choices such as estimators, networks and schedules are read as text, see `micvae.spelling`.
    """
    registry = ConstructorRegistry()
    registry.primitive_rule(_choice)
    cli = partial(
        tyro.cli,
        prog=f"micvae {command}",
        args=list(arguments),
        config=(tyro.conf.OmitArgPrefixes,),
        registry=registry,
    )
    parsed: T = cli(kind) if default is None else cli(kind, default=default)
    return parsed


def _choice(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    base = info.type
    if not spelling.registered(base):
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=spelling.metavar(base),
        instance_from_str=lambda words: spelling.read(words[0], base),
        is_instance=lambda value: isinstance(value, base),
        str_from_instance=lambda value: [str(spelling.spell(value))],
    )
