"""Cost of a training step of every method, relative to the VAE's, on the toy job.

One thread, default hyperparameters; methods are timed in turns, because a machine's speed changes
over time, and the figures are medians over the turns.
"""

import argparse
import dataclasses
import statistics
import time

import numpy as np
import torch

from micvae.data import FactorDataset, independent, pairs, squares
from micvae.networks import Auto
from micvae.objectives import METHODS
from micvae.training.config import RunConfig
from micvae.training.trainer import Trainer


class Timed:
    """A training whose steps are timed."""

    def __init__(self, objective: object, dataset: FactorDataset, steps: int) -> None:
        config = RunConfig(objective=objective, device="cpu")
        self.trainer = Trainer(config, dataset)
        self.steps = steps

    def __call__(self) -> float:
        """Milliseconds per step."""
        epoch = self.trainer.steps()
        started = time.perf_counter()
        for _ in range(self.steps):
            next(epoch)
        self.trainer.log.flush()
        return (time.perf_counter() - started) / self.steps * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60, help="steps per turn")
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    plain = squares((options.steps + 1) * 64)
    # What some methods ask for beside images: partners, a label, sequences of eight frames.
    rotation = np.unique(plain.factors[:, 2], return_inverse=True)[1]
    frames = np.arange(len(plain)) // 8
    dataset = dataclasses.replace(pairs(plain), auxiliary=rotation, sequence=frames)
    vectors = independent(len(plain), sources=3, mixing="sparse")
    usual = [name for name, kind in METHODS.items() if kind().network == Auto()]
    compare("images 32×32", usual, dataset, options)
    # What comes with a network of its own is for vectors; the VAE's is the perceptron there.
    compare("vectors", ["vae", *(m for m in METHODS if m not in usual)], vectors, options)


def compare(
    title: str, methods: list[str], dataset: FactorDataset, options: argparse.Namespace
) -> None:
    """Print the cost of some methods on a data set."""
    jobs = {name: Timed(METHODS[name](), dataset, options.steps) for name in methods}
    turns = [{name: job() for name, job in jobs.items()} for _ in range(options.turns + 1)][1:]
    print(f"{title:16s} {'ms/step':>8s} {'× VAE':>7s}")
    for name in jobs:
        cost = statistics.median(turn[name] for turn in turns)
        ratio = statistics.median(turn[name] / turn["vae"] for turn in turns)
        print(f"{name:16s} {cost:8.2f} {ratio:7.2f}")


if __name__ == "__main__":
    main()
