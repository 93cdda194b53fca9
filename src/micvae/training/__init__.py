"""The one training loop, its checkpoints and devices, and the run folders it fills."""

from micvae.training.config import RunConfig, TrainingOptions
from micvae.training.run import Run
from micvae.training.train import train_run
from micvae.training.trained_model import TrainedModel

__all__ = ["Run", "RunConfig", "TrainedModel", "TrainingOptions", "train_run"]
