"""Codes and factors on which the golden values of metrics are recorded, made from a seed.

Needs numpy only: the recording script and the tests both import it.
"""

from dataclasses import dataclass

import numpy as np

CARDINALITIES = {
    "dsprites": (3, 6, 40, 32, 32),
    "shapes3d": (10, 10, 10, 8, 4, 15),
    "cars3d": (4, 24, 183),
}
SHAPES = ("clean", "rotated", "noisy", "duplicated", "dead")
SEEDS = (0, 1, 2)
SAMPLES = 1200

DCI_SEED = 7
"""Seed of the train/test split and, in the reference, of the ties."""

DCI_MOST_VALUES = 10
"""DCI is recorded on factors of at most this many values: the reference takes minutes on more."""


@dataclass(frozen=True)
class GoldenSet:
    name: str
    codes: np.ndarray
    factors: np.ndarray
    discrete: bool

    @property
    def dci_columns(self) -> list[int]:
        """Factors on which DCI is recorded: at most three, so that recording takes minutes."""
        counts = [len(np.unique(column)) for column in self.factors.T]
        return [k for k, count in enumerate(counts) if count <= DCI_MOST_VALUES][:3]


def _codes(shape: str, standard: np.ndarray, random: np.random.Generator) -> np.ndarray:
    n, k = standard.shape
    if shape == "clean":
        return standard + 0.01 * random.normal(size=(n, k))
    if shape == "rotated":
        rotation, _ = np.linalg.qr(random.normal(size=(k, k)))
        return standard @ rotation + 0.05 * random.normal(size=(n, k))
    if shape == "noisy":
        return standard + random.uniform(0.3, 1.0, size=k) * random.normal(size=(n, k))
    soft = standard + 0.2 * random.normal(size=(n, k))
    if shape == "duplicated":
        return np.concatenate([soft, soft[:, :2]], axis=1)
    constant = np.full((n, 1), 0.25)
    collapsed = 1e-2 * random.normal(size=(n, 2))
    return np.concatenate([soft[:, 1:] + 0.5 * soft[:, :-1], constant, collapsed], axis=1)


def golden_sets() -> list[GoldenSet]:
    """45 sets of discrete factors and 5 of continuous ones; odd seeds give float32 codes."""
    sets = []
    for seed in SEEDS:
        for data, sizes in CARDINALITIES.items():
            for shape in SHAPES:
                random = np.random.default_rng([seed, SHAPES.index(shape), len(sizes)])
                factors = np.stack([random.integers(0, m, SAMPLES) for m in sizes], axis=1)
                standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)
                codes = _codes(shape, standard, random)
                codes = codes.astype(np.float32 if seed % 2 else np.float64)
                sets.append(GoldenSet(f"{data}-{shape}-{seed}", codes, factors, True))
    for shape in SHAPES:
        random = np.random.default_rng([99, SHAPES.index(shape)])
        factors = random.uniform(size=(SAMPLES, 3))
        standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)
        sets.append(
            GoldenSet(f"continuous-{shape}", _codes(shape, standard, random), factors, False)
        )
    return sets
