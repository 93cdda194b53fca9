"""The one training loop, its checkpoints and devices, and the run folders it fills."""

from micvae.training.config import RunConfig, Settings
from micvae.training.run import Run, train_run

__all__ = ["Run", "RunConfig", "Settings", "train_run"]
