"""Files that are either whole or not there: everything is written aside and then moved."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from micvae.errors import RunError
from micvae.locks import is_abandoned, temporary_name
from micvae.paths import checked_file

LONGEST_JSON = 2**26
"""Bytes; a longer file is refused. The longest that are written, of thousands of features, have
a few million."""

OWN = ".micvae-"
"""Start of the names of hidden files that are micvae's own: locks, marks, temporary files."""

UNFINISHED = f"{OWN}unfinished"
"""Mark of a folder that a command has begun to fill: it holds the command's name."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes its place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    temporary = path.parent / temporary_name(path.suffix)
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


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, or none.

    A lone surrogate, which UTF-8 does not have, is written as its escape (`\\udcff`). In JSON this
    is the same character.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON; NaN and infinity are refused."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise RunError(
            f"{path} is not written: a result is NaN or infinite. Check the data and the model it "
            "was computed from."
        ) from None
    write_text(path, text + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file, or say which one is broken."""
    if path.exists() and checked_file(path).stat().st_size > LONGEST_JSON:
        raise RunError(f"{path} has more than {LONGEST_JSON:,} bytes; no command writes such.")
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
    if path.exists() and not is_empty(path):
        raise RunError(f"{path} exists and is not an empty folder; choose another --out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    temporary = path.parent / temporary_name()
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            remove_abandoned(path)
            (path / UNFINISHED).unlink(missing_ok=True)
            path.rmdir()  # Windows moves nothing onto a folder, be it empty
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_empty(path: Path) -> bool:
    """Whether a folder holds nothing, or nothing but hidden files of micvae itself."""
    return path.is_dir() and all(one.name.startswith(OWN) for one in path.iterdir())


@contextmanager
def making(folder: Path, command: str) -> Iterator[Path]:
    """Mark a folder as unfinished while a command fills it; make it where it is not there.

    The mark stays where the block does not end, because the process is killed or the disk is full.
    The same command then knows the folder as its own by `is_unfinished`.

    Args:
        folder: what is filled; it was checked before that the command may.
        command: the name of the command, such as `share`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / UNFINISHED, command)
    yield folder
    (folder / UNFINISHED).unlink(missing_ok=True)


def is_unfinished(folder: Path, command: str | None = None) -> bool:
    """Whether a command, this one where it is named, began to fill a folder and did not end."""
    mark = folder / UNFINISHED
    with contextlib.suppress(OSError):
        if mark.is_file() and not mark.is_symlink() and mark.stat().st_size < 100:
            return command is None or mark.read_bytes() == command.encode()
    return False


def remove_abandoned(folder: Path) -> None:
    """Remove temporary files and folders that killed processes left in a folder.

    Those of a process that runs stay, and those of another machine for a day.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(OWN):
                continue
            with contextlib.suppress(OSError):
                if not is_abandoned(entry.name, entry.stat(follow_symlinks=False).st_mtime):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink()
