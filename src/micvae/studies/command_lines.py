"""Configurations as the command lines that ask for them."""

import dataclasses
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from micvae import spelling
from micvae.training.config import RunConfig

MAIN = ("data", "latent_dim", "epochs", "seed")
"""What a command line for `micvae train` says even where it is the default."""


def train_command(
    config: RunConfig, out: Path, full: bool = False, standardise: bool = True
) -> str:
    """The command line that trains a configuration: the main settings, and unusual ones.

    Args:
        config: what to train.
        out: folder of the run.
        full: whether to name every setting, for a line that does not depend on defaults.
        standardise: False where the data is vectors of the user's own that are to stay as they are.
    """
    plain = RunConfig(objective=config.objective)
    words = ["micvae", "train", str(spelling.spell(config.objective))]
    for name in (field.name for field in dataclasses.fields(config) if field.name != "objective"):
        value = getattr(config, name)
        if full or name in MAIN or value != getattr(plain, name):
            words += _flag(name, value)
    words += [] if standardise else ["--no-standardise"]
    return shlex.join([*words, "--out", str(out)])


def command_line(words: Sequence[str], job: Any, leave_out: Collection[str] = ()) -> str:
    """The command line of a job, a dataclass: `words`, then what differs from its defaults."""
    flags: list[str] = []
    for field in dataclasses.fields(job):
        value = getattr(job, field.name)
        if field.name not in leave_out and value != field.default:
            flags += _flag(field.name, value)
    return shlex.join([*words, *flags])


def _flag(name: str, value: Any) -> list[str]:
    values = value if isinstance(value, tuple) else (value,)
    texts = [str(spelling.spell(v)) if dataclasses.is_dataclass(v) else str(v) for v in values]
    if value is False:
        return [f"--no-{name.replace('_', '-')}"]
    return [f"--{name.replace('_', '-')}", *([] if value is True else texts)]
