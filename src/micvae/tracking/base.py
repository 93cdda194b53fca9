"""What every tracker is: told of a training's start, its terms, its scores and its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from micvae.errors import MicvaeError

Status = Literal["done", "stopped", "failed"]

FOLDER = "tracking"
"""Within the run's folder: where trackers keep what is theirs."""


class Tracker(Protocol):
    """Shows a training elsewhere while it runs.

    The training hands over what it shows itself: every 50 steps, and at the end of an epoch, the
    mean of every term over the steps since. The log of every single step stays `log.parquet`. A
    training that was killed takes its last steps again with the same bits, so what is logged twice
    is the same twice.
    """

    def start(self, name: str, config: Mapping[str, Any]) -> None:
        """Begin, or go on with what was begun in the same folder.

        Args:
            name: of the run, for people.
            config: plain values by name.
        """

    def log(self, step: int, terms: Mapping[str, float]) -> None:
        """Take over the means of terms (nats per sample) up to `step`."""

    def scores(self, scores: Mapping[str, float]) -> None:
        """Take over the scores of the trained model."""

    def finish(self, status: Status) -> None:
        """Write what is held and let go of files and processes."""


@dataclass(frozen=True)
class Tracking(ABC):
    """The choice of a tracker: a frozen description, no part of what determines a run."""

    summary: ClassVar[str]

    @abstractmethod
    def open(self, folder: Path) -> Tracker:
        """Make the tracker of the run in `folder`; nothing is written before it is started.

        Raises:
            MicvaeError: where its library is not installed.
        """


@contextmanager
def tracked(tracker: Tracker, name: str, config: Mapping[str, Any]) -> Iterator[Tracker]:
    """Start a tracker and finish it, whatever happens between.

    Raises:
        MicvaeError: where it cannot start.
    """
    try:
        tracker.start(name, config)
    except MicvaeError:
        raise
    except Exception as error:  # each library raises kinds of its own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MicvaeError(f"the tracker could not start: {reason}.") from None
    status: Status = "failed"
    try:
        yield tracker
        status = "done"
    except KeyboardInterrupt:
        status = "stopped"
        raise
    finally:
        tracker.finish(status)


def missing(library: str) -> MicvaeError:
    """The error that says what to install."""
    return MicvaeError(
        f'tracker: {library} is not installed; install it with: pip install "micvae[tracking]"'
    )
