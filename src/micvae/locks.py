"""Which process owns a folder: a lock file that also works on a network file system.

`with owned(folder):` makes this process the owner of a folder. The lock is a small file in the
folder that names its owner: host, process, start of the process and a random token. It is made by
a hard link, which succeeds for one process only on every file system, NFS included; where there
are no hard links, by exclusive creation.

A lock whose owner is gone is taken over:

- at once, where the owner ran on this machine and its process has ended;
- `EXPIRES` seconds after the owner's last sign of life otherwise. A thread of the owner renews the
  lock's time of modification every `BEAT` seconds.

Several processes may want to take over the same lock. The successor of a lock with token T is
whoever makes the file `.micvae-lock-after-T`, which again only one can; it then moves this file
onto the lock. A process that dies in between has a successor in the same way.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from micvae.errors import RunError

LOCK = ".micvae-lock"
AFTER = f"{LOCK}-after-"
"""Start of the name of a successor's lock; the rest is the token of its predecessor."""

BEAT = 30.0
"""Seconds between two signs of life of an owner."""

EXPIRES = 600.0
"""Seconds without a sign of life after which the owner of a lock on another machine is gone."""

TEMPORARY = ".micvae-tmp-"
FORGOTTEN = 24 * 3600.0
"""Seconds after which a temporary file of another machine belongs to nobody."""

_HELD: set[str] = set()
"""Tokens of the locks that this process holds, or is about to."""

_NAME = re.compile(
    re.escape(TEMPORARY) + r"([0-9a-f]{8})-(\d{1,10})-(\d{1,20})-[0-9a-f]{16}(\..*)?"
)
_TOKEN = re.compile(r"[0-9a-f]{32}")
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Owner:
    """A process that owns a folder, or a temporary file.

    Args:
        host: name of its machine.
        place: digest of the machine's name, of when it was started, and of the container: what two
            processes have in common that know each other by their number.
        pid: number of the process.
        started: when the process was started, in units of the system; 0 where it does not say.
        token: random, one for each lock.
    """

    host: str
    place: str
    pid: int
    started: int
    token: str

    @classmethod
    def here(cls) -> Owner:
        """This process, under a new token."""
        pid = os.getpid()
        return cls(_host(), _place(), pid, _started(pid) or 0, secrets.token_hex(16))

    def gone(self, silent: float, expires: float = EXPIRES) -> bool:
        """Whether the process is known to have ended, or has given no sign of life for too long.

        Args:
            silent: seconds since its last sign of life.
            expires: how many are allowed where the process cannot be looked at.
        """
        if self.place != _place():
            return silent > expires
        if self.pid == os.getpid() and self.started in (0, _started(self.pid)) and self.token:
            return self.token not in _HELD
        return not _runs(self.pid, self.started)


class Ownership:
    """What `owned` yields: this process owns the folder as long as `check` returns."""

    def __init__(self, folder: Path, owner: Owner) -> None:
        self.folder = folder
        self.owner = owner
        self._lost = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="micvae-lock", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Refuse to go on where another process has taken the folder over.

        Raises:
            RunError: this process was silent for so long, as a suspended one is, that its lock
                expired.
        """
        if self._lost:
            raise RunError(
                f"{self.folder} was taken over by another process, as this one did not update its "
                f"lock for {EXPIRES:.0f} s; give the command again when the other has ended."
            )

    def _renew(self) -> None:
        while not self._end.wait(BEAT):
            with contextlib.suppress(OSError):  # a network that is away comes back, or does not
                found = _read(self.folder / LOCK)
                if found is None or found[0].token != self.owner.token:
                    self._lost = True
                    return
                os.utime(self.folder / LOCK)

    def _release(self) -> None:
        self._end.set()
        self._thread.join(BEAT)
        with contextlib.suppress(OSError):
            found = _read(self.folder / LOCK)
            if found is not None and found[0].token == self.owner.token:
                (self.folder / LOCK).unlink()


@contextmanager
def owned(folder: Path, patience: float = 0.0) -> Iterator[Ownership]:
    """Own a folder, which must exist, until the block ends.

    Args:
        folder: what no other process is to write to meanwhile.
        patience: for how many seconds to wait where another process owns it.

    Raises:
        RunError: another process owns it; says which, and on which machine.
    """
    folder = Path(folder)
    own = Owner.here()
    end = time.monotonic() + patience
    _HELD.add(own.token)
    try:
        while (other := _claim(folder, own)) is not None:
            if time.monotonic() >= end:
                raise RunError(_refusal(folder, other))
            time.sleep(min(0.1, patience))
        ownership = Ownership(folder, own)
        try:
            yield ownership
        finally:
            ownership._release()
    finally:
        _HELD.discard(own.token)


def owner_of(folder: Path) -> Owner | None:
    """The process that owns a folder now; None where there is none, or it is gone."""
    name = LOCK
    while (found := _read(Path(folder) / name)) is not None:
        owner, renewed = found
        if not owner.gone(time.time() - renewed):
            return owner
        name = AFTER + owner.token
    return None


def wait_until_free(folder: Path, seconds: float) -> None:
    """Wait until nobody owns a folder, for so many seconds at most."""
    end = time.monotonic() + seconds
    while owner_of(folder) is not None and time.monotonic() < end:
        time.sleep(0.1)


def temporary_name(suffix: str = "") -> str:
    """A hidden name of a file, or folder, that says which process it belongs to."""
    own = Owner.here()
    ending = suffix if len(suffix) <= 20 else ""
    return f"{TEMPORARY}{own.place}-{own.pid}-{own.started}-{own.token[:16]}{ending}"


def is_abandoned(name: str, modified: float) -> bool:
    """Whether a file is temporary, and the process that it belonged to is gone.

    Args:
        name: of the file, without its folder.
        modified: when it was changed last, in seconds since 1970.
    """
    silent = time.time() - modified
    if name.startswith(AFTER):
        return silent > FORGOTTEN
    found = _NAME.fullmatch(name)
    if found is None:
        return False
    place, pid, started, _ = found.groups()
    return Owner("", place, int(pid), int(started), "").gone(silent, FORGOTTEN)


def _refusal(folder: Path, other: Owner) -> str:
    used = f"{folder} is in use by process {other.pid} on {other.host}"
    if other.place == _place():
        return f"{used}; wait until it ends, or stop it, and give the command again."
    return (
        f"{used}; wait until it ends, or stop it. Where it is gone already, the folder is free "
        f"{EXPIRES / 60:.0f} minutes after its last sign of life."
    )


def _claim(folder: Path, own: Owner) -> Owner | None:
    """Make `own` the owner of a folder; where it has one that is not gone, return that one."""
    written = folder / temporary_name()
    try:
        written.write_text(json.dumps(asdict(own)), encoding="utf-8")
        now = written.stat().st_mtime  # by the clock of the file system, as every lock's is
        while True:
            gone: list[tuple[str, str]] = []
            name = LOCK
            while not _put(written, folder / name):
                found = _read(folder / name)
                if found is None:  # released meanwhile
                    break
                owner, renewed = found
                if not owner.gone(now - renewed):
                    return owner
                gone.append((name, owner.token))
                name = AFTER + owner.token
            else:
                if not gone:
                    return None
                if all(_token(folder / one) == token for one, token in gone):
                    (folder / name).replace(folder / LOCK)
                    for one, _ in gone[1:]:
                        (folder / one).unlink(missing_ok=True)
                    return None
                (folder / name).unlink(missing_ok=True)  # another process was faster
    finally:
        written.unlink(missing_ok=True)


def _put(written: Path, target: Path) -> bool:
    """Put a file that is written under another name, which nothing else has."""
    try:
        os.link(written, target)
    except FileExistsError:  # NFS also says so where it has done it and its answer was lost
        with contextlib.suppress(OSError):
            return written.samefile(target)
        return False
    except (OSError, NotImplementedError):  # no hard links here
        try:
            with target.open("xb") as file:
                file.write(written.read_bytes())
        except FileExistsError:
            return False
    return True


def _token(path: Path) -> str | None:
    found = _read(path)
    return None if found is None else found[0].token


def _read(path: Path) -> tuple[Owner, float] | None:
    """The owner that a lock names, and when it was renewed; None where there is no such file."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    content = b""
    try:
        renewed = path.lstat().st_mtime
        descriptor = os.open(path, flags)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                content = os.read(descriptor, _MOST_BYTES)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError:  # a link or a folder under this name, or a file that must not be read
        with contextlib.suppress(FileNotFoundError):
            return _unknown(content), path.lstat().st_mtime
        return None
    try:
        owner = Owner(**json.loads(content))
    except (TypeError, ValueError, RecursionError):
        return _unknown(content), renewed
    kinds = {"host": str, "place": str, "pid": int, "started": int, "token": str}
    usable = all(type(getattr(owner, name)) is kind for name, kind in kinds.items())
    if not usable or not _TOKEN.fullmatch(owner.token):
        return _unknown(content), renewed
    return owner, renewed


def _unknown(content: bytes) -> Owner:
    """The owner of a lock that says nothing usable, which is gone when it is silent for long."""
    token = hashlib.blake2b(content, digest_size=16).hexdigest()
    return Owner("an unknown machine", "", 0, 0, token)


@cache
def _host() -> str:
    return socket.gethostname() or "localhost"


@cache
def _place() -> str:
    """Digest of what processes share that see each other: machine, its start, container."""
    parts = [_host()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with contextlib.suppress(OSError, AttributeError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "replace"), digest_size=4).hexdigest()


def _started(pid: int) -> int | None:
    """When a process was started, in clock ticks; None where it has ended, or nothing says so."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


def _runs(pid: int, started: int) -> bool:
    """Whether a process of this machine still runs; a number may have been given away again."""
    if Path("/proc/self/stat").exists():
        found = _started(pid)
        return found is not None and started in (0, found)
    if sys.platform == "win32":
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _runs_on_windows(pid: int) -> bool:
    """`os.kill` would end the process there."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(0x00100000, False, pid)  # SYNCHRONIZE
    if not handle:
        return bool(ctypes.get_last_error() == 5)  # type: ignore[attr-defined]  # access denied
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == 0x102)  # WAIT_TIMEOUT
    finally:
        kernel.CloseHandle(handle)
