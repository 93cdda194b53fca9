"""Loads Matplotlib without its warnings about a missing or read-only home directory.

Matplotlib then keeps its caches in a temporary folder of its own, which no one else can read, and
draws the same figures.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    def errors_only(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    found = logging.getLogger(logger)
    found.addFilter(errors_only)
    try:
        yield
    finally:
        found.removeFilter(errors_only)


with _quiet("matplotlib"), _quiet("matplotlib.font_manager"):
    import matplotlib.font_manager  # noqa: F401
