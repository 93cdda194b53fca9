"""Picture files: reading a folder of them, and decoding a single one."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from micvae import spelling
from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.factor_table import FACTORS_CSV, kinds_of_header, read_factors
from micvae.data.files import kinds_of
from micvae.data.layout import Arrangement
from micvae.data.lazy import Images, is_large
from micvae.data.on_disk import Items, of_array, stacked
from micvae.data.value_range import Range, Reading, Scale, checked_range
from micvae.errors import DataError

Background = Literal["black", "white"]
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
KINDS_IN_HEADER = "specify it in the header of factors.csv, as in {name} (ordinal)"
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What is decoded, whatever a file is called. Pillow starts other programs for some others."""
GREY = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
ORIENTATION, PHOTOMETRIC = 0x0112, 262  # tags of EXIF and TIFF
QUARTER_TURNS = (5, 6, 7, 8)  # orientations that swap height and width


def picture_files(path: Path) -> list[Path]:
    """All picture files below a folder in the order of their names, without hidden files."""
    return sorted(
        p
        for p in path.rglob("*")
        if p.suffix.lower() in SUFFIXES
        and p.is_file()
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )


def from_folder(
    path: Path, value_range: Range | None = None, background: Background | None = None
) -> FactorDataset:
    """Read every picture below a folder, in the order of their names.

    All must have one size, once they are turned as their EXIF orientation says, and one depth.
    They become grey if all are grey, else colour. `value_range` says which values are black and
    white, else see `micvae.data.value_range.chosen_scale`. Files and folders whose names begin
    with a dot are left out: systems leave them behind. Where the folder holds `factors.csv`, see
    `micvae.data.factor_table`, it has a header row, a first column with the file's path relative
    to the folder, and one column of numbers per factor, whose name may end in its kind, as in
    `age (continuous)`. Pictures that would take more than 1 GiB as floats stay in their files,
    which are opened whenever one is needed.

    Args:
        path: the folder.
        value_range: black and white.
        background: what shows through transparent pixels; None refuses pictures that have some.

    Raises:
        DataError: for a picture or table that cannot be read or does not fit.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from PIL import Image
        >>> from micvae.data import from_folder
        >>> Path("photos").mkdir()
        >>> for i in range(3):
        ...     Image.fromarray(np.full((8, 8), 100 * i, np.uint8)).save(f"photos/{i}.png")
        ...
        >>> from_folder(Path("photos")).images.shape
        (3, 1, 8, 8)
    """
    if background not in (None, *get_args(Background)):
        raise DataError(f"background is {background!r}; give 'black' or 'white'.")
    how = Reading(
        f"images in {path}", f"pictures({spelling.quoted(str(path))}", checked_range(value_range)
    )
    files = picture_files(path)
    if not files:
        raise DataError(
            f"{path} holds no images; expected files ending in {', '.join(sorted(SUFFIXES))}."
        )

    def read(file: Path) -> NDArray[Any]:
        with opened(file, str(file)) as picture:
            return pixels(picture, str(file), background, how.option("background='black'"))

    def name(i: int) -> str:
        return files[i].relative_to(path).as_posix()

    first = read(files[0])
    many = is_large((len(files), *first.shape[:2], 3))
    held = [] if many else [first, *map(read, files[1:])]
    headers = map(_header, files) if many else ((one.shape[:2], one.ndim == 3) for one in held)
    colour = False
    for i, (size, colour_here) in enumerate(headers):
        if size != first.shape[:2]:
            (h, w), (h0, w0) = size, first.shape[:2]
            raise DataError(
                f"{path} holds images of different sizes ({name(0)} is {h0}×{w0}, {name(i)} "
                f"{h}×{w}); resize them to one."
            )
        colour = colour or colour_here

    def picture(i: int) -> NDArray[Any]:
        found = held[i] if held else read(files[i])
        return np.repeat(found[..., None], 3, axis=2) if colour and found.ndim == 2 else found

    shape = (len(files), *first.shape[:2], *((3,) if colour else ()))
    found: Arrangement = "NHWC" if colour else "NHW"
    images: Images
    scale: Scale | None
    if is_large(shape):
        items = Items(picture, shape, first.dtype, found, how, name)
        images, scale = items, items.scale
    else:
        rows = np.arange(len(files))
        array = stacked(picture, rows, shape[1:], first.dtype, how.what, name)
        images, scale = of_array(array, found, how)
    folder = path.resolve().name
    factors, names, kinds = _factors(path, files)
    return FactorDataset(
        name=folder,
        images=images,
        source={"data": str(path)} | ({} if scale is None else scale.to_json()),
        notes=() if scale is None else scale.notes(folder),
        factors=np.empty((len(files), 0)) if factors is None else factors,
        factor_names=names,
        factor_kinds=kinds,
    )


def _factors(
    path: Path, files: Sequence[Path]
) -> tuple[NDArray[np.float64] | None, tuple[str, ...], tuple[FactorKind, ...]]:
    """The factors of a folder with names and kinds; kinds that are not said are guessed."""
    header, factors = read_factors(path / FACTORS_CSV, [f.relative_to(path) for f in files])
    names, kinds = kinds_of_header(header)
    if factors is None:
        return None, names, ()
    unsaid = [k for k, kind in enumerate(kinds) if kind is None]
    guessed = iter(kinds_of(factors[:, unsaid], [names[k] for k in unsaid], KINDS_IN_HEADER))
    return factors, names, tuple(next(guessed) if kind is None else kind for kind in kinds)


@contextmanager
def opened(file: Path | io.BytesIO, name: str) -> Iterator[Any]:
    """Open a picture of one of the `FORMATS`, by its content.

    Raises:
        DataError: where it is none of these, broken, or larger than Pillow allows.
    """
    from PIL import Image, UnidentifiedImageError  # only pictures need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Of a path, Pillow maps the file, and mistakes the sides of a TIFF on its side.
            content = file if isinstance(file, io.BytesIO) else file.open("rb")
            with content, Image.open(content, formats=FORMATS) as picture:
                yield picture
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(
            f"{name} cannot be read as an image: it is not one of {', '.join(FORMATS)}, broken, or "
            "of a kind that Pillow does not read, such as a TIFF with several floats per pixel; "
            "save the images as an array, np.savez('data.npz', images=…)."
        ) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        size = (re.findall(r"\d+", str(error)) or ["too many"])[0]
        raise DataError(
            f"{name} has {size} pixels, and Pillow opens at most {Image.MAX_IMAGE_PIXELS}, as a "
            "small file can become a picture that fills the memory; where you trust it, make it "
            "smaller."
        ) from None
    except Exception as error:  # Pillow's readers raise a dozen kinds
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise DataError(
            f"{name} cannot be read as an image: {reason}; save it again, or remove it."
        ) from None


def pixels(
    picture: Any, name: str, background: Background | None = None, remedy: str = ""
) -> NDArray[Any]:
    """The numbers of a picture (PIL), turned as its EXIF orientation says.

    Grey `(H, W)` or colour `(H, W, 3)`: uint8; of grey pictures uint16, int32 or float32 where
    they have 16 bits, 32 bits or floats. Palettes and other colour spaces become RGB.

    Args:
        picture: an image of Pillow.
        name: what messages call it.
        background: what shows through transparent pixels.
        remedy: how to say it, for the message; pictures that were opened elsewhere have no way.

    Raises:
        DataError: for several pages, transparent pixels without a background, another format than
            `FORMATS`, and values of which the smallest is white.
    """
    from PIL import Image, ImageOps

    if picture.format not in (None, "MPO", *FORMATS):
        raise DataError(f"{name} is {picture.format}; give one of {', '.join(FORMATS)}.")
    pages = getattr(picture, "n_frames", 1)
    if pages > 1 and picture.format != "MPO":  # photographs, with a preview behind them
        raise DataError(
            f"{name} holds {pages} pages or frames; save each as a picture of its own."
            if remedy
            else f"{name} holds {pages} pages or frames; give a copy() of the one to use."
        )
    size = picture.size
    picture.load()
    if picture.format == "TIFF" and picture.size != size:
        raise DataError(
            f"{name} is stored on its side, which Pillow reads incorrectly; save it upright."
        )
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        if getattr(picture, "tag_v2", {}).get(PHOTOMETRIC) == 0:
            raise DataError(f"{name} is a TIFF whose smallest value is white; save it inverted.")
        return _deep(ImageOps.exif_transpose(picture), name)
    picture = ImageOps.exif_transpose(picture)
    grey = picture.mode in GREY
    if picture.mode in WITH_ALPHA or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        if picture.getchannel("A").getextrema()[0] < 255:
            if background is None:
                raise DataError(
                    f"{name} has transparent pixels; give a background, as in {remedy}."
                    if remedy
                    else f"{name} has transparent pixels; paste it on a background first."
                )
            under = Image.new("RGBA", picture.size, background)
            picture = Image.alpha_composite(under, picture)
        picture = picture.convert("RGB")
    return np.asarray(picture.convert("L" if grey else "RGB"))


def _deep(picture: Any, name: str) -> NDArray[Any]:
    """Keep more than 8 bits; Pillow's conversions would clip them at 255."""
    array = np.asarray(picture)
    if np.isin(picture.info.get("transparency", ()), array).any():
        raise DataError(f"{name} has transparent pixels; save it without them.")
    return array.astype(np.uint16) if picture.mode.startswith("I;16") else array


def _header(file: Path) -> tuple[tuple[int, int], bool]:
    """Height and width of a picture, and whether it has colour, before it is decoded."""
    with opened(file, str(file)) as picture:
        size, turned = (picture.height, picture.width), False
        if picture.format != "PNG" or "exif" in picture.info:  # of a PNG all would be decoded
            turned = picture.getexif().get(ORIENTATION) in QUARTER_TURNS
        if turned and picture.format != "TIFF":  # of which the size is turned already
            size = size[::-1]
        return size, picture.mode not in GREY
