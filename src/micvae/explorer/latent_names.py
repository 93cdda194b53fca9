"""Names of latents that a user stored in the run's folder."""

from collections.abc import Sequence
from pathlib import Path

from micvae.errors import RunError
from micvae.files import read_json

NAMES = "latent_names.json"
LONGEST = 40


def read_names(folder: Path, latents: Sequence[str]) -> dict[str, str]:
    """Read `latent_names.json`: from `z0`, `z1`, … to names, for some or all latents.

    Args:
        folder: of the run; without the file there are no names.
        latents: the latents of the run.

    Raises:
        RunError: for a file that holds anything else.
    """
    path = Path(folder) / NAMES
    if not path.exists():
        return {}
    names = read_json(path)
    if not isinstance(names, dict):
        raise RunError(f'{path} must map latents to names, as in {{"z0": "size"}}.')
    for latent, name in names.items():
        if latent not in latents:
            raise RunError(f"{path} names {latent!r}; the latents are {', '.join(latents)}.")
        if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST:
            raise RunError(f"{path}: {latent} is {name!r}; give a text of 1 to {LONGEST} letters.")
    return {latent: name.strip() for latent, name in names.items()}
