"""The model card: how to use a shared model, its method, data and scores."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping

from micvae import spelling
from micvae.metrics import METRICS, BootstrapInterval
from micvae.objectives.identifiability import statement
from micvae.objectives.terms import NATS, term
from micvae.scoring.nulls import nulls_of, r_mi_said
from micvae.sharing.front_matter import FrontMatter
from micvae.sharing.record import ModelConfig
from micvae.text import printable, shortened
from micvae.training import RunConfig
from micvae.training.trained_model import shown_shape
from micvae.training.units import Units

Spread = Mapping[str, BootstrapInterval]


def model_card(facts: ModelConfig, spread: Spread, licence: str | None) -> str:
    """Write README.md: YAML front matter, then Markdown.

    Args:
        facts: content of `config.json`.
        spread: intervals of scores, by name, where computed.
        licence: an identifier, or None for none.
    """
    config = facts.config
    title = shortened(f"{config.method} on {facts.data.name}", 200)
    parts = [
        FrontMatter.of(facts, licence).to_yaml(),
        f"# {_plain(title)}\n",
        _opening(config, facts),
        _use(config, facts),
        _method(config),
        _data(facts),
        _scores(facts, spread),
        _terms(config, facts),
        _provenance(config, facts),
    ]
    return "\n".join(parts)


def _opening(config: RunConfig, facts: ModelConfig) -> str:
    shape = shown_shape(facts.image_shape)
    return (
        f"{config.latent_dim} latents of {shape}, learned with "
        f"micvae by {_code(config.method)}: "
        f"{config.objective.summary}.\n"
    )


def _use(config: RunConfig, facts: ModelConfig) -> str:
    what = "images" if len(facts.image_shape) == 3 else "vectors"
    out = "images.npz" if what == "images" else "vectors.parquet"
    notes = "".join(f"\n{note}\n" for note in _cautions(config, facts))
    return f"""## Use it

```python
from micvae.data import load
from micvae.sharing.hub import from_pretrained

trained = from_pretrained("FOLDER or OWNER/NAME")
codes = trained.encode(load("data.npz")).codes  # (N, {config.latent_dim}), posterior means
{what} = trained.decode(codes)
```

```
micvae encode FOLDER data.npz --out codes.parquet
micvae decode FOLDER codes.parquet --out {out}
```
{notes}"""


def _cautions(config: RunConfig, facts: ModelConfig) -> list[str]:
    """The requirements on the data."""
    units = facts.data.units or Units()
    cautions = []
    if units.whitened:
        cautions.append(
            "The model reads and gives whitened vectors, and the matrix that whitened the training "
            "data is not stored: name data as `whitened('data.npz')`, which gives the same numbers "
            "for the training data only."
        )
    if units.mean is not None:
        cautions.append(
            "Give vectors in the units of the training data: `encode` subtracts `mean` and divides "
            "by `scale` of `config.json`, feature by feature, and `decode` goes back."
        )
    if not config.objective.encodes_samplewise:
        cautions.append(
            "Codes depend on the frames before and after: give whole sequences, in the order of "
            "time, with an array named `sequence`."
        )
    return cautions


def _method(config: RunConfig) -> str:
    documented = inspect.getdoc(type(config.objective))
    if sys.flags.optimize >= 2:  # dataclasses make a text of their own where there is none
        documented = None
    if documented is None:
        documented = (
            f"{config.objective.summary} (the full definition is in micvae's documentation)"
        )
    kept = _markdown(documented.partition("\nReferences:")[0].strip())
    caveat = statement(config.objective.identifiability)
    return (
        f"## Method\n\nSource: {config.objective.reference}. It minimises:\n\n{kept}\n\n"
        f"Settings: {_code(str(spelling.spell(config.objective, full=True)))}.\n\n"
        f"## What is identified\n\n{caveat}\n"
    )


def _markdown(documented: str) -> str:
    """A docstring's directives as Markdown: `.. math::` between dollars, notes as quotations."""
    blocks = []
    for block in documented.split("\n\n"):
        if block.startswith(".. math::"):
            equation = " ".join(block.removeprefix(".. math::").split())
            block = f"$$ {equation} $$"
        elif block.startswith("Note:\n"):
            lines = block.removeprefix("Note:\n").splitlines()
            block = "\n".join(f"> {line.strip()}" for line in lines)
        blocks.append(block)
    return "\n\n".join(blocks)


def _data(facts: ModelConfig) -> str:
    data = facts.data
    named = [
        f"{_plain(n)} ({_plain(k)})"
        for n, k in zip(data.factor_names, data.factor_kinds, strict=True)
    ]
    lines = [f"## Data\n\n{_plain(data.name)}, {data.n:,} samples."]
    lines.append(f"Known factors: {', '.join(named)}." if named else "No factor is known.")
    lines += [f"- {_plain(note)}" for note in data.notes]
    return "\n\n".join(lines) + "\n"


def _scores(facts: ModelConfig, spread: Spread) -> str:
    scores = facts.scores
    if scores is None:
        return "## Scores\n\nNot evaluated.\n"
    rows = [
        "| score | value | 95% interval | independent latents give | range | better |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    nulls = nulls_of(scores)
    for name, value in scores.metrics.items():
        known = METRICS.get(name)
        low, high = known.range if known else (float("-inf"), float("inf"))
        within = f"{low:g} to {high:g}".replace("inf", "∞").replace("-", "−")
        better = {True: "higher", False: "lower", None: ""}[
            known.higher_is_better if known else None
        ]
        found = spread.get(name)
        shown = "" if found is None else f"{found.low:.3f} to {found.high:.3f}"
        null = nulls.get(name)
        by_chance = "" if null is None else f"{null.low:.3f} to {null.high:.3f}"
        rows.append(
            f"| {_plain(name)} | {value:.4f} | {shown} | {by_chance} | {within} | {better} |"
        )
    how = (
        f"One training, seed {facts.config.seed}, {scores.samples:,} samples, "
        f"{scores.active_units} active latents; {r_mi_said(scores)}. "
        "Intervals are bootstraps over samples of these codes, and say nothing of another "
        "training, whose spread is larger as a rule."
    )
    cautions = [f"- {_plain(caution)}." for caution in scores.cautions]
    return "\n".join(["## Scores\n", *rows, "", how, *(["", *cautions] if cautions else []), ""])


def _terms(config: RunConfig, facts: ModelConfig) -> str:
    rows = ["| term | value | unit |", "| --- | --- | --- |"]
    for name, value in facts.training.last_epoch.items():
        unit = term(name).unit
        shown = "nats per sample" if unit == NATS else unit or "none"
        rows.append(f"| {_plain(name)} | {value:.4f} | {shown} |")
    when = (
        "Of the finished model."
        if config.objective.changes_after_training
        else "Means over the last epoch."
    )
    return "\n".join(["## Loss terms\n", f"{when}\n", *rows, ""])


def _provenance(config: RunConfig, facts: ModelConfig) -> str:
    training = facts.training
    known = {"python": training.python, "torch": training.torch, "numpy": training.numpy}
    versions = [f"{k} {_plain(version)}" for k, version in known.items() if version is not None]
    epochs = f"{config.epochs} epoch{'s' if config.epochs > 1 else ''}"
    took = "" if training.seconds is None else f" in {training.seconds:.0f} s"
    return (
        f"## Made by\n\nmicvae {_plain(facts.micvae)} ({', '.join(versions)}), {epochs}{took}. "
        "`config.json` holds every setting, `model.safetensors` the weights; neither can run "
        "code.\n"
    )


_ACTIVE = re.compile(
    r"[\\`*{}\[\]<>#+!|~$&]|:(?=//|\w)|(?<=\bwww)\.|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])",
    re.IGNORECASE,
)
"""What means something in Markdown or makes a link of an address, without a backslash before it."""


def _plain(text: object) -> str:
    """Text on one line that is no markup, no link and no end of a table's cell."""
    line = " ".join(str(text).split())
    shown = _ACTIVE.sub(r"\\\g<0>", printable(line))
    return re.sub(r"^(\d+)([.)])|^([-])", lambda m: f"{m[1] or ''}\\{m[2] or m[3]}", shown)


def _code(text: str) -> str:
    """Text as code, between more backticks than it has in a row."""
    line = printable(" ".join(text.split()))
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    space = " " if "`" in line else ""
    return f"{fence}{space}{line}{space}{fence}"
