"""Paths in the description of a data set, which may be relative to the folder it was given in."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from micvae import spelling
from micvae.errors import MicvaeError
from micvae.records import LEFT_OUT

Change = Callable[[str], str]


def with_paths(data: str, change: Change) -> str:
    """A --data text with every path in it changed, however deeply it is quoted.

    Args:
        data: as `load` takes it: a path, or a data set that may name a file or another data set.
        change: what becomes of each path.
    """
    from micvae.data import DATASETS, PUBLISHED, WRAPPERS  # which offers this module

    name, bracket, _ = data.partition("(")
    name = name.strip()
    if name not in DATASETS:
        return change(data)
    if not bracket:  # a file may have the name of a data set
        changed = change(data)
        return changed if Path(changed).exists() else data
    if name not in (PUBLISHED | WRAPPERS):
        return data
    try:
        _, positional, keywords = spelling.parse(data, "data")
    except MicvaeError:
        return data
    key = "path" if name in PUBLISHED else "data"
    given = positional[0] if positional else keywords.get(key)
    if not isinstance(given, str):
        return data
    changed = change(given) if name in PUBLISHED else with_paths(given, change)
    if changed == given:
        return data
    if positional:
        positional[0] = changed
    else:
        keywords[key] = changed
    arguments = [*map(repr, positional), *(f"{k}={v!r}" for k, v in keywords.items())]
    return f"{name}({', '.join(arguments)})"


def from_folder_of(data: str, folder: Path) -> str:
    """The same text with its relative paths taken from `folder`."""

    def absolute(path: str) -> str:
        return path if _is_fixed(path) else str(folder / path)

    return with_paths(data, absolute)


def beside(data: str, folder: Path) -> str:
    """The same text with every path replaced by the file of its name in `folder`."""
    return with_paths(data, lambda path: str(folder / Path(path).name))


def is_relative(data: str) -> bool:
    """Whether a text names a file by a path that depends on the current folder."""
    return from_folder_of(data, Path.cwd()) != data


@dataclass(frozen=True, kw_only=True)
class StartingPoints:
    """The folder where the relative paths of a data set start, as `run.json` holds it."""

    absolute: str | None = field(default=None, metadata=LEFT_OUT)
    """The folder itself."""
    from_run: str | None = field(default=None, metadata=LEFT_OUT)
    """The way to it from the folder of the run; None where there is none."""


def starting_points(data: str, run: Path) -> StartingPoints | None:
    """Where the relative paths of a data set start: for the record of a run that is trained now.

    Args:
        data: as it was given.
        run: the folder of the run.

    Returns:
        The current folder, and the way to it from the folder of the run, which stays true where
        both are moved together; None where no path is relative.
    """
    if not is_relative(data):
        return None
    here, way = Path.cwd(), None
    with suppress(ValueError):  # on another drive there is no way to it
        way = Path(os.path.relpath(here, run.resolve())).as_posix()
    return StartingPoints(absolute=str(here), from_run=way)


def _is_fixed(path: str) -> bool:
    return Path(path).is_absolute() or path.startswith("~")
