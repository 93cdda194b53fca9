"""Parameters of an estimator that depend on its method."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Self

from sklearn.base import BaseEstimator

from micvae.errors import ParameterError


class WithOptions(BaseEstimator):  # type: ignore[misc]
    """A scikit-learn estimator whose `__init__` ends in `**options`, each of them a parameter.

    scikit-learn reads parameters from the signature and ignores `**options`. Here each option is an
    attribute, `get_params` includes the options that were given, and `set_params` accepts new ones,
    so that `clone` and grid searches work. `fit` checks the names.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Every parameter by name, the options included."""
        return {**super().get_params(deep), **self.options}

    def set_params(self, **params: Any) -> Self:
        """Set parameters; an unknown name is an option.

        Raises:
            ParameterError: for a name that cannot be an option.
        """
        own = self._get_param_names()
        for name in params:
            if name not in own and (hasattr(type(self), name) or name.strip("_") != name):
                raise ParameterError(f"{name!r} is not a parameter; choose from {', '.join(own)}.")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    @property
    def options(self) -> Mapping[str, object]:
        """The options that are set."""
        own = inspect.signature(type(self).__init__).parameters
        return {
            name: value
            for name, value in vars(self).items()
            if name not in own and name.strip("_") == name
        }
