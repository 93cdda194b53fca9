"""Images with their ground-truth factors: the toy data, and the user's own."""

from collections.abc import Callable
from pathlib import Path

from micvae import spelling
from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.files import from_folder, from_npz
from micvae.data.squares import squares
from micvae.data.tables import TableFile, read_matrix
from micvae.errors import DataError

DATASETS: dict[str, Callable[..., FactorDataset]] = {"squares": squares}

__all__ = [
    "DATASETS",
    "FactorDataset",
    "FactorKind",
    "TableFile",
    "from_folder",
    "from_npz",
    "load",
    "read_matrix",
    "squares",
]


def load(name_or_path: str) -> FactorDataset:
    """Load a data set by name, or the user's own images by path.

    Args:
        name_or_path: a name out of `DATASETS`, with options where needed
            (`squares(n=4096, seed=1)`); or the path of an .npz file or of a folder of images.

    Raises:
        DataError: where there is nothing of that name, or it cannot be used.
    """
    path = Path(name_or_path)
    name = name_or_path.partition("(")[0].strip()
    if name in DATASETS and not path.exists():
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
            "np.savez('data.npz', images=…, factors=…)."
        )
    raise DataError(
        f"there is no data set or file {name_or_path!r}; use {', '.join(DATASETS)}, an .npz file "
        "or a folder of images."
    )
