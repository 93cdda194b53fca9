"""The state of an unfinished training, in one file that is replaced atomically."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from micvae.errors import RunError
from micvae.files import replacing
from micvae.paths import checked_file

RENAMED = {"generator/second_batch_order": "generator/second order"}
"""Names of tensors, and those under which earlier versions stored them."""


def save(
    path: Path,
    step: int,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    generators: Mapping[str, torch.Generator],
    seconds: float,
) -> None:
    """Write weights, optimiser moments and generator states after `step` steps and `seconds`."""
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"module/{name}/{key}": t for key, t in module.state_dict().items()}
    for name, optimizer in optimizers.items():
        for i, parameter in enumerate(_parameters(optimizer)):
            state = optimizer.state.get(parameter, {})
            tensors |= {f"optimizer/{name}/{i}/{key}": t for key, t in state.items()}
    for name, generator in generators.items():
        tensors[f"generator/{name}"] = generator.get_state()
    save_tensors(path, tensors, {"step": str(step), "seconds": str(seconds)})


def load(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    generators: Mapping[str, torch.Generator],
) -> tuple[int, float]:
    """Restore the state that `save` wrote, in place; return the steps and seconds taken."""
    tensors, metadata = load_tensors(path)
    try:
        for name, module in modules.items():
            restore(module, tensors, f"module/{name}/")
        for name, optimizer in optimizers.items():
            for i, parameter in enumerate(_parameters(optimizer)):
                prefix = f"optimizer/{name}/{i}/"
                optimizer.state[parameter] = {
                    key.removeprefix(prefix): _laid_out_like(parameter, t)
                    for key, t in tensors.items()
                    if key.startswith(prefix)
                }
        for name, generator in generators.items():
            key = f"generator/{name}"
            generator.set_state(tensors[key if key in tensors else RENAMED[key]])
        return int(metadata["step"]), float(metadata["seconds"])
    except (KeyError, ValueError, RuntimeError) as error:
        raise RunError(
            f"{path} does not fit this configuration: {str(error).rstrip('.')}. Remove the file to "
            "begin the training again."
        ) from None


def step_of(path: Path) -> int:
    """Number of steps before a checkpoint was written.

    Raises:
        RunError: if the file cannot be read, or has no number of steps.
    """
    try:
        with safe_open(path, framework="pt") as file:  # checks the file's size, too
            return int((file.metadata() or {})["step"])
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} is not a readable safetensors file: {error}.") from None
    except (KeyError, ValueError):
        raise RunError(f"{path} has no number of steps; it is not a checkpoint.") from None


def restore(module: nn.Module, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
    """Copy tensors into the storage of a module; each must be present with its shape."""
    with torch.no_grad():
        for key, target in module.state_dict().items():
            if tensors[prefix + key].shape != target.shape:
                raise ValueError(f"{key} has shape {tuple(tensors[prefix + key].shape)}")
            target.copy_(tensors[prefix + key])
            if not target.isfinite().all():  # also values that were finite in double precision only
                raise ValueError(f"{key} holds NaN or infinite values")


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file atomically."""
    with replacing(path) as temporary:
        save_file(
            {k: t.detach().cpu().contiguous() for k, t in tensors.items()}, temporary, metadata
        )


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file onto the CPU."""
    checked_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, no mapping
            return tensors, file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} is not a readable safetensors file: {error}.") from None


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes in a safetensors file's header; no tensor is loaded.

    The header is checked against the file: it cannot promise more than there is.
    """
    checked_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            return {
                key: tuple(file.get_slice(key).get_shape())
                for key in file.keys()  # noqa: SIM118, no mapping
            }
    except (OSError, SafetensorError) as error:
        raise RunError(
            f"{path} is not a readable safetensors file: {error}; get it again, or train again."
        ) from None


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """Copy a moment into the memory layout of its parameter, which fused updates require."""
    if value.shape != parameter.shape:
        return value.to(parameter.device, copy=True)  # no view of the file, which is replaced
    return torch.empty_like(parameter).copy_(value)
