"""Measurements: the number of a row from the finished runs of one seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.linear_model import LogisticRegression

from micvae.claims.claim import Finished, Measurement
from micvae.errors import MicvaeError
from micvae.metrics import gaussian_total_correlation, mcc_pearson
from micvae.models import encode
from micvae.scoring import ensure_scores
from micvae.training.run import Run
from micvae.training.trainer import Trainer

OfRun = Callable[[Run], float]
"""One finished run → a number."""


@dataclass(frozen=True)
class Of:
    """What one of the trainings is measured by."""

    training: str
    measure: OfRun

    def __call__(self, finished: Finished) -> float:
        """The number of that run."""
        return self.measure(finished.runs[self.training])


def each(measure: OfRun, *trainings: str) -> dict[str, Measurement]:
    """One row per training, all measured alike."""
    return {training: Of(training, measure) for training in trainings}


@dataclass(frozen=True)
class Score:
    """A stored score: a metric, `reconstruction`, `kl`, `r_mi` or `active_units`."""

    name: str

    def __call__(self, run: Run) -> float:
        """Read it, or compute it first."""
        value = ensure_scores(run).quantities.get(self.name)
        if value is None:
            raise MicvaeError(f"{run.path} has no {self.name}.")
        return float(value)


@dataclass(frozen=True)
class Recovered:
    """MCC (Pearson) of the codes with a function of the sources: s, |s| or s².

    Args:
        target: the function of the sources.
        absolute: whether to take the absolute values of the codes, for a method whose codes are
            the sources themselves where another's are |s|.
    """

    target: Literal["s", "|s|", "s²"] = "s"
    absolute: bool = False

    def __call__(self, run: Run) -> float:
        """The mean over sources of the absolute correlation with the code assigned to each."""
        found = run.representation()
        s = found.factors
        factors = {"s": s, "|s|": np.abs(s), "s²": s**2}[self.target]
        codes = np.abs(found.codes) if self.absolute else found.codes
        return float(mcc_pearson(codes, factors))


def total_correlation(run: Run) -> float:
    """Total correlation of the codes of a run under a Gaussian fit, nats."""
    return float(gaussian_total_correlation(run.representation().codes))


@dataclass(frozen=True)
class Information:
    """The share of a factor's entropy that its most informative latent carries, in [0, 1].

    max_d I(z_d; v_k) / H(v_k), averaged over the factors that are named.
    """

    factors: tuple[str, ...]

    def __call__(self, run: Run) -> float:
        """The mean share over the factors."""
        scores, found = ensure_scores(run), run.representation()
        assert scores.factor_mi is not None
        shares = []
        for name in self.factors:
            k = scores.factor_names.index(name)
            column = found.factors[:, found.factor_names.index(name)]
            p = np.unique(column, return_counts=True)[1] / len(column)
            shares.append(max(row[k] for row in scores.factor_mi) / -float(p @ np.log(p)))
        return float(np.mean(shares))


@dataclass(frozen=True)
class CategoryAccuracy:
    """Share of samples whose category stands for the right class.

    Every category stands for one class and every class for one category, assigned so that most
    samples are right (Hungarian method); labels serve for this assignment alone. The category is
    the last latent.

    Args:
        factor: the class.
    """

    factor: str

    def __call__(self, run: Run) -> float:
        """The accuracy on the images of the run."""
        found = run.representation()
        labels = found.factors[:, found.factor_names.index(self.factor)]
        return matched_accuracy(found.codes[:, -1], labels)


@dataclass(frozen=True)
class Chance:
    """The accuracy of as many random categories as there are classes, matched like trained ones.

    Args:
        training: the run whose labels are taken.
        factor: the class.
    """

    training: str
    factor: str

    def __call__(self, finished: Finished) -> float:
        """The accuracy of categories that are drawn by the seed."""
        found = finished.runs[self.training].representation()
        labels = found.factors[:, found.factor_names.index(self.factor)]
        generator = np.random.default_rng(finished.seed)
        drawn = generator.integers(0, len(np.unique(labels)), len(labels))
        return matched_accuracy(drawn, labels)


def matched_accuracy(categories: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples in the best one-to-one assignment of categories to classes.

    Args:
        categories: whole numbers `(N,)`.
        labels: a class per sample, `(N,)`.
    """
    row, column = (
        np.unique(np.asarray(given), return_inverse=True)[1] for given in (categories, labels)
    )
    counts = np.zeros((row.max() + 1, column.max() + 1))
    np.add.at(counts, (row, column), 1)
    chosen = linear_sum_assignment(counts, maximize=True)
    return float(counts[chosen].sum() / len(row))


@dataclass(frozen=True)
class ContentAccuracy:
    """Accuracy of a linear classifier on the content latents of `cs-isolate`, on other images.

    The classifier is fitted to the labels that the training read, wrong ones included, and judged
    by the true labels of data that training never saw.

    Args:
        test: description of the test data; `{seed}` stands for the seed of the run + 1000.
    """

    test: str

    def __call__(self, run: Run) -> float:
        """The share of test images that are classified correctly."""
        from micvae.data import describe
        from micvae.data.labels import label_of

        objective, train = run.config.objective, run.dataset()
        count = objective.contents(run.config.latent_dim)  # type: ignore[attr-defined]
        k = label_of(train, objective.label)  # type: ignore[attr-defined]
        given = torch.as_tensor(Trainer(run.config, train).prepared["labels"]).argmax(1).numpy()
        test = describe(self.test).with_seed(run.config.seed + 1000).load()
        codes = run.representation().codes[:, :count]
        scale = codes.std(0) + 1e-6
        fitted = LogisticRegression(max_iter=1000).fit(codes / scale, given)
        content = encode(run.model(), test.as_float32().images).codes[:, :count]
        values = np.unique(train.factors[:, k])
        found = values[fitted.predict(content / scale)]
        return float((found == test.factors[:, k]).mean())


@dataclass(frozen=True)
class AtEqualReconstruction:
    """A measure of one method where two methods reconstruct equally well.

    Each method was trained at several strengths, which gives a curve of the measure over the
    reconstruction. Both curves are read, by linear interpolation, in the middle of the range of
    reconstructions that they share. Where they share none, each is read at its end next to the
    other.

    Args:
        method: trainings of the method that is measured, one per strength.
        other: trainings of the other one.
        measure: what is read.
    """

    method: tuple[str, ...]
    other: tuple[str, ...]
    measure: OfRun

    def __call__(self, finished: Finished) -> float:
        """The measure of `method` at the reconstruction that both share."""
        reconstruction = Score("reconstruction")
        mine, theirs = (
            np.asarray([reconstruction(finished.runs[name]) for name in names])
            for names in (self.method, self.other)
        )
        values = np.asarray([self.measure(finished.runs[name]) for name in self.method])
        return interpolated(mine, values, shared_level(mine, theirs))


def shared_level(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The middle of the range that two sets of numbers share, or of the gap between them."""
    return float((max(one.min(), other.min()) + min(one.max(), other.max())) / 2)


def interpolated(x: NDArray[np.float64], y: NDArray[np.float64], at: float) -> float:
    """The piecewise linear curve through the points (x, y), constant outside of them."""
    order = np.argsort(x)
    return float(np.interp(at, x[order], y[order]))


@dataclass(frozen=True)
class Best:
    """The largest of several rows of a seed: the best of several methods."""

    rows: Sequence[Measurement]

    def __call__(self, finished: Finished) -> float:
        """The largest number."""
        return max(row(finished) for row in self.rows)


@dataclass(frozen=True)
class CodesOfKnownConstruction:
    """A score of codes that are made from known factors; nothing is trained.

    Args:
        made: a generator and the number of samples → codes `(N, D)` and factors `(N, K)`.
        score: codes and factors → the score.
        samples: how many samples are scored.
    """

    made: Callable[[np.random.Generator, int], tuple[NDArray[np.floating], NDArray[np.floating]]]
    score: Callable[[NDArray[np.floating], NDArray[np.floating]], float]
    samples: int = 4_000
    few: int = 400

    def __call__(self, finished: Finished) -> float:
        """Make codes from the seed, and score them."""
        generator = np.random.default_rng(finished.seed)
        count = self.few if finished.quick else self.samples
        return self.score(*self.made(generator, count))
