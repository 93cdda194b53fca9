"""Convert an estimator's parameters to a run's configuration, and back."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from micvae import spelling
from micvae.data.layout import arrangement
from micvae.data.value_range import Scale, innermost
from micvae.errors import DataError, MicvaeError, ParameterError
from micvae.objectives import METHODS, Objective, find
from micvae.training.config import RunConfig, TrainingOptions
from micvae.training.device import resolve
from micvae.training.record import DataRecord


@contextmanager
def as_parameter_errors() -> Iterator[None]:
    """Raise errors of methods and configurations as a `ParameterError`, which is a `ValueError`."""
    try:
        yield
    except MicvaeError as error:
        raise ParameterError(str(error)) from None


@as_parameter_errors()
def objective_of(method: Any, options: Mapping[str, Any]) -> Objective:
    """The method with some of its fields set.

    Args:
        method: an `Objective`, or its name as on the command line: "mi-constrained",
            "mi_constrained:paper", "beta-vae(beta=2)".
        options: fields of the method by name, each a value or, for schedules and estimators of
            mutual information, its text.

    Raises:
        ParameterError: for an unknown method, for names that are none of its fields, and for
            values that do not fit.
    """
    if not isinstance(method, Objective | str):
        raise MicvaeError(f"method is {method!r}; give a name, such as mi-constrained.")
    objective = find(method) if isinstance(method, str) else method
    known = [f.name for f in dataclasses.fields(objective)]
    wrong = [name for name in options if name not in known]
    if wrong:
        own = ", ".join(f.name for f in dataclasses.fields(TrainingOptions) if f.name != "data")
        raise MicvaeError(
            f"{', '.join(wrong)}: no option of {spelling.spell(objective)}, which has "
            f"{', '.join(known) or 'none'}, nor of every method, such as {own}."
        )
    hints = typing.get_type_hints(type(objective))
    given = {name: getattr(objective, name) for name in known} | dict(options)
    kind = next((name for name, k in METHODS.items() if type(objective) is k), "the method")
    try:
        values = {
            name: spelling.fitting(name, _read(name, value, hints[name]), hints[name], of=kind)
            for name, value in given.items()
        }
        return dataclasses.replace(objective, **values)
    except MicvaeError:
        raise
    except (TypeError, ValueError) as error:
        said = ", ".join(f"{name}={value!r}" for name, value in options.items())
        raise MicvaeError(f"{said} does not fit {spelling.spell(objective)}: {error}.") from None


@as_parameter_errors()
def config_of(objective: Objective, data: str, parameters: Mapping[str, Any]) -> RunConfig:
    """The configuration of a run, as `micvae train` makes it of the same flags.

    Raises:
        ParameterError: for values that do not fit, alone or together.
    """
    hints = typing.get_type_hints(TrainingOptions)
    values = {name: _read(name, value, hints[name]) for name, value in parameters.items()}
    try:
        config = RunConfig(objective=objective, data=data, **values)
    except TypeError as error:
        raise MicvaeError(f"a parameter does not fit: {error}.") from None
    resolve(config.device)
    return config


def parameters_of(config: RunConfig, data: DataRecord) -> Mapping[str, object]:
    """The estimator's parameters that give this configuration, choices as text.

    Args:
        config: of a run.
        data: the description of its data; how that was read is among the parameters.
    """
    names = [f.name for f in dataclasses.fields(TrainingOptions)]
    values = {
        "method": config.objective,
        **{name: getattr(config, name) for name in names if name not in ("data", "restart")},
    }
    return {
        name: spelling.spell(value) if dataclasses.is_dataclass(value) else value
        for name, value in (values | _reading(data)).items()
    }


def _reading(data: DataRecord) -> dict[str, object]:
    """How data was read and standardised, where that differs from the defaults."""
    first, shape = innermost(data.source), data.image_shape
    standardise = len(shape) > 1 or data.source.get("data") == "standardised"
    layouts = {"NCHW": "channels_first", "NHWC": "channels_last"}
    found = first.get("layout")
    layout = "auto"
    if isinstance(found, str) and found in layouts and len(shape) == 3:
        channels, height, width = shape
        lay = (channels, height, width) if found == "NCHW" else (height, width, channels)
        try:
            doubt = arrangement((data.n, *lay), "X") != found
        except DataError:
            doubt = True
        layout = layouts[found] if doubt else layout
    scale = Scale.of(first)
    return {
        "standardise": standardise,
        "layout": layout,
        "column": first["column"] if isinstance(first.get("column"), str) else None,
        "value_range": (scale.black, scale.white) if scale is not None and scale.given else None,
    }


def _read(name: str, value: Any, hint: Any) -> Any:
    """Convert NumPy scalars to Python's, and text or numbers to the choice they describe."""
    value = value.item() if isinstance(value, np.generic) else value
    if not spelling.registered(hint) or isinstance(value, hint):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        kind = hint.__name__.lower()
        raise MicvaeError(f"{name} is {value!r}, which is not of kind {kind}; write it as text.")
    try:
        return spelling.read(value, hint)
    except MicvaeError as error:
        raise MicvaeError(f"{name}: {error}") from None
