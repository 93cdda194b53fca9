"""Factors of every kind as points with meaningful distances."""

from collections.abc import Mapping

import numpy as np

from micvae.information.plug_in import Floats, as_labels
from micvae.metrics.inputs import CheckedInputs
from micvae.metrics.score import MetricError, check_setting


def embed(given: CheckedInputs, periods: Mapping[int, float] | None = None) -> list[Floats]:
    """Embed every factor: (N, m) columns.

    Continuous and ordinal factors are standardised (m = 1), angular ones become (cos, sin) of
    2π v / period (m = 2), categorical ones are one-hot encoded.

    Args:
        given: Checked inputs.
        periods: Period of an angular factor by its index; see `period_of` for the others.

    Raises:
        MetricError: For a period of a factor that is not angular, or not above 0.
    """
    try:
        chosen = dict(periods or {})
    except (TypeError, ValueError):
        raise MetricError(
            f"periods={periods!r}: give periods by factor, as in {{0: 360}}"
        ) from None
    for k, period in chosen.items():
        if not (0 <= k < len(given.kinds) and given.kinds[k] == "angular"):
            raise MetricError(f"periods names factor {k}, which is not angular")
        check_setting(f"periods[{k}]", period, lambda v: 0 < v < np.inf, "give a positive number")
    embedded = []
    for k, (column, kind) in enumerate(zip(given.factors.T, given.kinds, strict=True)):
        if kind == "angular":
            angle = 2 * np.pi * column / chosen.get(k, period_of(column))
            embedded.append(np.stack([np.cos(angle), np.sin(angle)], axis=1))
        elif kind == "categorical":
            labels = as_labels(column)
            embedded.append(np.eye(labels.max() + 1)[labels])
        else:
            embedded.append(((column - column.mean()) / column.std())[:, None])
    return embedded


def period_of(column: Floats) -> float:
    """The period of an angular factor, inferred from its values.

    A range of 2π or 360 is the period, since both ends are the same angle. Otherwise m equally
    spaced values (at most half as many as samples) of spacing s have period m·s: 0, 22.5, 45, 67.5
    have 90. Otherwise it is 2π where all values lie within ±2π, else 360.
    """
    for turn in (2 * np.pi, 360.0):
        if np.isclose(np.ptp(column), turn, rtol=1e-6):
            return float(turn)
    values = np.unique(column)
    if 2 < len(values) <= len(column) / 2:
        spacing = np.diff(values)
        if np.allclose(spacing, spacing.mean(), rtol=1e-3):
            return float(spacing.mean() * len(values))
    return 2 * np.pi if np.abs(column).max() <= 2 * np.pi + 1e-9 else 360.0
