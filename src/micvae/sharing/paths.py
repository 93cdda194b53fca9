"""Data descriptions and messages without the folders of the machine that trained a run."""

from __future__ import annotations

from micvae.data import describe
from micvae.errors import DataError


def public(data: str) -> str:
    """A data description without the folders of its paths, at any depth."""
    try:
        described = describe(data)
        shown = described.without_folders()
        return data if shown == described else str(shown)
    except DataError:
        return "…"  # no run can have been trained on it


def without_folders(text: str, data: str) -> str:
    """A message about data without the folders of its paths, at any depth of `data`."""
    steps = list(describe(data).steps())
    named = [*map(str, steps), *(step.own_path for step in steps if step.own_path)]
    for one in sorted(named, key=len, reverse=True):
        text = text.replace(one, public(one))
    return text
