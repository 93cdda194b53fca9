"""Load a trained model from its configuration and weights, which may come from strangers."""

from __future__ import annotations

from pathlib import Path

import torch

from micvae.errors import MicvaeError, RunError
from micvae.models import VAEModel, build_vae
from micvae.models.vae import STORED
from micvae.networks.base import ImageShape
from micvae.objectives.hooks import ObjectiveContext, Shape
from micvae.torch_state import with_torch_defaults
from micvae.training import checkpoint
from micvae.training.config import RunConfig
from micvae.training.device import resolve

MOST_SIDE = 2**24
"""Limit for each side of a sample; a larger one is a mistake, or meant to exhaust the memory."""


@with_torch_defaults
def restored_model(
    config: RunConfig, image_shape: ImageShape, weights: Path, device: str = "cpu"
) -> VAEModel:
    """Rebuild a trained model with its auxiliary modules, in evaluation mode.

    The model is first created without memory, and its shapes are compared with those in the file's
    header. Only a model of the size of its file is built.

    Args:
        config: the configuration of the training.
        image_shape: `(C, H, W)`, or `(F,)` for vectors.
        weights: a safetensors file.
        device: the device of the model.

    Raises:
        RunError: if the file cannot be read, does not fit the configuration tensor by tensor, or
            has a weight that is not finite.
    """
    shapes = checkpoint.shapes(weights)
    try:
        with torch.device("meta"):
            planned = _built(config, image_shape, shapes, torch.device("meta"))
        _compare({key: tuple(t.shape) for key, t in planned.state_dict().items()}, shapes)
        tensors, _ = checkpoint.load_tensors(weights)
        model = _built(config, image_shape, shapes, resolve(device))
        checkpoint.restore(model, tensors)
    except MicvaeError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunError(
            f"{weights} does not fit the model: {reason}; get it again, or train again."
        ) from None
    return model.eval()


def _built(
    config: RunConfig, image_shape: ImageShape, shapes: dict[str, Shape], device: torch.device
) -> VAEModel:
    model = build_vae(
        config.network,
        config.likelihood,
        config.latents,
        config.latent_dim,
        image_shape,
        torch.Generator(),
        device,
    )
    context = ObjectiveContext(config.latent_dim, image_shape, config.network)
    prefix = f"{STORED}."
    own = {k.removeprefix(prefix): s for k, s in shapes.items() if k.startswith(prefix)}
    for name, module in config.objective.restore_auxiliary_modules(context, own).items():
        model.auxiliary_modules[name] = module.to(device)
    return model


def _compare(wanted: dict[str, Shape], found: dict[str, Shape]) -> None:
    missing, unknown = wanted.keys() - found.keys(), found.keys() - wanted.keys()
    if missing or unknown:
        tensor = (
            f"missing tensor {min(missing)}" if missing else f"unexpected tensor {min(unknown)}"
        )
        raise ValueError(tensor)
    for key, shape in wanted.items():
        if found[key] != shape:
            raise ValueError(f"{key} has shape {found[key]}, expected {shape}")


def checked_shape(given: object) -> ImageShape:
    """Check the shape of a sample in a file: `(C, H, W)` or `(F,)`.

    Raises:
        RunError: if it is not such a shape.
    """
    sides = given if isinstance(given, list | tuple) else ()
    whole = all(isinstance(s, int) and not isinstance(s, bool) for s in sides)
    if len(sides) not in (1, 3) or not whole or not all(1 <= s <= MOST_SIDE for s in sides):
        raise RunError(
            f"image_shape is {given!r}; expected [C, H, W] or [F], whole numbers from 1 to "
            f"{MOST_SIDE:,}."
        )
    return tuple(sides)
