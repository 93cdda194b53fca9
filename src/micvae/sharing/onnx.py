"""A trained run as two ONNX files: images to codes, and codes to images."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from micvae import __version__, records
from micvae.errors import MicvaeError
from micvae.files import check_writable, expanded, making, replacing_all
from micvae.models import VAEModel
from micvae.sharing.latents import describe_latents
from micvae.sharing.paths import public
from micvae.sharing.record import DecoderFile, EncoderFile, ExportedData, OnnxDescription, Port
from micvae.torch_state import with_torch_defaults
from micvae.training.run import Run

ENCODER = "encoder.onnx"
DECODER = "decoder.onnx"
DESCRIPTION = "model.json"
OPSET = 17
"""Version of the operators: from 2022, and read by every runtime since."""

TOLERANCE = 1e-4
"""Largest accepted difference to PyTorch: absolute, or relative to the largest output if that is
above 1, as single precision has no more digits."""

SINGLE = (
    f"{ENCODER} gives the codes of single frames, without smoothing over their sequence: they are "
    "not those of micvae encode, nor those that were scored, which need whole sequences."
)

BATCHES = (1, 2, 7)
"""Batch sizes for the comparison with PyTorch: one, a size other than traced, and odd."""


class ExportError(MicvaeError):
    """A model that cannot be written as ONNX, or whose ONNX file computes other values."""


class Encoding(nn.Module):
    """Images `(B, C, H, W)` or vectors `(B, F)` to codes `(B, D)`, each sample on its own."""

    def __init__(self, model: VAEModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """The code alone, without its standard deviation."""
        return self.model.codes(images)[0]


class Decoding(nn.Module):
    """Codes `(B, D)` to the expected image `(B, C, H, W)` in [0, 1], or vector `(B, F)`."""

    def __init__(self, model: VAEModel) -> None:
        super().__init__()
        self.model = model
        self.read = model.space.reader()

    def forward(self, codes: Tensor) -> Tensor:
        """The mean of p(x|z)."""
        mean: Tensor = self.model.likelihood(self.model.decoder(self.read(codes))).mean
        return mean


@dataclass(frozen=True)
class Exported:
    """One network as ONNX.

    Args:
        content: the file.
        input: name of the input, a batch of any size.
        output: name of the output.
        difference: largest absolute difference to PyTorch over all outputs compared.
        values: how many outputs were compared.
    """

    content: bytes
    input: str
    output: str
    difference: float
    values: int


@with_torch_defaults
def export_networks(model: VAEModel, image_shape: tuple[int, ...]) -> tuple[Exported, Exported]:
    """Encoder and decoder as ONNX, both compared with PyTorch.

    The decoder is compared on codes over the range of every latent, the encoder on the decoded
    images and on noise of the same range.

    Args:
        model: a trained model, in evaluation mode, on the CPU.
        image_shape: `(C, H, W)`, or `(F,)` for vectors.

    Raises:
        ExportError: where onnx or onnxruntime is not installed, an operation of the model has no
            counterpart, or the result differs by more than `TOLERANCE`.
        NotFiniteError: where the decoder's output is NaN or infinite.
    """
    count = max(BATCHES)
    encoding, decoding = Encoding(model).eval(), Decoding(model).eval()
    with torch.no_grad():
        codes = torch.stack([model.space.values(d, count) for d in range(model.latent_dim)], 1)
        with torch.inference_mode():
            model.decode_codes(codes)  # refuses what overflows, also where a mean hides it
        decoded: Tensor = decoding(codes)
        noise = torch.rand((count, *image_shape), generator=torch.Generator().manual_seed(0))
        low, high = decoded.min(), decoded.max()
        images = torch.stack([decoded, low + (high - low) * noise], 1).flatten(0, 1)
    data = "vectors" if len(image_shape) == 1 else "images"
    return _exported(encoding, images, data, "codes"), _exported(decoding, codes, "codes", data)


@with_torch_defaults
def export_run(run: Run, folder: Path) -> OnnxDescription:
    """Write `encoder.onnx`, `decoder.onnx` and `model.json`, all or none.

    Args:
        run: a finished run.
        folder: is created if it does not exist.

    Returns:
        Content of `model.json`: names and shapes of inputs and outputs, the latents with their
        kinds, ranges and KL (nats), the largest differences to PyTorch, mean and scale if vectors
        are standardised, notes on limits of the files, and the run's configuration.

    Raises:
        RunError: where the run is not finished or damaged.
        ExportError: see `export_networks`.
    """
    folder = expanded(folder)
    require_onnx("export")
    check_writable(folder)
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; give --out a folder.")
    model = run.model()
    encoder, decoder = export_networks(model, run.image_shape)
    description = describe(run, model, encoder, decoder)
    with (
        making(folder, "export"),
        replacing_all(folder, (DESCRIPTION, ENCODER, DECODER)) as (described, first, second),
    ):
        records.write(described, description)
        first.write_bytes(encoder.content)
        second.write_bytes(decoder.content)
    return description


def describe(run: Run, model: VAEModel, encoder: Exported, decoder: Exported) -> OnnxDescription:
    """Describe the two files for their readers."""
    data = run.data
    bounds = (0.0, 1.0) if data.pictures else None
    reads: tuple[str | int, ...] = ("batch", *data.image_shape)
    codes: tuple[str | int, ...] = ("batch", model.latent_dim)
    notes = run.units.notes(ENCODER, DECODER)
    if not run.config.objective.encodes_samplewise:
        notes.append(SINGLE)
    return OnnxDescription(
        micvae=__version__,
        opset=OPSET,
        encoder=EncoderFile(
            file=ENCODER,
            input=Port(name=encoder.input, dtype="float32", shape=reads),
            output=Port(name=encoder.output, dtype="float32", shape=codes),
            difference=encoder.difference,
            input_range=bounds,
        ),
        decoder=DecoderFile(
            file=DECODER,
            input=Port(name=decoder.input, dtype="float32", shape=codes),
            output=Port(name=decoder.output, dtype="float32", shape=reads),
            difference=decoder.difference,
            output_range=bounds,
        ),
        latents=tuple(describe_latents(model, run.representation())),
        data=ExportedData(
            name=data.name,
            n=data.n,
            image_shape=data.image_shape,
            factor_names=data.factor_names,
            feature_names=data.feature_names,
            notes=data.notes,
        ),
        units=run.units.stored,
        notes=tuple(notes),
        config=replace(run.config, data=public(run.config.data)),
    )


def _exported(network: nn.Module, batch: Tensor, reads: str, gives: str) -> Exported:
    content = _traced(network, batch[:2], reads, gives)
    session = _session(content)
    difference, values, largest = 0.0, 0, 1.0
    for size in (*BATCHES, len(batch)):
        with torch.no_grad():
            expected = network(batch[:size]).numpy()
        try:
            found = session.run(None, {reads: batch[:size].contiguous().numpy()})[0]
        except Exception as error:  # onnxruntime's own kinds of error share no base
            raise ExportError(f"{gives}: onnxruntime refuses the file: {_line(error)}.") from None
        if not (np.isfinite(found).all() and np.isfinite(expected).all()):
            raise ExportError(
                f"{gives} are NaN or infinite: a weight of the model is too large; nothing was "
                "written. Train it again."
            )
        apart = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
        difference, values = max(difference, apart), values + expected.size
        largest = max(largest, float(np.abs(expected).max()))
    if not difference <= TOLERANCE * largest:
        raise ExportError(
            f"{gives} differ by up to {difference:.1e} between PyTorch and onnxruntime, more than "
            f"{TOLERANCE * largest:.1e}; nothing was written."
        )
    return Exported(content, reads, gives, difference, values)


def _traced(network: nn.Module, batch: Tensor, reads: str, gives: str) -> bytes:
    """The file, by tracing: twenty times as fast as PyTorch's newer exporter and equally exact."""
    try:
        import onnx
    except ImportError:
        raise _not_installed("onnx") from None
    from torch.onnx.utils import register_custom_op_symbolic, unregister_custom_op_symbolic

    try:
        written = io.BytesIO()
        with _quiet():
            register_custom_op_symbolic("aten::special_ndtr", _normal_cdf, OPSET)
            torch.onnx.export(
                network,
                (batch,),
                written,  # type: ignore[arg-type]  # this exporter takes open files, too
                dynamo=False,
                input_names=[reads],
                output_names=[gives],
                dynamic_axes={reads: {0: "batch"}, gives: {0: "batch"}},
                opset_version=OPSET,
            )
            model = onnx.load_from_string(written.getvalue())
    except Exception as error:  # the exporter raises what its many stages raise
        raise ExportError(
            f"this model has no ONNX counterpart for its {gives}: {_line(error)}."
        ) from None
    finally:
        unregister_custom_op_symbolic("aten::special_ndtr", OPSET)
    with torch.no_grad():
        sizes = network(batch).shape[1:]
    # Tracing leaves sizes undefined after a split of a tensor; they are filled in here.
    shape = model.graph.output[0].type.tensor_type.shape
    for dimension, size in zip(shape.dim[1:], sizes, strict=True):
        dimension.dim_value = size
    content: bytes = model.SerializeToString()
    return content


def _normal_cdf(graph: Any, x: Any) -> Any:
    """Φ(x) = (1 + erf(x / √2)) / 2: ONNX has erf, but no normal distribution function."""
    half, root = (graph.op("Constant", value_t=torch.tensor(v)) for v in (0.5, 0.5**0.5))
    erf = graph.op("Erf", graph.op("Mul", x, root))
    return graph.op("Add", graph.op("Mul", erf, half), half)


def _session(content: bytes) -> Any:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError:
        raise _not_installed("onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, and so need no log
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def require_onnx(command: str) -> None:
    """Refuse a command that needs ONNX if its packages are not installed, before any work.

    Args:
        command: for the message: `export`, `explore`.

    Raises:
        ExportError: naming the package and how to install it.
    """
    for package in ("onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise _not_installed(package, command)


def _not_installed(package: str, command: str = "export") -> ExportError:
    return ExportError(f'{command} needs {package}: pip install "micvae[onnx]".')


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress output and warnings of the exporter; the comparison checks its result."""
    with (
        warnings.catch_warnings(),
        open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123, no path on every system
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        warnings.simplefilter("ignore")
        yield


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
