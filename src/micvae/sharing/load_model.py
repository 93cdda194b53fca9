"""Load a trained model from a run, a shared folder or a repository on the hub."""

from __future__ import annotations

from micvae.errors import RunError
from micvae.files import expanded
from micvae.sharing.hub import CONFIG, from_pretrained
from micvae.training import TrainedModel
from micvae.training.run import RECORD, Run

HUB = "hf://"


def open_trained(place: str) -> TrainedModel:
    """Open the folder of a run, a folder written by `micvae share`, or `hf://OWNER/NAME`.

    Raises:
        RunError: where there is no trained model.
    """
    if place.startswith(HUB):
        return from_pretrained(place.removeprefix(HUB))
    path = expanded(place)
    if (path / RECORD).is_file():
        return Run(path).trained_model()
    if (path / CONFIG).is_file():
        return from_pretrained(path)
    raise RunError(
        f"{path} is not a run, nor a shared model: it has neither {RECORD} nor {CONFIG}; give the "
        "--out of micvae train or micvae share."
    )
