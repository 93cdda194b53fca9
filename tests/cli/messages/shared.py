"""Messages of docs/bad-input.md: shared and received files."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

from messages.entry import Prepare, Section
from messages.files import DECODE, TRAIN, grey, numbers, saved, several, zipped

entry = Section("Shared and received files")
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
    meaning="The file was truncated or damaged during transfer.",
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
    "by a newer version; use that version.",
    meaning="Records carry the version of their form. This micvae does not know this one.",
    given=RECEIVED,
    remedy="Install that version, or ask the sender for the run as an earlier version writes it.",
    fix="cp original/run.json received/run.json",
    again=True,
    prepare=received(altered("schema", 99)),
)

entry(
    "A pickled array",
    "… is pickled, which could run code, so it is refused; save plain arrays.",
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
    "<file> cannot be read as an .npz file of plain arrays: <reason>; it may be truncated, or of "
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
    meaning="The file is truncated, or made to exhaust memory.",
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
    "damaged, or made to exhaust memory. If it is intended, store it without compression.",
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
    "<file> has format <number>, and this micvae reads <number>; it may come from a newer version.",
    words="it may come from a newer version",
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
    "<file>: <field> is missing; expected <what>. Run micvae evaluate on the run again to "
    "rewrite the file.",
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
