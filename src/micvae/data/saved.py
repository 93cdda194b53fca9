"""A data set saved as one file: its arrays, and a record of everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.lazy import Images
from micvae.data.value_range import Range
from micvae.errors import DataError, MicvaeError
from micvae.files import replacing
from micvae.records import Json, Texts, Wide, encoded, from_json

ABOUT = "micvae_record"
"""Name of the array that holds the record, as text."""


@dataclass(frozen=True, kw_only=True)
class SavedRecord:
    """Metadata of a saved data set."""

    name: str
    notes: Texts = ()
    source: Mapping[str, Json] = field(default_factory=dict)
    value_range: tuple[Wide, Wide] | None = None
    """Black and white of the array of images; None for vectors."""
    factor_values: tuple[tuple[Wide, ...] | None, ...] = ()
    """Per factor the finite set of its values, or None."""

    @property
    def values(self) -> tuple[NDArray[np.float64] | None, ...]:
        """The sets of values as arrays."""
        return tuple(None if v is None else np.asarray(v, float) for v in self.factor_values)


def save(dataset: FactorDataset, path: Path) -> None:
    """Write the file, see `FactorDataset.save`."""
    images, value_range = _smallest(np.asarray(dataset.images), dataset.partners)
    partners = None if dataset.partners is None else np.asarray(dataset.partners)
    if partners is not None and images.dtype == np.uint8:
        partners = _bytes(partners)
    record = SavedRecord(
        name=dataset.name,
        notes=dataset.notes,
        source=dict(dataset.source),
        value_range=value_range,
        factor_values=tuple(
            None if values is None else tuple(values.tolist()) for values in dataset.factor_values
        ),
    )
    names = {
        "factor_names": dataset.factor_names,
        "factor_kinds": dataset.factor_kinds,
        "feature_names": dataset.feature_names,
    }
    arrays: dict[str, NDArray[Any] | None] = {
        "images": images,
        "factors": dataset.factors if dataset.n_factors else None,
        "partners": partners,
        "auxiliary": dataset.auxiliary,
        "sequence": dataset.sequence,
        **{name: np.asarray(texts, str) if texts else None for name, texts in names.items()},
        ABOUT: np.asarray(json.dumps(encoded(record), allow_nan=False)),
    }
    with replacing(path) as temporary:
        there: Any = {name: array for name, array in arrays.items() if array is not None}
        np.savez(temporary, **there)


def record_of(text: NDArray[Any], path: Path) -> SavedRecord:
    """Read the record of a saved data set.

    Raises:
        DataError: where it is damaged.
    """
    try:
        return from_json(SavedRecord, json.loads(str(text)), f"{ABOUT} in {path}")
    except (ValueError, RecursionError) as error:
        raise DataError(f"{ABOUT} in {path} cannot be read as JSON: {error}.") from None
    except MicvaeError as error:
        raise DataError(str(error)) from None


def _smallest(images: NDArray[Any], partners: Images | None) -> tuple[NDArray[Any], Range | None]:
    """Images with their values of black and white; as bytes if that is lossless."""
    if images.ndim == 2:
        return images, None
    every = [images] if partners is None else [images, np.asarray(partners)]
    for floats in every:
        if not np.array_equal(_bytes(floats).astype(np.float32) / np.float32(255), floats):
            return images, (0, 1)
    return _bytes(images), (0, 255)


def _bytes(images: NDArray[Any]) -> NDArray[np.uint8]:
    whole: NDArray[np.uint8] = np.round(images * np.float32(255)).astype(np.uint8)
    return whole
