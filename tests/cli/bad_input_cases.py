"""What a stranger's files and a slip of the keyboard may hold: the table behind docs/bad-input.md.

A case gets a folder with a finished run in `run/` (96 toy images), spoils something and returns
the command that meets it.
"""

import io
import json
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from safetensors.numpy import load_file, save_file


class Case(NamedTuple):
    title: str
    message: str
    spoil: Callable[[Path], list[str]]


CASES: list[Case] = []
IMAGES = np.linspace(0, 1, 96 * 64, dtype=np.float32).reshape(96, 8, 8)
ENCODE = ["encode", "run", "squares(n=8)", "--out", "codes.csv"]
TRAIN = ["train", "vae", "--epochs", "1", "--network", "patch(width=4, hidden=8)", "--out", "new"]
DECODE = ["decode", "run", "codes.npy", "--out", "images.npz"]


def case(title: str, message: str) -> Callable[[Callable[[Path], list[str]]], None]:
    return lambda spoil: CASES.append(Case(title, message, spoil))


def option(title: str, message: str, *arguments: str) -> None:
    CASES.append(Case(title, message, lambda folder: list(arguments)))


# --- run.json ---------------------------------------------------------------------------------


def record(change: Callable[[dict], object], command: list[str] = ENCODE):
    def spoil(folder: Path) -> list[str]:
        path = folder / "run" / "run.json"
        values = json.loads(path.read_text())
        change(values)
        path.write_text(json.dumps(values))
        return command

    return spoil


def text(content: str):
    def spoil(folder: Path) -> list[str]:
        (folder / "run" / "run.json").write_text(content)
        return ENCODE

    return spoil


def setting(**values: object):
    return record(lambda r: r["config"].update(values))


def fact(**values: object):
    return record(lambda r: r["data"].update(values))


for title, message, spoil in [
    ("run.json is empty", "cannot be read as JSON", text("")),
    ("run.json is no object", "the record is [1, 2]; expected an object", text("[1, 2]")),
    ("run.json is nested 100,000 deep", "cannot be read as JSON", text("[" * 100_000)),
    ("run.json has no configuration", "config is missing", record(lambda r: r.pop("config"))),
    ("run.json says nothing of the data", "data is missing", record(lambda r: r.pop("data"))),
    ("run.json counts images in words", "data.n is 'many'", fact(n="many")),
    ("run.json names factors by numbers", "data.factor_names[0] is 1", fact(factor_names=[1])),
    ("run.json names features by one text", "feature_names is 'a'", fact(feature_names="a")),
    ("run.json has images of a trillion rows", "image_shape is", fact(image_shape=[1, 10**12, 4])),
    ("run.json has images without a size", "image_shape[0] is", fact(image_shape=["a", None, 1])),
    ("a setting that is not known", "is not understood", setting(colour="red")),
    ("epochs in words", "epochs is 'many'", setting(epochs="many")),
    ("data that is a number", "data is 3; give text", setting(data=3)),
    ("code in place of a method", "is not understood", setting(objective="vae(__import__('os'))")),
    ("a network too wide for any memory", "does not fit the model", setting(
        network="patch(width=10000000, hidden=10000000)")),
    ("a network of a billion layers", "0 to 1000 layers", setting(network="mlp(depth=1000000000)")),
    ("a billion latents", "does not fit the model", setting(latent_dim=10**9)),
    ("a run that is not finished", "is not finished", record(lambda r: r.update(status="x"))),
]:  # fmt: skip
    CASES.append(Case(title, message, spoil))


# --- weights and what else lies in a run ------------------------------------------------------


def rewritten(name: str, change: Callable[[bytes], bytes], command: list[str] = ENCODE):
    def spoil(folder: Path) -> list[str]:
        path = folder / "run" / name
        path.write_bytes(change(path.read_bytes()))
        return command

    return spoil


def tensors(change: Callable[[dict], object]):
    def spoil(folder: Path) -> list[str]:
        path = folder / "run" / "weights.safetensors"
        values = load_file(path)
        change(values)
        save_file(values, path)
        return ENCODE

    return spoil


def huge_tensor(content: bytes) -> bytes:
    header = {"w": {"dtype": "F32", "shape": [10**6, 10**9], "data_offsets": [0, 4 * 10**15]}}
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head


WEIGHTS, UNREADABLE = "weights.safetensors", "is not a readable safetensors file"
SHARE = ["share", "run", "--out", "shared"]
CASES += [
    Case("weights cut short", UNREADABLE, rewritten(WEIGHTS, lambda b: b[:-9])),
    Case("weights that are empty", UNREADABLE, rewritten(WEIGHTS, lambda b: b"")),
    Case("weights that are a pickle", UNREADABLE, rewritten(WEIGHTS, lambda b: pickle.dumps([1]))),
    Case(
        "a header of weights longer than the file",
        UNREADABLE,
        rewritten(WEIGHTS, lambda b: struct.pack("<Q", 2**62) + b),
    ),
    Case("a tensor that declares 4 petabytes", UNREADABLE, rewritten(WEIGHTS, huge_tensor)),
    Case(
        "weights that are not finite",
        "holds NaN or infinite values",
        tensors(lambda t: t["decoder.0.weight"].fill(np.nan)),
    ),
    Case(
        "a weight of another shape",
        "has shape (3, 3), and the model",
        tensors(lambda t: t.update({"decoder.0.weight": np.zeros((3, 3), np.float32)})),
    ),
    Case(
        "a weight that is missing",
        "lacks decoder.0.weight",
        tensors(lambda t: t.pop("decoder.0.weight")),
    ),
    Case(
        "a log cut short",
        "not a readable Parquet file",
        rewritten("log.parquet", lambda b: b[:100], SHARE),
    ),
]


@case("scores that are a list", "Run micvae evaluate on the run again")
def _(folder):
    (folder / "run" / "scores.json").write_text("[]")
    return SHARE


@case("a log without losses", "has no column loss")
def _(folder):
    pq.write_table(pa.table({"step": [0, 1], "kl": [1.0, 2.0]}), folder / "run" / "log.parquet")
    return SHARE


@case("a log of words", "holds columns that are no numbers")
def _(folder):
    pq.write_table(pa.table({"loss": ["a", "b"]}), folder / "run" / "log.parquet")
    return SHARE


def arrays_of_run(change: Callable[[dict], object]):
    def spoil(folder: Path) -> list[str]:
        path = folder / "run" / "representation.npz"
        with np.load(path) as file:
            values = dict(file)
        change(values)
        np.savez(path, **values)
        return ["evaluate", "run"]

    return spoil


CASES += [
    Case(
        "pickled codes in a run",
        "is pickled, which could run code",
        arrays_of_run(lambda a: a.update(codes=np.array([{}], dtype=object))),
    ),
    Case(
        "more factors than codes",
        "factors does not fit",
        arrays_of_run(lambda a: a.update(factors=np.zeros((3, 3)))),
    ),
    Case(
        "codes that are not finite",
        "NaN or infinite values",
        arrays_of_run(lambda a: a["codes"].fill(np.nan)),
    ),
]


# --- one's own data ---------------------------------------------------------------------------


def own(title: str, message: str, **arrays: object) -> None:
    def spoil(folder: Path) -> list[str]:
        np.savez(folder / "own.npz", **arrays)
        return [*TRAIN, "--data", "own.npz"]

    CASES.append(Case(title, message, spoil))


own("images that are not finite", "holds NaN or infinite values", images=IMAGES * np.nan)
own("images from 0 to 255 as floats", "values must lie in [0, 1]", images=IMAGES * 255)
own("images of one axis", "expected (N, H, W)", images=np.zeros(5))
own("images of complex numbers", "complex64", images=IMAGES.astype(np.complex64))
own("no images at all", "is empty", images=IMAGES[:0])
own("an .npz file without images", "has no array named images", pictures=IMAGES)
own("fewer factors than images", "factors has 4 rows", images=IMAGES, factors=np.zeros((4, 2)))
own("factors that are not finite", "factors holds NaN", images=IMAGES, factors=np.full(96, np.inf))
own("factors in words", "factors has dtype", images=IMAGES, factors=np.array(["a"] * 96))
own("too many names of factors", "factor_names has 2 entries", images=IMAGES,
    factors=np.zeros((96, 1)), factor_names=["a", "b"])  # fmt: skip
own("two factors of one name", "factor_names has 'a' more than once", images=IMAGES,
    factors=np.zeros((96, 2)), factor_names=["a", "a"])  # fmt: skip
own("too many names of features", "feature_names has 2 entries", images=np.zeros((96, 3)),
    feature_names=["a", "b"])  # fmt: skip
own("pickled images", "is pickled, which could run code", images=np.array([{}], dtype=object))


def header(shape: str) -> bytes:
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()


PETABYTES = header("(1000000, 1000000000)")


def npz(content: bytes):
    def spoil(folder: Path) -> list[str]:
        with zipfile.ZipFile(folder / "own.npz", "w") as archive:
            archive.writestr("images.npy", content)
        return [*TRAIN, "--data", "own.npz"]

    return spoil


@case("an .npz file cut short", "cannot be read as an .npz file")
def _(folder):
    np.savez(folder / "own.npz", images=IMAGES)
    path = folder / "own.npz"
    path.write_bytes(path.read_bytes()[:-100])
    return [*TRAIN, "--data", "own.npz"]


@case("an .npz file that is a pickle", "cannot be read as an .npz file")
def _(folder):
    (folder / "own.npz").write_bytes(pickle.dumps({"images": 1}))
    return [*TRAIN, "--data", "own.npz"]


@case("a zip bomb: an array larger than memory", "declares")
def _(folder):
    shape = (2**20, 64, 64, 64)  # a terabyte; nobody writes it, the zip's directory says so
    with zipfile.ZipFile(folder / "own.npz", "w") as archive:
        archive.writestr("images.npy", header(str(shape)), zipfile.ZIP_DEFLATED)
    path = folder / "own.npz"
    content, size = bytearray(path.read_bytes()), len(header(str(shape))) + 4 * 2**38
    start = content.rindex(b"PK\x01\x02")
    extra = struct.pack("<HHQ", 1, 8, size)  # ZIP64: the size does not fit into 32 bits
    content[start + 24 : start + 28] = b"\xff" * 4
    name = struct.unpack("<H", content[start + 28 : start + 30])[0]
    content[start + 30 : start + 32] = struct.pack("<H", len(extra))
    end = content.rindex(b"PK\x05\x06")
    length = struct.unpack("<I", content[end + 12 : end + 16])[0] + len(extra)
    content[end + 12 : end + 16] = struct.pack("<I", length)
    content[start + 46 + name : start + 46 + name] = extra
    path.write_bytes(bytes(content))
    return [*TRAIN, "--data", "own.npz"]


CASES += [
    Case("an array that declares 4 petabytes", "that its shape", npz(PETABYTES)),
    Case("an array of a negative shape", "declares the shape", npz(header("(-5, 8, 8)"))),
    Case("code in an array's header", "cannot be read", npz(header("__import__('os').getcwd()"))),
]


# --- folders of pictures, tables, archives ----------------------------------------------------


def png(width: int, height: int) -> bytes:
    """A picture that declares a size, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


def pictures(folder: Path, table: str | None = None, sizes: tuple[int, ...] = (8, 8)) -> list[str]:
    (folder / "pictures").mkdir()
    for i, size in enumerate(sizes):
        Image.new("L", (size, size)).save(folder / "pictures" / f"{i}.png")
    if table is not None:
        (folder / "pictures" / "factors.csv").write_text(table)
    return [*TRAIN, "--data", "pictures", "--batch-size", "2"]


def picture(content: bytes):
    def spoil(folder: Path) -> list[str]:
        command = pictures(folder)
        (folder / "pictures" / "2.png").write_bytes(content)
        return command

    return spoil


def table(content: str):
    return lambda folder: pictures(folder, content)


CASES += [
    Case("a picture of 3.6 gigapixels", "decompression bomb", picture(png(60_000, 60_000))),
    Case("a picture of 144 megapixels", "decompression bomb", picture(png(12_000, 12_000))),
    Case("a picture cut short", "cannot be read as an image", picture(png(8, 8)[:40])),
    Case("text in place of a picture", "cannot be read as an image", picture(b"hello")),
    Case("pictures of several sizes", "different sizes", lambda f: pictures(f, sizes=(8, 9))),
    Case("an empty folder", "holds no images", lambda f: pictures(f, sizes=())),
    Case("a table without a row for a picture", "has no row for 1 of 2", table("f,a\n0.png,1\n")),
    Case("words in a table of factors", "line 2", table("f,a\n0.png,red\n1.png,2\n")),
    Case("a row of another length", "has 3 columns, not 2", table("f,a\n0.png,1,2\n1.png,2\n")),
    Case("a table with a zero byte", "line 2", table("f,a\n0.png,\0\n1.png,2\n")),
    Case("an empty table", "cannot be read as a table", table("")),
    Case("two columns of one name", "'a' more than once", table("f,a,a\n0.png,1,2\n1.png,2,3\n")),
    Case("a factor that is infinite", "a is 1e999", table("f,a\n0.png,1e999\n1.png,2\n")),
    Case("a factor that is missing", "column a is empty", table("f,a\n0.png,\n1.png,2\n")),
    Case("a table without a header row", "has no header row", table("0.png,1\n1.png,2\n")),
    Case("two rows that disagree", "in lines 2 and 4", table("f,a\n0.png,1\n1.png,2\n0.png,3\n")),
    Case("decimals with commas", "with a point", table("f;a\n0.png;1,5\n1.png;2\n")),
]


@case("a table that is not UTF-8", "is not encoded as UTF-8")
def _(folder):
    command = pictures(folder)
    (folder / "pictures" / "factors.csv").write_bytes("f,Größe\n".encode("latin-1"))
    return command


@case("the table in place of the folder of pictures", "give their folder: pictures")
def _(folder):
    pictures(folder, "f,a\n0.png,1\n1.png,2\n")
    return [*TRAIN, "--data", "pictures/factors.csv"]


def numbers(content: str):
    def spoil(folder: Path) -> list[str]:
        (folder / "t.csv").write_text(content)
        return [*TRAIN, "--data", "t.csv"]

    return spoil


CASES += [
    Case("words among vectors", "column y holds text", numbers("x,y\n1,a\n2,b\n")),
    Case("vectors apart by semicolons", "has no commas", numbers("x;y\n1;2\n")),
]


@case("a file name with a slip", "did you mean own.npz?")
def _(folder):
    np.savez(folder / "own.npz", images=IMAGES)
    return [*TRAIN, "--data", "ownn.npz"]


@case("an archive that reaches out of its folder", "../../evil.mat")
def _(folder):
    with tarfile.open(folder / "cars.tgz", "w:gz") as archive:
        info = tarfile.TarInfo("data/cars/../../../../evil.mat")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    return [*TRAIN, "--data", "cars3d('cars.tgz', verify=False)"]


# --- codes from anybody -----------------------------------------------------------------------


def codes(name: str, content: object):
    def spoil(folder: Path) -> list[str]:
        path = folder / name
        if isinstance(content, np.ndarray):
            np.save(path, content, allow_pickle=True)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(str(content))
        return ["decode", "run", name, "--out", "images.npz"]

    return spoil


CASES += [
    Case("pickled codes", "is pickled", codes("c.npy", np.array([{}], dtype=object))),
    Case("codes that declare 4 petabytes", "that its shape", codes("c.npy", PETABYTES)),
    Case("codes with NaN", "infinite code in row 0", codes("c.npy", np.full((2, 3), np.nan))),
    Case("codes of too few latents", "has 2 columns", codes("c.npy", np.zeros((2, 2)))),
    Case("codes of three axes", "has shape (2, 2, 2)", codes("c.npy", np.zeros((2, 2, 2)))),
    Case("codes without a header row", "has no header row", codes("c.csv", "1,2,3\n4,5,6\n")),
    Case("codes with a hole", "empty entries", codes("c.csv", "z0,z1,z2\n1,,3\n")),
    Case("codes in words", "text where codes", codes("c.csv", "z0,z1,z2\n1,a,3\n")),
    Case("codes under other names", "has no column z2", codes("c.csv", "z0,z1,zz\n1,2,3\n")),
    Case("Parquet cut short", "cannot be read", codes("c.parquet", b"PAR1abc")),
    Case("a spreadsheet", "expected .npy, .npz, .csv", codes("c.xlsx", "1")),
]  # fmt: skip


# --- names and numbers on the command line ----------------------------------------------------

option("an unknown command", "unknown command 'fit'", "fit")
option("an unknown method", "unknown method 'gan'", "train", "gan")
option("an unknown preset", "no preset 'best'", "train", "mi-constrained:best")
option("a preset where there is none", "vae has no presets", "train", "vae:best")
option("a method with a slip", "did you mean beta-vae?", "train", "betavae")
option("a negative weight", "--beta: value is -1.0", "train", "vae", "--beta", "-1")
option("an argument that a method has not", "does not fit vae", "study", "vae(gamma=2)")
option("a data set that is not there", "no data set or file", "train", "vae", "--data", "no.npz")
option(
    "an argument that a data set has not",
    "unexpected keyword argument 'm'; squares takes n, seed, angles, size, intensity",
    *TRAIN,
    "--data",
    "squares(m=1)",
)
option("fewer images than a batch", "fewer than batch_size", *TRAIN, "--data", "squares(n=10)")
option("no epochs", "epochs is 0", "train", "vae", "--epochs", "0")
option("a weight that is no number", "must be finite", "train", "vae", "--beta", "nan")
option("vectors for a network of pictures", "use --network mlp", *TRAIN[:4], "--network", "conv",
       "--data", "segments(n=64)", "--out", "new")  # fmt: skip
option("an unknown device", "is not available here", "train", "vae", "--device", "mps")
option("a tracker's impossible mode", "choose offline or online", "train", "vae", "--tracker",
       "wandb(mode='cloud')")  # fmt: skip
option(
    "a run that is not there", "neither run.json nor config.json", "encode", "no", "squares(n=8)"
)
option("data of another shape", "and run takes images of 32×32 pixels", "encode", "run",
       "segments(n=64)", "--out", "c.csv")  # fmt: skip
option("a table of an unknown kind", "ends in .xlsx", "encode", "run", "squares(n=8)", "--out",
       "c.xlsx")  # fmt: skip
option("a folder that holds something else", "is not a run", *TRAIN[:-1], "full", "--data",
       "squares(n=96)")  # fmt: skip
option("scores over something else", "exists and is not scores", "evaluate", "--codes",
       "run/representation.npz", "--out", "full/thesis.tex")  # fmt: skip
option("scores over their own codes", "is what this command reads", "evaluate", "--codes",
       "run/representation.npz", "--out", "run/representation.npz")  # fmt: skip
option("codes over something else", "is not a table of codes", "encode", "run", "squares(n=8)",
       "--out", "run/log.parquet")  # fmt: skip
option("images over something else", "is not what micvae decode wrote", "decode", "run",
       "codes.npy", "--out", "run/representation.npz")  # fmt: skip
option("an explorer that is no page", "ends in .tex; the explorer is a page", "explore", "run",
       "--out", "full/thesis.tex")  # fmt: skip
for given in ("export run", "audit run", "theorem", "study vae", "select squares", "reproduce"):
    command, *words = given.split()
    option(f"{command} into a folder of something else", "such as thesis.tex", command, *words,
           "--out", "full")  # fmt: skip
option("sharing over something else", "holds something else", "share", "run", "--out", "full")
option("nowhere to share to", "either --out FOLDER or --repo", "share", "run")
