"""The one training loop, its checkpoints and devices, and the run folders it fills."""

from micvae.training.config import RunConfig, TrainingOptions
from micvae.training.run import Run, train_run

__all__ = ["Run", "RunConfig", "TrainingOptions", "train_run"]
