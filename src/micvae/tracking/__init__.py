"""Trackers, listed here and nowhere else; their libraries are loaded when one is opened."""

from micvae import spelling
from micvae.tracking.base import Status, Tracker, Tracking, tracked
from micvae.tracking.mlflow import MLflow
from micvae.tracking.run_log import RunLog
from micvae.tracking.tensorboard import TensorBoard
from micvae.tracking.wandb import Wandb

TRACKERS: dict[str, type[Tracking]] = {
    "log": RunLog,
    "tensorboard": TensorBoard,
    "mlflow": MLflow,
    "wandb": Wandb,
}
spelling.register(Tracking, TRACKERS, "tracker")

__all__ = [
    "TRACKERS",
    "MLflow",
    "RunLog",
    "Status",
    "TensorBoard",
    "Tracker",
    "Tracking",
    "Wandb",
    "tracked",
]
