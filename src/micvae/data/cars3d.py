"""The published files of 3D Cars."""

from __future__ import annotations

import io
import math
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from micvae.data.archives import located, readable, verified
from micvae.data.array_header import check_ratio, check_size
from micvae.data.dataset import FactorDataset, FactorKind
from micvae.data.grid import picked
from micvae.errors import DataError

NAMES = ("elevation", "azimuth", "car")
KINDS: tuple[FactorKind, ...] = ("ordinal", "angular", "categorical")
RESOLUTION = 64
ELEVATIONS, AZIMUTHS = 4, 24

_OFFICIAL = "nips2015-analogy-data.tar.gz of Scott Reed, the first author of the paper"
_MD5 = ("4e866a7919c1beedf53964e6f7a23686",)
_LARGEST = 2**28  # bytes of a mesh file; the published ones have some 5 MB


MOST_ENTRIES = 10_000
_NAME_BYTES = 2**20


class _Entry(tarfile.TarInfo):
    """A member of an archive whose name has a bounded length, as names are kept in memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        entry = super().frombuf(buf, encoding, errors)
        if entry.size > _NAME_BYTES and entry.type in _NAMES_OF_OTHERS:
            raise tarfile.ReadError(f"a name of {entry.size:,} bytes")
        return entry


_NAMES_OF_OTHERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def cars3d(
    path: str | Path, n: int | None = 40_960, *, seed: int = 0, verify: bool = True
) -> FactorDataset:
    """3D Cars as published: renderings of 183 cars from 4×24 directions, reduced to 64×64.

    Read are the files car_….mat of nips2015-analogy-data.tar.gz, from the archive itself, which
    is not unpacked, or from a folder. Each holds `im` (128, 128, 3, 24, 4): the views of one car.
    They are reduced by Lanczos' filter, as is usual. The factors are elevation, 0 to 3; azimuth in
    degrees, 0 to 345; and the car, 0 to 182 in the order of the files' names.

    Args:
        path: the .tar.gz file, or a folder that holds the .mat files at any depth.
        n: how many images to draw without replacement, at most; None for all of them, which as
            floats take 0.9 GB.
        seed: determines which are drawn; no global random state is touched.
        verify: compare the archive's MD5 with that of the published one.

    Returns:
        `images` float32 (n, 3, 64, 64) in [0, 1]; `factors` (n, 3).

    Warns:
        MicvaeWarning: where the archive is not the published one.

    Raises:
        DataError: for a file that is missing, broken or of another format, and for an archive
            with members that point outside it.

    References:
        *Deep Visual Analogy-Making*, Scott Reed, Yi Zhang, Yuting Zhang, Honglak Lee, 2015.

    Examples:
        >>> from micvae.data import cars3d
        >>> data = cars3d("nips2015-analogy-data.tar.gz", n=1000)  # doctest: +SKIP
    """
    place = located(path, "3D Cars", _OFFICIAL, folder=True)
    if verify and place.is_file():
        verified(place, "3D Cars", "md5", _MD5)
    with readable(place, "the 3D Cars archive"):
        names = sorted(name for name, _ in _meshes(place, set()))
        if not names:
            raise DataError(f"{place} holds no files named car_….mat.")
        sizes = (len(names), AZIMUTHS, ELEVATIONS)
        rows = picked(len(names) * AZIMUTHS * ELEVATIONS, n, seed)
        car, azimuth, elevation = np.unravel_index(rows, sizes)
        check_size(12 * len(rows) * RESOLUTION**2, f"{len(rows):,} images of {place}")
        images = np.empty((len(rows), 3, RESOLUTION, RESOLUTION), np.float32)
        for name, content in _meshes(place, {names[i] for i in np.unique(car)}):
            views = _views(content, f"{name} in {place}")
            for i in np.flatnonzero(car == names.index(name)):
                images[i] = _reduced(views[..., azimuth[i], elevation[i]])
    return FactorDataset(
        name="cars3d",
        images=images,
        factors=np.stack([elevation, azimuth * (360 / AZIMUTHS), car], axis=1),
        factor_names=NAMES,
        factor_kinds=KINDS,
        factor_values=(
            np.arange(float(ELEVATIONS)),
            np.arange(0.0, 360, 360 / AZIMUTHS),
            np.arange(float(len(names))),
        ),
        source={"data": "cars3d", "path": str(path), "n": n, "seed": seed},
    )


def _meshes(place: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The names of all mesh files, and the content of those `wanted`, in the place's own order."""
    if place.is_dir():
        for file in sorted(place.rglob("car_*.mat")):
            if file.is_file():
                name = file.relative_to(place).as_posix()
                yield from _mesh(name, file.stat().st_size, file.open("rb"), wanted)
        return
    held = place.stat().st_size
    with tarfile.open(place, "r|*", tarinfo=_Entry) as archive:
        passed = 0
        for count, member in enumerate(archive):
            passed += member.size
            check_ratio(passed, held, str(place))  # skipped members have to be unpacked as well
            if count >= MOST_ENTRIES:
                raise DataError(f"{place} has more than {MOST_ENTRIES:,} members; refused.")
            inside = PurePosixPath(member.name)
            if inside.is_absolute() or ".." in inside.parts:
                raise DataError(f"{place} has a member {member.name!r} outside of it; refused.")
            if member.isfile() and inside.match("car_*.mat"):
                yield from _mesh(member.name, member.size, archive.extractfile(member), wanted)


def _mesh(name: str, size: int, file: Any, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    with file:
        if not wanted:
            yield name, b""
        elif name in wanted:
            if size > _LARGEST:
                raise DataError(f"{name} has {size:,} bytes: it is not a mesh of 3D Cars.")
            yield name, file.read()


def _views(content: bytes, what: str) -> NDArray[np.uint8]:
    """The views (H, W, 3, 24, 4) of one car."""
    from scipy.io import loadmat, whosmat

    for name, shape, kind in whosmat(io.BytesIO(content)):  # only headers are unpacked
        if name == "im" and math.prod(shape) * (1 if kind == "uint8" else 8) > _LARGEST:
            raise DataError(f"{what}: im has shape {shape}: it is not a mesh of 3D Cars.")
    views = loadmat(io.BytesIO(content), variable_names=["im"]).get("im")
    if views is None:
        raise DataError(f"{what} has no array named im.")
    expected = (3, AZIMUTHS, ELEVATIONS)
    if views.ndim != 5 or views.shape[2:] != expected or views.dtype != np.uint8:
        raise DataError(
            f"{what}: im has shape {views.shape} and dtype {views.dtype}; expected uint8 and "
            f"(H, W, {', '.join(map(str, expected))})."
        )
    checked: NDArray[np.uint8] = views
    return checked


def _reduced(view: NDArray[np.uint8]) -> NDArray[np.float32]:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(view))
    small = picture.resize((RESOLUTION, RESOLUTION), Image.Resampling.LANCZOS)
    return np.moveaxis(np.asarray(small, np.float32), 2, 0) / np.float32(255)
