"""Descriptions of data sets: frozen dataclasses with a text form, `squares(n=64, seed=1)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from micvae import files, spelling
from micvae.data.dataset import FactorDataset
from micvae.errors import DataError, MicvaeError
from micvae.files import file_errors
from micvae.spelling import SEED


@dataclass(frozen=True)
class DataDescription:
    """The arguments of the function that makes a data set, as fields.

    `describe` reads a description from text, and `str` writes it. The arguments of a text keep
    their order, and those that equal their defaults stay.

    Examples:
        >>> from micvae.data import describe
        >>> description = describe("squares(n=64, seed={seed})")
        >>> description.with_seed(3).load().images.shape
        (64, 1, 32, 32)
    """

    builder: ClassVar[Callable[..., FactorDataset]]
    """The function."""
    written: ClassVar[spelling.Labels | None] = None
    """Arguments of the text that it was read from; None where it was built in Python."""
    text: ClassVar[str | None] = None
    """The text that it was read from, which names the runs of a study; None after a change."""

    def load(self) -> FactorDataset:
        """Generate or read the samples.

        Raises:
            DataError: where they cannot be made, or used.
            FileError: where the system does not let a file be read.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        try:
            with file_errors(expanded(self.own_path or str(self))):
                return type(self).builder(**values)
        except TypeError as error:
            raise DataError(f"data {str(self)!r}: {error}.") from None

    def __str__(self) -> str:
        """As `describe` reads it."""
        return str(spelling.spell(self))

    @property
    def inner(self) -> DataDescription | None:
        """The inner data; None if there is none."""
        data = getattr(self, "data", None)
        return data if isinstance(data, DataDescription) else None

    @property
    def own_path(self) -> str | None:
        """The file or folder that this names itself, not in its inner data."""
        path: str | None = getattr(self, "path", None)
        return path

    def steps(self) -> Iterator[DataDescription]:
        """This description, its inner data, and so on down to the data that is generated or
        read."""
        yield self
        if self.inner is not None:
            yield from self.inner.steps()

    @property
    def generated(self) -> int:
        """How many samples `load` would generate, at any depth; 0 where they are read."""
        made = [getattr(step, "n", 0) for step in self.steps() if step.own_path is None]
        return max((n for n in made if isinstance(n, int)), default=0)

    def wrapped(self, kind: str, **options: Any) -> DataDescription:
        """The data set `kind` made of this one, every option written out.

        >>> str(describe("squares(n=64)").wrapped("split", share=0.1))
        "split('squares(n=64)', share=0.1)"
        """
        return described_as(kind, {"data": self}, **options)

    @property
    def follows_seed(self) -> bool:
        """Whether `{seed}` stands somewhere for the seed of a run."""
        return self.with_seed(0) != self

    def with_seed(self, seed: int) -> Self:
        """The same with a seed in place of `{seed}`, at any depth and in names of files."""

        def filled(name: str, value: Any) -> Any:
            if isinstance(value, DataDescription):
                return value.with_seed(seed)
            text = isinstance(value, str)
            return seed if value is SEED else value.replace(str(SEED), str(seed)) if text else value

        return self._with(filled)

    def following(self, seed: int) -> Self:
        """The inverse of `with_seed`: `{seed}` in place of every written `seed=` of this value."""
        written = {name for _, name in self.written or ()}

        def opened(name: str, value: Any) -> Any:
            if isinstance(value, DataDescription):
                return value.following(seed)
            return SEED if name == "seed" and name in written and value == seed else value

        return self._with(opened)

    def with_paths(self, change: Callable[[str], str]) -> DataDescription:
        """The same with every path changed, at any depth."""
        if not self.written and what_is(moved_text := change(str(self))):
            return describe(moved_text)  # a file may have the name of a data set

        def moved(name: str, value: Any) -> Any:
            if isinstance(value, DataDescription):
                return value.with_paths(change)
            return change(value) if name == "path" else value

        return self._with(moved)

    def from_folder(self, folder: Path) -> DataDescription:
        """The same with relative paths taken from `folder`."""
        return self.with_paths(lambda path: path if _fixed(path) else str(folder / path))

    def beside(self, folder: Path) -> DataDescription:
        """The same with every path replaced by the file of its name in `folder`."""
        return self.with_paths(lambda path: str(folder / Path(path).name))

    @property
    def relative(self) -> bool:
        """Whether a path depends on the current folder."""
        return self.from_folder(Path.cwd()) != self

    def without_folders(self) -> DataDescription:
        """The same with every path shortened to its last part, for publication."""
        return self.with_paths(lambda path: re.split(r"[/\\]", path.rstrip("/\\"))[-1])

    def _with(self, change: Callable[[str, Any], Any]) -> Self:
        values = {f.name: change(f.name, getattr(self, f.name)) for f in fields(self)}
        changed = replace(self, **values)
        object.__setattr__(changed, "written", self.written)
        return changed


def described_as(kind: str, first: Mapping[str, Any], **options: Any) -> DataDescription:
    """The description of a kind, its first field written by position and the options by name."""
    made = spelling.kinds_of(DataDescription)[kind](**first, **options)
    labels = (*(("", name) for name in first), *((f"{name}=", name) for name in options))
    object.__setattr__(made, "written", labels)
    return made


DataLike = FactorDataset | DataDescription | str | Path
"""A data set, its description, or the text of it: a name or a path."""


def described(*functions: Callable[..., FactorDataset]) -> dict[str, type[DataDescription]]:
    """Descriptions of the data sets that functions make, by the functions' names.

    The fields of each are the parameters of its function: with the same names, order, types and
    defaults. A parameter that takes any `DataLike` becomes a description, a path a text.

    Examples:
        >>> from dataclasses import fields
        >>> from micvae.data import described, squares
        >>> descriptions = described(squares)
        >>> [field.name for field in fields(descriptions["squares"])][:2]
        ['n', 'seed']
    """
    types = {DataLike: DataDescription, str | Path: str}
    return {
        function.__name__: spelling.of_function(function, DataDescription, types)
        for function in functions
    }


def describe(data: str | Path | DataDescription) -> DataDescription:
    """Read the description of a data set.

    Args:
        data: a name out of `DATASETS`, with options where needed (`squares(n=4096, seed=1)`,
            `split('squares(n=4096)', share=0.2)`, the inner data with or without quotes), or the
            path of a file or folder. An existing file or folder is a path, whatever its name. In a
            quoted text a backslash is one, except before a quotation mark or another backslash.

    Raises:
        DataError: for a text that is not understood, and arguments that do not fit.

    Examples:
        >>> str(describe("pairs(squares(n=64, seed={seed}), changes=2)").with_seed(3))
        "pairs('squares(n=64, seed=3)', changes=2)"
    """
    if isinstance(data, DataDescription):
        return data
    try:
        return spelling.read(str(data), DataDescription)
    except DataError:
        raise
    except MicvaeError as error:
        raise DataError(str(error)) from None


def expanded(path: Any) -> Path:
    """The path of a file or folder, with the home directory for a leading `~`.

    Raises:
        DataError: where it is no text.
        MicvaeError: where there is no such home directory.
    """
    if not isinstance(path, str | Path) or "\0" in str(path):
        raise DataError(f"path is {path!r}; give the path of a file or folder as text.")
    return files.expanded(path)


def what_is(path: str | Path) -> Literal["file", "folder", ""]:
    """The kind of file at a path, if any; descriptions of data may be too long for a path.

    Raises:
        DataError: where it is no text.
        MicvaeError: where there is no such home directory.
    """
    there = expanded(path)
    try:
        return "folder" if there.is_dir() else "file" if there.is_file() else ""
    except OSError:
        return ""


def _fixed(path: str) -> bool:
    return Path(path).is_absolute() or path.startswith("~")
