"""micvae: disentangled and identifiable representation learning."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from micvae.estimator import Disentangler

__all__ = ["Disentangler", "__version__"]


def __getattr__(name: str) -> Any:
    """Load what needs torch when it is asked for, and not before."""
    if name == "Disentangler":
        from micvae.estimator import Disentangler

        return Disentangler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
