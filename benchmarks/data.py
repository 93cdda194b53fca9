"""How many images a second the generated data sets make, on one thread.

    python benchmarks/data.py

`scenes` twice: with the factors that it draws itself, of which many share scale, shape and
orientation, and with a scale and an orientation of its own for every image, the worst case.
Medians over the repeats, after one run to warm up.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import statistics
import time

import numpy as np

from micvae.data import GENERATED, FactorDataset


def rate(data: FactorDataset, factors: np.ndarray, repeats: int) -> float:
    """Images per second of the renderer."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        data.images_of(factors)
        times.append(time.perf_counter() - start)
    return len(factors) / statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_240)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for name, make in GENERATED.items():
        data = make(options.images).load()
        print(f"{name:30} {rate(data, data.factors, options.repeats):10,.0f} images/s")
    few = data.factors[:512].copy()  # the last one is scenes
    few[:, 3] = np.linspace(0.75, 1.25, len(few))
    few[:, 5] = np.linspace(-30, 30, len(few))
    print(f"{'scenes, all different':30} {rate(data, few, options.repeats):10,.0f} images/s")


if __name__ == "__main__":
    main()
