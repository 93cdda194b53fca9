"""Samples with ground-truth factors: generated, published, made of another set, one's own."""

from collections.abc import Callable
from pathlib import Path

from micvae import spelling
from micvae.data.auxiliary import auxiliary
from micvae.data.cars3d import cars3d
from micvae.data.correlated import correlated
from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.dsprites import dsprites
from micvae.data.dsprites_file import dsprites_file
from micvae.data.files import from_folder, from_npz
from micvae.data.held_out import held_out
from micvae.data.mpi3d import mpi3d
from micvae.data.pairs import pairs
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
from micvae.data.tables import TableFile, read_matrix
from micvae.data.whitened import whitened
from micvae.errors import DataError

GENERATED: dict[str, Callable[..., FactorDataset]] = {
    "squares": squares,
    "dsprites": dsprites,
    "scenes": scenes,
}
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
    "sequences": sequences,
    "rendered": rendered,
    "whitened": whitened,
}
DATASETS = GENERATED | PROBLEMS | PUBLISHED | WRAPPERS

__all__ = [
    "DATASETS",
    "GENERATED",
    "PROBLEMS",
    "PUBLISHED",
    "WRAPPERS",
    "FactorDataset",
    "FactorKind",
    "Problem",
    "TableFile",
    "autoregressive",
    "auxiliary",
    "cars3d",
    "correlated",
    "dsprites",
    "dsprites_file",
    "from_folder",
    "from_npz",
    "held_out",
    "independent",
    "load",
    "mpi3d",
    "pairs",
    "read_matrix",
    "rendered",
    "scenes",
    "segments",
    "sequences",
    "shapes3d",
    "sharing_pairs",
    "smallnorb",
    "sparse_transitions",
    "split",
    "squares",
    "state_space",
    "successors",
    "whitened",
]


def load(name_or_path: str) -> FactorDataset:
    """Load a data set by name, or the user's own images by path.

    Args:
        name_or_path: a name out of `DATASETS`, with options where needed
            (`squares(n=4096, seed=1)`, `shapes3d('3dshapes.h5')`,
            `correlated('squares(n=4096)', strength=0.4)`); or the path of an .npz file or of a
            folder of images.

    Raises:
        DataError: where there is nothing of that name, or it cannot be used.
    """
    path = Path(name_or_path)
    name = name_or_path.partition("(")[0].strip()
    if name in DATASETS and ("(" in name_or_path or not path.exists()):
        _, positional, options = spelling.parse(name_or_path, "data")
        try:
            return DATASETS[name](*positional, **options)
        except TypeError as error:
            raise DataError(f"data {name_or_path!r}: {error}.") from None
    if path.is_dir():
        return from_folder(path)
    if path.is_file():
        if path.suffix.lower() == ".npz":
            return from_npz(path)
        raise DataError(
            f"{path} is neither an .npz file nor a folder of images; save the images as "
            "np.savez('data.npz', images=…, factors=…), or name the data set that the file is "
            f"of: {', '.join(PUBLISHED)}, as in shapes3d('3dshapes.h5')."
        )
    raise DataError(
        f"there is no data set or file {name_or_path!r}; use {', '.join(DATASETS)}, an .npz file "
        "or a folder of images."
    )
