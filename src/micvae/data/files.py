"""The user's own data: array files, tables of numbers, or a folder of pictures."""

import math
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.archives import npz_array, readable
from micvae.data.dataset import FactorDataset
from micvae.data.declared import check_npy, check_size, header, npz_arrays
from micvae.data.factor_table import FACTORS_CSV, read_factors
from micvae.data.layout import Arrangement, arrangement
from micvae.data.lazy import Images, LazyImages, is_large
from micvae.data.on_disk import ArrayFile, Items, of_array
from micvae.data.tables import read_matrix
from micvae.errors import DataError
from micvae.paths import checked_file

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
GREY = ("1", "L", "LA", "I", "I;16", "I;16L", "I;16B", "I;16N")
IMAGES = ("images", "partners")
BESIDE = ("factors", "auxiliary", "sequence")
NAMES = ("factor_names", "feature_names")
MOST_FACTORS = 10_000
FEW_NAMES = 1_000
"""So many are read whatever they are of: that they do not fit is said in more words then."""


def from_npz(path: Path) -> FactorDataset:
    """Read `images` and, where they are there, `factors` and `factor_names`.

    `images` is uint8 (divided by 255), uint16 (by 65535) or float in [0, 1], shaped `(N, H, W)`,
    `(N, H, W, C)` or `(N, C, H, W)`, see `micvae.data.layout.arrangement`. `factors` is `(N, K)`
    numbers, `factor_names` K strings.
    `partners`, where images come in pairs, is of the images' own kind and layout, and `auxiliary`
    `(N, U)` numbers: the auxiliary variable u; `sequence` says which sequence each frame belongs
    to, `(N,)` whole numbers. Floats `(N, F)` are vectors, no pictures: any finite values, which
    `feature_names` may name, F strings.
    Pickled objects are refused. Images that would take more than 1 GiB as floats stay in the file
    and are read in parts, unless they are compressed in it.

    Raises:
        DataError: for a file that cannot be read or arrays that do not fit.
    """
    arrays: dict[str, Any] = {}
    checked_file(path)
    try:
        with npz_arrays(path) as file:
            file.described("images")  # which must be there
            there = [name for name in (*IMAGES, *BESIDE, *NAMES) if name in file.names]
            shapes = {name: file.described(name)[0] for name in there}
            for name in there:
                check_beside(name, shapes, file.described(name)[1])
                large = _unread(path, name) if name in IMAGES else None
                arrays[name] = file.read(name) if large is None else large
    except DataError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds on a broken file
        raise DataError(
            f"{path} cannot be read as an .npz file of plain arrays: {_reason(error)}."
        ) from None
    for name in IMAGES:
        if name in arrays:
            arrays[name] = of_user(arrays[name], f"{name} in {path}")
    for name in NAMES:
        if name in arrays:
            arrays[name] = texts(arrays[name])
    return FactorDataset(name=path.stem, source={"data": str(path)}, **arrays)


def check_beside(name: str, shapes: Mapping[str, tuple[int, ...]], dtype: np.dtype[Any]) -> None:
    """Refuse an array beside the images that cannot belong to them, before it is read.

    Args:
        name: of the array: factors, auxiliary, sequence, or names of something.
        shapes: of all arrays, as the file declares them.
        dtype: of this array, as the file declares it.

    Raises:
        DataError: where it has no row for each image, or is too large.
    """
    shape, images = shapes[name], shapes["images"]
    if name in BESIDE and images and len(shape) in (1, 2) and shape[0] != images[0]:
        raise DataError(
            f"{name} has {shape[0]} rows, but there are {images[0]} images; give one row per image."
        )
    if name == "factors" and len(shape) == 2 and shape[1] > MOST_FACTORS:
        raise DataError(
            f"factors has {shape[1]:,} columns; at most {MOST_FACTORS:,} factors can be used."
        )
    if name in NAMES:
        most = max(FEW_NAMES, *images[1:], *shapes.get("factors", ())[1:])
        if len(shape) > 1 or math.prod(shape) > most:
            raise DataError(f"{name} has shape {shape}; there are at most {most:,} to be named.")
    if name not in IMAGES:
        check_size(math.prod(shape) * max(8, dtype.itemsize), name)


def texts(array: NDArray[Any]) -> tuple[str, ...]:
    """Names from an array of texts or of UTF-8 bytes."""
    return tuple(
        t.decode(errors="replace") if isinstance(t, bytes) else str(t) for t in np.atleast_1d(array)
    )


def _unread(path: Path, name: str) -> Images | None:
    """An array of images that stays in the file: large, and stored as it is."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
        shape, fortran, _ = header(member, f"array {name} of {path}")
    if not is_large(shape) or (fortran and len(shape) > 1):
        return None
    with npz_array(path, name) as records:
        if not records.random_access:
            return None
        shape, dtype = records.shape, records.dtype
        return ArrayFile(path, records.start, shape, dtype, arranged(shape, dtype, name))


def from_npy(path: Path) -> FactorDataset:
    """Read images or vectors that are alone in a file, as `images` of an .npz file.

    What would take more than 1 GiB as floats stays in the file and is read in parts.

    Raises:
        DataError: for a file that cannot be read, or that holds something else.
    """
    images: Images | NDArray[Any]
    checked_file(path)
    with readable(path, "an .npy file"):
        with path.open("rb") as file:
            shape, fortran, dtype = header(file, str(path))
            start = file.tell()
        if is_large(shape) and not (fortran and len(shape) > 1):
            images = ArrayFile(path, start, shape, dtype, arranged(shape, dtype, str(path)))
        else:
            check_npy(path)
            images = of_user(np.load(path, allow_pickle=False), str(path))
    return FactorDataset(path.stem, images, source={"data": str(path)})


def from_table(path: Path) -> FactorDataset:
    """Read the columns of a .csv file (with a header row) or a .parquet file as vectors `(N, F)`.

    Row numbers that pandas adds are left out. Of a table of micvae encode these are its codes.

    Raises:
        DataError: for a file that cannot be read, and for a column of text.
    """
    table = read_matrix(path, "data").codes()
    words = [name for name, text in zip(table.names, table.text, strict=True) if text]
    if words and len(table.names) == 1 and {";", "\t"} & set(words[0]):
        raise DataError(f"{path} has no commas between its columns; save it with commas.")
    if words:
        raise DataError(
            f"{path}: column {words[0]} holds text, and vectors are numbers; leave it out, or "
            "encode its categories as 0, 1, …."
        )
    images = of_user(table.values, str(path))
    source = {"data": str(path)}
    return FactorDataset(path.stem, images, source=source, feature_names=table.names)


def picture_files(path: Path) -> list[Path]:
    """The pictures below a folder by name, without those that are hidden."""
    return sorted(
        p
        for p in path.rglob("*")
        if p.suffix.lower() in SUFFIXES
        and p.is_file()
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )


def from_folder(path: Path) -> FactorDataset:
    """Read every picture below a folder, in the order of their names.

    All must have one size. They become grey if all are grey, else colour; transparency is
    dropped. Files and folders whose names begin with a dot are no pictures: systems leave them
    behind. Where the folder holds `factors.csv`, see `micvae.data.factor_table`, it has a header
    row, a first column with the file's path relative to the folder, and one column of numbers per
    factor. Pictures that would take more than 1 GiB as floats stay in their files, which are
    opened whenever one is needed.

    Raises:
        DataError: for a picture or table that cannot be read or does not fit.
    """
    files = picture_files(path)
    if not files:
        raise DataError(
            f"{path} holds no images; expected files ending in {', '.join(sorted(SUFFIXES))}."
        )
    first, colour = _picture(files[0]), False
    for file in files:
        size, colour_here = _header(file)
        if size != first.shape[:2]:
            (h, w), (h0, w0) = size, first.shape[:2]
            raise DataError(
                f"{path} holds images of different sizes ({files[0].relative_to(path)} is "
                f"{h0}×{w0}, {file.relative_to(path)} {h}×{w}); resize them to one."
            )
        colour = colour or colour_here
    shape = (len(files), *first.shape[:2], *((3,) if colour else ()))

    def picture(i: int) -> NDArray[Any]:
        grey = _picture(files[i])
        return np.repeat(grey[..., None], 3, axis=2) if colour and grey.ndim == 2 else grey

    found: Arrangement = "NHWC" if colour else "NHW"
    images: Images = Items(picture, shape, first.dtype, found, f"images in {path}")
    if not is_large(shape):
        images = images[:]
    names, factors = read_factors(path / FACTORS_CSV, [f.relative_to(path) for f in files])
    return FactorDataset(
        name=path.resolve().name,
        images=images,
        factors=factors,  # type: ignore[arg-type]
        factor_names=names,
        source={"data": str(path)},
    )


def of_user(images: NDArray[Any] | Images, what: str) -> Images:
    """Images `(N, C, H, W)` out of an array in any arrangement; vectors `(N, F)` as they are.

    Raises:
        DataError: where its shape or its dtype is that of neither.
    """
    if isinstance(images, LazyImages):
        return images
    return of_array(images, arranged(images.shape, images.dtype, what), what)


def arranged(shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> Arrangement:
    """How an array in a file is arranged; two axes are vectors only where they are floats."""
    found = arrangement(shape, what)
    if found == "NF" and dtype.kind != "f":
        raise DataError(
            f"{what} has shape {shape} and dtype {dtype}; expected (N, H, W), (N, H, W, C) or "
            "(N, C, H, W), or vectors (N, F) of floats."
        )
    return found


def _header(file: Path) -> tuple[tuple[int, int], bool]:
    """Height and width of a picture, and whether it has colour, before it is decoded."""
    with _opened(file) as picture:
        return (picture.height, picture.width), picture.mode not in GREY


def _picture(file: Path) -> NDArray[Any]:
    with _opened(file) as picture:
        return pixels(picture)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    from PIL import Image  # only folders need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as picture:
                yield picture
    except Exception as error:  # Pillow's readers raise a dozen kinds, bombs among them
        raise DataError(f"{file} cannot be read as an image: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def pixels(picture: Any) -> NDArray[Any]:
    """The numbers of a picture (PIL): grey `(H, W)` or colour `(H, W, 3)`, no transparency.

    uint8; of grey pictures with 16 bits uint16, since convert() would show all of them white.
    """
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    return np.asarray(picture.convert("L" if picture.mode in GREY else "RGB"))
