"""Data sets with ground-truth factors: generated, published, derived, the user's own."""

from pathlib import Path

from micvae import spelling
from micvae.data.auxiliary import auxiliary
from micvae.data.blocks import blocks
from micvae.data.cars3d import cars3d
from micvae.data.correlated import correlated
from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.description import DataDescription, describe, described, what_is
from micvae.data.digits import digits
from micvae.data.dsprites import dsprites
from micvae.data.dsprites_file import dsprites_file
from micvae.data.files import from_npy, from_npz, from_table
from micvae.data.formats import FORMATS, Format
from micvae.data.hdf5 import from_hdf5
from micvae.data.held_out import held_out
from micvae.data.lazy import Images, LazyImages, parts, rows_of
from micvae.data.mpi3d import mpi3d
from micvae.data.own import arrays, own, pictures
from micvae.data.pairs import pairs
from micvae.data.pictures import from_folder
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

GENERATED = described(squares, dsprites, scenes)
BUNDLED = described(digits)  # come with a library
PROBLEMS = described(  # vectors of which all is known
    independent, segments, autoregressive, sparse_transitions, state_space, sharing_pairs
)
PUBLISHED = described(dsprites_file, shapes3d, cars3d, smallnorb, mpi3d)  # take the path of a file
WRAPPERS = described(  # take another data set
    correlated,
    held_out,
    split,
    pairs,
    auxiliary,
    blocks,
    sequences,
    rendered,
    whitened,
    standardised,
)
OWN = described(arrays, pictures)  # the user's own files, with options
DATASETS = GENERATED | BUNDLED | PROBLEMS | PUBLISHED | OWN | WRAPPERS
OWN_PATH = described(own)["own"]  # the user's own file or folder, written as its path
spelling.register(DataDescription, DATASETS, "data", of_path=OWN_PATH, exists=what_is)

__all__ = [
    "BUNDLED",
    "DATASETS",
    "FORMATS",
    "GENERATED",
    "OWN",
    "OWN_PATH",
    "PROBLEMS",
    "PUBLISHED",
    "WRAPPERS",
    "DataDescription",
    "FactorDataset",
    "FactorKind",
    "Format",
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
    "describe",
    "described",
    "digits",
    "dsprites",
    "dsprites_file",
    "from_folder",
    "from_hdf5",
    "from_npy",
    "from_npz",
    "from_table",
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


def load(data: str | Path | DataDescription) -> FactorDataset:
    """Load a data set by its description, see `describe`, or the user's own images by path.

    Raises:
        DataError: where there is nothing of that name, or it cannot be used.
        FileError: where the system does not let it be read.

    Examples:
        >>> from micvae.data import load
        >>> load("squares(n=64, seed=1)").images.shape
        (64, 1, 32, 32)
        >>> load("correlated('squares(n=64)', factors=('size', 'intensity'))").name
        'squares, correlated'
    """
    return describe(data).load()
