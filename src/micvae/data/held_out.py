"""Combinations of factor values that are held out of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.description import DataLike
from micvae.data.wrapping import column, inner, positions
from micvae.errors import DataError

Where = Mapping[int | str, Sequence[float]]
Said = dict[str, list[float] | dict[str, float]]
"""Per factor the values that are held out: some of them, or all `from` one `to` another."""


def held_out(
    data: DataLike,
    *,
    where: Where | None = None,
    factors: tuple[int | str, ...] = (0, 1),
    share: float = 0.5,
    train: bool = True,
) -> FactorDataset:
    """Another data set without some combinations of factor values, or those alone.

    Samples are left out if *every* factor named in `where` lies within its range: each value still
    occurs, but not in that combination. Without `where`, the upper corner is left out: the upper
    `share` of the values of each of `factors`.

    Args:
        data: with factors; a data set, or its name or path in quotes as for `load`.
        where: per factor, by name or by number from 0, in the factor's own units: a tuple
            (lowest, highest), both included, or a list [value, …] of single values.
        factors: where `where` is not given, the factors that span the corner.
        share: where `where` is not given, how much of each factor's values is left out, between 0
            and 1: of finitely many by their rank, else of the range from smallest to largest.
        train: True for all the rest, False for what is left out: the test set to it.

    Returns:
        The samples, in their order, with the names, kinds, values and renderer of `data`. The
        renderer still makes every combination.

    Raises:
        DataError: for unknown factors, an impossible range or share, where nothing or everything
            would be left out, and for data with partners, which would show what is left out.

    References:
        *The Role of Disentanglement in Generalisation*, Milton Llera Montero, Casimir JH Ludwig,
        Rui Ponte Costa, Gaurav Malhotra, Jeffrey Bowers, 2021.

    Examples:
        >>> from micvae.data import held_out
        >>> train = held_out("squares(n=400)", factors=("size", "intensity"))
        >>> test = held_out("squares(n=400)", factors=("size", "intensity"), train=False)
        >>> len(train) + len(test)
        400
    """
    dataset = inner(data)
    if dataset.partners is not None:
        raise DataError(
            f"{dataset.name} has partners, which may show what is held out; hold out first and "
            "make pairs of the rest: pairs(\"held_out('NAME')\")."
        )
    if where is None:
        inside, said = _corner(dataset, factors, share)
    else:
        inside, said = _within(dataset, where)
    kept = np.flatnonzero(~inside if train else inside)
    if not 0 < inside.sum() < len(dataset):
        raise DataError(
            f"{'all' if inside.any() else 'none'} of the {len(dataset):,} samples of "
            f"{dataset.name} are held out by where = {said}; choose other values."
        )
    text = " and ".join(f"{name} {_words(values)}" for name, values in said.items())
    note = (
        f"Held out: the {inside.mean():.0%} of the samples with {text}."
        if train
        else f"Only what was held out: {text}."
    )
    return replace(
        dataset.subset(kept),
        name=f"{dataset.name}, {'rest' if train else 'held out'}",
        notes=(*dataset.notes, note),
        source={"data": "held_out", "of": dict(dataset.source), "where": said, "train": train},
    )


def _corner(
    data: FactorDataset, factors: Sequence[int | str], share: float
) -> tuple[NDArray[np.bool_], Said]:
    if not isinstance(share, int | float) or not 0 < share < 1:
        raise DataError(f"share is {share!r}; it must lie between 0 and 1.")
    if not isinstance(factors, tuple | list) or not factors:
        raise DataError(f"factors is {factors!r}; give at least one, such as (0, 1).")
    inside = np.ones(len(data), dtype=bool)
    said: Said = {}
    for k in (column(data, factor) for factor in factors):
        at, known = positions(data, k), data.factor_values[k]
        if known is not None:  # the middle of the share that each value stands for
            values = len(np.unique(known))
            at = (at * (values - 1) + 0.5) / values
        upper = at > 1 - share
        inside &= upper
        values_of = data.factors[upper, k]
        said[data.factor_names[k]] = (
            np.unique(values_of).tolist()
            if known is not None
            else {"from": float(values_of.min()), "to": float(values_of.max())}
        )
    return inside, said


def _within(data: FactorDataset, where: Where) -> tuple[NDArray[np.bool_], Said]:
    if not isinstance(where, Mapping) or not where:
        raise DataError(
            f"where is {where!r}; give values per factor, such as "
            f"{{{data.factor_names[0]!r}: (lowest, highest)}}."
        )
    inside = np.ones(len(data), dtype=bool)
    said: Said = {}
    for factor, wanted in where.items():
        k = column(data, factor)
        values = data.factors[:, k]
        numbers = isinstance(wanted, tuple | list) and all(
            isinstance(value, int | float) for value in wanted
        )
        if not numbers or (isinstance(wanted, tuple) and len(wanted) != 2):
            raise DataError(
                f"where gives {wanted!r} for {factor!r}; give a tuple (lowest, highest) or a list "
                "[value, …]."
            )
        if isinstance(wanted, tuple):
            inside &= (values >= wanted[0]) & (values <= wanted[1])
            said[data.factor_names[k]] = {"from": wanted[0], "to": wanted[1]}
        else:
            inside &= np.isclose(values[:, None], np.asarray(wanted)[None], atol=1e-9).any(1)
            said[data.factor_names[k]] = list(wanted)
    return inside, said


def _words(values: Any) -> str:
    if isinstance(values, dict):
        return f"from {values['from']:.4g} to {values['to']:.4g}"
    return " or ".join(f"{value:.4g}" for value in values)
