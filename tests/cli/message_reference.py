"""The messages that users meet, what they mean and what helps: the content of docs/bad-input.md.

Every code block of an entry is carried out by `test_message_reference.py` as it is written: `given`
gets the message, `fix` mends what is wrong. Commands that train get `--epochs 1` for the tests.
"""

import contextlib
import errno
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from safetensors.numpy import save_file

Names = Mapping[str, Any]
Prepare = Callable[[Path], Any]


def nothing(folder: Path) -> None:
    """The folder is ready as it is: a finished run lies in runs/first."""


@dataclass(frozen=True)
class Entry:
    """A message.

    Args:
        section: the heading under which it stands.
        title: a heading of a few words; links lead to it.
        message: as it is printed, with what varies in angle brackets or left out (…).
        meaning: what is wrong, a sentence or two.
        given: what a user did: commands, or lines of Python.
        remedy: what helps, a sentence or two.
        fix: the same as commands or lines of Python.
        prepare: makes the files in a folder, and returns the names that the lines of Python use.
        again: whether `given` is to be repeated after `fix`; `fix` is used in its place otherwise.
        then: a command that is given after `fix`, in place of `given`.
        words: those of the message that stand in the index, where the first ones do not do.
        without: packages that are not installed.
        condition: what is wrong with the machine meanwhile, in a folder.
    """

    section: str
    title: str
    message: str
    meaning: str
    given: str
    remedy: str
    fix: str
    prepare: Prepare = nothing
    again: bool = False
    then: str = ""
    words: str = ""
    without: tuple[str, ...] = ()
    condition: Callable[[Path], contextlib.AbstractContextManager[None]] | None = None


ENTRIES: list[Entry] = []
PROGRAMS = ("micvae", "pip", "cp", "mv", "rm", "mkdir", "cd", "sed", "echo", "kill")


def is_shell(code: str) -> bool:
    """Whether code is for the shell; it is Python otherwise."""
    return code.lstrip().startswith(tuple(f"{name} " for name in PROGRAMS))


def entries(section: str) -> Callable[..., None]:
    """What appends entries to a section."""

    def entry(title: str, message: str, **values: Any) -> None:
        text = {name: value.strip("\n") if isinstance(value, str) else value
                for name, value in values.items()}  # fmt: skip
        ENTRIES.append(Entry(section, title, message, **text))

    return entry


# --- files and arrays of which the entries make use -------------------------------------------

TRAIN = "micvae train vae --data {} --out runs/new"


def grey(n: int = 64, side: int = 16) -> np.ndarray:
    """Grey pictures of 8 bits, in which all values are there."""
    pictures = np.random.default_rng(0).integers(0, 256, (n, side, side)).astype(np.uint8)
    pictures[0, 0, :2] = 0, 255
    return pictures


def photos(
    folder: Path, then: Callable[[Path], object] = lambda place: None, table: str = ""
) -> None:
    """A folder of 64 pictures, 00.png to 63.png; `then` spoils it."""
    place = folder / "photos"
    place.mkdir()
    for i, one in enumerate(grey()):
        Image.fromarray(one).save(place / f"{i:02}.png")
    if table:
        (place / "factors.csv").write_text(table, "utf-8")
    then(place)


def with_photos(then: Callable[[Path], object] = lambda place: None, table: str = "") -> Prepare:
    return lambda folder: photos(folder, then, table)


def rows(header: str, row: Callable[[int], str], n: int = 64) -> str:
    """A table of pictures."""
    return "\n".join([header, *(f"{i:02}.png{row(i)}" for i in range(n))]) + "\n"


def saved(name: str, array: Any) -> Prepare:
    return lambda folder: np.save(folder / name, array)


def zipped(name: str, **arrays: Any) -> Prepare:
    return lambda folder: np.savez(folder / name, **arrays)


def several(*steps: Callable[[Path], Any]) -> Prepare:
    def prepare(folder: Path) -> None:
        for step in steps:
            step(folder)

    return prepare


def written(name: str, text: str | bytes) -> Prepare:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return write


def csv(header: str, row: Callable[[int], str], n: int = 64) -> str:
    return "\n".join([header, *map(row, range(n))]) + "\n"


def learner(**names: Any) -> Prepare:
    """The names of lines of Python: `model`, and what is given."""

    def prepare(folder: Path) -> Names:
        from micvae import Disentangler

        model = Disentangler("vae", latent_dim=2, epochs=1, device="cpu")
        return {"model": model, **{n: v() if callable(v) else v for n, v in names.items()}}

    return prepare


def numbers(n: int = 64, features: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, features))


def frame(**columns: Any) -> Any:
    import pandas as pd

    given = {"pressure": numbers()[:, 0], "flow": numbers()[:, 1]}
    return pd.DataFrame(given | columns)


def scored(codes: Any = None, factors: Any = None, n: int = 200) -> Prepare:
    """codes.npy and factors.csv for `micvae evaluate`."""

    def prepare(folder: Path) -> None:
        z = np.random.default_rng(1).normal(size=(n, 2))
        np.save(folder / "codes.npy", z if codes is None else codes(z))
        default = csv("size,shape", lambda i: f"{(i * 37 % n) / n},{i % 3}", n)
        (folder / "factors.csv").write_text(factors or default, "utf-8")

    return prepare


# --- pictures ---------------------------------------------------------------------------------

entry = entries("Pictures")

entry(
    "A file that is no picture",
    "<file> cannot be read as an image: it is none of PNG, JPEG, …, broken, or of a kind that "
    "Pillow does not read, such as a TIFF of several floats a pixel; save the images as an array, "
    "np.savez('data.npz', images=…).",
    meaning="A file in the folder has the name of a picture, but its content is something else, or "
    "it was cut short.",
    given=TRAIN.format("photos"),
    remedy="Take the file out of the folder, or open it in the program that made it and save it as "
    "PNG.",
    fix="""
mkdir aside
mv photos/64.png aside/
""",
    again=True,
    prepare=with_photos(lambda place: (place / "64.png").write_text("not a picture")),
)

entry(
    "Pictures of different sizes",
    "<folder> holds images of different sizes (<file> is <H>×<W>, <file> <H>×<W>); resize them to "
    "one.",
    meaning="A network reads images of one size.",
    given=TRAIN.format("photos"),
    remedy="Resize the pictures to one size.",
    fix="""
from pathlib import Path
from PIL import Image

for path in Path("photos").glob("*.png"):
    with Image.open(path) as picture:
        resized = picture.resize((16, 16))
    resized.save(path)
""",
    again=True,
    prepare=with_photos(lambda place: Image.new("L", (24, 20)).save(place / "07.png")),
)

entry(
    "A picture with very many pixels",
    "<file> has <number> pixels, and Pillow opens at most <number>, as a small file can become a "
    "picture that fills the memory; where you trust it, make it smaller.",
    words="and Pillow opens at most",
    meaning="A picture can be a few kB as a file and fill the memory once it is unpacked.",
    given=TRAIN.format("photos"),
    remedy="Where you trust the file, make it smaller.",
    fix="""
from PIL import Image

Image.MAX_IMAGE_PIXELS = None  # no limit in this session
with Image.open("photos/07.png") as picture:
    smaller = picture.convert("L").resize((16, 16))
smaller.save("photos/07.png")
""",
    again=True,
    prepare=with_photos(lambda place: Image.new("1", (9500, 9500)).save(place / "07.png")),
)

entry(
    "A file with several pages",
    "<file> holds <number> pages or frames; save each as a picture of its own.",
    meaning="A TIFF or GIF with several pages would lose all but the first.",
    given=TRAIN.format("photos"),
    remedy="Save every page as a picture of its own, and take the file out of the folder.",
    fix="""
from pathlib import Path
from PIL import Image, ImageSequence

path = Path("photos/stack.tif")
with Image.open(path) as pages:
    for number, page in enumerate(ImageSequence.Iterator(pages)):
        page.save(path.with_name(f"{path.stem}-{number}.png"))
path.unlink()
""",
    again=True,
    prepare=with_photos(
        lambda place: Image.new("L", (16, 16), 50).save(
            place / "stack.tif", save_all=True, append_images=[Image.new("L", (16, 16), 200)]
        )
    ),
)

entry(
    "Transparent pixels",
    "<file> has transparent pixels; say what shows through them, as in pictures('<folder>', "
    "background='black').",
    meaning="The colour of a transparent pixel is not defined.",
    given=TRAIN.format("photos"),
    remedy="Say whether the background is black or white.",
    fix="""micvae train vae --data "pictures('photos', background='black')" --out runs/new""",
    prepare=with_photos(lambda place: Image.new("LA", (16, 16), (9, 0)).save(place / "07.png")),
)

entry(
    "A TIFF in which 0 is white",
    "<file> is a TIFF whose smallest value is white; save it inverted.",
    meaning="Pillow reads 16-bit and float TIFFs of this kind without inverting them.",
    given=TRAIN.format("photos"),
    remedy="Save the picture inverted, as PNG.",
    fix="""
import numpy as np
from PIL import Image

with Image.open("photos/07.tif") as picture:
    values = np.asarray(picture)
inverted = (65535 - values) // 257  # 8 bits, as the other pictures have
Image.fromarray(inverted.astype(np.uint8)).save("photos/07.png")
"""
    + """
from pathlib import Path

Path("photos/07.tif").unlink()
""",
    again=True,
    prepare=with_photos(
        lambda place: Image.fromarray(np.full((16, 16), 9, np.uint16)).save(
            place / "07.tif", tiffinfo={262: 0}
        )
    ),
)

entry(
    "Unknown values of black and white",
    "<array>: values of <dtype> from <number> to <number>, …; say which values are black and "
    "white, as in arrays('<file>', value_range=(<number>, <number>)), or (0, 255) for a dark "
    "picture.",
    words="say which values are black and white",
    meaning="The values fit several scales: digits from 0 to 16 are white at 16, or dark pictures "
    "of 8 bits. Values below 0 or slightly above 1 are doubtful, too.",
    given=TRAIN.format("digits.npy"),
    remedy="Say which values are black and white. In Python this is the argument `value_range` of "
    "`Disentangler`.",
    fix="""micvae train vae --data "arrays('digits.npy', value_range=(0, 16))" --out runs/new""",
    prepare=saved("digits.npy", grey(side=8) // 16 + (grey(side=8) > 254)),
)

entry(
    "Values outside the given range",
    "<array>: values from <number> to <number>, outside value_range=(<number>, <number>); give a "
    "wider one.",
    words="outside value_range=",
    meaning="The pictures have values that are darker than the given black or brighter than white.",
    given="""micvae train vae --data "arrays('scan.npy', value_range=(0, 1000))" --out runs/new""",
    remedy="Give a range that holds all values, or clip them before they are saved.",
    fix="""micvae train vae --data "arrays('scan.npy', value_range=(0, 4095))" --out runs/new""",
    prepare=saved("scan.npy", grey().astype(np.uint16) * 16),
)

entry(
    "Channels first or last",
    "<array> has shape (<N>, <A>, <B>, <C>), and <A> and <C> may both be a number of channels; say "
    "which by arrays('<file>', layout='channels_first') or 'channels_last'.",
    meaning="The array has four axes, and two of them may count the channels.",
    given=TRAIN.format("tiles.npy"),
    remedy="Say which axis holds the channels. In Python this is the argument `layout` of "
    "`Disentangler`.",
    fix="""micvae train vae --data "arrays('tiles.npy', layout='channels_last')" --out runs/new""",
    prepare=saved("tiles.npy", np.full((64, 16, 16, 13), 65535, np.uint16)),
)

entry(
    "Pictures stored as rows",
    "<array> has shape (<N>, <F>) and dtype <dtype>; expected (N, H, W), (N, H, W, C) or (N, C, H, "
    "W), or vectors (N, F) of floats.",
    words="expected (N, H, W), (N, H, W, C) or",
    meaning="Whole numbers of two axes may be pictures that were flattened, or vectors.",
    given=TRAIN.format("digits.npy"),
    remedy="Give pictures their height and width back. Store vectors as floats.",
    fix="""
import numpy as np

digits = np.load("digits.npy")
np.save("digits.npy", digits.reshape(-1, 8, 8))
""",
    again=True,
    prepare=saved("digits.npy", grey(side=8).reshape(64, 64)),
)

entry(
    "Images with NaN or infinite values",
    "<array> holds NaN or infinite values; remove or replace those images.",
    meaning="A value of an image is missing or infinite.",
    given=TRAIN.format("data.npz"),
    remedy="Leave these images out, and with them their rows of all other arrays.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    images = file["images"]
usable = np.isfinite(images).all(axis=(1, 2))
np.savez("data.npz", images=images[usable])
""",
    again=True,
    prepare=zipped(
        "data.npz",
        images=np.concatenate([grey() / np.float32(255), np.full((1, 16, 16), np.nan)]),
    ),
)

entry(
    "A folder without pictures",
    "<folder> holds no images; expected files ending in .bmp, .gif, ….",
    meaning="The folder exists, but none of its files has the name of a picture.",
    given=TRAIN.format("photos"),
    remedy="Give the folder that holds the pictures, or name the files by their format.",
    fix="""
cd photos && for file in *.PIC; do mv "$file" "${file%.PIC}.png"; done
""",
    again=True,
    prepare=with_photos(
        lambda place: [p.rename(p.with_suffix(".PIC")) for p in place.glob("*.png")]
    ),
)

entry(
    "Images too small for the network",
    "images of <H>×<W> pixels are too small for this network; each side needs at least <number>. "
    "Enlarge or pad them.",
    words="too small for this network",
    meaning="Networks of pictures halve the sides of an image several times.",
    given=TRAIN.format("small.npy"),
    remedy="Enlarge the images, or pad them.",
    fix="""
import numpy as np

images = np.load("small.npy")
np.save("small.npy", np.pad(images, ((0, 0), (1, 1), (1, 1))))
""",
    again=True,
    prepare=saved("small.npy", grey(side=6)),
)

entry(
    "Data of another shape than the model's",
    "<data> has <shape>, and <model> takes <shape>; resize or convert the data to that.",
    words="resize or convert the data to that",
    meaning="A model reads samples of the shape that it was trained on.",
    given="micvae encode runs/first small.npy --out codes.csv",
    remedy="Resize the images to the size that the message names.",
    fix="""
import numpy as np
from PIL import Image

images = np.load("small.npy")
resized = [np.asarray(Image.fromarray(one).resize((32, 32))) for one in images]
np.save("small.npy", np.stack(resized))
""",
    again=True,
    prepare=saved("small.npy", grey(side=8)),
)

# --- tables and vectors -----------------------------------------------------------------------

entry = entries("Tables and vectors")

entry(
    "Columns that are not numbers",
    "data: <file>: column <name> has <number> empty entries, column <name> holds text; expected "
    "numbers: leave out these columns, or fill the entries or leave out their rows, or encode text "
    "as 0, 1, ….",
    words="empty entries",
    meaning="A table that is trained on holds numbers only. All columns with text, dates or empty "
    "entries are named at once.",
    given=TRAIN.format("readings.csv"),
    remedy="Encode text as 0, 1, …, give dates as a number of days, and leave out rows with empty "
    "entries.",
    fix="""
import pandas as pd

table = pd.read_csv("readings.csv").dropna()
table["mode"] = table["mode"].astype("category").cat.codes
table.to_csv("readings.csv", index=False)
""",
    again=True,
    prepare=written(
        "readings.csv",
        csv("mode,flow,depth",
            lambda i: f"{'idle' if i % 2 else 'busy'},{i * 7 % 13},{i * i % 17 if i else ''}", 70),
    ),
)  # fmt: skip

entry(
    "Columns of text only",
    "<file>: column <name> holds text, and vectors are numbers; leave it out, or encode categories "
    "as 0, 1, ….",
    meaning="A column of the table holds words.",
    given=TRAIN.format("readings.csv"),
    remedy="Encode its categories as numbers, or leave the column out.",
    fix="""
import pandas as pd

table = pd.read_csv("readings.csv").drop(columns="operator")
table.to_csv("readings.csv", index=False)
""",
    again=True,
    prepare=written(
        "readings.csv", csv("operator,flow,depth", lambda i: f"Ann,{i * 7 % 13},{i * i % 17}")
    ),
)

entry(
    "A table without commas",
    "<file> has no commas between its columns; save it with commas, and with points in decimals.",
    meaning="The columns are separated by semicolons or tabs, as some spreadsheets do.",
    given=TRAIN.format("readings.csv"),
    remedy="Save the table with commas. The same line turns decimal commas into points.",
    fix="""
import pandas as pd

table = pd.read_csv("readings.csv", sep=";", decimal=",")
table.to_csv("readings.csv", index=False)
""",
    again=True,
    prepare=written("readings.csv", csv("flow;depth", lambda i: f"{i * 7 % 13},5;{i * i % 17}")),
)

entry(
    "A table without a header row",
    "<file> has no header row: its first line holds numbers only. Name the columns.",
    meaning="The first line of a table names its columns. Numbers there would be lost.",
    given=TRAIN.format("readings.csv"),
    remedy="Put a line with the names of the columns first.",
    fix="""
from pathlib import Path

path = Path("readings.csv")
path.write_text("flow,depth\\n" + path.read_text())
""",
    again=True,
    prepare=written("readings.csv", csv("", lambda i: f"{i * 7 % 13}.5,{i * i % 17}").lstrip("\n")),
)

entry(
    "Two columns with one name",
    "<file> has two columns named <name>; give every column a name of its own.",
    meaning="Columns are found by their names.",
    given=TRAIN.format("readings.csv"),
    remedy="Give every column a name of its own.",
    fix="""
from pathlib import Path

path = Path("readings.csv")
header, rest = path.read_text().split("\\n", 1)
path.write_text("flow,flow_2\\n" + rest)
""",
    again=True,
    prepare=written("readings.csv", csv("flow,flow", lambda i: f"{i * 7 % 13},{i * i % 17}")),
)

entry(
    "Missing entries in a table",
    "<file>: column <name> has <number> missing entries (<word>); leave these rows out.",
    words="missing entries",
    meaning="A word such as NA or nan stands in a column of numbers.",
    given="micvae evaluate --codes codes.csv --metrics gaussian_total_correlation",
    remedy="Leave out the rows with missing entries.",
    fix="""
import pandas as pd

table = pd.read_csv("codes.csv").dropna()
table.to_csv("codes.csv", index=False)
""",
    again=True,
    prepare=written(
        "codes.csv", csv("z0,z1", lambda i: f"{i * 7 % 13},{i * i % 17 if i != 5 else 'NA'}")
    ),
)

entry(
    "Whole numbers that are too large",
    "column <name> of <file> has whole numbers beyond 2^53 (<number>), which float64 does not hold "
    "exactly; subtract an offset from the column first, such as its smallest value.",
    meaning="Times in nanoseconds and long identifiers lose their last digits as floats.",
    given=TRAIN.format("readings.csv"),
    remedy="Subtract the smallest value of the column.",
    fix="""
import pandas as pd

table = pd.read_csv("readings.csv")
table["time"] -= table["time"].min()
table.to_csv("readings.csv", index=False)
""",
    again=True,
    prepare=written(
        "readings.csv",
        csv("time,flow", lambda i: f"{1_700_000_000_000_000_001 + i * i},{i * 7 % 13}"),
    ),
)

entry(
    "A column that float32 does not resolve",
    "column <name> of <data> varies by <number> around <number>; networks compute in float32, "
    "which does not resolve that: standardise the vectors (leave out --no-standardise or "
    "standardise=False, or name the data as standardised('…')), or subtract an offset.",
    words="networks compute in float32, which does not resolve that",
    meaning="A small variation on top of a large offset is lost in single precision.",
    given="micvae train vae --data map.csv --no-standardise --out runs/new",
    remedy="Leave out `--no-standardise`: columns are then centred in double precision first.",
    fix="micvae train vae --data map.csv --out runs/new",
    prepare=written(
        "map.csv", csv("east,north", lambda i: f"{5644724 + i * 7 % 13 / 40},{i * i % 17}")
    ),
)

entry(
    "A text that does not fit the table",
    "<file>, line <number>, column <name> is '<text>', no number; encode categories as 0, 1, ….",
    words="no number; encode categories as 0, 1, …",
    meaning="The columns of `factors.csv` in a folder of pictures are numbers, but for the first "
    "one, which names the picture.",
    given=TRAIN.format("photos"),
    remedy="Number the categories, and say in the header that they have no order.",
    fix="""
import pandas as pd

table = pd.read_csv("photos/factors.csv")
table["colour"] = table["colour"].astype("category").cat.codes
table = table.rename(columns={"colour": "colour (categorical)"})
table.to_csv("photos/factors.csv", index=False)
""",
    again=True,
    prepare=with_photos(table=rows("file,colour", lambda i: ",red" if i % 2 else ",blue")),
)

entry(
    "Decimal commas",
    "<file>, line <number>, column <name> is '<number>', no number; write decimals with a point.",
    words="write decimals with a point",
    meaning="The table was saved with decimal commas.",
    given=TRAIN.format("photos"),
    remedy="Save it with decimal points.",
    fix="""
import pandas as pd

table = pd.read_csv("photos/factors.csv", sep=";", decimal=",")
table.to_csv("photos/factors.csv", index=False)
""",
    again=True,
    prepare=with_photos(table=rows("file;size", lambda i: f";{i % 3},5")),
)

entry(
    "A line with more or fewer columns",
    "<file>, line <number> has <number> columns, not <number>; put a text that holds the separator "
    "into quotation marks, and give every column of the header a value.",
    words="put a text that holds the separator into quotation marks",
    meaning="A line has a separator too many or too few.",
    given=TRAIN.format("photos"),
    remedy="Mend the line that the message names.",
    fix="""sed -i "8s/.*/06.png,1/" photos/factors.csv""",
    again=True,
    prepare=with_photos(table=rows("file,size", lambda i: f",{i % 3}{',5' if i == 6 else ''}")),
)

entry(
    "A table that is not UTF-8",
    "<file> is not encoded as UTF-8; save it so (a spreadsheet calls it CSV UTF-8).",
    meaning="Letters such as ö or é were saved in an older encoding.",
    given=TRAIN.format("photos"),
    remedy="Save the table as UTF-8.",
    fix="""
from pathlib import Path

path = Path("photos/factors.csv")
path.write_text(path.read_text("latin-1"), "utf-8")
""",
    again=True,
    prepare=with_photos(
        lambda place: (place / "factors.csv").write_bytes(
            rows("file,Größe", lambda i: f",{i % 3}").encode("latin-1")
        )
    ),
)

entry(
    "Pictures without a row",
    "<file> has no row for <number> of <number> images, e.g. <file>; add the rows, or take these "
    "pictures out of the folder.",
    meaning="Every picture needs a row in `factors.csv`.",
    given=TRAIN.format("photos"),
    remedy="Add the rows, or take the pictures out of the folder.",
    fix="""
echo "63.png,2" >> photos/factors.csv
""",
    again=True,
    prepare=with_photos(table=rows("file,size", lambda i: f",{i % 3}", 63)),
)

entry(
    "Vectors for a network of pictures",
    "this network reads images, and the data has vectors of <number> numbers; use --network mlp.",
    meaning="The networks `conv` and `patch` read pictures.",
    given="micvae train vae --data readings.csv --network conv --out runs/new",
    remedy="Use the network `mlp`, or leave the option out.",
    fix="micvae train vae --data readings.csv --network mlp --out runs/new",
    prepare=written("readings.csv", csv("flow,depth", lambda i: f"{i * 7 % 13},{i * i % 17}")),
)

# --- containers in Python ---------------------------------------------------------------------

entry = entries("Containers in Python")


def loader(kind: str) -> Any:
    import torch

    data = torch.utils.data.TensorDataset(torch.linspace(0, 1, 64 * 16 * 16).reshape(64, 1, 16, 16))
    return torch.utils.data.DataLoader(data, batch_size=8) if kind == "loader" else data


def dataset_dict() -> Any:
    import datasets

    data = datasets.Dataset.from_dict({"flow": numbers()[:, 0], "depth": numbers()[:, 1]})
    return datasets.DatasetDict({"train": data})


def annotated() -> Any:
    """What AnnData looks like, which is not installed for the tests."""
    kind = type("AnnData", (), {"__module__": "anndata._core.anndata", "X": numbers()})
    return kind()


def lazy_frame() -> Any:
    import polars

    return polars.LazyFrame({"flow": numbers()[:, 0], "depth": numbers()[:, 1]})


def xarray_of(several: bool) -> Any:
    import xarray

    array = xarray.DataArray(numbers(), dims=("time_of_day", "sensor"))
    return xarray.Dataset({"readings": array.rename(time_of_day="sample")}) if several else array


def masked() -> np.ma.MaskedArray:
    values = np.ma.MaskedArray(numbers(80))
    values[3, 1] = np.ma.masked
    return values


entry(
    "A DataLoader",
    "X is a DataLoader, which gives batches in an order of its own; give its .dataset, or an "
    "array.",
    meaning="`fit` makes its own batches, and codes must come in the order of the samples.",
    given="model.fit(X)",
    remedy="Give the data set itself.",
    fix="model.fit(X.dataset)",
    prepare=learner(X=partial(loader, "loader")),
)

entry(
    "A DatasetDict",
    "X is a DatasetDict of <splits>; choose a split, such as X['<split>'].",
    meaning="A `DatasetDict` of Hugging Face holds several data sets.",
    given="model.fit(X)",
    remedy="Choose one of its splits.",
    fix="""model.fit(X["train"])""",
    prepare=learner(X=dataset_dict),
)

entry(
    "An AnnData",
    "X is an AnnData, which holds several matrices; give X.X, or X.to_df() with the names of its "
    "variables.",
    meaning="An `AnnData` has layers besides its main matrix.",
    given="model.fit(X)",
    remedy="Give the matrix that is meant.",
    fix="model.fit(X.X)",
    prepare=learner(X=annotated),
)

entry(
    "A frame that is not computed yet",
    "X is a <type>, which is not computed yet; give it after .collect() or .compute(), or as a "
    "pandas or polars DataFrame.",
    words="which is not computed yet",
    meaning="Lazy frames hold a plan, and no numbers.",
    given="model.fit(X)",
    remedy="Compute the frame.",
    fix="model.fit(X.collect())",
    prepare=learner(X=lazy_frame),
)

entry(
    "An xarray of several variables",
    "X is an xarray Dataset of several variables; give one, such as X['name'], or "
    "X.to_dataframe().",
    meaning="An `xarray.Dataset` holds several arrays.",
    given="model.fit(X)",
    remedy="Choose a variable.",
    fix="""model.fit(X["readings"])""",
    prepare=learner(X=partial(xarray_of, True)),
)

entry(
    "An xarray without a sample dimension",
    "X is a DataArray with dimensions <names>, and none of them may count the samples; name that "
    "one 'sample' and no other so, as in X.rename({'…': 'sample'}), or give X.values with the "
    "samples on the first axis.",
    meaning="The order of the dimensions of an xarray does not say which one counts the samples.",
    given="model.fit(X)",
    remedy="Call the dimension that counts the samples `sample`.",
    fix="""model.fit(X.rename({"time_of_day": "sample"}))""",
    prepare=learner(X=partial(xarray_of, False)),
)

entry(
    "A dictionary of columns",
    "X is a dict with the keys <names>; give an array, or a data frame of it, such as "
    "pandas.DataFrame(X).",
    meaning="A dictionary has no samples by itself.",
    given="model.fit(X)",
    remedy="Make a data frame of it.",
    fix="""
import pandas

model.fit(pandas.DataFrame(X))
""",
    prepare=learner(X=lambda: {"flow": numbers()[:, 0], "depth": numbers()[:, 1]}),
)

entry(
    "A frame with text or missing values",
    "X has columns that cannot be used as they are: '<name>' (<number> of <number> values "
    "missing), '<name>' (text); leave these columns out, or encode text as 0, 1, …, or fill or "
    "leave out rows with missing or infinite values.",
    meaning="Every column of a frame must hold finite numbers. All others are named at once.",
    given="model.fit(X)",
    remedy="Encode text as 0, 1, …, and leave out rows with missing values.",
    fix="""
X = X.dropna()
X["mode"] = X["mode"].astype("category").cat.codes
model.fit(X)
""",
    prepare=learner(
        X=lambda: frame(mode=["idle", "busy"] * 32, flow=[float("nan"), *numbers()[1:, 0]])
    ),
)

entry(
    "Column names of several types",
    "X has columns that are named by text and others that are not (<name>); name all by text, as "
    "by X.columns = X.columns.astype(str).",
    meaning="Names are kept, and compared when codes are computed. This needs texts.",
    given="model.fit(X)",
    remedy="Name all columns by text.",
    fix="""
X.columns = X.columns.astype(str)
model.fit(X)
""",
    prepare=learner(X=lambda: frame(**{"depth": numbers()[:, 2]}).rename(columns={"depth": 3})),
)

entry(
    "Columns in another order",
    "The feature names should match those that were passed during fit. …",
    meaning="The columns of the frame are others than at `fit`, or in another order. The message "
    "lists them.",
    given="""
model.fit(X)
model.transform(X[["flow", "pressure"]])
""",
    remedy="Give the columns that were fitted, in their order.",
    fix="""model.transform(X[["flow", "pressure"]][model.feature_names_in_])""",
    prepare=learner(X=frame),
)

entry(
    "A masked array",
    "X is a masked array with <number> of <number> rows masked; leave these rows out, for instance "
    "keep = ~numpy.ma.getmaskarray(X).any(axis=1).",
    meaning="What lies behind a mask is not known, and must not be trained on.",
    given="model.fit(X)",
    remedy="Leave out the rows that have masked entries, and the same rows of the factors.",
    fix="""
import numpy

keep = ~numpy.ma.getmaskarray(X).any(axis=1)
model.fit(X[keep])
""",
    prepare=learner(X=masked),
)

entry(
    "An array of text",
    "X is an array of dtype <dtype>, and no numbers; use X.astype(float) where the texts are "
    "numbers, or encode categories as 0, 1, ….",
    meaning="The array holds texts, as after reading a file without converting its columns.",
    given="model.fit(X)",
    remedy="Convert the texts to numbers.",
    fix="model.fit(X.astype(float))",
    prepare=learner(X=lambda: numbers().astype(str)),
)

entry(
    "Rows of different lengths",
    "X is a list of rows of different shapes (<shape> and <shape>); bring all to one.",
    meaning="Every sample must have the same number of values.",
    given="model.fit(X)",
    remedy="Cut or fill the rows so that all have one length.",
    fix="model.fit([row[:2] for row in X])",
    prepare=learner(X=lambda: [list(row)[: 2 + i % 2] for i, row in enumerate(numbers())]),
)

entry(
    "A sample too few",
    "X has n_samples = 1; at least 2 are needed to learn from.",
    meaning="A single sample has no variation.",
    given="model.fit(X[:1])",
    remedy="Give all samples.",
    fix="model.fit(X)",
    prepare=learner(X=numbers),
)

# --- factors and kinds ------------------------------------------------------------------------

entry = entries("Factors and kinds")
SCORE = "micvae evaluate --codes codes.npy --factors factors.csv"
AGES = csv("age,shape", lambda i: f"{18 + i * 37 % 45},{i % 3}", 200)

entry(
    "A guessed kind, in evaluate",
    "the kind of a factor is a guess: '<name>' is taken as <kind> (<number> distinct values); say "
    "which it is by --factor-kinds, one for every factor in the order of the columns",
    meaning="A warning. Many repeated values may be a measurement (continuous) or classes "
    "(ordinal), and scores differ.",
    given=f"{SCORE} --metrics mig",
    remedy="Name the kind of every factor: continuous, ordinal, categorical or angular.",
    fix=f"{SCORE} --metrics mig --factor-kinds continuous categorical",
    prepare=scored(factors=AGES),
)

entry(
    "A guessed kind, in a folder of pictures",
    "the kind of a factor is a guess: '<name>' is taken as <kind> (<number> distinct values); say "
    "which it is in the header of factors.csv, as in <name> (ordinal)",
    meaning="A warning. The values allow two answers, continuous and ordinal, and scores differ.",
    given=TRAIN.format("photos"),
    remedy="Write the kind behind the name in the header.",
    fix="""sed -i "1s/age/age (continuous)/" photos/factors.csv""",
    again=True,
    prepare=with_photos(table=rows("file,age", lambda i: f",{i * 37 % 45}")),
)

entry(
    "A guessed kind, in an array file",
    "the kind of a factor is a guess: '<name>' is taken as <kind> (<number> distinct values); say "
    "which it is by an array factor_kinds of texts in the file",
    meaning="A warning. The values allow two answers, continuous and ordinal, and scores differ.",
    given=TRAIN.format("data.npz"),
    remedy="Store the kinds beside the factors.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    arrays = dict(file)
np.savez("data.npz", **arrays, factor_kinds=["continuous"])
""",
    again=True,
    prepare=zipped("data.npz", images=grey(), factors=np.arange(64) * 37 % 45),
)

entry(
    "A guessed kind, in Python",
    "the kind of a factor is a guess: <name> is taken as <kind> (<number> distinct values); say "
    "which it is by factor_kinds",
    meaning="A warning. The values allow two answers, continuous and ordinal, and scores differ.",
    given="""
from micvae.metrics import evaluate

evaluate(codes, factors, metrics=["mig"])
""",
    remedy="Name the kinds.",
    fix="""evaluate(codes, factors, metrics=["mig"], factor_kinds=["continuous", "ordinal"])""",
    prepare=learner(
        codes=lambda: numbers(200),
        factors=lambda: np.column_stack([np.arange(200) * 37 % 45, np.arange(200) % 3]),
    ),
)

entry(
    "A factor that does not vary",
    "factors: column <name> of <file> is constant, so nothing can be learned about it; leave it "
    "out.",
    meaning="No score is defined for a factor with a single value.",
    given=f"{SCORE} --metrics mig",
    remedy="Leave the column out.",
    fix="""
import pandas as pd

table = pd.read_csv("factors.csv").drop(columns="camera")
table.to_csv("factors.csv", index=False)
""",
    again=True,
    prepare=scored(
        factors=csv("camera,size,shape", lambda i: f"1,{i * 37 % 200 / 200},{i % 3}", 200)
    ),
)

entry(
    "More classes than the samples allow",
    "factor '<name>' has <number> classes in <number> samples, fewer than two samples per class: "
    "give more samples, or call it continuous in factor_kinds",
    words="fewer than two samples per class",
    meaning="Scores that train a classifier need at least two samples of every class.",
    given=f"{SCORE} --metrics sap --factor-kinds categorical categorical",
    remedy="Give more samples, or treat the factor as a measurement.",
    fix=f"{SCORE} --metrics sap --factor-kinds continuous categorical",
    prepare=scored(factors=csv("species,shape", lambda i: f"{i % 30},{i % 3}", 40), n=40),
)

entry(
    "A kind too many or too few",
    "--factor-kinds has <number> entries, but <file> has <number> columns (<names>); give one "
    "each.",
    words="--factor-kinds has",
    meaning="Kinds are given in the order of the columns.",
    given=f"{SCORE} --metrics mig --factor-kinds continuous",
    remedy="Give one kind for every column.",
    fix=f"{SCORE} --metrics mig --factor-kinds continuous categorical",
    prepare=scored(),
)

entry(
    "Two factors with one name",
    "factor_names has '<name>' more than once; give every factor a name of its own.",
    words="factor_names has",
    meaning="Scores are given by the names of the factors.",
    given=TRAIN.format("photos"),
    remedy="Rename one of the columns in the header.",
    fix="""sed -i "1s/.*/file,size,size_2/" photos/factors.csv""",
    again=True,
    prepare=with_photos(table=rows("file,size,size", lambda i: f",{i % 3},{i % 5}")),
)

entry(
    "Factors for other images",
    "factors has <number> rows, but there are <number> images; give one row per image.",
    words="give one row per image",
    meaning="Row i of the factors belongs to image i.",
    given=TRAIN.format("data.npz"),
    remedy="Select the same rows of both arrays.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    images, factors = file["images"], file["factors"]
np.savez("data.npz", images=images[: len(factors)], factors=factors)
""",
    again=True,
    prepare=zipped("data.npz", images=grey(70), factors=np.arange(64) % 3),
)

entry(
    "A method that needs an auxiliary variable",
    "<method> needs an auxiliary variable, and <data> has none; give an array named auxiliary "
    "beside images, or use the auxiliary wrapper on a factor.",
    meaning="Methods such as iVAE learn from something that is observed beside each sample.",
    given="""micvae train ivae --data "squares(n=96)" --out runs/new""",
    remedy="Name a factor that is observed, or store an array `auxiliary` beside the images.",
    fix="""
micvae train ivae --data "auxiliary('squares(n=96)', column='rotation')" --out runs/new
""",
)

entry(
    "A method that needs sequences",
    "<method> needs images in the order of time, and <data> has no sequences; give an array named "
    "sequence beside images, or use the sequences wrapper.",
    meaning="Methods such as SlowVAE learn from frames that follow each other.",
    given="micvae train slow-vae --data data.npz --out runs/new",
    remedy="Store the number of the sequence of every frame, in the order of time.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    arrays = dict(file)
np.savez("data.npz", **arrays, sequence=np.repeat(np.arange(12), 8))
""",
    again=True,
    prepare=zipped("data.npz", images=grey(96)),
)

entry(
    "An unknown factor",
    "<data> has no factor '<name>'; choose from <names>, or 0 to <number>.",
    meaning="A description of data names a factor that is not there.",
    given="""micvae train vae --data "held_out('squares(n=200)', where={'colour': [0]})" """
    "--out runs/new",
    remedy="Use one of the names in the message.",
    fix="""micvae train vae --data "held_out('squares(n=200)', where={'rotation': [45]})" """
    "--out runs/new",
)

entry(
    "Angles that look the same",
    "The angles <angles> cannot be told apart: a square looks the same after a quarter turn. That "
    "factor is not identifiable from these images.",
    meaning="A warning. A square looks the same after a quarter turn, so no method can tell these "
    "angles apart.",
    given="""micvae train vae --data "squares(n=96, angles=(0, 45, 90))" --out runs/new""",
    remedy="Use angles that differ by less than the symmetry.",
    fix="""micvae train vae --data "squares(n=96, angles=(0, 30, 60))" --out runs/newer""",
)

# --- codes and scores -------------------------------------------------------------------------

entry = entries("Codes and scores")
DECODE = "micvae decode runs/first {} --out images.npz"

entry(
    "Codes and factors of different lengths",
    "codes have <number> rows and factors <number>: row i of both must be of sample i",
    words="row i of both must be of sample i",
    meaning="Scores compare the codes of a sample with the factors of the same sample.",
    given=f"{SCORE} --metrics mig",
    remedy="Select the same samples in both files.",
    fix="""
import numpy as np
import pandas as pd

factors = pd.read_csv("factors.csv")
np.save("codes.npy", np.load("codes.npy")[: len(factors)])
""",
    again=True,
    prepare=scored(codes=lambda z: np.concatenate([z, z[:9]])),
)

entry(
    "Codes with NaN or infinite values",
    "codes must be finite: <number> of <number> entries are NaN or infinite, the first at row "
    "<number>, column <number>",
    meaning="A model that diverged gives such codes. No score is defined for them.",
    given=f"{SCORE} --metrics mig",
    remedy="Look for the cause, and leave the rows out of both files if they are few.",
    fix="""
import numpy as np
import pandas as pd

codes = np.load("codes.npy")
usable = np.isfinite(codes).all(axis=1)
np.save("codes.npy", codes[usable])
pd.read_csv("factors.csv")[usable].to_csv("factors.csv", index=False)
""",
    again=True,
    prepare=scored(codes=lambda z: np.where(np.arange(len(z))[:, None] == 7, np.nan, z)),
)

entry(
    "A column of text among the codes",
    "codes: column <name> of <file> is text; codes are numbers: leave it out of the file.",
    words="codes are numbers",
    meaning="All columns of a file of codes are latents, unless it is a table of `micvae encode`.",
    given="micvae evaluate --codes codes.csv --metrics gaussian_total_correlation",
    remedy="Leave the column out.",
    fix="""
import pandas as pd

table = pd.read_csv("codes.csv").drop(columns="sample")
table.to_csv("codes.csv", index=False)
""",
    again=True,
    prepare=written(
        "codes.csv", csv("sample,a,b", lambda i: f"s{i},{i * 7 % 13},{i * i % 17}", 200)
    ),
)

entry(
    "Scores that are left out",
    "left out: <names>; <reason>",
    words="left out:",
    meaning="A warning. Some scores are not defined for these samples, for the reason that "
    "follows. All others are given.",
    given=f"{SCORE} --factor-kinds categorical categorical",
    remedy="Do what the reason says, or name the scores that you need.",
    fix=f"{SCORE} --factor-kinds continuous categorical",
    prepare=scored(factors=csv("species,shape", lambda i: f"{i % 30},{i % 3}", 40), n=40),
)

entry(
    "Codes that have lost their digits",
    "<latents>: a large offset has rounded the values to a few different ones; subtract it from "
    "the codes before they "
    "are stored, or store them in float64",
    meaning="A warning. Codes far from 0 were stored in single precision, and most of their "
    "differences are gone.",
    given=f"{SCORE} --metrics mig",
    remedy="Subtract the mean before the codes are stored as float32. What is lost in the file "
    "does not come back.",
    fix="""
codes = model_codes - model_codes.mean(axis=0)
np.save("codes.npy", codes.astype(np.float32))
""",
    again=True,
    prepare=lambda folder: (
        scored(codes=lambda z: (z + 1e8).astype(np.float32))(folder),
        {"np": np, "model_codes": np.random.default_rng(1).normal(size=(200, 2)) + 1e8},
    )[1],
)

entry(
    "One factor or one latent",
    "there is one factor: no second one to be told from; DCI disentanglement and modularity are 1 "
    "by convention",
    meaning="A warning. Scores that compare factors with each other need two. The same is said of "
    "a single latent and of constant codes.",
    given=f"{SCORE} --metrics dci_disentanglement",
    remedy="Give a second factor that varies, where one is known.",
    fix="""
import pandas as pd

table = pd.read_csv("factors.csv")
table["shape"] = pd.read_csv("shapes.csv")["shape"]
table.to_csv("factors.csv", index=False)
""",
    again=True,
    prepare=several(
        scored(factors=csv("size", lambda i: f"{i * 37 % 200 / 200}", 200)),
        written("shapes.csv", csv("shape", lambda i: f"{i % 3}", 200)),
    ),
)

entry(
    "A score that is not fair to a factor",
    "<scores>: not fair to <kind> factors (column <names>), whose values they take for numbers on "
    "a line or ask of a single latent; block_score is",
    meaning="A warning. Most scores take the values of an angle or of a category for numbers on a "
    "line.",
    given=f"{SCORE} --metrics sap --factor-kinds angular ordinal",
    remedy="Use `block_score`.",
    fix=f"{SCORE} --metrics block_score --factor-kinds angular ordinal",
    prepare=scored(),
)

entry(
    "An unknown metric",
    "unknown metric <name>: choose from <names>",
    meaning="`micvae list metrics` lists all scores.",
    given=f"{SCORE} --metrics dci",
    remedy="Use a name of the list.",
    fix=f"{SCORE} --metrics dci_disentanglement dci_completeness",
    prepare=scored(),
)

entry(
    "A score that needs factors",
    "<score> needs factors: give factors",
    meaning="The score compares codes with known factors.",
    given="micvae evaluate --codes codes.npy --metrics mig",
    remedy="Give the factors, or leave out `--metrics` for all scores that need none.",
    fix="micvae evaluate --codes codes.npy --factors factors.csv --metrics mig",
    prepare=scored(),
)

entry(
    "Codes of another number of latents",
    "<file> has <number> columns; <model> has <number> latents; give a column for each.",
    words="give a column for each",
    meaning="The decoder reads one number for each latent.",
    given=DECODE.format("codes.npy"),
    remedy="Fill the latents that are missing, for instance with 0, the mean of the prior.",
    fix="""
import numpy as np

codes = np.load("codes.npy")
np.save("codes.npy", np.pad(codes, ((0, 0), (0, 1))))
""",
    again=True,
    prepare=saved("codes.npy", numbers(8, 2)),
)

entry(
    "Codes under other names",
    "<file> has no column <name>; <model> needs <names>, and the file has <names>.",
    meaning="In a table, the columns of the latents are found by their names.",
    given=DECODE.format("codes.csv"),
    remedy="Name the columns as the latents of the model.",
    fix="""sed -i "1s/.*/z0,z1,z2/" codes.csv""",
    again=True,
    prepare=written("codes.csv", "size,grey,turn\n1,2,3\n0,0,1\n"),
)

# --- options and methods ----------------------------------------------------------------------

entry = entries("Options and methods")

entry(
    "An unknown method",
    "unknown method '<name>' (did you mean <name>?); choose from <names>.",
    words="unknown method",
    meaning="`micvae list methods` lists all methods.",
    given='micvae train betavae --data "squares(n=96)" --out runs/new',
    remedy="Use a name of the list.",
    fix='micvae train beta-vae --data "squares(n=96)" --out runs/new',
)

entry(
    "An unknown preset",
    "<method> has no preset '<name>'; choose from <names>.",
    meaning="A preset is a set of hyperparameters from a publication.",
    given='micvae train mi-constrained:best --data "squares(n=96)" --out runs/new',
    remedy="Use one of the presets in the message, or none.",
    fix='micvae train mi-constrained:paper --data "squares(n=96)" --out runs/new',
)

entry(
    "An option that a method does not have",
    "method '<description>' does not fit <method>(<options>).",
    words="does not fit",
    meaning="The brackets behind the method in the message list its options.",
    given="""
from micvae import Disentangler

Disentangler("beta-vae(gamma=2)", epochs=1).fit(X)
""",
    remedy="Use one of the options in the message.",
    fix="""Disentangler("beta-vae(beta=2)", epochs=1).fit(X)""",
    prepare=lambda folder: {"X": grey()},
)

entry(
    "An option given twice",
    "<option> is given <number> times (<values>); give it once.",
    words="is given",
    meaning="Only the last value would be used.",
    given="micvae evaluate --codes a.npy --codes b.npy --metrics gaussian_total_correlation",
    remedy="Give the option once. Run the command for each value.",
    fix="""
micvae evaluate --codes a.npy --metrics gaussian_total_correlation
micvae evaluate --codes b.npy --metrics gaussian_total_correlation
""",
    prepare=several(saved("a.npy", numbers(80)), saved("b.npy", numbers(90))),
)

entry(
    "A weight that is negative or infinite",
    "<option>: value is <number>; give a number of at least 0.",
    words="give a number of at least 0",
    meaning="Weights of the loss are finite and at least 0.",
    given='micvae train beta-vae --beta nan --data "squares(n=96)" --out runs/new',
    remedy="Give a number of at least 0, or a schedule.",
    fix='micvae train beta-vae --beta "ramp(0, 4, steps=100)" --data "squares(n=96)" '
    "--out runs/new",
)

entry(
    "Fewer samples than a batch",
    "<data> has <number> images, fewer than batch_size <number>; lower batch_size.",
    words="fewer than batch_size",
    meaning="An incomplete batch is left out, and nothing would be trained on.",
    given='micvae train vae --data "squares(n=20)" --out runs/new',
    remedy="Lower the batch size.",
    fix='micvae train vae --data "squares(n=20)" --batch-size 10 --out runs/new',
)

entry(
    "Latents that do not fit the method",
    "<method> cannot use <latents> latents, which lack <traits>; use --latents <names>.",
    words="which lack",
    meaning="The loss of the method needs a posterior or prior of a certain form.",
    given='micvae train beta-tcvae --latents fsq --data "squares(n=96)" --out runs/new',
    remedy="Use one of the latents in the message, or leave the option out.",
    fix='micvae train beta-tcvae --latents gaussian --data "squares(n=96)" --out runs/new',
)

entry(
    "A data set or file that is not there",
    "there is no data set or file '<name>' (did you mean <name>?); give the path of a file "
    "(<endings>) or of a folder of images.",
    meaning="Neither a file nor a known data set has this name. Paths start in the current folder.",
    given=TRAIN.format("reading.csv"),
    remedy="Correct the name.",
    fix=TRAIN.format("readings.csv"),
    prepare=written("readings.csv", csv("flow,depth", lambda i: f"{i * 7 % 13},{i * i % 17}")),
)

entry(
    "A file of an unknown kind",
    "<file> ends in none of <endings>, and is no folder of images; save the images as "
    "np.savez('data.npz', images=…, factors=…), or name the data set that the file is of: <names>, "
    "as in <example>.",
    meaning="The format of a file is known by the ending of its name.",
    given=TRAIN.format("data.pkl"),
    remedy="Read the file with the program that wrote it, and save the arrays.",
    fix="""
import pickle  # only for files that you wrote yourself

import numpy as np

with open("data.pkl", "rb") as file:
    images = pickle.load(file)
np.savez("data.npz", images=images)
""",
    then=TRAIN.format("data.npz"),
    prepare=lambda folder: (folder / "data.pkl").write_bytes(pickle.dumps(grey())),
)

entry(
    "A wrong option of a data set",
    "data '<description>': got an unexpected keyword argument '<name>'; <data> takes <names>.",
    meaning="The message lists the options of the data set.",
    given='micvae train vae --data "squares(N=96)" --out runs/new',
    remedy="Use one of the options in the message.",
    fix='micvae train vae --data "squares(n=96)" --out runs/new',
)

entry(
    "A backslash before a quotation mark",
    'data "<description>" …; in a path, write / or \\\\ in place of a \\ before a quotation mark…',
    words="in a path, write / or",
    meaning="A backslash at the end of a quoted path hides the quotation mark.",
    given="micvae train vae --data \"split('C:\\data\\')\" --out runs/new",
    remedy="Write / in place of the backslash.",
    fix="micvae train vae --data \"split('photos/', share=0.1)\" --batch-size 16 --out runs/new",
    prepare=with_photos(),
)

entry(
    "A device that is not available",
    "device '<name>' is not available here; use <names>.",
    meaning="PyTorch does not find this device.",
    given='micvae train vae --data "squares(n=96)" --device mps --out runs/new',
    remedy="Use `auto`, which takes what is there.",
    fix='micvae train vae --data "squares(n=96)" --device auto --out runs/new',
)

entry(
    "A training that diverges",
    "training diverged at step <number> (<terms>). Try a smaller learning rate, a larger batch, a "
    'weight that ramps up such as "ramp(0, 2, steps=1000)", or a likelihood with a larger scale. '
    "…",
    meaning="The loss became NaN or infinite. What was trained until then is kept.",
    given='micvae train vae --data "squares(n=96)" --epochs 30 --learning-rate 1e30 --out runs/new',
    remedy="Use a smaller learning rate, in another folder.",
    fix='micvae train vae --data "squares(n=96)" --epochs 30 --learning-rate 1e-3 --out runs/newer',
)

entry(
    "A file name for a folder",
    "out: <name> ends in <ending>, and a folder is written there; give it a name without the "
    "ending of a file.",
    words="and a folder is written there",
    meaning="`train` and other commands write a folder of files.",
    given='micvae train vae --data "squares(n=96)" --out model.pt',
    remedy="Give the folder a name without such an ending.",
    fix='micvae train vae --data "squares(n=96)" --out model',
)

entry(
    "A wrong ending of an output file",
    "out: <file> ends in <ending>; scores are written as JSON, to a file whose name ends in .json.",
    words="scores are written as JSON",
    meaning="The ending of a file says what is in it.",
    given=f"{SCORE} --metrics mig --out scores.tex",
    remedy="Use the ending that the message names.",
    fix=f"{SCORE} --metrics mig --out scores.json",
    prepare=scored(),
)

# --- runs, folders and locks ------------------------------------------------------------------

entry = entries("Runs, folders and locks")
NEW = 'micvae train vae --data "squares(n=96)" --out {}'


def trained(data: str) -> None:
    """A finished run in runs/new."""
    from micvae.cli import main

    words = ["--epochs", "1", "--device", "cpu", "--data", data, "--out", "runs/new"]
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        main(["train", "vae", *words])


def interrupted(folder: Path) -> None:
    """A run that was stopped in its last epoch."""
    trained("squares(n=96)")
    record = folder / "runs" / "new" / "run.json"
    record.write_text(record.read_text().replace('"status": "done"', '"status": "training"'))
    for name in ("weights.safetensors", "representation.npz"):
        (record.parent / name).unlink()


def in_use(folder: Path) -> Names:
    """A process that owns the folder of a run."""
    (folder / "runs" / "new").mkdir()
    hold = (
        "import sys, time; from pathlib import Path; from micvae.locks import owned\n"
        "with owned(Path('runs/new')): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, cwd=folder)
    assert process.stdout is not None and process.stdout.readline()
    process.stdout.close()
    return {"process": process.pid, "_kept": process}


def pictures_again(folder: Path) -> None:
    """A run on photos.npy."""
    saved("photos.npy", grey(128))(folder)
    trained("photos.npy")


def changed(folder: Path) -> None:
    """A run whose data is another one now."""
    pictures_again(folder)
    (folder / "backup").mkdir()
    (folder / "photos.npy").rename(folder / "backup" / "photos.npy")
    saved("photos.npy", 255 - grey(128))(folder)


entry(
    "A run of another configuration",
    "<folder> holds a run of another configuration (<difference>); choose another --out, or remove "
    "the folder.",
    meaning="A folder holds one run. The same command goes on with it, another one does not "
    "replace it.",
    given='micvae train vae --data "squares(n=128)" --latent-dim 5 --out runs/first',
    remedy="Choose another folder.",
    fix='micvae train vae --data "squares(n=128)" --latent-dim 5 --out runs/second',
)

entry(
    "A folder that holds something else",
    "<folder> exists and is not a run; choose another --out.",
    meaning="Files that micvae did not write are never replaced.",
    given=NEW.format("thesis"),
    remedy="Choose a new folder.",
    fix=NEW.format("thesis/runs/new"),
    prepare=written("thesis/chapter.tex", "years of work"),
)

entry(
    "A file that is not replaced",
    "out: <file> exists and is not <what>; choose another --out, or remove the file.",
    meaning="A command replaces a file only where the same command wrote it.",
    given='micvae encode runs/first "squares(n=8)" --out codes.csv',
    remedy="Choose another name.",
    fix='micvae encode runs/first "squares(n=8)" --out latents.csv',
    prepare=written("codes.csv", "secret,agents\n0,0,7\n"),
)

entry(
    "An output folder of another command",
    "out: <folder> holds something else than micvae <command> writes, such as <file>; choose "
    "another --out.",
    meaning="A command replaces only what it wrote before.",
    given="micvae export runs/first --out thesis",
    remedy="Choose another folder.",
    fix="micvae export runs/first --out thesis/onnx",
    prepare=written("thesis/chapter.tex", "years of work"),
)

entry(
    "A folder that is no run",
    "<folder> is not a run, nor a shared model: it has neither run.json nor config.json; give the "
    "--out of micvae train or micvae share.",
    meaning="The folder is not there, or is the one above.",
    given='micvae encode runs "squares(n=8)" --out codes.csv',
    remedy="Give the folder that holds `run.json`.",
    fix='micvae encode runs/first "squares(n=8)" --out codes.csv',
)

entry(
    "A run that is not finished",
    "<folder> is not finished; run the same micvae train command again to go on.",
    meaning="The training was interrupted.",
    given="micvae report runs/new",
    remedy="Give the command of the training again. It goes on from the last checkpoint.",
    fix=NEW.format("runs/new"),
    again=True,
    prepare=interrupted,
)

entry(
    "A run that is in use",
    "<folder> is in use by process <number> on <host>; wait until it ends, or stop it, and give "
    "the command again.",
    meaning="Another process is training in this folder. A process that was killed does not count: "
    "its folder is free at once on the same machine, and after ten minutes on another.",
    given=NEW.format("runs/new"),
    remedy="Wait until the process ends, or stop it.",
    fix="kill <process>",
    again=True,
    prepare=in_use,
)

entry(
    "Data that has changed",
    "the data at <data> has changed since <folder> was made; restore it, or train again with "
    "another --out.",
    words="has changed since",
    meaning="The file does not hold the samples that the run was trained on, so an audit would "
    "mix two data sets.",
    given="micvae audit runs/new --quick",
    remedy="Put the file back, or train again in another folder.",
    fix="cp backup/photos.npy photos.npy",
    again=True,
    prepare=changed,
)

entry(
    "An array that is not stored with the run",
    "<folder> was trained on an array, which is not stored with it; store both by "
    "Disentangler.save(path, data=X).",
    meaning="`model.save(path)` stores the model and its codes. An audit reads the samples, too.",
    given="micvae audit runs/mine --quick",
    remedy="Save the model again, with its data.",
    fix="""model.save("runs/with_data", data=X)""",
    then="micvae audit runs/with_data --quick",
    prepare=lambda folder: _saved_model(folder),
)

entry(
    "A folder without a report",
    "<folder> holds neither a run (run.json) nor a study (study.json); give the --out of micvae "
    "train, micvae study, ….",
    meaning="A report is made of the folder that a command wrote.",
    given="micvae report runs",
    remedy="Give the folder of one run, or of a study.",
    fix="micvae report runs/first",
)

entry(
    "A run given twice",
    "a run is given twice; give each run once.",
    meaning="A run compared with itself says nothing.",
    given="micvae audit runs/first runs/first --quick",
    remedy="Give each run once.",
    fix="micvae audit runs/first --quick",
)


def _saved_model(folder: Path) -> Names:
    from micvae import Disentangler

    images = grey(128) / np.float32(255)
    model = Disentangler("vae", latent_dim=2, epochs=1, device="cpu").fit(images)
    model.save(folder / "runs" / "mine")
    return {"model": model, "X": images}


# --- shared and received files ----------------------------------------------------------------

entry = entries("Shared and received files")
RECEIVED = 'micvae encode received "squares(n=8)" --out codes.csv'


def received(spoil: Callable[[Path], object]) -> Prepare:
    """A run that somebody sent, in received; as it was in original."""

    def prepare(folder: Path) -> None:
        shutil.copytree(folder / "runs" / "first", folder / "original")
        shutil.copytree(folder / "runs" / "first", folder / "received")
        spoil(folder / "received")

    return prepare


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def altered(name: str, value: object) -> Callable[[Path], object]:
    """Change one field of a run's record."""

    def spoil(place: Path) -> None:
        path = place / "run.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {name: value}))

    return spoil


def linked_out(place: Path) -> None:
    path = place / "weights.safetensors"
    path.rename(place.parent / "elsewhere.safetensors")
    path.symlink_to(place.parent / "elsewhere.safetensors")


def newer(place: Path) -> None:
    config = place / "config.json"
    config.write_text(config.read_text().replace('"format": 1', '"format": 9'))


entry(
    "Weights that cannot be read",
    "<file> is not a readable safetensors file: <reason>; get it again, or train again.",
    meaning="The file was cut short or damaged on its way.",
    given=RECEIVED,
    remedy="Copy the file again.",
    fix="cp original/weights.safetensors received/weights.safetensors",
    again=True,
    prepare=received(lambda place: cut_short(place / "weights.safetensors")),
)

entry(
    "Weights of another model",
    "<file> does not fit the model: <reason>; get it again, or train again.",
    meaning="The weights are not those of the configuration beside them, or hold NaN or infinite "
    "values.",
    given=RECEIVED,
    remedy="Copy the whole folder again, with both files.",
    fix="""
rm -r received
cp -r original received
""",
    again=True,
    prepare=received(
        lambda place: save_file(
            {"encoder.0.weight": np.zeros((3, 3), np.float32)}, place / "weights.safetensors"
        )
    ),
)

entry(
    "A record that cannot be read",
    "<file> cannot be read as JSON: <reason>. Restore the file, or train again into another "
    "folder.",
    meaning="The file is damaged, or was edited by hand.",
    given=RECEIVED,
    remedy="Copy the file again.",
    fix="cp original/run.json received/run.json",
    again=True,
    prepare=received(lambda place: cut_short(place / "run.json")),
)

entry(
    "A record of which a field was altered",
    "<file>: <field> is <value>; expected <values>. Restore the file, or train again into another "
    "folder.",
    meaning="The file is damaged, or was edited by hand. Fields within fields are written as "
    "`data.image_shape[0]`.",
    given=RECEIVED,
    remedy="Copy the file again.",
    fix="cp original/run.json received/run.json",
    again=True,
    prepare=received(altered("status", "stopped")),
    words="Restore the file, or train again",
)

entry(
    "A record of a newer version",
    "<file> has schema <number>, and this version of micvae reads up to <number>; it was written "
    "by a newer version, which reads it.",
    meaning="Records carry the version of their form. This micvae does not know this one.",
    given=RECEIVED,
    remedy="Install that version, or ask the sender for the run as an earlier version writes it.",
    fix="cp original/run.json received/run.json",
    again=True,
    prepare=received(altered("schema", 99)),
)

entry(
    "A pickled array",
    "… is pickled, which could run code; refused; save plain arrays of numbers.",
    meaning="A pickle can run any program when it is opened. micvae never opens one.",
    given=TRAIN.format("data.npz"),
    remedy="Ask the sender for plain arrays. Where the file is your own, save it again as numbers.",
    fix="""
import numpy as np

with np.load("data.npz", allow_pickle=True) as file:  # only for files that you wrote yourself
    images = np.stack(list(file["images"]))
np.savez("data.npz", images=images)
""",
    again=True,
    prepare=lambda folder: pickled_images(folder),
)

entry(
    "An archive that cannot be read",
    "<file> cannot be read as an .npz file of plain arrays: <reason>; it may be cut short, or of "
    "another format: save the arrays again by np.savez.",
    meaning="The file is not an archive of arrays, or a download ended early.",
    given=TRAIN.format("data.npz"),
    remedy="Get the file again, or save the arrays as an archive. Here an array was saved by "
    "np.save under a wrong name.",
    fix="""
import numpy as np

with open("data.npz", "rb") as file:
    images = np.load(file)
np.savez("data.npz", images=images)
""",
    again=True,
    prepare=several(
        saved("data.npy", grey()),
        lambda folder: (folder / "data.npy").rename(folder / "data.npz"),
    ),
)

entry(
    "An archive without images",
    "<file> has no array named images; it has <names>.",
    meaning="Arrays of an .npz file are found by their names.",
    given=TRAIN.format("data.npz"),
    remedy="Save the array under the name `images`.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    np.savez("renamed.npz", images=file["pictures"])
"""
    """
from pathlib import Path

Path("renamed.npz").replace("data.npz")
""",
    again=True,
    prepare=zipped("data.npz", pictures=grey()),
)

entry(
    "A file of another size than it declares",
    "<file> has <number> bytes, not the <number> that its shape <shape> needs; …",
    words="that its shape",
    meaning="The file was cut short, or it is made to fill the memory.",
    given=TRAIN.format("data.npy"),
    remedy="Get the file again.",
    fix="cp original.npy data.npy",
    again=True,
    prepare=several(
        saved("original.npy", grey()),
        saved("data.npy", grey()),
        lambda folder: cut_short(folder / "data.npy"),
    ),
)

entry(
    "A small file that becomes very large",
    "<array> declares <number> bytes, more than 1,100 times the <number> that are stored; it is "
    "damaged, or made to fill the memory. If it is meant, store it without compression.",
    words="bytes, more than 1,100 times",
    meaning="A file of some kB can declare gigabytes.",
    given="micvae decode runs/first codes.parquet --out images.npz",
    remedy="If the file is your own, store it without compression, or as the part that you need.",
    fix="""
import pyarrow.parquet as pq

part = next(pq.ParquetFile("codes.parquet").iter_batches(8, columns=["z0", "z1", "z2"]))
part.to_pandas().to_parquet("codes.parquet")
""",
    again=True,
    prepare=lambda folder: constants(folder),
)

entry(
    "A link to a file outside",
    "<file> is a link to a file outside of <folder>; refused. Replace it by a copy of the file, "
    "where you trust it.",
    meaning="A folder that somebody sent must not reach files outside of it.",
    given=RECEIVED,
    remedy="Replace the link by the file, where you trust it.",
    fix="""
cp received/weights.safetensors copy.safetensors
mv copy.safetensors received/weights.safetensors
""",
    again=True,
    prepare=received(linked_out),
)

entry(
    "A device or pipe in place of a file",
    "<file> is <kind>, not a file; give a regular file.",
    words=", not a file; give a regular file",
    meaning="A pipe would be waited for without end, and a device can fill the memory.",
    given=DECODE.format("codes.npy"),
    remedy="Give a regular file.",
    fix="""
rm codes.npy
cp original.npy codes.npy
""",
    again=True,
    prepare=several(
        saved("original.npy", numbers(8)), lambda folder: os.mkfifo(folder / "codes.npy")
    ),
)

entry(
    "A model of a newer version",
    "<file> has format <number>, and this micvae reads <number>; it may be of a newer version.",
    words="it may be of a newer version",
    meaning="The shared model was written by a later version of micvae.",
    given='micvae encode shared "squares(n=8)" --out codes.csv',
    remedy="Update micvae, or ask the sender to share the run with the version that you have.",
    fix="""
rm -r shared
micvae share runs/first --out shared
""",
    again=True,
    prepare=lambda folder: shared(folder, newer),
)

entry(
    "A field that does not fit",
    "<file>: <field> is <value>; expected <what>. Restore the file, or train again into another "
    "folder.",
    words="Restore the file, or train again into another folder",
    meaning="A record of a run holds a value of another type than micvae writes. It was edited by "
    "hand, or damaged.",
    given=RECEIVED,
    remedy="Copy the file again.",
    fix="cp original/run.json received/run.json",
    again=True,
    prepare=received(
        lambda place: (place / "run.json").write_text(
            (place / "run.json").read_text().replace('"n": 128', '"n": "many"')
        )
    ),
)

entry(
    "Scores that cannot be read",
    "<file>: <field> is missing; expected <what>. Run micvae evaluate on the run again to write "
    "the file anew.",
    words="Run micvae evaluate on the run again",
    meaning="The file is damaged, was edited by hand, or was written by another program.",
    given="micvae report received",
    remedy="Compute the scores again.",
    fix="micvae evaluate received",
    again=True,
    prepare=received(lambda place: (place / "scores.json").write_text("{}")),
)


def shared(folder: Path, spoil: Callable[[Path], object]) -> None:
    from micvae.sharing.hub import save_pretrained
    from micvae.training import Run

    save_pretrained(Run(folder / "runs" / "first"), folder / "shared", intervals=False)
    spoil(folder / "shared")


def pickled_images(folder: Path) -> None:
    images = np.empty(64, dtype=object)
    images[:] = list(grey())
    np.savez(folder / "data.npz", images=images)


def constants(folder: Path) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**6, np.int32)), [1.0])
    pq.write_table(pa.table({f"z{d}": column for d in range(40)}), folder / "codes.parquet")


# --- the machine ------------------------------------------------------------------------------

entry = entries("The machine: disk, memory, permissions")


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """A disk that is full as long as the folder old is there."""
    usual = os.fsync

    def fsync(descriptor: int) -> None:
        if (folder / "old").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        usual(descriptor)

    with mock.patch("os.fsync", fsync):
        yield


@contextlib.contextmanager
def another_user(folder: Path) -> Iterator[None]:
    """A user who may write into the folder, but not into results."""
    (folder / "results").mkdir(mode=0o555)
    usual = os.access

    def access(path: Any, mode: int, **options: Any) -> bool:
        denied = mode & os.W_OK and Path(path).resolve() == folder.resolve() / "results"
        return not denied and usual(path, mode, **options)

    with mock.patch("os.access", access):  # root may write everywhere
        yield
    (folder / "results").chmod(0o755)


entry(
    "A full disk",
    "<file> cannot be used: the disk is full; free some space, or choose another folder.",
    meaning="Nothing half-written is left. Files that were there are as before.",
    given='micvae encode runs/first "squares(n=8)" --out codes.csv',
    remedy="Free some space, or write to another disk.",
    fix="rm -r old",
    again=True,
    prepare=written("old/run.json", "{}"),
    condition=full_disk,
)

entry(
    "A folder that may not be written to",
    "<folder> cannot be used: permission is denied; choose another folder, or change its "
    "permissions.",
    meaning="The folder belongs to another user, or is read-only.",
    given='micvae encode runs/first "squares(n=8)" --out results/codes.csv',
    remedy="Write to a folder of your own.",
    fix='micvae encode runs/first "squares(n=8)" --out codes.csv',
    condition=another_user,
)

entry(
    "A file in the way of a folder",
    "<path> cannot be used: a file stands where a folder is needed; choose another path.",
    meaning="A part of the path is a file.",
    given=NEW.format("notes/run"),
    remedy="Choose another path.",
    fix=NEW.format("notes-run"),
    prepare=written("notes", "a file"),
)

entry(
    "A name that is too long",
    "<path> cannot be used: the name is too long; choose a shorter one.",
    meaning="Most file systems allow 255 bytes for a name.",
    given=NEW.format("runs/" + "a-very-long-name-" * 16),
    remedy="Choose a shorter name.",
    fix=NEW.format("runs/short"),
)

entry(
    "More than the memory",
    "<option> is <number>, which needs at least <size> of memory, and <size> are free here; give a "
    "smaller number.",
    words="of memory, and",
    meaning="This is found before memory is taken.",
    given='micvae train vae --data "squares(n=1000000000000)" --out runs/new',
    remedy="Ask for fewer samples. Your own images are read in parts from files without "
    "compression, whatever their size.",
    fix='micvae train vae --data "squares(n=1000)" --out runs/new',
)

entry(
    "Memory that runs out",
    "there is not enough memory (<reason>); use fewer or smaller samples, a smaller batch_size "
    "or a smaller network.",
    meaning="A network or a batch did not fit into the memory.",
    given='micvae train vae --data "squares(n=96)" --latent-dim 1000000000000 --out runs/new',
    remedy="Use a smaller network, fewer latents or a smaller batch.",
    fix='micvae train vae --data "squares(n=96)" --latent-dim 10 --out runs/new',
)

entry(
    "A home directory that is not there",
    "<path> begins with ~, and there is no such home directory; write the path in full.",
    meaning="`~name` stands for the home directory of a user of that name.",
    given="micvae export runs/first --out=~nobody-of-this-name/onnx",
    remedy="Write the path in full.",
    fix="micvae export runs/first --out=home/onnx",
)

entry(
    "HDF5 files without h5py",
    'reading .h5 files needs h5py, which is not there: pip install "micvae[files]".',
    meaning="The package h5py is an optional dependency.",
    given=TRAIN.format("data.h5"),
    remedy="Install it.",
    fix='pip install "micvae[files]"',
    again=True,
    without=("h5py",),
    prepare=lambda folder: hdf5_file(folder),
)

entry(
    "Export without onnx",
    'export needs onnx: pip install "micvae[onnx]".',
    meaning="The packages onnx, onnxscript and onnxruntime are optional dependencies. `explore` "
    "needs them, too.",
    given="micvae export runs/first",
    remedy="Install them.",
    fix='pip install "micvae[onnx]"',
    again=True,
    without=("onnx", "onnxruntime"),
)


def hdf5_file(folder: Path) -> None:
    import h5py

    with h5py.File(folder / "data.h5", "w") as file:
        file["images"] = grey()


# --- warnings ---------------------------------------------------------------------------------

entry = entries("Warnings")

entry(
    "A loss that still falls",
    "The loss still falls by <share> (<number> nats) an epoch; train longer: epochs=<number>.",
    meaning="Codes and scores of this model would change with more training. The command line and "
    "reports say the same.",
    given="""
from micvae import Disentangler

model = Disentangler("vae", latent_dim=2, batch_size=32, epochs=10)
model.fit(X)
""",
    remedy="Train for as many epochs as the message says.",
    fix="model.set_params(epochs=model.convergence_.epochs).fit(X)",
    prepare=lambda folder: {"X": grey(side=8) / np.float32(1000)},
)

entry(
    "Columns stored as float32",
    "column '<name>' of <data> is float32 and varies by <number> around <number>, which float32 "
    "resolves to <number> only; give it as float64, or subtract an offset before it is stored as "
    "float32.",
    meaning="The column lost digits before it was given.",
    given="model.fit(X)",
    remedy="Take the column from its source in double precision.",
    fix="""
X["time"] = source
model.fit(X)
""",
    prepare=learner(
        X=lambda: frame(time=(5_644_724 + 3 * numbers()[:, 2]).astype(np.float32)),
        source=lambda: 5_644_724 + 3 * numbers()[:, 2],
    ),
)

entry(
    "Rows of pictures that are not there",
    "<file>: <number> rows are of files that are not there (e.g. <file>), and left out.",
    meaning="`factors.csv` names pictures that the folder does not hold.",
    given=TRAIN.format("photos"),
    remedy="Remove the rows, or add the pictures.",
    fix="""sed -i "/^missing/d" photos/factors.csv""",
    again=True,
    prepare=with_photos(
        table=rows("file,size", lambda i: f",{i % 3}") + "missing-1.png,1\nmissing-2.png,2\n"
    ),
)

entry(
    "A given scale and the one of the model",
    "<array>: read with value_range=(<number>, <number>), as the description says; the model was "
    "trained on <dtype> with value_range=(<number>, <number>).",
    meaning="The pictures are read with another scale than those that the model was trained on.",
    given="micvae encode runs/new \"arrays('photos.npy', value_range=(0, 510))\" --out codes.csv",
    remedy="Leave the range out: pictures are then read as those of the training.",
    fix="micvae encode runs/new photos.npy --out codes.csv",
    prepare=pictures_again,
)

entry(
    "Feature names that were not fitted",
    "X has feature names, but Disentangler was fitted without feature names",
    meaning="The model was fitted to an array. The order of the columns cannot be checked.",
    given="""
model.fit(X.to_numpy())
model.transform(X)
""",
    remedy="Give arrays to both, or frames to both.",
    fix="model.transform(X.to_numpy())",
    prepare=learner(X=frame),
)

entry(
    "Sources that cannot be unmixed",
    "FastICA did not converge in <number> steps: some of the features may be Gaussian, and "
    "Gaussian ones cannot be unmixed.",
    meaning="Independent component analysis needs sources that are not Gaussian, but for one.",
    given="micvae train fast-ica --data readings.npy --latent-dim 6 --out runs/new",
    remedy="Ask for fewer latents, or use another method.",
    fix="micvae train vae --data readings.npy --latent-dim 6 --out runs/newer",
    prepare=saved("readings.npy", np.random.default_rng(0).normal(size=(100, 12))),
)

entry(
    "A training that begins again",
    "training begins again: <reason>",
    meaning="The checkpoint of an interrupted training cannot be used. The training starts from "
    "its first step, and the result is the same.",
    given=NEW.format("runs/new"),
    remedy="Nothing is to be done. The finished run is not trained again.",
    fix=NEW.format("runs/new"),
    prepare=lambda folder: broken_checkpoint(folder),
)


def broken_checkpoint(folder: Path) -> None:
    interrupted(folder)
    (folder / "runs" / "new" / "checkpoint.safetensors").write_bytes(b"cut short")
