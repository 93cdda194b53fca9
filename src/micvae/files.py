"""Files that are either whole or not there: everything is written aside and then moved.

What the system refuses (a full disk, a read-only folder, …) is raised as a `FileError` here.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from micvae.errors import FileError, MicvaeError, RunError
from micvae.locks import is_abandoned, temporary_name
from micvae.paths import checked_file

LONGEST_JSON = 2**26
"""Bytes; a longer file is refused. The longest that are written, of thousands of features, have
a few million."""

OWN = ".micvae-"
"""Start of the names of hidden files that are micvae's own: locks, marks, temporary files."""

UNFINISHED = f"{OWN}unfinished"
"""Mark of a folder that a command has begun to fill: it holds the command's name."""

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space, or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space, or choose another folder",
    errno.EFBIG: "the file would be larger than the system allows",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.EACCES: "permission is denied; choose another folder, or change its permissions",
    errno.EPERM: "permission is denied; choose another folder, or change its permissions",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a file stands where a folder is needed; choose another path",
    errno.EEXIST: "a file stands where a folder is needed; choose another path",
    errno.EISDIR: "it is a folder; give the path of a file",
    errno.ELOOP: "its links lead in a circle; replace them by the file itself",
    errno.EMFILE: "too many files are open; use fewer --workers, or raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open; use fewer --workers, or raise the limit (ulimit -n)",
    errno.EIO: "the device reports an error; check the disk, or choose another folder",
}
"""What the system's errors mean, and what helps."""

_RUST = re.compile(r"\(os error (\d+)\)")
"""How libraries written in Rust, such as safetensors, report an error of the system."""


def file_error(error: OSError, path: Path | str | None = None) -> FileError:
    """Say an error of the operating system in one sentence.

    Args:
        error: what was raised.
        path: the file or folder that it concerns, where the error itself does not name it.
    """
    if isinstance(error, FileError):
        return error
    named = error.filename if isinstance(error.filename, str | bytes) else path
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error).strip()
    reason = (reason or type(error).__name__).rstrip(".")
    if named is None:
        return FileError(f"the system reports: {reason}.")
    return FileError(f"{os.fsdecode(named)} cannot be used: {reason}.")


def system_error(error: BaseException) -> MicvaeError | None:
    """One sentence for a failure of the machine: its files, or its memory; None for any other.

    It recognises what NumPy, PyTorch (on the CPU and on a GPU) and safetensors raise.
    """
    if isinstance(error, OSError):
        return file_error(error)
    text = (str(error).strip().splitlines() or [""])[0]
    if (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in text
    ):
        said = f" ({text.rstrip('.')})" if text else ""
        return MicvaeError(
            f"there is not enough memory{said}; use fewer or smaller samples, a smaller "
            "batch_size or a smaller network."
        )
    found = _os_error(error)
    return None if found is None else file_error(found)


def _os_error(error: BaseException) -> OSError | None:
    """The error of the operating system that this is, or that a library reports in its text."""
    if isinstance(error, OSError):
        return error
    found = _RUST.search(str(error)) if type(error).__name__ == "SafetensorError" else None
    return None if found is None else OSError(int(found[1]), os.strerror(int(found[1])))


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Raise what the system refuses in the body as a `FileError` that names the file.

    Args:
        path: the file or folder that is used in the body; an error that names another one keeps
            that name.
    """
    try:
        yield
    except (MicvaeError, BrokenPipeError):
        raise
    except Exception as error:
        found = _os_error(error)
        if found is None:
            raise
        raise file_error(found, path) from None


def expanded(path: Path | str) -> Path:
    """The path with `~` and `~name` at its beginning replaced by the home directory.

    A file or folder whose name begins with `~` keeps it.

    Raises:
        MicvaeError: where there is no such home directory.
    """
    if "\0" in str(path):
        raise MicvaeError(f"{str(path)!r} contains a zero byte; no file can have that name.")
    given = Path(path)
    if not str(given).startswith("~") or os.path.lexists(given):
        return given
    try:
        return given.expanduser()
    except RuntimeError:
        raise MicvaeError(
            f"{path} begins with ~, and there is no such home directory; write the path in full."
        ) from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes its place in one step.

    Raises:
        FileError: where the system refuses to write; nothing is left behind.
    """
    path = expanded(path)
    temporary = path.parent / temporary_name(path.suffix)
    with _named(path, temporary):
        try:
            _check_target(path)
            remove_abandoned(path.parent)
            temporary.touch(exist_ok=False)  # with the mode that the umask gives, unlike `mkstemp`
            mode = temporary.stat().st_mode
            yield temporary
            with temporary.open("rb+") as written:  # Windows flushes only what can be written
                os.fsync(written.fileno())
            temporary.chmod(mode)  # whoever wrote may have put a file of its own there
            temporary.replace(path)
        finally:
            with suppress(OSError):  # it was never made, or cannot be reached
                temporary.unlink(missing_ok=True)


@contextmanager
def replacing_all(folder: Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Yield a temporary path for each file of `folder`; on success all take their places.

    Nothing is replaced before everything is written.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(replacing(folder / name)) for name in names]


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
        raise RunError(
            f"{path} has more than {LONGEST_JSON:,} bytes; no command writes so large a file."
        )
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
        FileError: where the system refuses to write; nothing is left behind.
    """
    path = expanded(path)
    temporary = path.parent / temporary_name()
    with _named(path, temporary):
        if path.exists() and not is_empty(path):
            raise RunError(f"{path} exists and is not an empty folder; choose another --out.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(path.parent)
            temporary.mkdir()
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

    The mark stays where the process is killed, or the block fails when the folder holds something.
    The same command then knows the folder as its own by `is_unfinished`. A block that fails before
    anything is in the folder leaves no mark, and no folder that was not there before.

    Args:
        folder: what is filled; it was checked before that the command may.
        command: the name of the command, such as `share`.
    """
    new = not folder.exists()
    make_folder(folder)
    mark = folder / UNFINISHED
    try:
        write_text(mark, command)
        yield folder
    except BaseException:
        with suppress(OSError):
            if is_empty(folder):
                mark.unlink(missing_ok=True)
                if new:
                    folder.rmdir()
        raise
    mark.unlink(missing_ok=True)


def is_unfinished(folder: Path, command: str | None = None) -> bool:
    """Whether a command, this one where it is named, began to fill a folder and did not end."""
    mark = folder / UNFINISHED
    with suppress(OSError):
        if mark.is_file() and not mark.is_symlink() and mark.stat().st_size < 100:
            return command is None or mark.read_bytes() == command.encode()
    return False


def remove_abandoned(folder: Path) -> None:
    """Remove temporary files and folders that killed processes left in a folder.

    Those of a process that runs stay, and those of another machine for a day.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(OWN):
                continue
            with suppress(OSError):
                if not is_abandoned(entry.name, entry.stat(follow_symlinks=False).st_mtime):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink()


def check_writable(path: Path) -> None:
    """Refuse a path that could not be written to, before any work is done for it.

    Nothing is created. What the system only says when it writes (a full disk) is not seen here.

    Raises:
        FileError: where a file stands in the way, the name is too long, or the folder that it
            would be in is read-only.
        MicvaeError: where the path is not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise MicvaeError(
            f"{path}: the path is not UTF-8, and some of the files could not be written there; "
            "choose another name."
        ) from None
    with file_errors(path):
        there = path
        while not _is_there(there):
            there = there.parent
        if there != path and not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
        folder = there if there.is_dir() else there.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path == path.parent
    return True


def make_folder(path: Path) -> None:
    """Make a folder and those that it is in, where they are not there.

    Raises:
        FileError: where the system refuses, or a file stands in the way.
    """
    with file_errors(path):
        path.mkdir(parents=True, exist_ok=True)


def _check_target(path: Path) -> None:
    """Make the folder of a file; refuse at once a file that could not be put there in the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.stat().st_mode):  # also refuses a name that is too long
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


@contextmanager
def _named(path: Path, temporary: Path) -> Iterator[None]:
    """As `file_errors`; an error of the temporary file names the final one."""
    with file_errors(path):
        try:
            yield
        except OSError as error:
            if str(error.filename) == str(temporary):
                error.filename = str(path)
            raise
