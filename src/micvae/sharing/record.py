"""The records in `config.json` of a shared model and `model.json` of an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from micvae.data import FactorKind
from micvae.data.value_range import TrainedScale
from micvae.records import LEFT_OUT, Count, FieldError, NonNegative, Texts, check_length
from micvae.sharing.latents import LatentDescription
from micvae.training import RunConfig
from micvae.training.record import NamedData, Scores, check_data
from micvae.training.units import Units

FORMAT: Final = 1


NOT_RECORDED: Final = Units()
"""Of a model that was shared before models carried their units."""


@dataclass(frozen=True, kw_only=True)
class SharedData(NamedData):
    """The training data of a shared model, without paths of the machine that trained it."""

    factor_kinds: tuple[FactorKind, ...]
    units: Units | None = NOT_RECORDED
    """None where the model reads data as it is."""
    value_range: tuple[float, float] | None = field(default=None, metadata=LEFT_OUT)
    """Black and white of images, see `TrainedScale`."""
    dtype: str | None = field(default=None, metadata=LEFT_OUT)
    """Of the array of images."""

    @property
    def pixel_scale(self) -> TrainedScale:
        """Which pixel values were black and white in training."""
        if self.value_range is None:
            return TrainedScale()
        return TrainedScale.of({"value_range": list(self.value_range), "dtype": self.dtype})


@dataclass(frozen=True, kw_only=True)
class Training:
    """Time, libraries and final loss terms of the training."""

    seconds: NonNegative | None = None
    python: str | None = field(default=None, metadata=LEFT_OUT)
    torch: str | None = field(default=None, metadata=LEFT_OUT)
    numpy: str | None = field(default=None, metadata=LEFT_OUT)
    last_epoch: Mapping[str, float]
    """Mean of every term of the finished model, nats per sample, see `Run.final_terms`."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Content of `config.json` of a shared model."""

    REMEDY: ClassVar[str] = "Share the run again with micvae share, or ask for the file again."

    library_name: Literal["micvae"] = "micvae"
    format: Literal[1] = FORMAT
    micvae: str
    """Version that trained the model."""
    config: RunConfig
    image_shape: tuple[int, ...]
    data: SharedData
    training: Training
    scores: Scores | None = None

    def __post_init__(self) -> None:
        data = self.data
        check_data(self.image_shape, data.factor_names, data.factor_kinds, data.feature_names)
        units = data.units
        if units is NOT_RECORDED and len(self.image_shape) == 1:
            raise FieldError("data.units", "missing", "an object or null")
        if units is not None and units.mean is not None:
            wanted = self.image_shape[0] if len(self.image_shape) == 1 else 0
            check_length("data.units.mean", units.mean, wanted)


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output of a network."""

    name: str
    dtype: str
    shape: tuple[str | int, ...]
    """`batch` is any number of samples."""


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """One network as ONNX."""

    file: str
    input: Port
    output: Port
    difference: NonNegative
    """Largest absolute difference to PyTorch over the outputs that were compared."""


@dataclass(frozen=True, kw_only=True)
class EncoderFile(NetworkFile):
    """The encoder."""

    input_range: tuple[float, float] | None
    """Of images; None for vectors."""


@dataclass(frozen=True, kw_only=True)
class DecoderFile(NetworkFile):
    """The decoder."""

    output_range: tuple[float, float] | None
    """Of images; None for vectors."""


@dataclass(frozen=True, kw_only=True)
class ExportedData(NamedData):
    """The training data of an exported model."""

    image_shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class OnnxDescription:
    """Content of `model.json`, which describes the two ONNX files."""

    micvae: str
    format: Literal["onnx"] = "onnx"
    opset: Count
    encoder: EncoderFile
    decoder: DecoderFile
    latents: tuple[LatentDescription, ...]
    data: ExportedData
    units: Units | None
    """None where the model reads data as it is."""
    notes: Texts
    """Conversions and limits that the files do not include."""
    config: RunConfig
