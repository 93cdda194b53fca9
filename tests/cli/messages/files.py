"""Files, arrays and commands of which the entries make use."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from messages.entry import Names, Prepare

TRAIN = "micvae train vae --data {} --out runs/new"
NEW = 'micvae train vae --data "squares(n=96)" --out {}'
DECODE = "micvae decode runs/first {} --out images.npz"
SCORE = "micvae evaluate --codes codes.npy --factors factors.csv"


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


def pictures_again(folder: Path) -> None:
    """A run on photos.npy."""
    saved("photos.npy", grey(128))(folder)
    trained("photos.npy")


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
