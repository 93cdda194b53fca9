"""Errors and warnings of micvae.

Every error that a user can cause is a `MicvaeError`: it names the argument, says what was given
and what would work. The command line prints it as one line and exits with status 2.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class MicvaeError(Exception):
    """A wrong input, with the remedy in its message."""


class ParameterError(MicvaeError, ValueError):
    """A parameter of an estimator that does not fit."""


class DataError(MicvaeError, ValueError):
    """Images, factors or a data file that cannot be used as they are."""


class RunError(MicvaeError):
    """A run folder that is missing, incomplete or of another configuration."""


class FileError(MicvaeError, OSError):
    """A file or folder that the system refuses to read or write; an `OSError`, too."""


class DivergedError(MicvaeError):
    """Training produced a value that is not finite."""


class NotFiniteError(MicvaeError):
    """A model returns codes or samples that are NaN or infinite."""


class MicvaeWarning(UserWarning):
    """Base of every warning: the result is defined, but may not mean what it seems to mean."""


class AmbiguousKindWarning(MicvaeWarning):
    """The kind of a factor was guessed, and its values allow two answers."""


class NotConvergedWarning(MicvaeWarning):
    """The loss still fell at the end of the training: train longer."""


class AliasedAnglesWarning(MicvaeWarning):
    """Some angles of a symmetric shape give identical images, so they are indistinguishable."""


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean beta-vae?)` for a name that is nearly a known one, else nothing."""
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), by_lower, n=1)
    return f" (did you mean {by_lower[found[0]]}?)" if found else ""
