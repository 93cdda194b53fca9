"""One HTML page with sliders for the latents, which decodes in the browser."""

from micvae.explorer.build import PAGE, explore_run
from micvae.explorer.latent_names import NAMES
from micvae.explorer.runtime import runtime_files

__all__ = ["NAMES", "PAGE", "explore_run", "runtime_files"]
