"""Files from anybody: whatever is in them, only a MicvaeError may come out, or a usable value."""

import io
import json
import shutil
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from micvae.data import FactorDataset, load, read_matrix
from micvae.errors import MicvaeError
from micvae.representation import Representation
from micvae.training import Run

# The same examples every time: a test that fails must fail again. Files are written anew by each.
FUZZ = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["vae(beta=-1)", "ramp(1)", "mlp(hidden=0)", "joint(categories=())", "own"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@pytest.fixture
def spoiled(finished_run, tmp_path):
    return shutil.copytree(finished_run.path, tmp_path / "run")


def tried(action):
    """What comes out, or None for a MicvaeError; any other error fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return action()
        except MicvaeError as error:
            assert str(error)
            return None


def paths(values, before=()):
    for key, value in values.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from paths(value, (*before, key))


def cut_or_changed(content, draw):
    """A file cut short, lengthened, or with some bytes changed."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(0, 6))):
        changed[draw(st.integers(0, len(changed) - 1))] = draw(st.integers(0, 255))
    keep = draw(st.integers(0, len(changed)) | st.just(len(changed)))
    return bytes(changed[:keep]) + draw(st.binary(max_size=4))


@FUZZ
@given(data=st.data())
def test_configurations(spoiled, finished_run, data):
    record = json.loads((finished_run.path / "run.json").read_text())
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(sorted(paths(record))))
        place = record
        for key in way:
            place = place[key] if isinstance(place, dict) and key in place else {}
        if isinstance(place, dict):
            place[last] = data.draw(VALUES)
    (spoiled / "run.json").write_text(json.dumps(record))
    run = tried(lambda: Run(spoiled))
    if run is not None:
        tried(run.model)
        tried(run.representation)
        tried(run.last_epoch)


@FUZZ
@given(text=st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_texts_in_place_of_configurations(spoiled, text):
    (spoiled / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    tried(lambda: Run(spoiled))


@FUZZ
@given(
    name=st.text(max_size=30) | st.from_regex(r"(vae|hfs|qlae|ivae)\(.{0,20}\)?", fullmatch=True)
)
def test_texts_in_place_of_methods_and_data(name):
    from micvae.objectives import find

    tried(lambda: find(name))
    if not name.partition("(")[0].strip().isidentifier():
        tried(lambda: load(name))


@FUZZ
@given(data=st.data())
@pytest.mark.parametrize("name", ["weights.safetensors", "representation.npz", "log.parquet"])
def test_files_of_a_run(spoiled, finished_run, name, data):
    content = (finished_run.path / name).read_bytes()
    (spoiled / name).write_bytes(cut_or_changed(content, data.draw))
    run = Run(spoiled)
    found = tried({"w": run.model, "r": run.representation, "l": run.last_epoch}[name[0]])
    if isinstance(found, Representation):
        assert np.isfinite(found.codes).all() and len(found.codes) == len(found.factors)


@FUZZ
@given(data=st.data())
@pytest.mark.parametrize("compressed", [False, True])
def test_images_in_npz_files(tmp_path, compressed, data):
    buffer = io.BytesIO()
    images = np.linspace(0, 1, 4 * 64, dtype=np.float32).reshape(4, 8, 8)
    save = np.savez_compressed if compressed else np.savez
    save(buffer, images=images, factors=np.arange(4.0), factor_names=["a"])
    (tmp_path / "own.npz").write_bytes(cut_or_changed(buffer.getvalue(), data.draw))
    found = tried(lambda: load(str(tmp_path / "own.npz")))
    if isinstance(found, FactorDataset):
        assert np.isfinite(found.images).all() and len(found.factors) == len(found)


@FUZZ
@given(data=st.data())
@pytest.mark.parametrize("suffix", [".npy", ".csv", ".parquet"])
def test_tables_of_codes(tmp_path, suffix, data):
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    if suffix == ".npy":
        np.save(buffer, np.arange(12.0).reshape(4, 3))
    elif suffix == ".csv":
        buffer.write(b"a,b\n1,2\n3.5,x\n")
    else:
        pq.write_table(pa.table({"a": [1.0, 2.0], "b": ["x", "y"]}), buffer)
    path = tmp_path / f"codes{suffix}"
    path.write_bytes(cut_or_changed(buffer.getvalue(), data.draw))
    found = tried(lambda: read_matrix(path, "codes"))
    if found is not None:
        assert found.values.ndim == 2 and len(found.names) == found.values.shape[1]


@FUZZ
@given(table=st.text(alphabet="f,ab01.png\n\r\"'\0 e-∞", max_size=60) | st.text(max_size=40))
def test_tables_of_factors(tmp_path, table):
    for i in range(2):
        if not (tmp_path / f"{i}.png").exists():
            Image.new("L", (8, 8)).save(tmp_path / f"{i}.png")
    (tmp_path / "factors.csv").write_bytes(table.encode("utf-8", "surrogatepass"))
    found = tried(lambda: load(str(tmp_path)))
    if found is not None:
        assert np.isfinite(found.factors).all()
