"""Samples with ground-truth factors: generated, published, made of another set, one's own."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path

from micvae import spelling
from micvae.data.auxiliary import auxiliary
from micvae.data.blocks import blocks
from micvae.data.cars3d import cars3d
from micvae.data.correlated import correlated
from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.digits import digits
from micvae.data.dsprites import dsprites
from micvae.data.dsprites_file import dsprites_file
from micvae.data.factor_table import FACTORS_CSV
from micvae.data.files import from_npy, from_npz, from_table
from micvae.data.hdf5 import from_hdf5
from micvae.data.held_out import held_out
from micvae.data.lazy import Images, LazyImages, parts, rows_of
from micvae.data.mpi3d import mpi3d
from micvae.data.own import arrays, expanded, pictures, what_is
from micvae.data.pairs import pairs
from micvae.data.pictures import from_folder, picture_files
from micvae.data.problems import (
    Problem,
    autoregressive,
    independent,
    segments,
    sharing_pairs,
    sparse_transitions,
    state_space,
)
from micvae.data.rendered import rendered
from micvae.data.scenes import scenes
from micvae.data.sequences import sequences, successors
from micvae.data.shapes3d import shapes3d
from micvae.data.smallnorb import smallnorb
from micvae.data.split import split
from micvae.data.squares import squares
from micvae.data.standardised import standardised
from micvae.data.tables import TableFile, read_matrix
from micvae.data.whitened import whitened
from micvae.errors import DataError, MicvaeError, nearest
from micvae.files import file_errors
from micvae.paths import checked_file

GENERATED: dict[str, Callable[..., FactorDataset]] = {
    "squares": squares,
    "dsprites": dsprites,
    "scenes": scenes,
}
BUNDLED: dict[str, Callable[..., FactorDataset]] = {"digits": digits}  # come with a library
PROBLEMS: dict[str, Callable[..., Problem]] = {  # vectors of which all is known
    "independent": independent,
    "segments": segments,
    "autoregressive": autoregressive,
    "sparse_transitions": sparse_transitions,
    "state_space": state_space,
    "sharing_pairs": sharing_pairs,
}
PUBLISHED: dict[str, Callable[..., FactorDataset]] = {  # take the path of a file
    "dsprites_file": dsprites_file,
    "shapes3d": shapes3d,
    "cars3d": cars3d,
    "smallnorb": smallnorb,
    "mpi3d": mpi3d,
}
WRAPPERS: dict[str, Callable[..., FactorDataset]] = {  # take another data set
    "correlated": correlated,
    "held_out": held_out,
    "split": split,
    "pairs": pairs,
    "auxiliary": auxiliary,
    "blocks": blocks,
    "sequences": sequences,
    "rendered": rendered,
    "whitened": whitened,
    "standardised": standardised,
}
OWN: dict[str, Callable[..., FactorDataset]] = {  # one's own files, with options
    "arrays": arrays,
    "pictures": pictures,
}
FILES: dict[str, Callable[[Path], FactorDataset]] = {  # one's own, by suffix
    ".npz": from_npz,
    ".npy": from_npy,
    ".h5": from_hdf5,
    ".hdf5": from_hdf5,
    ".csv": from_table,
    ".parquet": from_table,
}
DATASETS = GENERATED | BUNDLED | PROBLEMS | PUBLISHED | OWN | WRAPPERS

__all__ = [
    "BUNDLED",
    "DATASETS",
    "FILES",
    "GENERATED",
    "OWN",
    "PROBLEMS",
    "PUBLISHED",
    "WRAPPERS",
    "FactorDataset",
    "FactorKind",
    "Images",
    "LazyImages",
    "Problem",
    "TableFile",
    "arrays",
    "autoregressive",
    "auxiliary",
    "blocks",
    "cars3d",
    "correlated",
    "digits",
    "dsprites",
    "dsprites_file",
    "from_folder",
    "from_hdf5",
    "from_npy",
    "from_npz",
    "from_table",
    "generated_samples",
    "held_out",
    "independent",
    "load",
    "mpi3d",
    "pairs",
    "parts",
    "pictures",
    "read_matrix",
    "rendered",
    "rows_of",
    "scenes",
    "segments",
    "sequences",
    "shapes3d",
    "sharing_pairs",
    "smallnorb",
    "sparse_transitions",
    "split",
    "squares",
    "standardised",
    "state_space",
    "successors",
    "whitened",
]


def generated_samples(name_or_path: str) -> int:
    """How many samples `load` would generate, at any depth of a description; 0 for files."""
    name, bracket, _ = name_or_path.partition("(")
    known = DATASETS.get(name.strip())
    if known is None or (not bracket and Path(name_or_path).exists()):
        return 0
    try:
        _, positional, options = spelling.parse(name_or_path, "data")
        given = inspect.signature(known).bind(*positional, **options)
    except (MicvaeError, TypeError):
        return 0  # `load` says why
    given.apply_defaults()
    made = [0]
    if name.strip() not in PUBLISHED and isinstance(given.arguments.get("n"), int):
        made.append(given.arguments["n"])
    if isinstance(given.arguments.get("data"), str):
        made.append(generated_samples(given.arguments["data"]))
    return max(made)


def load(name_or_path: str) -> FactorDataset:
    """Load a data set by name, or the user's own images by path.

    Args:
        name_or_path: the path of an .npz, .npy or .h5 file, of a .csv or .parquet table of numbers,
            or of a folder of images; or a name out of `DATASETS`, with options where needed
            (`squares(n=4096, seed=1)`, `arrays('photos.npz', value_range=(0, 4095))`,
            `correlated('squares(n=4096)', strength=0.4)`). What exists is a path, whatever it is
            called. In a quoted text a backslash is one, except before a quotation mark or another
            backslash.

    Raises:
        DataError: where there is nothing of that name, or it cannot be used.
        FileError: where the system does not let it be read.
    """
    path = expanded(name_or_path)
    with file_errors(path):
        return _loaded(name_or_path, path)


def _loaded(name_or_path: str, path: Path) -> FactorDataset:
    name, bracket, _ = name_or_path.partition("(")
    name = name.strip()
    there = what_is(path)
    if there == "folder":
        return from_folder(path)
    if there == "file":
        return _read(path)
    if os.path.lexists(path):
        checked_file(path)  # says that it is a pipe or a device
    ends = name_or_path.rstrip().endswith(")")
    if name in DATASETS and (ends or (bracket and path.suffix.lower() not in FILES) or not bracket):
        return _named(name, name_or_path)
    files = f"file ({', '.join(FILES)}) or of a folder of images"
    if not ends and (path.suffix or len(path.parts) > 1):
        folder = path.parent
        beside = [one.name for one in folder.iterdir()] if folder.is_dir() else []
        near = nearest(path.name, beside) if folder.is_dir() else f": there is no folder {folder}"
        raise DataError(
            f"there is no data set or file {name_or_path!r}{near}; give the path of a {files}."
        )
    raise DataError(
        f"there is no data set or file {name_or_path!r}{nearest(name, DATASETS)}; use "
        f"{', '.join(DATASETS)}, or the path of a {files}."
    )


def _named(name: str, text: str) -> FactorDataset:
    _, positional, options = spelling.parse(text, "data", paths=True)
    signature = inspect.signature(DATASETS[name])
    try:
        signature.bind(*positional, **options)
    except TypeError as error:
        accepted = ", ".join(signature.parameters)
        raise DataError(f"data {text!r}: {error}; {name} takes {accepted}.") from None
    try:
        return DATASETS[name](*positional, **options)
    except TypeError as error:
        raise DataError(f"data {text!r}: {error}.") from None


def _read(path: Path) -> FactorDataset:
    if path.name == FACTORS_CSV and picture_files(path.parent):
        raise DataError(
            f"{path} is the table of the pictures beside it; give their folder: {path.parent}."
        )
    read = FILES.get(path.suffix.lower())
    if read is not None:
        return read(path)
    raise DataError(
        f"{path} ends in none of {', '.join(FILES)}, and is no folder of images; save the "
        "images as np.savez('data.npz', images=…, factors=…), or name the data set that the "
        f"file is of: {', '.join(PUBLISHED)}, as in shapes3d('3dshapes.h5')."
    )
