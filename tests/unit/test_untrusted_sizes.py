"""What a small file declares is bounded before memory or time is taken."""

import io
import json
import struct
import sys
import tarfile
import time
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.io import savemat

from micvae.data import FactorDataset, describe, load, read_matrix, tables
from micvae.data.array_header import FREE, RATIO, check_ratio, check_size, memory
from micvae.data.tables import read_rows
from micvae.errors import DataError, MicvaeError, RunError
from micvae.files import read_json
from micvae.representation import Encoded, Representation
from micvae.sharing.paths import public
from micvae.training.log import read_log

resource = pytest.importorskip("resource")  # Windows has none

GIB = 2**30
IMAGES = np.linspace(0, 1, 96 * 64, dtype=np.float32).reshape(96, 8, 8)


@contextmanager
def bounded(seconds: float = 2.0, more: int = 3 * GIB // 2):
    """Allow so many seconds, and so many bytes more than the process has now."""
    if sys.platform != "linux":
        pytest.skip("needs the limits of Linux")
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    started = time.process_time()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert time.process_time() - started < seconds


# --- NumPy --------------------------------------------------------------------------------------


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(shape: object, dtype: str = "<f4", version: int = 1, length: int | None = None) -> bytes:
    head = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    size = struct.pack("<H" if version == 1 else "<I", len(head) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + head.encode()


def zipped(path: Path, *members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore", UserWarning)  # two members of one name
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_what_is_checked_is_what_is_read(tmp_path):
    """NumPy prefers a member without the ending, which no check has seen."""
    bomb = npy(np.zeros((96, 512, 512), np.float32))
    path = zipped(tmp_path / "own.npz", ("images", bomb), ("images.npy", npy(IMAGES)))
    with bounded(more=GIB // 4):
        found = load(str(path))
    assert np.array_equal(found.images[:, 0], IMAGES)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("images.npy", npy(IMAGES)), ("images.npy", npy(IMAGES))], "two arrays named images"),
        ([("images", npy(IMAGES))], "has no array named images"),
        ([("images.npy", header((10**6, 10**6)))], "that its shape"),
        ([("images.npy", header((10**6, 10**6), version=2, length=2**32 - 1))], "a header of"),
        ([("images.npy", header((10**12,), "<U0"))], "of entries of 0 bytes"),
        (
            [("images.npy", npy(IMAGES)), ("factors.npy", npy(np.zeros((5, 10**6), bool)))],
            "factors has 5 rows, but there are 96 images",
        ),
        (
            [("images.npy", npy(IMAGES)), ("factors.npy", npy(np.zeros((96, 10**5), bool)))],
            "factors has 100,000 columns",
        ),
        (
            [("images.npy", npy(IMAGES)), ("factor_names.npy", npy(np.zeros(10**7, "S1")))],
            "factor_names has shape",
        ),
    ],
)
def test_npz(tmp_path, members, message):
    path = zipped(tmp_path / "own.npz", *members, compression=zipfile.ZIP_DEFLATED)
    with bounded(), pytest.raises(DataError, match=message):
        load(str(path))
    if "images" not in message and "factor" not in message:
        with bounded(), pytest.raises(DataError, match=message):
            read_matrix(path, "codes")


def test_names_of_a_representation_are_counted_before_they_are_read(tmp_path):
    codes = np.zeros((9, 2), np.float32)
    encoded = Encoded(codes, codes + 1, codes, np.zeros(2), ("gaussian",) * 2)
    Representation(encoded, np.zeros((9, 1)), ("a",), ("ordinal",)).save(tmp_path / "r.npz")
    with np.load(tmp_path / "r.npz") as file:
        arrays = dict(file)
    assert Representation.rows(tmp_path / "r.npz") == 9
    np.savez_compressed(tmp_path / "r.npz", **arrays | {"factor_names": np.zeros(10**7, "U4")})
    with bounded(), pytest.raises(RunError, match="factor_names does not fit"):
        Representation.load(tmp_path / "r.npz")


def test_the_rule():
    check_ratio(FREE, 1, "small")
    check_ratio(1000 * FREE, FREE, "what Deflate can do")
    with pytest.raises(DataError, match=rf"bomb declares .* more than {RATIO:,} times the 10 that"):
        check_ratio(FREE + 1, 10, "bomb")
    with pytest.raises(DataError, match=r"x declares .* and this machine has"):
        check_size(memory() + 1, "x")
    with bounded(more=GIB):
        assert memory() == resource.getrlimit(resource.RLIMIT_AS)[0]


# --- HDF5 ---------------------------------------------------------------------------------------


def unwritten(name: str, shape: tuple[int, ...], dtype: str, **how: object):
    def fill(file: h5py.File) -> None:
        if name != "images":
            file["images"] = IMAGES
        file.create_dataset(name, shape, dtype, **how)

    return fill


def linked(file: h5py.File) -> None:
    file["images"], file["names"] = IMAGES, ["a"]
    file["factor_names"] = h5py.SoftLink("/names")


def chunk(file: h5py.File) -> None:
    made = file.create_dataset(
        "images", (2**14, 256, 256), "u1", chunks=(2**14, 256, 128), compression="gzip"
    )
    made.id.write_direct_chunk((0, 0, 0), b"\0" * 2**20)


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (unwritten("images", (10**9, 64, 64), "u1"), "images in .* declares 4,096,000,000,000"),
        (unwritten("images", (10**9, 64, 64), "u1", chunks=(1, 64, 64)), "declares"),
        (unwritten("factors", (96, 5_000_000), "f8"), "factors in .* declares 3,840,000,000"),
        (unwritten("auxiliary", (96, 5_000_000), "f8", compression="gzip"), "auxiliary .* declare"),
        (unwritten("sequence", (10**9,), "i8"), "sequence in .* declares"),
        (unwritten("partners", (10**9, 8, 8), "f4"), "partners in .* declares"),
        (unwritten("factor_names", (10**7,), "S1"), "factor_names has shape"),
        (unwritten("factor_names", (1,), "S1000000000"), "factor_names in .* declares"),
        (unwritten("factor_names", (1,), "f8"), "expected texts"),
        (unwritten("factors", (5, 2), "f8"), "factors has 5 rows"),
        (unwritten("factors", (96,), "S5"), "expected numbers"),
        (linked, "is stored outside of this file"),
        (chunk, "chunks of .* unpacked as a whole"),
    ],
)
def test_hdf5(tmp_path, fill, message):
    with h5py.File(tmp_path / "own.h5", "w") as file:
        fill(file)
    assert (tmp_path / "own.h5").stat().st_size < 2**22
    with bounded(), pytest.raises(DataError, match=message):
        load(str(tmp_path / "own.h5"))


def test_many_names_that_refer_to_one_long_text(tmp_path):
    text = b"x" * 300_000
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["images"], file["factors"] = IMAGES, np.zeros((96, 900))
        file.create_dataset("factor_names", (900,), h5py.string_dtype())[0] = text
    content = bytearray((tmp_path / "own.h5").read_bytes())
    # A variable-length text is its length, the address of its heap and its number there.
    at = content.index(struct.pack("<I", len(text)), content.index(b"GCOL") - 2**16)
    entry = content[at : at + 16]
    with h5py.File(tmp_path / "own.h5", "r") as file:
        start = file["factor_names"].id.get_offset()
    content[start : start + 16 * 900] = entry * 900
    (tmp_path / "own.h5").write_bytes(content)
    with bounded(more=GIB // 4), pytest.raises(DataError, match="longer than the file"):
        load(str(tmp_path / "own.h5"))


def test_published_hdf5(tmp_path):
    with h5py.File(tmp_path / "3dshapes.h5", "w") as file:
        file.create_dataset("images", (10**8, 64, 64, 3), "u1")
        file.create_dataset("labels", (10**8, 6), "f8")
    with bounded(), pytest.raises(DataError, match="declares"):
        load(f"shapes3d({str(tmp_path / '3dshapes.h5')!r}, verify=False)")


# --- tables -------------------------------------------------------------------------------------


def parquet(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_texts_that_are_repeated_are_held_once(tmp_path):
    """A text of 75 kB in 200,000 rows takes 78 kB in the file, and 15 GB were it written out."""
    words = pa.DictionaryArray.from_arrays(pa.array([1, 0] * 100_000), ["b" * 75_000, "a"])
    path = parquet(tmp_path / "f.parquet", shape=words, size=np.arange(200_000.0))
    assert path.stat().st_size < 2**21
    with bounded(more=GIB // 2):
        table = read_matrix(path, "factors")
    assert table.text == (True, False)
    assert np.array_equal(table.values[:4, 0], [0, 1, 0, 1])  # in alphabetical order
    with bounded(more=GIB // 2), pytest.raises(DataError, match="column shape holds text"):
        load(str(path))
    with bounded(more=GIB // 2), pytest.raises(DataError, match="declares"):
        read_rows(path)


def test_one_long_text_does_not_widen_the_others(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("shape,size\n" + "x" * 500_000 + ",1\n" + "a,2\n" * 100_000)
    with bounded(more=GIB // 2):
        table = read_matrix(path, "factors")
    assert table.values[0, 0] == 1 and table.values[1, 0] == 0


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: parquet(p, a=pa.array([[0.0] * 9] * 9)), "column a of .* holds list<.*expected"),
        (lambda p: parquet(p, a=pa.array([{"b": 1}] * 9)), "column a of .* holds struct<"),
        (lambda p: parquet(p, a=pa.array([b"x"] * 9)), "holds binary; expected numbers or text"),
        (
            lambda p: parquet(
                p, **{f"c{i}": pa.DictionaryArray.from_arrays(
                    pa.array(np.zeros(10**6, np.int32)), [1.0]) for i in range(40)}
            ),
            "declares 320,000,000 bytes",
        ),
    ],
)  # fmt: skip
def test_parquet(tmp_path, write, message):
    path = write(tmp_path / "c.parquet")
    with bounded(), pytest.raises(DataError, match=message):
        read_matrix(path, "codes")
    with bounded(), pytest.raises(DataError, match=message):
        read_rows(path)
    with bounded(), pytest.raises(MicvaeError, match=r"c\.parquet"):
        read_log(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n" + ("x" * 700_000 + ",1\n") * 2, "a line of more than 65,536 bytes"),
        ("x" * 17_000_000, "its first line has 16,777,217 bytes"),
        ("," * 3_000_000 + "\n" + "," * 3_000_000, "3,000,001 columns, more than can be read"),
    ],
    ids=["a long line", "a long header", "a million columns"],
)
def test_csv(tmp_path, content, message, monkeypatch):
    if "65,536" in message:
        monkeypatch.setattr(tables, "LONGEST_LINE", 2**16)
    (tmp_path / "c.csv").write_text(content)
    with bounded(), pytest.raises(DataError, match=message):
        read_matrix(tmp_path / "c.csv", "codes")


def test_names_of_features_take_linear_time():
    names = tuple(f"gene {i}" for i in range(100_000))
    with bounded():
        data = FactorDataset("wide", np.zeros((2, len(names)), np.float32), feature_names=names)
    assert data.feature_names == names
    twice = (*names[:-1], names[0])
    with bounded(), pytest.raises(DataError, match="'gene 0' more than once"):
        FactorDataset("wide", data.images, feature_names=twice)


# --- archives of published sets -------------------------------------------------------------------


def mesh() -> bytes:
    file = io.BytesIO()
    savemat(file, {"im": np.zeros((32, 32, 3, 24, 4), np.uint8)}, do_compression=True)
    return file.getvalue()


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> str:
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return f"cars3d({str(path)!r}, verify=False)"


def entry(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    return info


def test_archives(tmp_path):
    good = (entry("car_1.mat"), mesh())
    assert len(load(tar(tmp_path / "good.tgz", good))) == 96
    many = [(entry(f"{i}"), b"") for i in range(10_001)]
    long = (entry("././@LongLink", tarfile.GNUTYPE_LONGNAME), b"x" * 2**21)
    for members, message in (
        ([*many, good], "more than 10,000 members"),
        ([long, good], "a name of 2,097,152 bytes"),
    ):
        with bounded(), pytest.raises(DataError, match=message):
            load(tar(tmp_path / "bad.tgz", *members))


def test_what_is_skipped_in_an_archive_counts(tmp_path):
    (tmp_path / "bomb.tar").write_bytes(b"")
    info = entry("skipped")
    info.size = 10**12
    (tmp_path / "bomb.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 10**5)
    with bounded(), pytest.raises(DataError, match="declares 1,000,000,000,000 bytes"):
        load(f"cars3d({str(tmp_path / 'bomb.tar')!r}, verify=False)")


def test_small_norb(tmp_path):
    stem = str(tmp_path / "smallnorb-5x46789x9x18x6x2x96x96-training")
    Path(f"{stem}-cat.mat").write_bytes(struct.pack("<6I", 0x1E3D4C54, 1, 2**31, 1, 1, 0))
    Path(f"{stem}-info.mat").write_bytes(struct.pack("<6I", 0x1E3D4C54, 2, 2**31, 4, 1, 0))
    Path(f"{stem}-dat.mat").write_bytes(struct.pack("<2I4I", 0x1E3D4C55, 4, 2**31, 2, 96, 96))
    with bounded(), pytest.raises(DataError, match=r"cat\.mat declares"):
        load(f"smallnorb({str(tmp_path)!r})")


# --- records --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("squares", 40_960),
        ("squares(n=1000000000)", 10**9),
        ("squares(7)", 7),
        ("correlated('squares(n=5000000)', n=8)", 5_000_000),
        ("correlated('squares(n=5)', n=80)", 80),
        ("split(\"pairs('scenes(n=77)')\", share=0.5)", 77),
        ("standardised('segments(n=300)')", 300),
        ("shapes3d('3dshapes.h5', n=5)", 0),
        ("photos.npz", 0),
        ("correlated(data='squares(n=5)', n=None)", 5),
    ],
)
def test_generated_samples_are_counted_before_they_are_made(text, made):
    with bounded(more=GIB // 8):
        assert describe(text).generated == made


def test_descriptions_of_endless_length():
    text = f"squares(angles=({'1,' * 200_000}))"
    for action in (lambda: load(text), lambda: describe(text)):
        with bounded(), pytest.raises(MicvaeError, match=r"400,018 characters; at most 131,072"):
            action()
    assert len(public(text)) < 100


def test_json(tmp_path):
    path = tmp_path / "run.json"
    with path.open("wb") as file:
        file.truncate(2**40)
    with bounded(), pytest.raises(RunError, match="no command writes so large a file"):
        read_json(path)
    for content in ("[" * 10**6, "1" * 10**6, json.dumps({"a": 1})[:-1]):
        path.write_text(content)
        with bounded(), pytest.raises(RunError, match="cannot be read as JSON"):
            read_json(path)
