"""The training loop. It contains no name of a method."""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from micvae.data import FactorDataset
from micvae.errors import DataError, DivergedError, MicvaeWarning, RunError
from micvae.models import VAEModel, build_vae, laid_out
from micvae.objectives import Step
from micvae.objectives.base import MODEL
from micvae.objectives.hooks import AdamSettings, ObjectiveContext
from micvae.training import checkpoint
from micvae.training.config import RunConfig
from micvae.training.device import place, resolve
from micvae.training.log import StepLog

CHECKPOINT = "checkpoint.safetensors"
LOG = "log.parquet"
SECOND = "second_batch_order"
_FLUSH = 50  # steps between readings of the log, which synchronise a GPU


@dataclass(frozen=True)
class Progress:
    """State of a training, for progress bars."""

    step: int
    steps: int
    terms: dict[str, float] = field(default_factory=dict)
    images_per_second: float = 0.0


class Trainer:
    """One training: model, networks of the method, optimisers, sources of randomness.

    Args:
        config: the configuration.
        dataset: the training data; its factors are not used.

    Raises:
        DataError: if there are fewer images than one batch, or the network does not fit them.
    """

    def __init__(self, config: RunConfig, dataset: FactorDataset) -> None:
        if len(dataset) < config.batch_size:
            raise DataError(
                f"{dataset.name} has {len(dataset)} images, fewer than batch_size "
                f"{config.batch_size}; lower batch_size."
            )
        dataset = dataset.as_float32()
        self.config = config
        self.dataset = dataset
        self.device = resolve(config.device)
        self.images = place(dataset.images, self.device)
        self.steps_per_epoch = len(dataset) // config.batch_size
        total = config.epochs * self.steps_per_epoch
        self.objective = config.objective.with_total_steps(total)
        self.learning_rate = config.learning_rate.with_total_steps(total)
        self.step = 0
        self._began = time.perf_counter()
        self.log = StepLog()

        initial = _stream(config, 0, torch.device("cpu"))
        self.model = build_vae(
            config.network,
            config.likelihood,
            config.latents,
            config.latent_dim,
            dataset.image_shape,
            initial,
            self.device,
        )
        prepared = self.objective.prepare(dataset, _stream(config, 4, torch.device("cpu")))
        self.prepared = {name: place(array, self.device) for name, array in prepared.items()}
        context = ObjectiveContext(config.latent_dim, dataset.image_shape, config.network, prepared)
        for name, network in self.objective.auxiliary_modules(context, initial).items():
            self.model.auxiliary_modules[name] = network.to(self.device)
        own = self.objective.networks(context, initial)
        self.networks = {name: network.to(self.device) for name, network in own.items()}
        self.modules: dict[str, nn.Module] = {MODEL: self.model, **self.networks}
        self.parameters = {name: list(m.parameters()) for name, m in self.modules.items()}
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            name: self._optimizer(module, self.objective.adam(name))
            for name, module in self.modules.items()
        }
        self.scheduled = {n for n in self.modules if self.objective.adam(n).lr is None}
        self.streams = {
            "order": _stream(config, 1, torch.device("cpu")),
            "noise": _stream(config, 2, self.device),
        }
        if self.objective.needs_second_batch:
            self.streams[SECOND] = _stream(config, 3, torch.device("cpu"))

    def _optimizer(self, module: nn.Module, settings: AdamSettings) -> torch.optim.Optimizer:
        """Adam for the parameters of a module; weight decay leaves some of them out."""
        decayed, spared = _decayed_apart(module)
        optimizer = torch.optim.AdamW(
            [{"params": decayed}],
            lr=self.learning_rate(0) if settings.lr is None else settings.lr,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=self.device.type in ("cpu", "cuda"),
        )
        optimizer.add_param_group({"params": spared, "weight_decay": 0.0})
        return optimizer

    @property
    def seconds(self) -> float:
        """Duration of this training, with earlier sessions that it continues."""
        return time.perf_counter() - self._began

    def fit(
        self, folder: Path, report: Callable[[Progress], None] = lambda progress: None
    ) -> VAEModel:
        """Train, or continue from the folder's checkpoint, and return the model.

        The whole state is written to `folder` after every epoch, so that the next call continues an
        interrupted training and ends with the same bits as without interruption. If the
        checkpoint or its log is damaged, or the log ends before the checkpoint, training begins
        again, with a warning.

        Args:
            folder: folder of the checkpoint and the log; it must exist.
            report: called every few dozen steps.

        Raises:
            DivergedError: at a value that is not finite; the last checkpoint is kept.
        """
        saved = folder / CHECKPOINT
        state = (self.modules, self.optimizers, self.streams)
        if saved.exists() and self._can_go_on(saved, folder / LOG):
            self.step, earlier = checkpoint.load(saved, *state)
            self._began -= earlier
        try:
            for _ in self._epochs(report):
                self.log.save(folder / LOG)
                checkpoint.save(saved, self.step, *state, self.seconds)
        except DivergedError as error:
            if saved.exists():
                raise DivergedError(f"{error} The last good checkpoint is kept.") from None
            raise
        self.objective.after_training(
            self.model, self.dataset, _stream(self.config, 5, torch.device("cpu"))
        )
        return self.model

    def terms_of_model(self) -> dict[str, float]:
        """Mean of every term over the data, for the current model; without training.

        Batches follow the order of the data without an incomplete last one, and noise comes from a
        separate stream.
        """
        log, size = StepLog(), self.config.batch_size
        noise = _stream(self.config, 6, self.device)
        rows = torch.arange(self.steps_per_epoch * size, device=self.images.device)
        other: Tensor | None = None  # the batch before, for objectives that want a second one
        self.model.eval()
        with torch.no_grad():
            for some in torch.split(rows, size):
                batch = laid_out(self.images.index_select(0, some), self.device)
                step = self._step(some, noise, batch if other is None else other)
                log.add(self.objective(self.model, batch, step))
                other = batch
        return log.flush()

    def _step(self, rows: Tensor, noise: torch.Generator, other: Tensor | None) -> Step:
        """What the objective may read beside the batch of the next step."""
        prepared = cast(dict[str, Tensor], self.prepared)  # streamed images select rows alike
        return Step(self.step, len(self.images), noise, self.networks, other, rows, prepared)

    def _can_go_on(self, saved: Path, log: Path) -> bool:
        """Load the log of a checkpoint; False, with a warning, if either is unusable."""
        try:
            self.log.load(log, checkpoint.step_of(saved))
        except RunError as error:
            warnings.warn(
                f"training begins again: {str(error).rstrip('.')}", MicvaeWarning, stacklevel=3
            )
            return False
        return True

    def _epochs(self, report: Callable[[Progress], None]) -> Iterator[int]:
        """Train epoch by epoch, and yield the number of epochs done."""
        total = self.config.epochs * self.steps_per_epoch
        self.model.train()
        while self.step < total:
            started = time.perf_counter()
            for taken in self.steps():
                if taken % _FLUSH == 0 or taken == self.steps_per_epoch:
                    terms = self.log.flush()
                    rate = taken * self.config.batch_size / (time.perf_counter() - started)
                    report(Progress(self.step, total, terms, rate))
            yield self.step // self.steps_per_epoch
        self.model.eval()

    def steps(self) -> Iterator[int]:
        """Take the steps of one epoch, and yield the number of steps done."""
        others = self._batches(SECOND) if SECOND in self.streams else None
        for taken, (rows, batch) in enumerate(self._batches("order"), start=1):
            self._update(batch, rows, None if others is None else next(others)[1])
            yield taken

    def _batches(self, stream: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Rows and images of each batch of an epoch."""
        order = torch.randperm(len(self.images), generator=self.streams[stream])
        order = order.to(self.images.device)
        size = self.config.batch_size
        for start in range(0, self.steps_per_epoch * size, size):
            rows = order[start : start + size]
            batch = self.images.index_select(0, rows)  # image by image; indexing goes by pixels
            yield rows, laid_out(batch, self.device)

    def _update(self, batch: Tensor, rows: Tensor, other: Tensor | None = None) -> None:
        """One step: the gradients of all groups are computed before any weights change."""
        step = self._step(rows, self.streams["noise"], other)
        losses = self.objective(self.model, batch, step)
        self.log.add(losses)
        left = len(losses.minimised)
        for name, loss in losses.minimised.items():
            left -= 1
            gradients = torch.autograd.grad(
                loss, self.parameters[name], retain_graph=left > 0, allow_unused=True
            )
            for parameter, gradient in zip(self.parameters[name], gradients, strict=True):
                parameter.grad = gradient
        rate = self.learning_rate(self.step)
        for name in losses.minimised:
            optimizer = self.optimizers[name]
            if name in self.scheduled:
                for group in optimizer.param_groups:
                    group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()  # the next step's gradients take this memory while it is cached
        self.step += 1


def _decayed_apart(module: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Weights of layers, and parameters without decay: biases and those of the latent space."""
    space = getattr(module, "space", None)
    spared = set(map(id, space.parameters())) if isinstance(space, nn.Module) else set()
    parts: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
    for parameter in module.parameters():
        parts[parameter.ndim < 2 or id(parameter) in spared].append(parameter)
    return parts


def _stream(config: RunConfig, use: int, device: torch.device) -> torch.Generator:
    """An independent source of randomness for each use of a seed, and of each restart of it."""
    key = [config.seed, use, config.restart] if config.restart else [config.seed, use]
    state = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state) % 2**63)
