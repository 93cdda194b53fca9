"""Output of the command line, and Ctrl-C."""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Self

ERRORS = "micvae.plain"
"""Name of the handler of characters that an output cannot encode."""

PLAIN = {
    "→": "->",
    "←": "<-",
    "↑": "^",
    "↓": "v",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "·": "-",
    "×": "x",
    "±": "+-",
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "∞": "inf",
    "‖": "||",
    "Σ": "sum",
    "Δ": "Delta",
    "√": "sqrt",
    "°": " degrees",
    "²": "^2",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "λ": "lambda",
    "μ": "mu",
    "ρ": "rho",
    "σ": "sigma",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
}
"""ASCII replacements for characters that the output's encoding lacks.

Other characters are escaped as in Python: `\\u0431`.
"""


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = [_shown(one) for one in error.object[error.start : error.end]]
    return "".join(shown), error.end


def _shown(character: str) -> str:
    if 0xD800 <= ord(character) < 0xE000:  # a byte of a file's name that is no text
        return f"\\x{ord(character) & 0xFF:02x}"
    return PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(ERRORS, _plain)


def make_printable() -> None:
    """Let standard output and error print any text, whatever their encoding.

    Characters that an encoding such as cp1252 or ASCII lacks are replaced (`→` by `->`). Streams
    other than those of the interpreter are not changed.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and getattr(stream, "errors", None) != ERRORS:
            with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it
                reconfigure(errors=ERRORS)


def flush_output() -> None:
    """Write the buffer, so that an error of the output is raised here and not at exit."""
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()


def abandon_output() -> None:
    """Discard what cannot be written; otherwise the interpreter reports it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
        except AttributeError:  # there is no such stream
            continue
    os.close(nowhere)


class Interrupts:
    """One Ctrl-C stops a command; further ones within seconds do not disturb its cleanup.

    Args:
        stay: whether interrupts stay ignored after a command was stopped, because the process ends
            with it.

    Attributes:
        came: whether an interrupt came.
    """

    PATIENCE = 3.0
    """Seconds after which another Ctrl-C counts as a second request to stop."""

    def __init__(self, stay: bool) -> None:
        self.stay = stay
        self.came = False
        self._last = 0.0
        self._before: Any = None
        self._ours = False

    def __enter__(self) -> Self:
        """Handle interrupts, if Python's default handler is installed."""
        main = threading.current_thread() is threading.main_thread()
        self._ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._ours:
            self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the previous handler."""
        if self._ours:
            ignored = self.came and self.stay
            signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else self._before)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.came or now - self._last > self.PATIENCE:
            self.came, self._last = True, now
            raise KeyboardInterrupt
