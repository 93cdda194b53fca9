"""Functions compiled by Numba, cached on disk where a safe folder exists."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call; it runs without the lock of the interpreter.

    The machine code is kept beside the package, or in the user's own cache folder, or where
    `NUMBA_CACHE_DIR` says. Where none of them can be written to (a read-only package and a user
    without a home directory), every process compiles anew, which takes some seconds at the first
    score that needs it. Folders that others can write to are not used,
    because cached code is executed.
    """
    try:
        return numba.njit(nogil=True, cache=_has_place(function))(function)
    except RuntimeError:  # Numba finds no place that it can write to
        return numba.njit(nogil=True)(function)


def _has_place(function: Callable[..., Any]) -> bool:
    """Whether Numba looks for its cache only in folders that nobody else can write to.

    Without a home directory it would take `~` for the name of a folder here, where a stranger's
    files may be; and some containers make `/tmp` the home directory.
    """
    beside = Path(function.__code__.co_filename).parent
    if os.environ.get("NUMBA_CACHE_DIR"):
        return True  # chosen by the user
    if os.access(beside, os.W_OK):  # the first place where Numba looks
        return True
    kept = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111
    return kept.is_absolute() and _is_own(kept)


def _is_own(folder: Path) -> bool:
    """Whether only the user can write to a folder, or to its nearest existing parent."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not hasattr(os, "getuid"):  # Windows: the home directory is the user's
        return True
    found = folder.stat()
    return found.st_uid == os.getuid() and not found.st_mode & stat.S_IWOTH
