"""What an entry of docs/bad-input.md is."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Names = Mapping[str, Any]
Prepare = Callable[[Path], Any]


def nothing(folder: Path) -> None:
    """The folder is ready as it is: a finished run lies in runs/first."""


@dataclass(frozen=True)
class Entry:
    """A message.

    Args:
        section: the heading under which it stands.
        title: a heading of a few words; links lead to it.
        message: as it is printed, with what varies in angle brackets or left out (…).
        meaning: what is wrong, a sentence or two.
        given: what a user did: commands, or lines of Python.
        remedy: what helps, a sentence or two.
        fix: the same as commands or lines of Python.
        prepare: makes the files in a folder, and returns the names that the lines of Python use.
        again: whether `given` is to be repeated after `fix`; `fix` is used in its place otherwise.
        then: a command that is given after `fix`, in place of `given`.
        words: those of the message that stand in the index, where the first ones do not do.
        without: packages that are not installed.
        condition: what is wrong with the machine meanwhile, in a folder.
    """

    section: str
    title: str
    message: str
    meaning: str
    given: str
    remedy: str
    fix: str
    prepare: Prepare = nothing
    again: bool = False
    then: str = ""
    words: str = ""
    without: tuple[str, ...] = ()
    condition: Callable[[Path], contextlib.AbstractContextManager[None]] | None = None


PROGRAMS = ("micvae", "pip", "cp", "mv", "rm", "mkdir", "cd", "sed", "echo", "kill")


def is_shell(code: str) -> bool:
    """Whether code is for the shell; it is Python otherwise."""
    return code.lstrip().startswith(tuple(f"{name} " for name in PROGRAMS))


@dataclass(frozen=True)
class Section:
    """A heading of the page and its entries; a call appends one."""

    title: str
    entries: list[Entry] = field(default_factory=list)

    def __call__(self, title: str, message: str, **values: Any) -> None:
        text = {name: value.strip("\n") if isinstance(value, str) else value
                for name, value in values.items()}  # fmt: skip
        self.entries.append(Entry(self.title, title, message, **text))
