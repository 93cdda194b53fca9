"""What a metric returns, and what it raises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from micvae.errors import MicvaeError


class MetricError(MicvaeError):
    """Codes, factors or settings on which a metric has no defined value."""


@dataclass(frozen=True)
class Score:
    """The outcome of one metric.

    Attributes:
        values: Score by key, as `micvae.metrics.evaluate` reports it. A metric that computes
            several scores at once (DCI) has several keys; its principal one stands first.
        details: What the score was made from (per-factor gaps, importance matrix, settings), as
            the metric's docstring lists it.
    """

    values: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The principal score: the first of `values`."""
        return next(iter(self.values.values()))

    def __float__(self) -> float:
        return self.value
