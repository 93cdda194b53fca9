"""From a run to one self-contained HTML file."""

from __future__ import annotations

import base64
import gzip
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from micvae import __version__
from micvae.errors import RunError
from micvae.explorer.content import DecoderPorts, gather_content
from micvae.explorer.runtime import runtime_files
from micvae.explorer.samples import read_dataset
from micvae.files import expanded, write_text
from micvae.records import Json, encoded
from micvae.sharing.onnx import export_networks, require_onnx
from micvae.sharing.paths import public, without_folders
from micvae.text import page_text, printable_values
from micvae.torch_state import with_torch_defaults
from micvae.training.run import Run

PAGE = "explore.html"

SCRIPTS = (
    "decoder.js",
    "paint.js",
    "vectors.js",
    "state.js",
    "latents.js",
    "pictures.js",
    "traversals.js",
    "scatter.js",
    "page.js",
)
"""Joined in this order to one module."""


@with_torch_defaults
def explore_run(run: Run, path: Path | None = None) -> Path:
    """Write the explorer of a run: decoder, runtime and samples of the data in one HTML file.

    Args:
        run: a finished run.
        path: of the page; `explore.html` in the run's folder where left out.

    Returns:
        The path of the page.

    Raises:
        MicvaeError: where the runtime is not there, see `runtime_files`.
        RunError: where the run is not finished or damaged.
        ExportError: where onnx or onnxruntime is not installed, or the decoder cannot be exported,
            see `micvae.sharing.onnx`.
    """
    require_onnx("explore")
    path = run.path / PAGE if path is None else expanded(path)
    if path.is_dir():
        raise RunError(f"{path} is a folder; give --out the name of a file, such as {PAGE}.")
    script, machine = runtime_files()
    model = run.model()
    shape = run.image_shape
    _, decoder = export_networks(model, shape)
    dataset, missing = read_dataset(run)
    if missing and path.is_file() and _has_samples(path):
        raise RunError(
            f"{path} is kept: it shows samples of the data, which cannot be read now ({missing})"
        )
    ports = DecoderPorts(input=decoder.input, output=decoder.output)
    content = gather_content(run, model, run.representation(), dataset, ports)
    active = sum(latent.active for latent in content.latents)
    html = _template().render(
        title=f"{run.config.method} on {run.data.name}",
        what="image" if len(shape) == 3 else "vector",
        latents=len(content.latents),
        active=active,
        content=_json(encoded(content)),
        css=_read("micvae.reports", "page.css") + _read(__package__, "page/page.css"),
        scripts=[_read(__package__, f"page/{name}") for name in SCRIPTS],
        packed={
            "runtime": _packed(script),
            "machine": _packed(machine),
            "network": _packed(decoder.content),
        },
        missing=_public(missing, run),
        notes=run.data.notes,
        settings=run.config.to_json() | {"data": public(run.config.data)},
        difference=f"{decoder.difference:.0e}",
        version=__version__,
    )
    write_text(path, html)
    return path


def _has_samples(page: Path) -> bool:
    """Whether an existing page has images or vectors of the data."""
    text = page.read_text("utf-8", errors="replace")
    return '"sheet": "data:' in text or '"vectors": "' in text


def _public(missing: str, run: Run) -> str:
    """Why there is no data, without the folders of this machine."""
    text = without_folders(missing, run.config.data)
    return text.replace(str(run.path), run.path.name) if run.path.is_absolute() else text


def _template() -> Any:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=page_text,
    )
    return environment.from_string(_read(__package__, "page/page.html.j2"))


def _read(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text("utf-8")


def _packed(content: bytes) -> str:
    """Bytes as text, compressed; the same bytes give the same text."""
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()


def _json(value: Json) -> str:
    """JSON within a script element; no name in it can end that element."""
    shown = printable_values(value)
    return json.dumps(shown, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
