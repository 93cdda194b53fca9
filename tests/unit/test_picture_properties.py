"""One picture in any type, range, layout and container gives one image, or one sentence."""

import tempfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from micvae.data import LazyImages
from micvae.data import lazy as lazy_module
from micvae.data.value_range import WHITES, TrainedScale
from micvae.errors import DataError
from micvae.estimator.containers import open_container
from micvae.estimator.inputs import dataset_of

DTYPES = ("bool", "uint8", "uint16", "int32", "int64", "float16", "float32", "float64")
LAYOUTS = ("NHW", "NCHW", "NHWC")
CONTAINERS = ("array", "tensor", "dataset", "npy", "npz", "h5", "folder")
COUNT = 3


def picture_of(seed, colour, levels):
    """Images `(N, C, H, W)` of that many levels in [0, 1], black and white among them."""
    shape = (COUNT, 3 if colour else 1, 9, 12)
    image = np.random.default_rng(seed).integers(0, levels, shape) / (levels - 1)
    image[0, :, 0, :2] = 0, 1
    return image


def stored(folder, container, array):
    """What is given to `taken` for that container, or None where it cannot hold the array."""
    if container == "array":
        return array
    if container == "tensor":
        return torch.from_numpy(array)
    if container == "dataset":
        return torch.utils.data.TensorDataset(torch.from_numpy(array))
    path = folder / f"own.{container}"
    if container == "npy":
        np.save(path, array)
    elif container == "npz":
        np.savez(path, images=array)
    elif container == "h5":
        with h5py.File(path, "w") as file:
            file["images"] = array
    else:
        deep = array.dtype in (np.int32, np.float32)
        grey = deep or array.dtype in (np.bool_, np.uint16)
        if not (array.dtype == np.uint8 or (grey and array.ndim == 3)):
            return None
        path.mkdir()
        for i, picture in enumerate(array):
            Image.fromarray(picture).save(path / f"{i}.{'tif' if deep else 'png'}")
    return str(path)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10),
    dtype=st.sampled_from(DTYPES),
    white=st.sampled_from((1, 2, 16, 63, 64, 100, *WHITES, 65536, 10**6)),
    level=st.sampled_from((2, 5, 256)),
    peak=st.sampled_from((1.0, 0.97, 0.3)),
    black=st.sampled_from((0, 0, 0, -1, -50)),
    layout=st.sampled_from(LAYOUTS),
    container=st.sampled_from(CONTAINERS),
    large=st.booleans(),
)
@example(0, "uint8", 1, 2, 1.0, 0, "NHW", "folder", True)
@example(0, "uint16", 4095, 256, 0.97, 0, "NHW", "folder", False)
@example(0, "float32", 255, 256, 1.0, 0, "NHW", "folder", True)
def test_the_same_picture_or_one_sentence(
    seed, dtype, white, level, peak, black, layout, container, large
):
    """What is read is (x − black) / white of one of the usual whites, and never another picture.

    The range that it was written with is found where the values reach it; where they do not, the
    picture is darker or lighter by one factor alone, which the data set's record says.
    """
    image = picture_of(seed, layout != "NHW", level) * peak
    values = black + image * (white - black)
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        if values.min() < limits.min or values.max() > limits.max:
            return
        values = np.round(values)
    elif kind.kind == "b":
        values = values > values.mean()
    elif np.abs(values).max() > np.finfo(kind).max:
        return
    array = values.astype(kind)
    array = {"NHW": array[:, 0], "NCHW": array, "NHWC": array.transpose(0, 2, 3, 1)}[layout]
    if layout == "NCHW" and container == "folder":
        array = array.transpose(0, 2, 3, 1)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        thing = stored(Path(folder), container, np.ascontiguousarray(array))
        if thing is None:
            return
        patch.setattr(lazy_module, "LARGE", 0 if large else lazy_module.LARGE)
        try:
            data = dataset_of(open_container(thing).values).dataset
        except DataError as refused:
            low, high = float(array.min()), float(array.max())
            said = str(refused)
            assert "value_range=(" in said and "\n" not in said
            overshoot = kind.kind == "f" and any(w < high <= 1.1 * w for w in WHITES)
            assert low < 0 or high > 65535 or 1 < high < 64 or overshoot
            return
        if large and container not in ("array", "tensor"):
            assert isinstance(data.images, LazyImages)
        found = data.images[:].astype(np.float64)
        source = data.source
    assert found.min() >= 0 and found.max() <= 1
    wanted = array.astype(np.float64)
    wanted = wanted[:, None] if layout == "NHW" else wanted
    if layout == "NHWC" or (layout == "NCHW" and container == "folder"):
        wanted = wanted.transpose(0, 3, 1, 2)
    low, high = source["value_range"]
    shown_as_bytes = container == "folder" and kind.kind == "b"  # black and white of a PNG
    if shown_as_bytes:
        wanted = wanted * 255
    assert low == 0 and high in (1, *WHITES)
    np.testing.assert_allclose(found, wanted / high, atol=1e-6)
    # Of the usual whites, the one that is chosen is the smallest that holds all values.
    peak_value = wanted.max()
    if peak_value > 0:
        assert high == next(w for w in (1, *WHITES) if w >= peak_value)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    dtype=st.sampled_from(("uint8", "uint16", "int64", "float32", "float64")),
    white=st.sampled_from((255, 1023, 4095, 65535)),
    row=st.integers(0, COUNT - 1),
    factor=st.sampled_from((1.0, 0.2, 0.01, 0.0)),
    container=st.sampled_from(("array", "npy", "npz", "h5")),
)
def test_a_part_is_read_as_the_whole(dtype, white, row, factor, container):
    """Any rows, however dark, are read on the scale of all."""
    if np.dtype(dtype).kind in "iu" and white > np.iinfo(dtype).max:
        return
    values = picture_of(1, False, 256) * white
    values[row] *= factor
    values[(row + 1) % COUNT, 0, 0, 0] = white
    array = values.astype(dtype)[:, 0]
    with tempfile.TemporaryDirectory() as folder:
        whole = dataset_of(stored(Path(folder), "npy", array)).dataset
        part = stored(Path(folder), container, array[row : row + 1].copy())
        found = dataset_of(part, trained=TrainedScale.of(whole.source)).dataset
        np.testing.assert_array_equal(found.images[:], whole.images[row : row + 1])
