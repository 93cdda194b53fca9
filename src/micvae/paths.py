"""Paths made of names, and files that others sent: both stay inside the folder they belong to."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

from micvae.errors import FileError, RunError

LONGEST = 200
"""Bytes of a name; systems allow 255, and endings and prefixes are added to it."""

_NOT_IN_NAMES = '<>:"/\\|?*'
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{p}{i}" for p in ("com", "lpt") for i in range(10)}
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def safe_name(text: str, keep: str = "") -> str:
    """A text as the name of one file or folder, on every system.

    A text that can be a name is returned as it is. In any other, separators, control characters
    and what Windows forbids become hyphens, it is cut to 200 bytes, and a digest of the whole text
    at its end keeps two texts apart.

    Args:
        text: any text.
        keep: characters to leave as they are although not every system allows them.
    """
    name = "".join("-" if _forbidden(c) and c not in keep else c for c in text).strip(" .")
    if name.partition(".")[0].rstrip().lower() in _RESERVED:
        name = f"_{name}"
    if name == text and 0 < len(name.encode()) <= LONGEST:
        return name
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    cut = name.encode()[: LONGEST - len(digest) - 1].decode("utf-8", "ignore").rstrip(" .")
    return f"{cut}-{digest}" if cut else digest


def _forbidden(character: str) -> bool:
    return character in _NOT_IN_NAMES or unicodedata.category(character)[0] == "C"


def member(folder: Path, relative: str | Path) -> Path:
    """The path of something within a folder, to be written or read; the folder may be a link.

    Args:
        folder: named by the user.
        relative: where within it, as a record or a name says.

    Raises:
        RunError: where it lies outside of the folder, or a part of it is a link.
    """
    folder, given = Path(folder), str(relative)
    parts = (PureWindowsPath if os.name == "nt" else PurePosixPath)(given).parts
    outside = given.startswith(("/", "\\")) or PureWindowsPath(given).drive or ".." in parts
    if outside or "\0" in given:
        raise RunError(
            f"{folder} refers to {given!r}, which lies outside of it, and is not read; give the "
            "folder that holds it."
        )
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise RunError(
                f"{path} is a link, and only what lies in {folder} itself is read and written; "
                "replace the link by what it points to."
            )
    return path


def checked_file(path: Path, folder: Path | None = None) -> Path:
    """Refuse whatever is no regular file, before it is opened: a named pipe would wait for ever.

    Args:
        path: of a file; one that is not there is left to its reader.
        folder: where the file is part of a folder that somebody sent: that folder. A link that
            leaves it is refused, unless it leads to a store that a tool keeps for such folders
            (the cache of the Hugging Face hub, git-annex).

    Raises:
        FileError: says what it is instead.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return path
    if not stat.S_ISREG(mode):
        what = next((name for is_kind, name in _KINDS if is_kind(mode)), "no regular file")
        raise FileError(f"{path} is {what}, not a file; give a regular file.")
    if folder is not None and path.is_symlink() and not _may_lead_to(path, folder):
        raise FileError(
            f"{path} is a link to a file outside of {folder}; refused. Replace it by a copy of the "
            "file, where you trust it."
        )
    return path


def _may_lead_to(path: Path, folder: Path) -> bool:
    target, home = path.resolve(), folder.resolve()
    stores = [home, home.parent.parent / "blobs"] if home.parent.name == "snapshots" else [home]
    stores += [above / ".git" / "annex" / "objects" for above in (home, *home.parents)]
    return any(target.is_relative_to(store) for store in stores)
