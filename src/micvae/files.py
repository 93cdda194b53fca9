"""Files that are either whole or not there: everything is written aside and then moved."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from micvae.errors import RunError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes its place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    temporary.touch(exist_ok=False)  # with the mode that the umask gives, unlike `mkstemp`
    mode = temporary.stat().st_mode
    try:
        yield temporary
        with temporary.open("rb+") as written:  # Windows flushes only what can be written
            os.fsync(written.fileno())
        temporary.chmod(mode)  # whoever wrote may have put a file of its own there
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_all(folder: Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Yield a temporary path for each file of `folder`; on success all take their places.

    Nothing is replaced before everything is written.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(replacing(folder / name)) for name in names]


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, or none."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file, or say which one is broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise RunError(f"{path} cannot be read as JSON: it is nested too deeply.") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read as JSON: {error}.") from None


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success it takes its place in one step.

    Raises:
        RunError: where `path` exists and is not an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists and is not an empty folder; choose another --out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            path.rmdir()  # Windows moves nothing onto a folder, be it empty
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write into: a new one that takes its place in one step, see `new_folder`.

    Where `path` holds something already, `path` itself; write its files with `replacing_all`.
    """
    if path.is_dir() and any(path.iterdir()):
        yield path
        return
    with new_folder(path) as temporary:
        yield temporary


def _beside(path: Path) -> Path:
    """A hidden name that nothing has, with the ending of `path`."""
    return path.parent / f".{path.stem}-{secrets.token_hex(8)}{path.suffix}"
