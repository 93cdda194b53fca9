"""PyTorch as micvae needs it, whatever the caller has set for the whole process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")

_AUTOCAST = ("cpu", "cuda", "mps", "xpu")


@contextmanager
def torch_defaults() -> Iterator[None]:
    """Compute under PyTorch's own defaults; what the caller has set is there again afterwards.

    Results are then the same, to the bit, whatever the process has set before:

    - `torch.set_grad_enabled(False)`, `torch.no_grad()`, `torch.inference_mode()`;
    - `torch.set_default_dtype`, `torch.set_default_device`, `with torch.device(…)`;
    - `torch.use_deterministic_algorithms`, `torch.set_float32_matmul_precision`;
    - `torch.autocast`, `torch.autograd.set_detect_anomaly`.

    The number of threads is left as it is: it is how much of the machine the caller lends, and is
    stored with every run.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.autograd.set_detect_anomaly(False))
        if torch.get_default_dtype() != torch.float32:
            stack.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(torch.float32)
        if torch.get_default_device().type != "cpu":  # a mode that costs time at every call
            stack.enter_context(torch.device("cpu"))
        if torch.are_deterministic_algorithms_enabled():
            warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
            stack.callback(torch.use_deterministic_algorithms, True, warn_only=warn_only)
            torch.use_deterministic_algorithms(False)
        _full_precision(stack)
        for kind in _AUTOCAST:
            if torch.is_autocast_enabled(kind):
                stack.callback(torch.set_autocast_enabled, kind, True)
                torch.set_autocast_enabled(kind, False)
        yield


def _full_precision(stack: ExitStack) -> None:
    """Multiply float32 matrices as float32."""
    try:
        precision = torch.get_float32_matmul_precision()
    except RuntimeError:  # the caller has set it by the newer names, which do not mix with this one
        backends: Any = torch.backends
        for part in (backends.cuda.matmul, backends.mkldnn.matmul):
            if part.fp32_precision != "ieee":
                stack.callback(setattr, part, "fp32_precision", part.fp32_precision)
                part.fp32_precision = "ieee"
        return
    if precision != "highest":
        stack.callback(torch.set_float32_matmul_precision, precision)
        torch.set_float32_matmul_precision("highest")


def with_torch_defaults(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function compute under `torch_defaults`; it must not be a generator."""

    @functools.wraps(function)
    def computed(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch_defaults():
            return function(*args, **kwargs)

    return computed
