"""`micvae export`: a run's networks for other runtimes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from micvae.cli.display import busy, say
from micvae.cli.outputs import check_folder, holds_export
from micvae.cli.parsing import parse
from micvae.paths import member
from micvae.training.run import Run


def export(arguments: list[str]) -> None:
    """`micvae export RUN`."""

    @dataclass(frozen=True)
    class Export:
        """Write a run's encoder and decoder as files that need neither micvae nor PyTorch.

        encoder.onnx maps images to codes, decoder.onnx codes to images, in batches of any size.
        Both are compared with PyTorch before they are written. model.json describes their inputs
        and outputs and the range of every latent.
        """

        run: Positional[Path]
        """Folder of a trained run."""
        format: Literal["onnx"] = "onnx"
        """Format of the files."""
        out: Path | None = None
        """Folder for the files. Default: RUN/onnx."""

    parsed = parse(Export, arguments, "export")
    from micvae.sharing.onnx import TOLERANCE, export_run, require_onnx

    require_onnx("export")
    out = parsed.out or member(parsed.run, "onnx")
    check_folder(out, "export", holds_export)
    with busy(f"exporting {parsed.run}"):
        description = export_run(Run(parsed.run), out)
    for network in (description.encoder, description.decoder):
        say(
            f"{out / network.file}: {network.input.name} → {network.output.name}, "
            f"largest difference to PyTorch {network.difference:.1e} "
            f"({TOLERANCE:g} is allowed)"
        )
    say(f"{out / 'model.json'}: inputs, outputs, latents and settings")
    for note in description.notes:
        say(f"note: {note}")
