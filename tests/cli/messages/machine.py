"""Messages of docs/bad-input.md: the machine: disk, memory, permissions."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from messages.entry import Section
from messages.files import NEW, TRAIN, grey, written

entry = Section("The machine: disk, memory, permissions")


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
    'reading .h5 files needs h5py, which is not installed: pip install "micvae[files]".',
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
