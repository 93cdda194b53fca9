"""Results that print as aligned tables and convert to data frames and dictionaries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from micvae.errors import MicvaeError

Row = Mapping[str, object]
"""One score: its name in the column `score`, and numbers or text by column."""


class BootstrapInterval(NamedTuple):
    """A score and the bounds of its bootstrap interval over samples.

    Examples:
        >>> from micvae.metrics import BootstrapInterval
        >>> BootstrapInterval(0.5, 0.4, 0.6).high
        0.6
    """

    value: float
    low: float
    high: float


class ScoreTable(ABC):
    """Scores by name, one per row."""

    @abstractmethod
    def rows(self) -> list[Row]:
        """The table row by row; every row has the same columns."""

    def to_frame(self) -> Any:
        """The table as a `pandas.DataFrame`, indexed by the names of the scores.

        Raises:
            MicvaeError: Where pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise MicvaeError("to_frame needs pandas: pip install pandas.") from None
        rows = self.rows()
        columns = [*rows[0]] if rows else ["score", "value"]
        return pandas.DataFrame(rows, columns=columns).set_index("score")

    def __repr__(self) -> str:
        return aligned(self.rows()) or "no scores"


def aligned(rows: Sequence[Row]) -> str:
    """Rows as text: a header, text to the left and numbers to the right."""
    if not rows:
        return ""
    lines = [[*rows[0]], *([_shown(cell) for cell in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    number = [isinstance(cell, float) for cell in rows[0].values()]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, number, strict=True)
        ).rstrip()
        for line in lines
    )


def _shown(cell: object) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)
