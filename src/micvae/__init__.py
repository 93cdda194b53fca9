"""Disentangled and identifiable representation learning.

`train` a model, `evaluate` it or codes from elsewhere, `load` it again, `audit` what it identifies,
`select` a method without ground truth, `compare` methods over seeds, `plot` a run. `Disentangler`
is the same as an estimator of scikit-learn. Names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from micvae.api import audit, compare, evaluate, load, plot, train
    from micvae.estimator import Disentangler
    from micvae.studies import select

_HOMES = {
    "Disentangler": "micvae.estimator",
    "select": "micvae.studies",
    **dict.fromkeys(("audit", "compare", "evaluate", "load", "plot", "train"), "micvae.api"),
}

__all__ = [
    "Disentangler",
    "__version__",
    "audit",
    "compare",
    "evaluate",
    "load",
    "plot",
    "select",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
