"""A factor as the observed auxiliary variable u."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.wrapping import column as column_of
from micvae.data.wrapping import inner, without_factors


def auxiliary(data: DataLike, *, column: int | str, keep: bool = True) -> FactorDataset:
    """Use a factor as the auxiliary variable u that is observed with each image.

    A categorical factor becomes one column per value, 1 where it takes it and 0 elsewhere; an
    angle, in radians, its cosine and sine; any other factor is taken as it is.

    Args:
        data: with factors; a data set, or its name or path in quotes as for `load`.
        column: the factor, by name or by number from 0.
        keep: whether it stays among the factors. Without it, images of chosen factors can no
            longer be rendered.

    Returns:
        `data` with `auxiliary` (N, U).

    Raises:
        DataError: for an unknown factor.

    Examples:
        >>> from micvae.data import auxiliary
        >>> data = auxiliary("squares(n=100)", column="rotation", keep=False)
        >>> data.auxiliary.shape, data.factor_names
        ((100, 4), ('size', 'intensity'))
    """
    dataset = inner(data)
    k = column_of(dataset, column)
    values, kind = dataset.factors[:, k], dataset.factor_kinds[k]
    known = dataset.factor_values[k]
    if kind == "categorical":
        u = (values[:, None] == np.unique(values if known is None else known)).astype(np.float64)
    elif kind == "angular":
        u = np.stack([np.cos(values), np.sin(values)], axis=1)
    else:
        u = values[:, None]
    made = replace(dataset, auxiliary=u)
    if not keep:
        made = without_factors(made, [k])
    return replace(
        made,
        name=f"{dataset.name}, with u",
        source={
            "data": "auxiliary",
            "of": dict(dataset.source),
            "column": dataset.factor_names[k],
            "keep": keep,
        },
    )
