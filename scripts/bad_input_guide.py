"""Write docs/bad-input.md, the reference of messages, from the entries that the tests carry out.

python scripts/bad_input_guide.py
"""

import re
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from messages import ENTRIES, Entry, is_shell  # noqa: E402

PAGE = ROOT / "docs" / "bad-input.md"
HEAD = """\
# Messages and what helps

micvae answers bad input with one line that begins with `micvae: error:` and names the file, column or argument and what helps; the exit status is 2, and in Python the same text is raised as a `MicvaeError`. Nothing half-written is left: files that were there stay as they are, and no command replaces what it did not write itself. A line that begins with `micvae: warning:` or `note:` leaves the result usable, but not for what one might take it for. To find a message, search this page for some of its words, without names and numbers of your own (in angle brackets here), or look at the [index](#index).

The commands and lines of Python below are carried out by the tests as they stand, each on data that causes the message. In Python, `model` is a `Disentangler` and `X` is your data. Files may come from strangers: nothing that is opened can run code, and what a file declares is compared with what it holds before memory is taken.
"""  # noqa: E501
ENDS = " '\"(),;:.×"
WORDS = 9
"""So many words of a message stand in the index."""


def anchor(title: str) -> str:
    """The end of the address of a heading, as Sphinx and GitHub make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def words_of(entry: Entry) -> str:
    """Words of a message that do not vary, for the index: the first three or more."""
    if entry.words:
        return entry.words.strip(" ,;:")
    fixed = [part.partition(";")[0].strip(ENDS) for part in re.split(r"<[^<>]+>|…", entry.message)]
    said = next((part for part in fixed if len(part.split()) >= 3), max(fixed, key=len))
    return " ".join(said.split()[:WORDS]).rstrip(ENDS)


def block(code: str) -> str:
    """A block of commands or of Python."""
    return f"```{'sh' if is_shell(code) else 'python'}\n{code}\n```"


def of_entry(entry: Entry) -> str:
    """An entry as it stands on the page."""
    example = f"Example: `{entry.given}`" if "\n" not in entry.given else "Example:"
    parts = [f"### {entry.title}", f"`{entry.message}`", f"{entry.meaning} {example}"]
    if "\n" in entry.given:
        parts.append(block(entry.given))
    parts += [f"**Remedy.** {entry.remedy}", block(entry.fix)]
    if entry.again:
        parts.append("Then give the same command again.")
    elif entry.then:
        parts += ["Then:", block(entry.then)]
    return "\n\n".join(parts)


def page() -> str:
    """The whole page."""
    parts = [HEAD.strip()]
    for section, entries in groupby(ENTRIES, lambda entry: entry.section):
        parts += [f"## {section}", *map(of_entry, entries)]
    index = sorted(((words_of(e), e.title) for e in ENTRIES), key=_alphabetical)
    lines = [f"- [`{words}`](#{anchor(title)}): {title}" for words, title in index]
    return "\n\n".join([*parts, "## Index", "\n".join(lines)]) + "\n"


def _alphabetical(line: tuple[str, str]) -> tuple[str, str]:
    return line[0].lower(), line[1]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
