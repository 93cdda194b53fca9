"""Checks that a request fits into the available memory before it is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from micvae.errors import DataError

_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Limit of a container and how much of it is in use, by the version of the kernel's interface."""


def check_memory(needed: int, asked: str) -> None:
    """Refuse requests for more memory than is free.

    Args:
        needed: bytes, at least.
        asked: the options that say how much, for the message: `n is 1000000000000`.

    Raises:
        DataError: where that is more than is free; where the system does not say how much is, it
            is not refused here.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise DataError(
            f"{asked}, which needs at least {_shown(needed)} of memory, and {_shown(free)} are "
            "free here; give a smaller number."
        )


def check_problem(n: int, sources: int, beside: int = 0) -> None:
    """Refuse a problem of vectors that does not fit into memory.

    Args:
        n: number of samples.
        sources: their number D, which is the number of features as a rule.
        beside: further numbers for each sample, such as its auxiliary variable.
    """
    numbers = 6 * sources + beside  # the sources, what is drawn for them, and the observations
    check_memory(8 * (n * numbers + sources**2), f"n is {n} and sources {sources}")


def memory() -> int:
    """Bytes of memory that this process may use; a terabyte where the system does not say.

    The smallest of the machine's memory, the limit of the container, and `ulimit -v`.
    """
    known = [_pages(), *(_number(limit) for limit, _ in _CGROUPS), _limit_of_process()]
    return min([2**40, *(limit for limit in known if limit is not None and limit > 0)])


def free_memory() -> int | None:
    """Bytes that this process can still take, or None where the system does not say."""
    known = [_of_machine(), *(_of_container(*files) for files in _CGROUPS), _of_process()]
    limits = [limit for limit in known if limit is not None]
    return max(0, min(limits)) if limits else None


def _of_machine() -> int | None:
    """Free memory and swap, or the size of the memory if only that is known."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        values = {name: int(rest.split()[0]) for name, _, rest in (x.partition(":") for x in lines)}
        return 1024 * (values["MemAvailable"] + values["SwapFree"])
    except (OSError, ValueError, KeyError, IndexError):
        pass
    return _pages()


def _pages() -> int | None:
    """The machine's memory."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has neither
        return None


def _of_container(limit: str, used: str) -> int | None:
    allowed, taken = _number(limit), _number(used)
    return None if allowed is None or taken is None else allowed - taken


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text("ascii"))
    except (OSError, ValueError):  # no such file, or the word "max"
        return None


def _of_process() -> int | None:
    """The limit of the address space (`ulimit -v`), less what is in use."""
    limit = _limit_of_process()
    if limit is None:
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        return limit - pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def _limit_of_process() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _shown(size: int) -> str:
    """Bytes in a readable unit."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size = size // 1000 if unit == "bytes" else size / 1000  # type: ignore[assignment]
    return f"{size:,.0f} PB" if size < 1e6 else f"{size:.0e} PB"
