"""Complete settings as text, in one grammar with the command line and `run.json`."""

from typing import Any

from micvae import spelling
from micvae.objectives import find
from micvae.training.config import RunConfig


def setting(method: str, data: str, **settings: Any) -> RunConfig:
    """A configuration from texts: `setting("ivae:simulation", "segments(…)", epochs=45)`.

    Args:
        method: as for `micvae train`, with a preset or arguments where needed.
        data: as for `--data`; `{seed}` stands for the seed.
        settings: other fields of `RunConfig`, each as text or as a plain value.
    """
    objective = spelling.spell(find(method), full=True)
    return RunConfig.from_json({"device": "cpu", "data": data, **settings, "objective": objective})


VECTORS: dict[str, Any] = {
    "latent_dim": 5,
    "network": "mlp(hidden=128)",
    "likelihood": "learned-gaussian(scale=0.1)",
    "batch_size": 512,
    "epochs": 45,
    "learning_rate": "ramp(3e-3, 0, steps=1800, begin=1700)",
}
"""Problems of 40,000 vectors of five features; chosen on seeds from 100 on."""

SQUARES: dict[str, Any] = {"latent_dim": 6, "epochs": 20}
"""10,240 squares, with twice as many latents as factors."""

SPRITES: dict[str, Any] = {"latent_dim": 10, "epochs": 20, "learning_rate": 5e-4}
"""dSprites, generated, with ten latents as in the papers that introduced them."""
