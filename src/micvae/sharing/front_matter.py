"""The YAML front matter of a model card, as the Hugging Face hub reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal

from micvae.records import LEFT_OUT, Texts, encoded
from micvae.sharing.record import ModelConfig
from micvae.text import printable_values

KEYS = {"model_index": "model-index"}
"""Keys that are no names of Python."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A task or data set."""

    type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A score of the model."""

    type: str
    value: float
    name: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """Scores on one data set."""

    task: Named = Named(type="disentanglement", name="Disentanglement")
    dataset: Named
    metrics: tuple[Measured, ...]


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """A model with its results."""

    name: str
    results: tuple[Result, ...]


@dataclass(frozen=True, kw_only=True)
class FrontMatter:
    """Metadata of a repository of models."""

    library_name: Literal["micvae"] = "micvae"
    tags: Texts
    license: str | None = field(default=None, metadata=LEFT_OUT)
    metrics: Texts = field(default=(), metadata=LEFT_OUT)
    model_index: tuple[IndexEntry, ...] = field(default=(), metadata=LEFT_OUT)

    @classmethod
    def of(cls, facts: ModelConfig, licence: str | None) -> FrontMatter:
        """Metadata of a model.

        Args:
            facts: content of `config.json`.
            licence: an identifier, or None for none.
        """
        method, data = facts.config.method, facts.data.name
        scores = {} if facts.scores is None else facts.scores.metrics
        result = Result(
            dataset=Named(name=data, type=data),
            metrics=tuple(Measured(type=n, value=v, name=n) for n, v in scores.items()),
        )
        entry = IndexEntry(name=f"{method} on {data}", results=(result,))
        tags = ("micvae", "disentanglement", "representation-learning", "vae", method)
        return cls(
            tags=tuple(dict.fromkeys(tags)),
            license=licence,
            metrics=tuple(scores),
            model_index=(entry,) if scores else (),
        )

    def to_yaml(self) -> str:
        """The lines between `---` marks; each value is JSON, which is YAML with quoted texts."""
        values = printable_values(encoded(self))  # YAML has no hidden characters
        lines = (
            f"{KEYS.get(name, name)}: {json.dumps(value, ensure_ascii=False)}"
            for name, value in values.items()
        )
        return "\n".join(["---", *lines, "---", ""])
