"""The units that a model reads and makes: vectors are often standardised before training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data import WRAPPERS, DataDescription, FactorDataset, standardised
from micvae.data.value_range import innermost
from micvae.errors import DataError, RunError
from micvae.sharing.record import SharedData, UnitsRecord
from micvae.training.run import IN_MEMORY

Moved = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Units:
    """What was done to vectors before the model saw them: x' = (x − mean) / scale per feature.

    Args:
        moved: mean and scale, each `(F,)`; None where nothing was subtracted or divided.
        whitened: whether x was whitened before; what is decoded then stays whitened, since the
            matrix is not stored.
    """

    moved: Moved | None = None
    whitened: bool = False

    @classmethod
    def of(cls, source: Mapping[str, Any], shape: tuple[int, ...]) -> Units:
        """Read them from the `source` of a data set, which tells every step down to the file.

        Args:
            source: of a `FactorDataset`, or of a run's record.
            shape: of a sample; images have no units.

        Raises:
            RunError: where mean or scale are not F usable numbers.
        """
        if len(shape) != 1:
            return cls()
        moved: Moved | None = None
        for step in _steps(source):
            if step.get("data") == "whitened":
                return cls(moved, whitened=True)  # what was done before is in the matrix
            if step.get("data") == "standardised":
                first = _numbers(step, shape)
                moved = first if moved is None else _both(first, moved)
        return cls(moved)

    @classmethod
    def read(cls, data: SharedData, shape: tuple[int, ...], description: DataDescription) -> Units:
        """Read what `to_record` gave, from the `data` of a shared model.

        Args:
            data: of the model.
            shape: of a sample.
            description: of the data that the model was trained on.

        Raises:
            RunError: where the model reads vectors that may have been standardised, and was shared
                before models carried their units.
        """
        given = data.units
        if given is None:
            return cls()
        if given.whitened is None:
            steps = {type(step) for step in description.steps()} if len(shape) == 1 else set()
            in_memory = str(description) == IN_MEMORY
            if WRAPPERS["standardised"] in steps or (in_memory and steps):
                raise RunError(
                    "this model reads vectors that were standardised, or may have been, and was "
                    "shared before models carried mean and scale; share its run again."
                )
            return cls(whitened=WRAPPERS["whitened"] in steps)
        if given.mean is None or given.scale is None:
            return cls(whitened=given.whitened)
        moved = np.asarray(given.mean), np.asarray(given.scale)
        return cls(moved, given.whitened)

    def to_record(self) -> UnitsRecord | None:
        """What a file holds of them; None where the model reads data as it is."""
        if self.moved is None and not self.whitened:
            return None
        if self.moved is None:
            return UnitsRecord(whitened=self.whitened)
        mean, scale = (tuple(values.tolist()) for values in self.moved)
        return UnitsRecord(mean=mean, scale=scale, whitened=self.whitened)

    def taken(self, dataset: FactorDataset, name: str = "the model") -> FactorDataset:
        """Samples in the units of the model, in float32.

        Raw ones are standardised with the model's own numbers; those that were standardised with
        the same stay as they are, and with others are brought from those to these.

        Raises:
            DataError: where the model needs whitened data, and this is not; where it needs raw
                data, and this was whitened or standardised.
        """
        own = Units.of(dataset.source, dataset.image_shape)
        if self.whitened and not own.whitened and _named(dataset.source):
            raise DataError(
                f"{name} was trained on whitened data, whose matrix is not stored, and "
                f"{dataset.name} is not whitened; give the data that it was trained on, as "
                "whitened('…'), or in Python an array that is whitened by the same matrix."
            )
        for was, needs, how in (
            (own.whitened, self.whitened, "whitened"),
            (own.moved is not None, self.moved is not None, "standardised"),
        ):
            if was and not needs:
                raise DataError(
                    f"{name} was not trained on {how} data; give {dataset.name} as it was before."
                )
        if self.moved is None:
            return dataset.as_float32()
        mean, scale = self.moved
        if own.moved is None:
            return standardised(dataset, mean, scale)
        centre, spread = own.moved
        if np.array_equal(mean, centre) and np.array_equal(scale, spread):
            return dataset
        return standardised(dataset, (mean - centre) / spread, scale / spread)

    def given(self, vectors: NDArray[np.float32]) -> NDArray[np.float32 | np.float64]:
        """What the model makes, in the units of the data before it was standardised.

        In float64 where it was standardised: float32 would not hold what was far from 0.
        """
        if self.moved is None:
            return vectors
        mean, scale = self.moved
        return vectors.astype(np.float64) * scale + mean

    @property
    def log_scale(self) -> float:
        """By how much log-densities are larger in the units of the model, nats."""
        return 0.0 if self.moved is None else float(np.log(self.moved[1]).sum())

    def notes(self, reads: str, gives: str) -> list[str]:
        """Sentences for who has only the networks, which know nothing of this.

        Args:
            reads: the name of what takes vectors.
            gives: the name of what makes them.
        """
        notes = []
        if self.moved is not None:
            what = "whitened vectors" if self.whitened else "vectors"
            notes.append(
                f"{reads} reads standardised {what}: subtract mean and divide by scale, feature "
                f"by feature, in float64, and convert to float32 afterwards. {gives} gives them "
                "likewise: convert to float64, multiply by scale and add mean."
            )
        if self.whitened:
            notes.append(
                f"{reads} reads and {gives} gives whitened vectors; the matrix that whitened the "
                "training data is not stored."
            )
        return notes


def _named(source: Mapping[str, Any]) -> bool:
    """Whether it is known where data comes from; of an array, it is not known what was done."""
    return innermost(source).get("data") not in (None, IN_MEMORY)


def _steps(source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every step of a `source`, the last one first."""
    steps = [source]
    while isinstance(inner := steps[-1].get("of"), Mapping):
        steps.append(inner)
    return steps


def _both(first: Moved, then: Moved) -> Moved:
    """One step that does what two do, one after the other."""
    return first[0] + then[0] * first[1], first[1] * then[1]


def _numbers(given: Mapping[str, Any], shape: tuple[int, ...]) -> Moved:
    try:
        mean = np.asarray(given.get("mean"), dtype=np.float64)
        scale = np.asarray(given.get("scale"), dtype=np.float64)
        fits = mean.shape == scale.shape == shape
        usable = fits and np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise RunError(
            f"mean and scale of standardised vectors are not {shape[0]} numbers each, or not "
            "finite, or a scale is not positive."
        )
    return mean, scale
