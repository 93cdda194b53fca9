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


GROUP, TRAIN_VOTES, TEST_VOTES, VARIANCE_SAMPLES, PRUNE = 64, 10_000, 40_000, 400_000, 0.05
"""Settings of the interventional scores: the published study's, but with eight times the test
votes and forty times the samples for variances, so that what two implementations differ by in
drawing them stays below 0.01: with 10,000 the score of a rotated code moves by 0.03 between seeds.
"""


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

    @property
    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """Training and test samples: ⌈2N/3⌉ of a permutation, and the rest."""
        order = np.random.default_rng(DCI_SEED).permutation(len(self.codes))
        size = -(-2 * len(order) // 3)
        return order[:size], order[size:]

    @property
    def explicitness_columns(self) -> list[int]:
        """Factors all of whose values are in both parts."""
        fit, test = self.split
        return [
            k
            for k, column in enumerate(self.factors.T)
            if len(np.unique(column[fit])) == len(np.unique(column[test])) == len(np.unique(column))
        ]

    @property
    def invertible(self) -> bool:
        """Whether the covariance of the codes that vary is far from singular."""
        varying = self.codes[:, np.ptp(self.codes, axis=0) > 0].astype(np.float64)
        return bool(np.linalg.cond(np.corrcoef(varying.T)) < 1e6)


@dataclass(frozen=True)
class VotingSet:
    """A data set whose factors can be drawn, and a code of them."""

    name: str
    sizes: tuple[int, ...]
    matrix: np.ndarray
    noise: float

    def codes(self, factors: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Codes (n, D) of factors (n, K)."""
        sizes = np.array(self.sizes)
        standard = (factors - (sizes - 1) / 2) / np.sqrt((sizes**2 - 1) / 12)
        codes = standard @ self.matrix
        return codes + self.noise * random.normal(size=codes.shape)


def voting_sets() -> list[VotingSet]:
    """For every data set a mixed code, a rotated one, one with a dead latent, and a noisy one."""
    sets = []
    for data, sizes in CARDINALITIES.items():
        random = np.random.default_rng(len(sizes))
        k = len(sizes)
        rotation, _ = np.linalg.qr(random.normal(size=(k, k)))
        dead = np.concatenate([np.eye(k), np.zeros((k, 1))], axis=1)
        sets += [
            VotingSet(f"{data}-mixed", sizes, np.eye(k) + 0.3 * random.normal(size=(k, k)), 0.1),
            VotingSet(f"{data}-rotated", sizes, rotation, 0.1),
            VotingSet(f"{data}-dead", sizes, dead, 0.0),
            VotingSet(f"{data}-noisy", sizes, dead[:, :-1], 2.0),
        ]
    return sets


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
