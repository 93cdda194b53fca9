"""The user's own images: an `.npz` file, or a folder of pictures."""

import csv
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.dataset import FactorDataset
from micvae.data.declared import check_npz
from micvae.errors import DataError

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
FACTORS_CSV = "factors.csv"


def from_npz(path: Path) -> FactorDataset:
    """Read `images` and, where they are there, `factors` and `factor_names`.

    `images` is uint8 (divided by 255) or float in [0, 1], shaped `(N, H, W)`, `(N, H, W, C)` or
    `(N, C, H, W)` with C = 1, 3 or 4. `factors` is `(N, K)` numbers, `factor_names` K strings.
    `partners`, where images come in pairs, is of the images' own kind and layout, and `auxiliary`
    `(N, U)` numbers: the auxiliary variable u; `sequence` says which sequence each frame belongs
    to, `(N,)` whole numbers. Floats `(N, F)` are vectors, no pictures: any finite values.
    Pickled objects are refused.

    Raises:
        DataError: for a file that cannot be read or arrays that do not fit.
    """
    arrays = {}
    wanted = ("images", "factors", "factor_names", "partners", "auxiliary", "sequence")
    try:
        check_npz(path, wanted)
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            for name in wanted:
                if name in file.files:
                    arrays[name] = file[name]
            found = ", ".join(file.files)
    except DataError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds on a broken file
        raise DataError(
            f"{path} cannot be read as an .npz file of plain arrays: {_reason(error)}."
        ) from None
    if "images" not in arrays:
        raise DataError(f"{path} has no array named images; it has {found or 'nothing'}.")
    names = arrays.get("factor_names", np.asarray([], dtype=str))
    partners = arrays.get("partners")
    if partners is not None:
        partners = scaled(channels_first(partners, "partners"), f"partners in {path}")
    return FactorDataset(
        name=path.stem,
        images=scaled(channels_first(arrays["images"]), f"images in {path}"),
        factors=arrays.get("factors"),  # type: ignore[arg-type]
        factor_names=tuple(map(str, np.atleast_1d(names))),
        source={"data": str(path)},
        partners=partners,
        auxiliary=arrays.get("auxiliary"),
        sequence=arrays.get("sequence"),
    )


def from_folder(path: Path) -> FactorDataset:
    """Read every picture below a folder, in the order of their names.

    All must have one size. They become grey if all are grey, else colour; transparency is
    dropped. Where the folder holds `factors.csv`, it has a header row, a first column with the
    file's path relative to the folder, and one column of numbers per factor.

    Raises:
        DataError: for a picture or table that cannot be read or does not fit.
    """
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files:
        raise DataError(
            f"{path} holds no images; expected files ending in {', '.join(sorted(SUFFIXES))}."
        )
    pictures = [_picture(file) for file in files]
    sizes = {picture.shape[:2] for picture in pictures}
    if len(sizes) > 1:
        shown = ", ".join(f"{h}×{w}" for h, w in sorted(sizes)[:4])
        raise DataError(f"{path} holds images of different sizes ({shown}); resize them to one.")
    if any(picture.ndim == 3 for picture in pictures):
        pictures = [p if p.ndim == 3 else np.repeat(p[..., None], 3, axis=2) for p in pictures]
    names, factors = _factor_table(path / FACTORS_CSV, [f.relative_to(path) for f in files])
    return FactorDataset(
        name=path.resolve().name,
        images=scaled(channels_first(np.stack(pictures)), f"images in {path}"),
        factors=factors,  # type: ignore[arg-type]
        factor_names=names,
        source={"data": str(path)},
    )


def channels_first(images: NDArray[Any], what: str = "images") -> NDArray[Any]:
    """Turn `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)` into `(N, C, H, W)`."""
    if images.ndim == 2 and images.dtype.kind == "f":
        return images
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[1] in (1, 3, 4):
        return images
    if images.ndim == 4 and images.shape[3] in (1, 3, 4):
        return images.transpose(0, 3, 1, 2)
    raise DataError(
        f"{what} has shape {images.shape}; expected (N, H, W), (N, H, W, C) or (N, C, H, W) "
        "with 1, 3 or 4 channels, or vectors (N, F) of floats."
    )


def scaled(images: NDArray[Any], what: str) -> NDArray[np.float32]:
    """Turn uint8 into floats in [0, 1]; floats are taken as they are and checked later."""
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images).astype(np.float32) / np.float32(255)
    if images.dtype == np.bool_ or images.dtype.kind == "f":
        return np.ascontiguousarray(images, dtype=np.float32)
    raise DataError(
        f"{what} have dtype {images.dtype}; expected uint8 (0 to 255) or floats in [0, 1]."
    )


def _picture(file: Path) -> NDArray[np.uint8]:
    from PIL import Image  # only folders need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as picture:
                grey = picture.mode in ("1", "L", "LA", "I;16", "I")
                return np.asarray(picture.convert("L" if grey else "RGB"))
    except Exception as error:  # Pillow's readers raise a dozen kinds, bombs among them
        raise DataError(f"{file} cannot be read as an image: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def _factor_table(
    path: Path, files: Sequence[Path]
) -> tuple[tuple[str, ...], NDArray[np.float64] | None]:
    if not path.exists():
        return (), None
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *lines = [line for line in csv.reader(file) if line]
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table with a header row: {error}.") from None
    rows: dict[str, list[float]] = {}
    for number, line in enumerate(lines, start=2):
        try:
            values = [float(value) for value in line[1:]]
        except ValueError as error:
            raise DataError(
                f"{path}, line {number}: {error}; encode categories as 0, 1, …."
            ) from None
        if len(values) != len(header) - 1:
            raise DataError(f"{path}, line {number} has {len(line)} columns, not {len(header)}.")
        rows[Path(line[0]).as_posix()] = values
    missing = [file.as_posix() for file in files if file.as_posix() not in rows]
    if missing:
        raise DataError(
            f"{path} has no row for {len(missing)} of {len(files)} images, e.g. {missing[0]}."
        )
    table = np.asarray([rows[file.as_posix()] for file in files], dtype=np.float64)
    return tuple(header[1:]), table
