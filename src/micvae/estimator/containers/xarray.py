"""`xarray.DataArray`."""

from __future__ import annotations

from typing import Any

import numpy as np

from micvae.data.layout import Layout
from micvae.errors import DataError
from micvae.estimator.containers.arrays import usable
from micvae.estimator.containers.base import Opened, is_instance_of, labels_as_names

SAMPLES = {
    "sample", "samples", "obs", "observation", "observations", "row", "rows", "record", "records",
    "case", "cases", "index", "time", "batch", "n",
}  # fmt: skip
"""Names of dimensions that count samples."""
CHANNELS = {"channel", "channels", "band", "bands", "c"}
"""Names of dimensions that count channels."""


def read(X: Any, column: str | None, fitting: bool) -> Opened | None:
    """Read a `DataArray` with a dimension that counts samples."""
    if is_instance_of("xarray", ("Dataset", "DataTree"), X):
        raise DataError(
            f"X is an xarray {type(X).__name__} of several variables; give one, such as X['name'], "
            "or X.to_dataframe()."
        )
    if not is_instance_of("xarray", ("DataArray",), X):
        return None
    names = {str(dim): dim for dim in X.dims}
    first = [name for name in names if name.lower() in SAMPLES]
    if len(first) != 1:
        raise DataError(
            f"X is a DataArray with dimensions {', '.join(map(repr, names))}, and "
            f"{'several of them' if first else 'none of them'} may count the samples; name that "
            "one 'sample' and no other so, as in X.rename({'…': 'sample'}), or give X.values with "
            "the samples on the first axis."
        )
    rest = [name for name in names if name not in first]
    last = [name for name in rest if name.lower() in CHANNELS] if len(rest) == 3 else []
    order = [*first, *(name for name in rest if name not in last), *last]
    values = X.transpose(*(names[name] for name in order)).values
    labels: Any = X.coords[names[rest[0]]].values if len(rest) == 1 and rest[0] in X.coords else ()
    text = all(isinstance(label, str) for label in labels)
    called = tuple(labels) if text else labels_as_names(list(np.asarray(labels).tolist()))
    layout: Layout | None = "channels_last" if last else None
    return Opened(usable(values), tuple(map(str, called)), layout)
