"""Starting points of the relative paths of a data set, as the record of a run stores them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from micvae.data.description import DataDescription
from micvae.records import LEFT_OUT


@dataclass(frozen=True, kw_only=True)
class StartingPoints:
    """The folder where the relative paths of a data set start, as `run.json` holds it."""

    absolute: str | None = field(default=None, metadata=LEFT_OUT)
    """The folder itself."""
    from_run: str | None = field(default=None, metadata=LEFT_OUT)
    """The way to it from the folder of the run; None where there is none."""


def starting_points(data: DataDescription, run: Path) -> StartingPoints | None:
    """Where the relative paths of a data set start: for the record of a run that is trained now.

    Args:
        data: as it was given.
        run: the folder of the run.

    Returns:
        The current folder, and the way to it from the folder of the run, which stays true where
        both are moved together; None where no path is relative.
    """
    if not data.relative:
        return None
    here, way = Path.cwd(), None
    with suppress(ValueError):  # on another drive there is no way to it
        way = Path(os.path.relpath(here, run.resolve())).as_posix()
    return StartingPoints(absolute=str(here), from_run=way)
