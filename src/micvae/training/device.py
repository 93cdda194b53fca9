"""Where the computation runs."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch

from micvae.data import Images, LazyImages
from micvae.errors import MicvaeError
from micvae.records import LEFT_OUT

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def resolve(name: str) -> torch.device:
    """Turn `auto` into the best device at hand, and refuse one that is not there."""
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        return torch.device("cuda" if there["cuda"] else "mps" if there["mps"] else "cpu")
    if name not in there:
        raise MicvaeError(f"device is {name!r}; choose auto, {', '.join(there)}.")
    if not there[name]:
        usable = ", ".join(key for key, ok in there.items() if ok)
        raise MicvaeError(f"device {name!r} is not available here; use auto or {usable}.")
    return torch.device(name)


class Streamed:
    """Images that are read in parts, selected by rows as those of a tensor on the CPU are.

    Args:
        images: where they come from.
    """

    device = torch.device("cpu")

    def __init__(self, images: LazyImages) -> None:
        self.images = images

    def __len__(self) -> int:
        """Return N."""
        return len(self.images)

    def index_select(self, dim: Literal[0], rows: torch.Tensor) -> torch.Tensor:
        """Read the images of `rows`, in that order."""
        return torch.from_numpy(self.images[rows.numpy()])


def place(images: Images, device: torch.device) -> torch.Tensor | Streamed:
    """Put the data set where the computation is, if it takes less than half of what is free."""
    if isinstance(images, LazyImages):
        return Streamed(images)
    tensor = torch.from_numpy(images)
    if device.type == "cuda" and tensor.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
        return tensor.pin_memory()
    return tensor.to(device)


@dataclass(frozen=True, kw_only=True)
class EnvironmentRecord:
    """What else determines the bits of a run."""

    python: str | None = field(default=None, metadata=LEFT_OUT)
    torch: str | None = field(default=None, metadata=LEFT_OUT)
    numpy: str | None = field(default=None, metadata=LEFT_OUT)
    platform: str | None = field(default=None, metadata=LEFT_OUT)
    device: str | None = field(default=None, metadata=LEFT_OUT)
    threads: int | None = field(default=None, metadata=LEFT_OUT)
    cores: int | None = field(default=None, metadata=LEFT_OUT)


def describe(device: torch.device) -> EnvironmentRecord:
    """The environment that determines a run's bits, for its record."""
    return EnvironmentRecord(
        python=platform.python_version(),
        torch=str(torch.__version__),
        numpy=np.__version__,
        platform=platform.platform(),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        threads=torch.get_num_threads(),
        cores=os.cpu_count(),
    )
