"""What a stranger's files and a slip of the keyboard may hold: a table for test_bad_input.py.

A case gets a folder with a finished run in `run/` (96 toy images), spoils something and returns
the command that meets it.
"""

import io
import json
import pickle
import struct
import tarfile
import warnings
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
    ("data that is a number", "data is 3, which does not fit a configuration; give text",
     setting(data=3)),
    ("code in place of a method", "unknown schedule '__import__'",
     setting(objective="vae(__import__('os'))")),
    ("a network too wide for any memory", "does not fit the model", setting(
        network="patch(width=10000000, hidden=10000000)")),
    ("a network of a billion layers", "whole number between 0 and 1000", setting(
        network="mlp(depth=1000000000)")),
    ("a billion latents", "does not fit the model", setting(latent_dim=10**9)),
    ("a run that is not finished", "is not finished",
     record(lambda r: r.update(status="training"))),
    ("a status that no run has", "status is 'x'; expected 'training' or 'done'",
     record(lambda r: r.update(status="x"))),
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
        "has shape (3, 3), expected (8, 3)",
        tensors(lambda t: t.update({"decoder.0.weight": np.zeros((3, 3), np.float32)})),
    ),
    Case(
        "a weight that is missing",
        "missing tensor decoder.0.weight",
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


@case("a log of words", "holds columns that are not numbers")
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
        "codes holds NaN or infinite values",
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
own(
    "images from 0 to 2 as floats",
    "images in own.npz: values of float32 from 0 to 2",
    images=IMAGES * 2,
)
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
    Case("a picture of 3.6 gigapixels", "has 3600000000 pixels", picture(png(60_000, 60_000))),
    Case("a picture of 144 megapixels", "make it smaller", picture(png(12_000, 12_000))),
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
    Case("codes in words", "text instead of codes", codes("c.csv", "z0,z1,z2\n1,a,3\n")),
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
    "does not fit squares(n=40960, seed=0, ",
    *TRAIN,
    "--data",
    "squares(m=1)",
)
option("fewer images than a batch", "fewer than batch_size", *TRAIN, "--data", "squares(n=10)")
option("no epochs", "epochs is 0", "train", "vae", "--epochs", "0")
option("a weight that is no number", "give a number of at least 0", "train", "vae", "--beta", "nan")
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
option("an explorer that is no page", "the explorer is an HTML page", "explore", "run",
       "--out", "full/thesis.tex")  # fmt: skip
for given in ("export run", "audit run", "theorem", "study vae", "select squares", "reproduce"):
    command, *words = given.split()
    option(f"{command} into a folder of something else", "such as thesis.tex", command, *words,
           "--out", "full")  # fmt: skip
option("sharing over something else", "contains other files", "share", "run", "--out", "full")
option("nowhere to share to", "either --out FOLDER or --repo", "share", "run")


# --- how pictures enter -----------------------------------------------------------------------


def one_array(name: str, array: np.ndarray, text: str = "{}") -> Callable[[Path], list[str]]:
    """Save an array beside the run and train on it, described by `text`."""

    def spoil(folder: Path) -> list[str]:
        np.save(folder / name, array)
        return [*TRAIN, "--data", text.format(name)]

    return spoil


def photos(name: str, write: Callable[[Path], object]) -> Callable[[Path], list[str]]:
    """Write one picture into a folder and train on that."""

    def spoil(folder: Path) -> list[str]:
        (folder / "photos").mkdir()
        write(folder / "photos" / name)
        return [*TRAIN, "--data", "photos"]

    return spoil


def saved(picture: Image.Image, **options: object) -> Callable[[Path], object]:
    return lambda path: picture.save(path, **options)


def postscript(path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (16, 16)).save(content, "EPS")
    path.write_bytes(content.getvalue())


PAGES = [Image.new("L", (16, 16), i) for i in (50, 200)]
CASES += [
    Case(
        "digits from 0 to 16",
        "values of uint8 from 0 to 16, which are dark images (if 255 is white) or on another "
        "scale; say which values are black and white, as in arrays('digits.npy', value_range=(0, "
        "16)), or (0, 255) for a dark picture",
        one_array("digits.npy", (IMAGES * 16).astype(np.uint8)),
    ),
    Case(
        "pictures from -1 to 1",
        "some of them below 0; say which values are black and white, as in arrays('own.npy', "
        "value_range=(-1, 1))",
        one_array("own.npy", IMAGES * 2 - 1),
    ),
    Case(
        "a range that is none",
        "value_range is 255, which does not fit arrays; give (a number, a number) or None",
        one_array("own.npy", IMAGES, "arrays('{}', value_range=255)"),
    ),
    Case(
        "values outside the range that was named",
        "from 0 to 1, outside value_range=(0, 0.5); give a wider one",
        one_array("own.npy", IMAGES, "arrays('{}', value_range=(0, 0.5))"),
    ),
    Case(
        "bands that may lie first or last",
        "specify it by arrays('tiles.npy', layout='channels_first') or 'channels_last'",
        one_array("tiles.npy", np.zeros((8, 16, 16, 13), np.uint16)),
    ),
    Case(
        "a layout that is none",
        "layout is 'last', which does not fit arrays; give 'auto' or 'channels_first' or",
        one_array("own.npy", IMAGES, "arrays('{}', layout='last')"),
    ),
    Case(
        "a picture that is a program",
        "it is not one of PNG, JPEG, BMP, GIF, TIFF, WEBP, PPM",
        photos("x.png", postscript),
    ),
    Case(
        "a TIFF of several pages",
        "holds 2 pages or frames; save each as a picture of its own",
        photos("x.tif", saved(PAGES[0], save_all=True, append_images=PAGES[1:])),
    ),
    Case(
        "transparent pixels",
        "has transparent pixels; give a background, as in pictures('photos', background='black')",
        photos("x.png", saved(Image.new("RGBA", (16, 16), (9, 9, 9, 0)))),
    ),
    Case(
        "a TIFF of which white is the smallest value",
        "is a TIFF whose smallest value is white; save it inverted",
        photos("x.tif", saved(Image.fromarray(np.full((16, 16), 9, np.uint16)), tiffinfo={262: 0})),
    ),
    Case(
        "a backslash before a quotation mark",
        "in a path, write / or \\\\ in place of a \\ before a quotation mark",
        lambda folder: [*TRAIN, "--data", "split('C:\\data\\')"],
    ),
]
# --- vectors: columns that are not numbers, and numbers that are lost ---------------------------


CASES.extend(
    [
        Case(
            "text, dates and holes in a table",
            "column day holds dates or times (datetime64[D]), column d has 1 empty",
            numbers("a,day,c,d\n1,2020-01-01,x,\n2,2020-01-02,y,4\n"),
        ),
        Case(
            "whole numbers beyond 2^53",
            "column t of t.csv has whole numbers beyond 2^53 (1700000000000000001)",
            numbers("t,y\n1700000000000000001,1\n1700000000000000002,2\n"),
        ),
    ]
)


# --- codes and factors for scores, and options that contradict each other -----------------------

option("an option given twice", "--codes is given 2 times (a.npy, b.npy); give it once", "evaluate",
       "--codes", "a.npy", "--codes", "b.npy")  # fmt: skip
option("scores in a text for print", "ends in .tex; scores are written as JSON", "evaluate",
       "--codes", "run/representation.npz", "--out", "scores.tex")  # fmt: skip
option("a folder called as a file", "ends in .npz, and a folder is written there", *TRAIN[:4],
       "--data", "squares(n=96)", "--out", "new.npz")  # fmt: skip


def scored(name: str, content: str, *more: str) -> Callable[[Path], list[str]]:
    def spoil(folder: Path) -> list[str]:
        np.save(folder / "z.npy", np.random.default_rng(0).normal(size=(40, 2)))
        (folder / name).write_text(content)
        return ["evaluate", "--codes", "z.npy", "--factors", name, *more]

    return spoil


_CLASSES = "\n".join(["species,size", *(f"{i % 30},{i % 3}" for i in range(40))])
CASES += [
    Case("a missing number", "column age has 1 missing entries (NA); leave these rows out",
         scored("f.csv", "age\n" + "\n".join(["30"] * 39) + "\nNA\n")),
    Case("more classes than a test part holds, asked for",
         "factor 'species' has 30 classes in 40 samples",
         scored("f.csv", _CLASSES, "--factor-kinds", "categorical", "ordinal", "--metrics", "sap")),
]  # fmt: skip
own("a kind that is none", "factor_kinds has 'round'; use one of continuous, ordinal",
    images=IMAGES, factors=np.arange(96.0), factor_kinds=["round"])  # fmt: skip


# --- untrusted: paths, links, declared sizes, pipes, weights that overflow -----------------------


def linked(name: str, command: list[str]):
    def spoil(folder: Path) -> list[str]:
        path = folder / "run" / name
        path.unlink(missing_ok=True)
        path.symlink_to(folder / "full", target_is_directory=True)
        return command

    return spoil


def outside(name: str) -> Callable[[Path], list[str]]:
    def spoil(folder: Path) -> list[str]:
        path = folder / "run" / name
        path.rename(folder / "full" / name)
        path.symlink_to(folder / "full" / name)
        return ENCODE

    return spoil


def device(name: str, command: list[str]):
    def spoil(folder: Path) -> list[str]:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("/dev/zero")
        return command

    return spoil


def constant(value: float, dtype: type):
    def change(values: dict) -> None:
        for name in values:
            if name.startswith("encoder") and name.endswith("weight"):
                values[name] = np.full(values[name].shape, value, dtype)

    return change


def hdf5(name: str, shape: tuple[int, ...]):
    def spoil(folder: Path) -> list[str]:
        import h5py

        with h5py.File(folder / "own.h5", "w") as file:
            if name != "images":
                file["images"] = IMAGES
            file.create_dataset(name, shape, "f8")
        return [*TRAIN, "--data", "own.h5"]

    return spoil


def elsewhere(path: str):
    def spoil(folder: Path) -> list[str]:
        study = folder / "study"
        study.mkdir()
        row = {"row": "vae", "seed": 0, "path": path, "loss": 1.0, "seconds": 1.0, "kept": True}
        row["data"] = "squares"
        pq.write_table(pa.Table.from_pylist([row]), study / "table.parquet")
        (study / "study.json").write_text(json.dumps({"title": "t", "notes": [], "failed": {}}))
        return ["report", "study"]

    return spoil


def members(*names: str):
    def spoil(folder: Path) -> list[str]:
        content = io.BytesIO()
        np.save(content, IMAGES)
        with warnings.catch_warnings(), zipfile.ZipFile(folder / "own.npz", "w") as archive:
            warnings.simplefilter("ignore", UserWarning)  # two members of one name
            for name in names:
                archive.writestr(name, content.getvalue())
        return [*TRAIN, "--data", "own.npz"]

    return spoil


def constants(folder: Path) -> list[str]:
    """Forty million numbers that are all the same take a few kB."""
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**6, np.int32)), [1.0])
    pq.write_table(pa.table({f"z{d}": column for d in range(40)}), folder / "c.parquet")
    return ["decode", "run", "c.parquet", "--out", "images.npz"]


CASES += [
    Case("figures are a link", "is a link, and only what lies in run itself",
         linked("figures", ["report", "run"])),
    Case("the export's folder is a link", "is a link, and only what lies in run itself",
         linked("onnx", ["export", "run"])),
    Case("weights that are a link to elsewhere", "is a link to a file outside of run",
         outside(WEIGHTS)),
    Case("a study whose runs lie elsewhere", "which lies outside of it", elsewhere("../run")),
    Case("a device in place of weights", "is a device, not a file",
         device("run/weights.safetensors", ENCODE)),
    Case("a device in place of codes", "is a device, not a file",
         device("codes.npy", DECODE)),
    Case("a folder in place of scores", "scores.json is a folder, not a file",
         lambda folder: (folder / "run" / "scores.json").mkdir() or ["report", "run"]),
    Case("an HDF5 array that was never written", "declares 4,096,000,000,000 bytes",
         hdf5("images", (125_000_000, 64, 64))),
    Case("factors that were never written", "factors in own.h5 declares 3,840,000,000 bytes",
         hdf5("factors", (96, 5_000_000))),
    Case("two arrays of one name", "two arrays named images", members("images.npy", "images.npy")),
    Case("an array without the ending of arrays", "has no array named images", members("images")),
    Case("a small table of many numbers", "declares 320,000,000 bytes, more than", constants),
    Case("run.json names more data than it counts", "counts 96 samples, and its data", record(
        lambda r: r["config"].update(data="squares(n=1000000000)"), ["audit", "run"])),
    Case("weights beyond single precision", "holds NaN or infinite values",
         tensors(constant(1e300, np.float64))),
    Case("weights whose products overflow", "codes are NaN or infinite in 8 of 8 samples",
         tensors(constant(1e38, np.float32))),
    Case("a description without an end", "at most 131,072 are read",
         setting(objective=f"vae(beta=[{'1,' * 100_000}])")),
]  # fmt: skip
