"""The published files of small NORB."""

from __future__ import annotations

import gzip
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micvae.data.archives import Records, located, readable, verified
from micvae.data.array_header import check_ratio, check_size
from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.grid import picked
from micvae.errors import DataError

NAMES = ("category", "elevation", "azimuth", "lighting")
KINDS: tuple[FactorKind, ...] = ("categorical", "ordinal", "angular", "categorical")
RESOLUTION = 64

_OFFICIAL = "the page THE small NORB DATASET, V1.0 of New York University"
_TRAINING = "smallnorb-5x46789x9x18x6x2x96x96-training"
_TESTING = "smallnorb-5x01235x9x18x6x2x96x96-testing"
_SHA256 = {
    f"{_TRAINING}-dat.mat.gz": "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
    f"{_TRAINING}-cat.mat.gz": "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
    f"{_TRAINING}-info.mat.gz": "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
    f"{_TESTING}-dat.mat.gz": "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
    f"{_TESTING}-cat.mat.gz": "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
    f"{_TESTING}-info.mat.gz": "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
}
_TYPES = {0x1E3D4C55: "u1", 0x1E3D4C56: "<i2", 0x1E3D4C54: "<i4", 0x1E3D4C51: "<f4"}
_TYPES[0x1E3D4C53] = "<f8"


def smallnorb(
    path: str | Path,
    n: int | None = 40_960,
    *,
    seed: int = 0,
    instance: bool = False,
    verify: bool = True,
) -> FactorDataset:
    """Small NORB as published: photographs of toys, reduced to 64×64 grey values.

    Read are the files …-dat.mat, …-cat.mat and …-info.mat, as they are or as .gz: those of the
    training and of the testing half, where both are in the folder. Of the two images of a stereo
    pair the first is taken, and reduced from 96×96 by Lanczos' filter, as is usual. The factors
    are category (0 animal, 1 human, 2 airplane, 3 truck, 4 car), elevation 30° to 70°, azimuth 0°
    to 340°, and one of 6 lightings.

    Args:
        path: the folder with the files, or one …-dat.mat file, beside which lie the others.
        n: how many images to draw without replacement, at most; None for all of them, which as
            floats take 0.8 GB.
        seed: determines which are drawn; no global random state is touched.
        instance: count which of the ten toys of its category it is as a factor, too.
        verify: compare the SHA-256 of files with a published name with the published ones.

    Returns:
        `images` float32 (n, 1, 64, 64) in [0, 1]; `factors` (n, 4), or (n, 5) with the instance.

    Warns:
        MicvaeWarning: where a file is not the published one.

    Raises:
        DataError: for a file that is missing, broken or of another format.

    References:
        *Learning Methods for Generic Object Recognition with Invariance to Pose and Lighting*,
        Yann LeCun, Fu Jie Huang, Léon Bottou, 2004.

    Examples:
        >>> from micvae.data import smallnorb
        >>> data = smallnorb("norb", n=1000)  # doctest: +SKIP
    """
    place = located(path, "small NORB", _OFFICIAL, folder=True)
    parts = _parts(place)
    tables = []
    for part in parts:
        for file in part:
            if verify and file.name in _SHA256:
                verified(file, "small NORB", "sha256", (_SHA256[file.name],))
        tables.append(_factors(*part))
    factors = np.concatenate(tables)
    rows = picked(len(factors), n, seed)
    check_size(4 * len(rows) * RESOLUTION**2, f"{len(rows):,} images of {place}")
    images = np.empty((len(rows), 1, RESOLUTION, RESOLUTION), np.float32)
    start = 0
    for part, table in zip(parts, tables, strict=True):
        mine = np.flatnonzero((rows >= start) & (rows < start + len(table)))
        images[mine, 0] = _images(part[0], rows[mine] - start, len(table))
        start += len(table)
    kept = [0, 2, 3, 4, *([1] if instance else [])]
    factors = factors[:, kept]
    return FactorDataset(
        name="smallnorb",
        images=images,
        factors=factors[rows],
        factor_names=(*NAMES, "instance")[: len(kept)],
        factor_kinds=(*KINDS, "categorical")[: len(kept)],
        factor_values=tuple(map(np.unique, factors.T)),
        notes=()
        if instance
        else (
            "Ten toys stand for every category: which of them it is changes the image, but is not "
            "among the factors.",
        ),
        source={
            "data": "smallnorb",
            "path": str(path),
            "n": n,
            "seed": seed,
            "instance": instance,
        },
    )


def _parts(place: Path) -> list[tuple[Path, Path, Path]]:
    """The (dat, cat, info) files of every half that is there."""
    images = [place] if place.is_file() else sorted(place.glob("*-dat.mat*"))
    images = [file for file in images if file.name.endswith(("-dat.mat", "-dat.mat.gz"))]
    halves = {file.name.removesuffix(".gz"): file for file in images}  # one of a file and its .gz
    if not halves:
        raise DataError(f"{place} holds no small NORB file that ends in -dat.mat or -dat.mat.gz.")
    found = []
    for name, dat in sorted(halves.items()):
        others = []
        for kind in ("cat", "info"):
            other = dat.with_name(name.removesuffix("dat.mat") + f"{kind}.mat")
            other = other if other.is_file() else other.with_name(other.name + ".gz")
            if not other.is_file():
                raise DataError(f"{dat} needs {other.name.removesuffix('.gz')} beside it.")
            others.append(other)
        found.append((dat, others[0], others[1]))
    return found


@contextmanager
def _matrix(file: Path, ndim: int, types: str) -> Iterator[Records]:
    """Open a binary matrix: type, number of dimensions, at least three sizes, values."""
    zipped = file.suffix == ".gz"
    with readable(file, "a small NORB file"), file.open("rb") as raw:
        opened: Any = gzip.GzipFile(fileobj=raw) if zipped else raw
        magic, dimensions = struct.unpack("<II", opened.read(8))
        dtype = np.dtype(_TYPES.get(magic, "V1"))
        if dtype.kind not in types or dimensions != ndim:
            raise DataError(
                f"{file} begins with {magic:#x} and {dimensions} dimensions: it is not a small "
                f"NORB matrix of {ndim} dimensions."
            )
        stored = max(3, dimensions)
        shape = struct.unpack(f"<{stored}I", opened.read(4 * stored))[:dimensions]
        start = 8 + 4 * stored
        yield Records(str(file), opened, start, shape, dtype, random_access=not zipped)


def _factors(dat: Path, cat: Path, info: Path) -> NDArray[np.float64]:
    """Category, instance, elevation and azimuth in degrees, lighting: `(N, 5)`."""
    with _matrix(cat, 1, "iu") as category, _matrix(info, 2, "iu") as about:
        if about.shape != (category.shape[0], 4):
            raise DataError(
                f"{info} has shape {about.shape}; expected ({category.shape[0]}, 4), a row per "
                f"entry of {cat.name}."
            )
        for file, matrix in ((cat, category), (info, about)):
            declared = math.prod(matrix.shape) * matrix.dtype.itemsize
            check_ratio(declared, file.stat().st_size, str(file))
        table = np.column_stack([category.all(), about.all()]).astype(np.float64)
    table[:, 2] = 30 + 5 * table[:, 2]
    table[:, 3] *= 10
    return table


def _images(dat: Path, rows: NDArray[np.int64], total: int) -> NDArray[np.float32]:
    """The first image of the pairs `rows`, reduced: floats `(n, 64, 64)` in [0, 1]."""
    from PIL import Image

    images = np.empty((len(rows), RESOLUTION, RESOLUTION), np.float32)

    def put(places: NDArray[np.int64], values: NDArray[Any]) -> None:
        for place, pair in zip(places, values, strict=True):
            small = Image.fromarray(pair[0]).resize((RESOLUTION,) * 2, Image.Resampling.LANCZOS)
            images[place] = np.asarray(small, np.float32) / np.float32(255)

    with _matrix(dat, 4, "u") as stored:
        if stored.shape[0] != total or 0 in stored.shape:
            raise DataError(f"{dat} has shape {stored.shape}; expected {total} pairs of images.")
        stored.read(rows, put)
    return images
