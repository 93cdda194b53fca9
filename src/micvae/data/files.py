"""The user's own data: array files and tables of numbers."""

import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from micvae import spelling
from micvae.data.archives import npz_array, readable
from micvae.data.array_header import check_npy, check_size, header, npz_arrays
from micvae.data.dataset import FactorDataset, FactorKind, guess_kind, warn_of_guesses
from micvae.data.layout import Arrangement, Layout, arrangement
from micvae.data.lazy import ArrayBacked, Images, is_large
from micvae.data.on_disk import ArrayFile, of_array
from micvae.data.saved import ABOUT, record_of
from micvae.data.tables import read_matrix
from micvae.data.value_range import Range, Reading, Scale, checked_range, expecting
from micvae.data.vectors import warn_of_rounding
from micvae.errors import DataError
from micvae.paths import checked_file
from micvae.records import Json

IMAGES = ("images", "partners")
BESIDE = ("factors", "auxiliary", "sequence")
NAMES = ("factor_names", "factor_kinds", "feature_names")
KINDS_IN_FILE = "specify it by an array factor_kinds of texts in the file"
MOST_FACTORS = 10_000
FEW_NAMES = 1_000
"""Up to this many names are read in any case, so that the message can be more specific."""
Opener = Callable[[Reading], ArrayBacked]
"""Opens an array that stays in its file."""


@dataclass
class FileArrays:
    """What a file holds, by the names of the arrays."""

    read: dict[str, NDArray[Any]] = field(default_factory=dict)
    """Those that were read."""
    unread: dict[str, Opener] = field(default_factory=dict)
    """Those that stay in the file."""

    def add(self, name: str, found: NDArray[Any] | Opener) -> None:
        """Store an array, or the function that opens it."""
        if isinstance(found, np.ndarray):
            self.read[name] = found
        else:
            self.unread[name] = found

    def images(self, name: str, how: Reading) -> tuple[Images, Scale | None]:
        """Images or partners, and which values are black and white."""
        return of_user(self.unread[name] if name in self.unread else self.read[name], how)

    def texts(self, name: str) -> tuple[str, ...]:
        """Names; none where there is no such array."""
        return texts(self.read[name]) if name in self.read else ()


def from_npz(
    path: Path, value_range: Range | None = None, layout: Layout = "auto"
) -> FactorDataset:
    """Read `images` and, where they are there, `factors`, `factor_names` and `factor_kinds`.

    `images` are integers, floats or booleans, shaped `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)`,
    see `micvae.data.layout.arrangement`; `value_range` says which values are black and white,
    else see `micvae.data.value_range.chosen_scale`. `factors` is `(N, K)` numbers, `factor_names`
    K strings, `factor_kinds` K out of continuous, ordinal, categorical and angular; without it
    they are guessed, see `micvae.data.dataset.guess_kind`.
    `partners`, where images come in pairs, is read on the images' scale, and `auxiliary`
    `(N, U)` numbers: the auxiliary variable u; `sequence` says which sequence each frame belongs
    to, `(N,)` whole numbers. Floats `(N, F)` are vectors, no pictures: any finite values, which
    `feature_names` may name, F strings.
    Pickled objects are refused. Images that would take more than 1 GiB as floats stay in the file
    and are read in parts, unless they are compressed in it.

    Raises:
        DataError: for a file that cannot be read or arrays that do not fit.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from micvae.data import from_npz
        >>> digit = np.arange(10.0)[:, None]
        >>> np.savez("digits.npz", images=np.full((10, 8, 8), 255, np.uint8), factors=digit)
        >>> data = from_npz(Path("digits.npz"))
        >>> data.images.shape, float(data.images.max())
        ((10, 1, 8, 8), 1.0)
    """
    arrays = FileArrays()
    checked_file(path)
    try:
        with npz_arrays(path) as file:
            file.described("images")  # which must be there
            there = [n for n in (*IMAGES, *BESIDE, *NAMES, ABOUT) if n in file.names]
            shapes = {name: file.described(name)[0] for name in there}
            for name in there:
                check_beside(name, shapes, file.described(name)[1])
                large = _unread(path, name) if name in IMAGES else None
                arrays.add(name, file.read(name) if large is None else large)
    except DataError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds on a broken file
        raise DataError(
            f"{path} cannot be read as an .npz file of plain arrays: {_reason(error)}; it may be "
            "truncated, or of another format: save the arrays again by np.savez."
        ) from None
    return of_arrays(path, arrays, value_range, layout)


def of_arrays(
    path: Path, arrays: FileArrays, value_range: Range | None, layout: Layout
) -> FactorDataset:
    """The data set of a file's arrays by name; partners are read on the images' scale.

    Raises:
        DataError: for arrays that do not fit.
    """
    saved = record_of(arrays.read[ABOUT], path) if ABOUT in arrays.read else None
    how = reading(path, "images", value_range, layout)
    if saved is not None:
        how = replace(how, layout="channels_first" if how.layout == "auto" else how.layout)
        how = replace(how, value_range=how.value_range or saved.value_range)
    images, scale = arrays.images("images", how)
    partners: Images | None = None
    if "partners" in arrays.read | arrays.unread:
        how = replace(how, what=f"partners in {path}")
        with expecting(how.value_range, None if scale is None else scale.of_images):
            partners, _ = arrays.images("partners", how)
    factors, auxiliary, sequence = (arrays.read.get(name) for name in BESIDE)
    factor_names, said_kinds, feature_names = map(arrays.texts, NAMES)
    read: Mapping[str, Json] = {} if scale is None else scale.to_json()
    notes = () if scale is None else scale.notes(path.name)
    if saved is not None:
        read, notes = {"of": saved.source}, saved.notes
    return FactorDataset(
        name=path.stem if saved is None else saved.name,
        images=images,
        factors=np.empty((len(images), 0)) if factors is None else factors,
        factor_names=factor_names,
        factor_kinds=cast(tuple[FactorKind, ...], said_kinds)
        or kinds_of(factors, factor_names, KINDS_IN_FILE),
        factor_values=() if saved is None else saved.values,
        partners=partners,
        auxiliary=auxiliary,
        sequence=sequence,
        feature_names=feature_names,
        source={"data": str(path), **read},
        notes=notes,
    )


def kinds_of(
    factors: NDArray[Any] | None, names: Sequence[str], remedy: str
) -> tuple[FactorKind, ...]:
    """Kinds of factors, guessed where the file does not say them.

    Warns of ambiguous guesses, with `remedy`. Empty if the factors do not fit the names, which
    `FactorDataset` refuses.
    """
    if factors is None or factors.dtype.kind not in "biuf":
        return ()
    columns = list((factors[:, None] if factors.ndim == 1 else factors).T)
    names = names or [f"factor {k}" for k in range(len(columns))]
    if factors.ndim > 2 or not factors.size or len(names) != len(columns):
        return ()
    warn_of_guesses(columns, [repr(str(name)) for name in names], remedy.format(name=names[0]))
    return tuple(map(guess_kind, columns))


def reading(path: Path, name: str, value_range: Range | None, layout: Layout = "auto") -> Reading:
    """How an array of a file is read; `name` is the array's, or empty where it is alone."""
    what = f"{name} in {path}" if name else str(path)
    return Reading(what, f"arrays({spelling.quoted(str(path))}", checked_range(value_range), layout)


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


def _unread(path: Path, name: str) -> Opener | None:
    """A function that opens a large uncompressed array of images without reading it, or None."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
        shape, fortran, _ = header(member, f"array {name} of {path}")
    if not is_large(shape) or (fortran and len(shape) > 1):
        return None
    with npz_array(path, name) as records:
        if not records.random_access:
            return None
        shape, dtype, start = records.shape, records.dtype, records.start
    return lambda how: ArrayFile(path, start, shape, dtype, arranged(shape, dtype, how), how)


def from_npy(
    path: Path, value_range: Range | None = None, layout: Layout = "auto"
) -> FactorDataset:
    """Read an .npy file of images or vectors, as `images` of an .npz file.

    Arrays that would take more than 1 GiB as floats stay in the file and are read in parts.

    Raises:
        DataError: for a file that cannot be read, or that holds something else.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from micvae.data import from_npy
        >>> np.save("readings.npy", np.random.default_rng(0).normal(size=(100, 6)))
        >>> from_npy(Path("readings.npy")).image_shape
        (6,)
    """
    how = reading(path, "", value_range, layout)
    checked_file(path)
    with readable(path, "an .npy file"):
        with path.open("rb") as file:
            shape, fortran, dtype = header(file, str(path))
            start = file.tell()
        if is_large(shape) and not (fortran and len(shape) > 1):
            found = arranged(shape, dtype, how)
            images, scale = of_user(
                lambda how: ArrayFile(path, start, shape, dtype, found, how), how
            )
        else:
            check_npy(path)
            images, scale = of_user(np.load(path, allow_pickle=False), how)
    return FactorDataset(
        path.stem,
        images,
        source={"data": str(path)} | ({} if scale is None else scale.to_json()),
        notes=() if scale is None else scale.notes(path.name),
    )


def from_table(path: Path) -> FactorDataset:
    """Read the columns of a .csv file (with a header row) or a .parquet file as vectors `(N, F)`.

    Row numbers that pandas adds are left out. Of a table of micvae encode these are its codes.
    Values keep their precision: float32 where all columns are, else float64.

    Raises:
        DataError: for a file that cannot be read, and for columns of text, of dates, with empty
            entries or whole numbers beyond 2^53, all of which are named.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from micvae.data import from_table
        >>> header = {"header": "pressure,flow", "comments": "", "delimiter": ","}
        >>> np.savetxt("readings.csv", np.ones((3, 2)), **header)
        >>> data = from_table(Path("readings.csv"))
        >>> data.images.shape, data.feature_names
        ((3, 2), ('pressure', 'flow'))
    """
    table = read_matrix(path, "data").codes()
    words = [name for name, text in zip(table.names, table.text, strict=True) if text]
    if words:
        named = "columns " + ", ".join(words) + " hold" if words[1:] else f"column {words[0]} holds"
        raise DataError(
            f"{path}: {named} text, and vectors are numbers; leave {'them' if words[1:] else 'it'} "
            "out, or encode categories as 0, 1, …."
        )
    values = table.values
    if table.single and all(table.single):
        values = values.astype(np.float32)  # exact: `standardised` checks whether digits were lost
    elif any(table.single):
        names = [name for name, single in zip(table.names, table.single, strict=True) if single]
        some = values[:, list(table.single)]
        with np.errstate(all="ignore"):
            warn_of_rounding(some.mean(0), some.std(0), str(path), names)
    images, _ = of_user(values, reading(path, "", None))
    source = {"data": str(path)}
    return FactorDataset(path.stem, images, source=source, feature_names=table.names)


def of_user(images: NDArray[Any] | Opener, how: Reading) -> tuple[Images, Scale | None]:
    """Images `(N, C, H, W)` out of an array in any arrangement; vectors `(N, F)` as they are.

    Returns:
        The images, and which values are black and white; None for vectors.

    Raises:
        DataError: where its shape, its dtype or its values are those of neither.
    """
    if not isinstance(images, np.ndarray):
        stored = images(how)
        return stored, stored.scale
    return of_array(images, arranged(images.shape, images.dtype, how), how)


def arranged(shape: tuple[int, ...], dtype: np.dtype[Any], how: Reading) -> Arrangement:
    """How an array in a file is arranged; two axes are vectors only where they are floats."""
    found = arrangement(shape, how.what, how.layout, how.option)
    if found == "NF" and dtype.kind != "f":
        raise DataError(
            f"{how.what} has shape {shape} and dtype {dtype}; expected (N, H, W), (N, H, W, C) or "
            "(N, C, H, W), or vectors (N, F) of floats."
        )
    return found


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
