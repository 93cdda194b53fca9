"""Classify from content that CS-Isolate told from style, and from raw images, with noisy labels.

python scripts/noisy_labels.py --data coil20.npz --label object --held-out pose
python scripts/noisy_labels.py --data "squares(n=1536, seed={seed})" --rotation 0 --zoom 0.3 \\
    --contrast 0

Every arm has the same encoder and classifier, initial weights, order of images, number of steps
and wrong labels, and Adam at the same rate. The raw ones minimise the cross-entropy of every label,
on images as they are or (half and half) augmented as for CS-Isolate; `selection` is CS-Isolate
without the ELBO. Accuracy is that of the last step, against the true labels of held-out images.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from micvae import spelling
from micvae.data import FactorDataset, describe
from micvae.data.augmentation import Augmentation
from micvae.data.labels import label_of
from micvae.data.wrapping import column
from micvae.networks import Network
from micvae.objectives import CSIsolate
from micvae.objectives.schedules import Constant
from micvae.studies.statistics import bootstrap_interval
from micvae.training.config import RunConfig
from micvae.training.trainer import Trainer

NEVER = 10**9
STILL = Augmentation(rotation=0, shift=0, zoom=0, contrast=0, brightness=0)


def arms(objective: CSIsolate) -> dict[str, CSIsolate]:
    """The method, and what it is compared with: itself, less one part after the other."""
    selection = replace(objective, elbo_weight=Constant(0.0))
    augmented = replace(selection, warm_up=NEVER)
    return {
        "raw": replace(augmented, augmentation=STILL),
        "raw, augmented": augmented,
        "selection": selection,
        "CS-Isolate": objective,
    }


def split(dataset: FactorDataset, factor: str | None) -> tuple[FactorDataset, FactorDataset]:
    """Hold out every third value of a factor, or every third image."""
    groups = np.arange(len(dataset))
    if factor is not None:
        groups = np.unique(dataset.factors[:, column(dataset, factor)], return_inverse=True)[1]
    return dataset.subset(groups % 3 != 2), dataset.subset(groups % 3 == 2)


def accuracy(config: RunConfig, train: FactorDataset, test: FactorDataset) -> float:
    """Train, and classify the held-out images from the means of their content."""
    objective = config.objective
    assert isinstance(objective, CSIsolate)
    trainer = Trainer(config, train)
    with tempfile.TemporaryDirectory() as folder:
        model = trainer.fit(Path(folder))
    k = label_of(train, objective.label)
    values, count = np.unique(train.factors[:, k]), objective.contents(config.latent_dim)
    with torch.inference_mode():
        content = model.encode(torch.from_numpy(test.images)).mean[:, :count]
        logits = trainer.networks["classifier"](content)[:, : len(values)]
    return float((values[logits.argmax(1).numpy()] == test.factors[:, k]).mean())


def cell(values: list[float]) -> str:
    """`81.0 [79.1, 82.9]`, in per cent."""
    mean, low, high = bootstrap_interval([100 * value for value in values])
    return f"{mean:.1f}" if low is None else f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """A row per rate of wrong labels: every arm, and what CS-Isolate gains on the others."""
    names = list(next(iter(found.values())))
    method = names[-1]
    heads = ["wrong labels", *names, *(f"gain on {name}" for name in names[:-1])]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for rate, row in found.items():
        gains = [
            [a - b for a, b in zip(row[method], row[name], strict=True)] for name in names[:-1]
        ]
        cells = [rate, *map(cell, row.values()), *map(cell, gains)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="as for micvae train; {seed} is filled in")
    parser.add_argument("--label", help="the factor that is the label")
    parser.add_argument("--held-out", help="the factor of which every third value is held out")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.0, 0.2, 0.4])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--latent-dim", type=int, default=16)
    parser.add_argument("--network", default="patch(width=8, hidden=64)")
    parser.add_argument("--arms", nargs="+", help="some of the arms alone")
    parser.add_argument("--set", default="{}", help="JSON: hyperparameters of CS-Isolate")
    for name in ("rotation", "shift", "zoom", "contrast", "brightness"):
        parser.add_argument(f"--{name}", type=float, default=getattr(Augmentation(), name))
    options = parser.parse_args()
    augmentation = Augmentation(
        options.rotation, options.shift, options.zoom, options.contrast, options.brightness
    )
    given = {
        name: Constant(value) if name in ("elbo_weight", "guess_weight", "balance") else value
        for name, value in json.loads(options.set).items()
    }
    found: dict[str, dict[str, list[float]]] = {}
    for rate in options.rates:
        objective = CSIsolate(label=options.label, noise=rate, augmentation=augmentation, **given)
        row = found.setdefault(f"{rate:.0%}", {})
        for seed in options.seeds:
            train, test = split(describe(options.data).with_seed(seed).load(), options.held_out)
            for name, arm in arms(objective).items():
                if options.arms and name not in options.arms:
                    continue
                config = RunConfig(
                    objective=arm,
                    latent_dim=options.latent_dim,
                    network=spelling.read(options.network, Network),
                    epochs=options.epochs,
                    learning_rate=options.learning_rate,
                    seed=seed,
                    device="cpu",
                )
                score = accuracy(config, train, test)
                row.setdefault(name, []).append(score)
                print(f"{rate:.0%} wrong, seed {seed}, {name}: {score:.1%}", flush=True)
    print("\n" + table(found))


if __name__ == "__main__":
    main()
