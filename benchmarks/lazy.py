"""Training on images that do not fit into memory: what is resident, and how fast it goes.

A memory-mapped uint8 array is made in a temporary folder and handed to the library as it is; a
second process trains on some of its images that are in memory as floats. Both take the same
steps and print images per second, and per second of processor time, which other programs on the
machine change less; and the largest resident memory of the whole: loading, check, fingerprint,
training, codes of 10,000 images.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from micvae.data import FactorDataset, LazyImages
from micvae.estimator.inputs import dataset_of
from micvae.models import encode
from micvae.objectives import find
from micvae.training.config import RunConfig
from micvae.training.data_identity import fingerprint
from micvae.training.trainer import Trainer

SIDE = 64
MIB = 2**20


def made(path: Path, gib: float) -> int:
    """Write a uint8 array of so many GiB, 64 MiB of noise over and over; returns its length."""
    n = int(gib * 2**30) // SIDE**2
    noise = np.random.default_rng(0).integers(0, 256, 64 * MIB, dtype=np.uint8).tobytes()
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (n, SIDE, SIDE)}
        np.lib.format.write_array_header_1_0(file, header)
        left = n * SIDE**2
        while left:
            left -= file.write(noise[:left])
    return n


def resident() -> float:
    """The largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def steps_of(dataset: FactorDataset, options: argparse.Namespace) -> list[float]:
    """Images per second, and per second of processor time: medians over turns of steps."""
    config = RunConfig(
        objective=find(options.method), data="lazy", batch_size=options.batch_size, device="cpu"
    )
    trainer = Trainer(config, dataset)
    epoch, rates = trainer.steps(), []
    for _ in range(options.turns):
        started = time.perf_counter(), time.process_time()
        for _ in range(options.steps // options.turns):
            next(epoch)
        ended = time.perf_counter(), time.process_time()
        images = options.steps // options.turns * options.batch_size
        rates.append([images / (b - a) for a, b in zip(started, ended, strict=True)])
    trainer.log.flush()
    encode(trainer.model, dataset.images[:10_000])
    return [statistics.median(column) for column in zip(*rates, strict=True)]


def train(options: argparse.Namespace) -> None:
    """What a process does: train, and say how fast and within what."""
    torch.set_num_threads(1)
    array = np.load(options.path, mmap_mode="r")
    if options.in_memory:
        dataset = dataset_of(np.array(array[: options.in_memory])).dataset
    else:
        dataset = dataset_of(array).dataset
        assert isinstance(dataset.images, LazyImages)
        base, started = resident(), time.process_time()
        fingerprint(dataset)
        print(f"  resident before data is read      {base:8.0f} MiB")
        seconds = time.process_time() - started
        print(f"  fingerprint                       {seconds:8.1f} s of processor time")
    rate, processor = steps_of(dataset, options)
    where = "in memory" if options.in_memory else "on disk"
    print(f"  {where:<10} {rate:8.0f} images/s, {processor:8.0f} per second of processor time")
    print(f"  largest resident memory           {resident():8.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=4, help="size of the array")
    parser.add_argument("--method", default="beta-vae", help="what is trained")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    parser.add_argument("--in-memory", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.path:
        train(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        n = made(path, options.gib)
        print(f"{n:,} images of {SIDE}×{SIDE}, {options.gib:g} GiB as uint8; {options.method}")
        for held in (0, min(n, 40_000)):
            again = [sys.executable, __file__, *sys.argv[1:], "--path", str(path)]
            subprocess.run([*again, "--in-memory", str(held)], check=True)


if __name__ == "__main__":
    main()
