"""Text that came out of files, made safe to show and to store.

Names of factors, features and data sets, notes and paths may have been written by a stranger.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode categories of characters that act on what is around them, or are not seen: control and
format characters (bidirectional overrides, zero-width ones), lone surrogates, separators."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠\t\r\n]")
"""What a spreadsheet takes for the start of a formula: ASCII or full width, after any apostrophes
that stand before it already."""


def printable(text: object, keep: str = "") -> str:
    r"""Write every hidden character as an escape: ESC becomes `\x1b`.

    Hidden are control characters (line breaks among them), format characters such as bidirectional
    overrides and zero-width spaces, lone surrogates, line separators and noncharacters. What is
    returned can be encoded as UTF-8, and every character of it is allowed in XML 1.0.

    Args:
        text: any text; other objects are turned into text.
        keep: characters that stay as they are, e.g. a line feed.

    >>> printable("size\x1b[2J")
    'size\\x1b[2J'
    """
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or not _hidden(c) else _escaped(c) for c in text)


def printable_values(value: Any) -> Any:
    """Apply `printable` to every text within lists and dictionaries, names included."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable_values(k): printable_values(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [printable_values(v) for v in value]
    return value


def page_text(value: Any) -> Any:
    """What a template of a page writes for a value: hidden characters of texts as escapes.

    Markup, which has an `__html__` method, and other objects stay as they are.
    """
    return printable(value, "\n") if isinstance(value, str) and not _is_markup(value) else value


def _is_markup(value: object) -> bool:
    return hasattr(value, "__html__")


def encodable(text: str) -> str:
    r"""Write lone surrogates, which UTF-8 does not have, as escapes: `\udcff`.

    Python reads them from JSON, and from file names that are not UTF-8.
    """
    return _SURROGATE.sub(lambda found: _escaped(found[0]), text)


def shortened(text: str, most: int) -> str:
    """At most so many characters: the middle of a longer text becomes an ellipsis."""
    if len(text) <= most:
        return text
    end = (most - 1) // 3
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def text_table(
    head: Sequence[str], lines: Sequence[Sequence[str]], left: Collection[int] = (0,)
) -> str:
    """Cells in columns of equal width; those of the columns `left` to the left.

    >>> print(text_table(["method", "MIG"], [["vae", "0.2"], ["beta-vae", "0.35"]]))
    method     MIG
    vae        0.2
    beta-vae  0.35
    """
    shown = [[printable(cell) for cell in line] for line in (head, *lines)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in shown
    )


def number(value: float, digits: int) -> str:
    """The value with so many decimals, a true minus sign, and none on a zero."""
    text = f"{value:.{digits}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def spreadsheet_name(text: str) -> str:
    """A column name that no spreadsheet takes for a formula: an apostrophe before `=`, `+`, ….

    `column_name` gives the name back.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def column_name(text: str) -> str:
    """The name that `spreadsheet_name` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _hidden(character: str) -> bool:
    code = ord(character)
    nonsense = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return nonsense or unicodedata.category(character) in _HIDDEN


def _escaped(character: str) -> str:
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
