"""`RunCopy`: a finished run in memory, which can be written as a folder again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from micvae import records
from micvae.data import FactorDataset, LazyImages
from micvae.errors import DataError, RunError
from micvae.files import check_writable, is_empty, new_folder
from micvae.representation import Representation
from micvae.training.data_identity import as_trained_on
from micvae.training.record import RunRecord
from micvae.training.run import DATA, RECORD, REPRESENTATION, SCORES, WEIGHTS, Run
from micvae.training.trainer import LOG


@dataclass(frozen=True, eq=False)
class RunCopy:
    """The content of a finished run's folder.

    Args:
        record: content of `run.json`.
        representation: codes of the training samples.
        files: content of the other files by name.
    """

    record: RunRecord
    representation: Representation
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, run: Run) -> RunCopy:
        """Read a finished run."""
        names = [n for n in (LOG, WEIGHTS, SCORES) if (run.path / n).exists()]
        files = {name: (run.path / name).read_bytes() for name in names}
        return cls(run.record, run.representation(), files)

    def write(
        self, path: Path, dataset: FactorDataset | None, reload: Callable[[], FactorDataset]
    ) -> None:
        """Write the folder of the run, with its data where that is given; all of it, or nothing.

        Args:
            path: a new or empty folder.
            dataset: the training data, where it is to be stored.
            reload: makes `dataset` once more, see `micvae.training.data_identity.as_trained_on`.

        Raises:
            DataError: where `dataset` is not the training data, or is too large to be stored.
            RunError: where the folder holds something.
            FileError: where it cannot be written to.
        """
        check_writable(path)
        if path.exists() and not is_empty(path):
            raise RunError(f"{path} exists and is not empty; choose another folder.")
        if dataset is not None and isinstance(dataset.images, LazyImages):
            raise DataError(
                f"data is too large to be stored with the run ({dataset.images.shape}); fit its "
                "path instead of an array, which every command then finds again."
            )
        if dataset is not None:
            dataset = as_trained_on(dataset, self.record.data.fingerprint, reload)
            if dataset is None:
                raise DataError(
                    "data is not what was fitted; give the same X, and the same y, or leave data "
                    "out."
                )
        with new_folder(path) as folder:
            for name, content in self.files.items():
                (folder / name).write_bytes(content)
            self.representation.save(folder / REPRESENTATION)
            if dataset is not None:
                names = dataset.feature_names or self.record.data.feature_names
                replace(dataset, feature_names=names).save(folder / DATA)
            records.write(folder / RECORD, self.record)
