"""Published files, in small: written in their own formats, read, cut short and tampered with."""

import gzip
import io
import pickle
import struct
import sys
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from micvae.data import cars3d, dsprites, dsprites_file, load, mpi3d, shapes3d, smallnorb
from micvae.errors import DataError, MicvaeWarning

NOISE = np.random.default_rng(0)
UNKNOWN = pytest.warns(MicvaeWarning, match="is not the published")


class Trap:
    """Unpickling this leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


# --- dSprites ---------------------------------------------------------------------------------


def dsprites_arrays(n=60):
    made = dsprites(n, seed=1)
    return {
        "imgs": made.images[:, 0].astype(np.uint8),
        "latents_classes": np.zeros((n, 6), np.int64),
        "latents_values": np.column_stack([np.ones(n), made.factors]),
    }


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_dsprites_is_read_without_its_pickle(tmp_path, save):
    arrays = dsprites_arrays()
    path, trap = tmp_path / "dsprites.npz", tmp_path / "sprung"
    save(path, metadata=np.asarray(Trap(trap), dtype=object), **arrays)
    data = dsprites_file(path, n=None, verify=False)
    assert not trap.exists()
    np.testing.assert_array_equal(data.images[:, 0], arrays["imgs"])
    np.testing.assert_array_equal(data.factors, arrays["latents_values"][:, 1:])
    assert data.factor_names == dsprites(1).factor_names and data.notes == dsprites(1).notes
    pickle.loads(pickle.dumps(Trap(trap)))  # the trap does work
    assert trap.exists()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_rows_are_drawn_without_replacement(tmp_path, save):
    arrays = dsprites_arrays()
    arrays["latents_values"][:, 1] = np.arange(60)  # tells rows apart
    save(tmp_path / "d.npz", **arrays)
    data = dsprites_file(tmp_path / "d.npz", n=25, seed=4, verify=False)
    rows = data.factors[:, 0].astype(int)
    assert len(data) == len(set(rows)) == 25 and (np.diff(rows) < 0).any()
    np.testing.assert_array_equal(data.images[:, 0], arrays["imgs"][rows])
    again = dsprites_file(tmp_path / "d.npz", n=25, seed=4, verify=False)
    np.testing.assert_array_equal(again.images, data.images)
    other = dsprites_file(tmp_path / "d.npz", n=25, seed=5, verify=False)
    assert not np.array_equal(other.factors, data.factors)
    assert len(dsprites_file(tmp_path / "d.npz", n=1000, verify=False)) == 60
    # All values of the file are known, whichever are drawn.
    assert len(dsprites_file(tmp_path / "d.npz", n=3, verify=False).factor_values[0]) == 60


def test_another_file_than_the_published_one_is_warned_of(tmp_path):
    np.savez(tmp_path / "d.npz", **dsprites_arrays())
    with UNKNOWN:
        dsprites_file(tmp_path / "d.npz")
    data = load(f"dsprites_file({str(tmp_path / 'd.npz')!r}, n=7, verify=False)")
    assert len(data) == 7 and data.source["path"] == str(tmp_path / "d.npz")


def test_files_of_python_2_are_read(tmp_path):
    """Their headers write whole numbers as 60L."""
    arrays = dsprites_arrays()
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        for name, array in arrays.items():
            shape = "(" + ", ".join(f"{size}L" for size in array.shape) + ")"
            text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
            text += " " * (-(len(text) + 11) % 16) + "\n"
            content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
            archive.writestr(f"{name}.npy", content + array.tobytes())
    data = dsprites_file(tmp_path / "d.npz", n=None, verify=False)
    np.testing.assert_array_equal(data.images[:, 0], arrays["imgs"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"imgs": None}, "no array named imgs; it has latents_classes, latents_values"),
        ({"latents_values": np.ones((60, 5))}, r"latents_values has shape \(60, 5\)"),
        ({"latents_values": np.ones((9, 6))}, "imgs has 60 rows, latents_values 9"),
        ({"imgs": np.ones((60, 64, 64))}, "dtype float64; expected uint8"),
        ({"imgs": np.ones((60, 64), np.uint8)}, r"shape \(60, 64\)"),
        ({"imgs": np.full((60, 8, 8), 255, np.uint8)}, "ranges from 255 to 255"),
        ({"imgs": np.asarray([{}] * 60)}, "pickled, which could run code"),
        ({"imgs": np.asfortranarray(np.ones((60, 8, 8), np.uint8))}, "not stored row by row"),
        ({"imgs": np.uint8(1)}, "is a scalar"),
    ],
)
def test_unusable_dsprites_are_refused(tmp_path, changed, message):
    arrays = {k: v for k, v in (dsprites_arrays() | changed).items() if v is not None}
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(DataError, match=message):
        dsprites_file(tmp_path / "d.npz", verify=False)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_npz_is_one_line(tmp_path, save):
    path = tmp_path / "d.npz"
    save(path, **dsprites_arrays())
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for cut in [0, 1, 30, 100, len(whole) // 2, len(whole) - 30]:
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"d\.npz") as caught:
            dsprites_file(path, verify=False)
        assert "\n" not in str(caught.value)
    refused = 0
    for _ in range(200):  # some bytes changed anywhere: read, or refused in one line
        damaged = bytearray(whole)
        for place in generator.integers(0, len(whole), 4):
            damaged[place] = generator.integers(0, 256)
        path.write_bytes(damaged)
        try:
            dsprites_file(path, verify=False)
        except DataError:
            refused += 1
    assert refused > 0


def test_little_more_than_what_is_asked_for_is_held(tmp_path):
    """Of 32 MB of images, 20 are read: the rest passes by in blocks of 4 MB at most."""
    arrays = dsprites_arrays(8)
    arrays = {name: np.repeat(array, 1000, axis=0) for name, array in arrays.items()}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "d.npz", **arrays)
        dsprites_file(tmp_path / "d.npz", n=20, verify=False)
        tracemalloc.start()
        dsprites_file(tmp_path / "d.npz", n=20, verify=False)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 14e6  # two blocks, and the table of factors


# --- MPI3D ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "save"),
    [((6, 6, 2, 3, 3, 40, 40), np.savez), ((4, 4, 2, 3, 3, 40, 40), np.savez_compressed)],
    ids=["1036800", "460800 complex"],
)
def test_mpi3d_is_in_the_order_of_its_grid(tmp_path, sizes, save):
    total = int(np.prod(sizes))
    index = np.arange(total)
    images = np.stack([index % 256, index // 256 % 256, index // 65536], axis=1).astype(np.uint8)
    save(tmp_path / "m.npz", images=images.reshape(total, 1, 1, 3))
    data = mpi3d(tmp_path / "m.npz", n=500, seed=2, verify=False)
    assert data.image_shape == (3, 1, 1) and len(data) == 500
    assert tuple(len(values) for values in data.factor_values) == sizes
    back = (data.images[..., 0, 0] * 255).round() @ [1, 256, 65536]
    expected = np.ravel_multi_index(data.factors.astype(int).T, sizes)
    np.testing.assert_array_equal(back, expected)


def test_other_numbers_of_mpi3d_images_are_refused(tmp_path):
    np.savez(tmp_path / "m.npz", images=np.zeros((1000, 8, 8, 3), np.uint8))
    with pytest.raises(DataError, match=r"\(1000, 8, 8, 3\); expected \(1036800, H, W, 3\)"):
        mpi3d(tmp_path / "m.npz")


def test_mpi3d_files_with_a_known_digest_are_verified(tmp_path):
    np.savez_compressed(tmp_path / "m.npz", images=np.zeros((1036800, 1, 1, 3), np.uint8))
    with pytest.warns(MicvaeWarning, match="md5 is .* that of the published one .* or "):
        mpi3d(tmp_path / "m.npz", n=2)
    np.savez_compressed(tmp_path / "m.npz", images=np.zeros((460800, 1, 1, 3), np.uint8))
    assert len(mpi3d(tmp_path / "m.npz", n=2)) == 2  # none is known: nothing to warn of


# --- 3D Shapes --------------------------------------------------------------------------------


def shapes_file(path, images, labels, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, **options)
        file.create_dataset("labels", data=labels)
    return path


SHAPES = NOISE.integers(0, 256, (50, 64, 64, 3), dtype=np.uint8)
LABELS = np.column_stack([np.arange(50), *NOISE.random((5, 50))])


@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": (7, 64, 64, 3), "compression": "gzip"}, {"chunks": (50, 8, 8, 1)}],
    ids=["in one", "in chunks", "in chunks across images"],
)
def test_shapes3d(tmp_path, options):
    path = shapes_file(tmp_path / "3dshapes.h5", SHAPES, LABELS, **options)
    data = shapes3d(path, n=20, seed=1, verify=False)
    rows = data.factors[:, 0].astype(int)
    assert len(set(rows)) == 20
    np.testing.assert_array_equal(data.factors, LABELS[rows])
    expected = SHAPES[rows].transpose(0, 3, 1, 2) / np.float32(255)
    np.testing.assert_array_equal(data.images, expected)
    everything = shapes3d(path, n=None, verify=False)
    np.testing.assert_array_equal(everything.factors, LABELS)
    with UNKNOWN:
        shapes3d(path)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (SHAPES / 255.0, LABELS, "dtype float64; expected uint8"),
        (SHAPES[..., 0], LABELS, r"shape \(50, 64, 64\)"),
        (SHAPES, LABELS[:40], r"labels has shape \(40, 6\)"),
        (SHAPES, LABELS[:, :5], r"labels has shape \(50, 5\)"),
        (SHAPES, np.full((50, 6), np.nan), "NaN"),
        (SHAPES[:0], LABELS[:0], "empty"),
    ],
)
def test_unusable_shapes3d_is_refused(tmp_path, images, labels, message):
    path = shapes_file(tmp_path / "3dshapes.h5", images, labels)
    with pytest.raises(DataError, match=message):
        shapes3d(path, verify=False)


def test_damaged_shapes3d_is_one_line(tmp_path):
    path = shapes_file(tmp_path / "3dshapes.h5", SHAPES, LABELS, compression="gzip")
    whole = path.read_bytes()
    for cut in (0, 4, 100, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"3dshapes\.h5 cannot be read") as caught:
            shapes3d(path, verify=False)
        assert "\n" not in str(caught.value)
    with h5py.File(path, "w") as file:
        file.create_group("images")
    with pytest.raises(DataError, match=r"images in .* is stored outside of this file"):
        shapes3d(path, verify=False)


def test_shapes3d_without_h5py_says_what_to_install(tmp_path, monkeypatch):
    path = shapes_file(tmp_path / "3dshapes.h5", SHAPES, LABELS)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(DataError, match=r'pip install "micvae\[files\]"'):
        shapes3d(path)


# --- small NORB -------------------------------------------------------------------------------

CODES = {np.dtype("u1"): 0x1E3D4C55, np.dtype("i4"): 0x1E3D4C54}


def matrix(array):
    sizes = (*array.shape, 1, 1)[: max(3, array.ndim)]
    head = struct.pack(f"<{2 + len(sizes)}I", CODES[array.dtype], array.ndim, *sizes)
    return head + array.tobytes()


def norb_half(folder, name, n, zipped, first=0):
    """Write one half; the category tells rows apart."""
    dat = NOISE.integers(0, 256, (n, 2, 96, 96), dtype=np.uint8)
    cat = np.arange(first, first + n, dtype=np.int32)
    info = np.column_stack([cat % 10, cat % 9, cat % 18 * 2, cat % 6]).astype(np.int32)
    for kind, array in (("dat", dat), ("cat", cat), ("info", info)):
        content = matrix(array)
        file = folder / f"{name}-{kind}.mat{'.gz' if zipped else ''}"
        file.write_bytes(gzip.compress(content, 1) if zipped else content)
    return dat


def small(image):
    return np.asarray(Image.fromarray(image).resize((64, 64), Image.Resampling.LANCZOS)) / 255


@pytest.mark.parametrize("zipped", [False, True])
def test_smallnorb(tmp_path, zipped):
    dat = np.concatenate(
        [norb_half(tmp_path, "a", 30, zipped), norb_half(tmp_path, "b", 20, zipped, first=30)]
    )
    data = smallnorb(tmp_path, n=35, seed=1, instance=True)
    rows = data.factors[:, 0].astype(int)
    assert len(set(rows)) == 35 and rows.max() >= 30 > rows.min()
    expected = np.stack([small(dat[row, 0]) for row in rows])
    np.testing.assert_allclose(data.images[:, 0], expected, atol=1e-6)
    assert data.factor_names == ("category", "elevation", "azimuth", "lighting", "instance")
    table = [rows, 30 + 5 * (rows % 9), rows % 18 * 20, rows % 6, rows % 10]
    np.testing.assert_array_equal(data.factors, np.column_stack(table))
    assert data.notes == ()
    file = "a-dat.mat.gz" if zipped else "a-dat.mat"
    one = smallnorb(tmp_path / file, n=None)
    assert len(one) == 30 and one.n_factors == 4 and "Ten toys" in one.notes[0]


def test_smallnorb_with_a_published_name_is_verified(tmp_path):
    norb_half(tmp_path, "smallnorb-5x46789x9x18x6x2x96x96-training", 3, zipped=True)
    with pytest.warns(MicvaeWarning) as caught:
        smallnorb(tmp_path)
    assert len(caught) == 3 and all("sha256" in str(each.message) for each in caught)
    smallnorb(tmp_path, verify=False)


def test_a_file_beside_its_own_archive_is_read_once(tmp_path):
    norb_half(tmp_path, "a", 5, zipped=True)
    norb_half(tmp_path, "a", 5, zipped=False)
    assert len(smallnorb(tmp_path)) == 5


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a-dat.mat", None, "holds no small NORB file"),
        ("a-cat.mat", None, "needs a-cat.mat beside it"),
        ("a-cat.mat", b"", "cannot be read as a small NORB file"),
        ("a-cat.mat", b"MATLAB 5.0 MAT-file", "it is not a small NORB matrix of 1 dimensions"),
        ("a-cat.mat", matrix(np.zeros(9, np.int32)), r"expected \(9, 4\)"),
        ("a-cat.mat", matrix(np.zeros((9, 2), np.int32)), "it is not a small NORB matrix"),
        ("a-info.mat", matrix(np.zeros((5, 3), np.int32)), r"shape \(5, 3\)"),
        ("a-dat.mat", matrix(np.zeros((4, 2, 96, 96), np.uint8)), "expected 5 pairs"),
        ("a-dat.mat", matrix(np.zeros((5, 2, 96, 96), np.uint8))[:-1], "ends within row"),
        ("a-info.mat", matrix(np.zeros((5, 4), np.int32))[:-1], "ends within row"),
        ("a-dat.mat", struct.pack("<6I", CODES[np.dtype("u1")], 4, *[2**32 - 1] * 4), "expected 5"),
    ],
)
def test_unusable_smallnorb_is_refused(tmp_path, file, content, message):
    norb_half(tmp_path, "a", 5, zipped=False)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError, match=message):
        smallnorb(tmp_path)


def test_smallnorb_cut_short_in_its_archive_is_refused(tmp_path):
    norb_half(tmp_path, "a", 5, zipped=True)
    whole = (tmp_path / "a-dat.mat.gz").read_bytes()
    (tmp_path / "a-dat.mat.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a-dat\.mat\.gz"):
        smallnorb(tmp_path)


# --- 3D Cars ----------------------------------------------------------------------------------


def mesh(number):
    """128×128 views of one colour each, which tells them apart."""
    im = np.empty((128, 128, 3, 24, 4), np.uint8)
    im[:, :, 0] = number
    im[:, :, 1] = 10 * np.arange(24)[:, None]
    im[:, :, 2] = 50 * np.arange(4)
    written = io.BytesIO()
    savemat(written, {"im": im, "mask": im[:, :, 0]}, do_compression=True)
    return written.getvalue()


def archive_of(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(scope="module")
def meshes():
    return {number: mesh(number) for number in (3, 100, 50)}


@pytest.fixture
def cars(tmp_path, meshes):
    members = [(f"data/cars/car_{i:03}_mesh.mat", content) for i, content in meshes.items()]
    members += [("data/cars/list.txt", b"car_003_mesh\n"), ("data/shapes48.mat", b"no mesh")]
    return archive_of(tmp_path / "nips2015-analogy-data.tar.gz", members)


def check_cars(data):
    assert data.factor_names == ("elevation", "azimuth", "car") and data.image_shape == (3, 64, 64)
    elevation, azimuth, car = data.factors.T
    assert np.ptp(data.images, axis=(2, 3)).max() == 0
    colours = (data.images[:, :, 0, 0] * 255).round()
    np.testing.assert_array_equal(colours[:, 0], np.asarray([3, 50, 100])[car.astype(int)])
    np.testing.assert_array_equal(colours[:, 1], 10 * azimuth / 15)
    np.testing.assert_array_equal(colours[:, 2], 50 * elevation)


def test_cars3d_from_the_archive(cars):
    check_cars(cars3d(cars, n=40, seed=1, verify=False))
    everything = cars3d(cars, n=None, verify=False)
    check_cars(everything)
    assert len(np.unique(everything.factors, axis=0)) == 3 * 24 * 4
    with UNKNOWN:
        cars3d(cars, n=1)
    assert sorted(p.name for p in cars.parent.iterdir()) == [cars.name]  # nothing was unpacked


def test_cars3d_from_a_folder(cars, tmp_path):
    with tarfile.open(cars) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    data = cars3d(tmp_path / "unpacked", n=40, seed=1)
    check_cars(data)
    np.testing.assert_array_equal(data.images, cars3d(cars, n=40, seed=1, verify=False).images)


@pytest.mark.parametrize(
    "name", ["../car_001_mesh.mat", "/tmp/car_001_mesh.mat", "a/../../car_1.mat"]
)
def test_members_outside_the_archive_are_refused(tmp_path, name):
    path = archive_of(tmp_path / "cars.tar.gz", [(name, b"")])
    with pytest.raises(DataError, match="outside of it; refused"):
        cars3d(path, verify=False)


def test_unusable_cars3d_is_refused(tmp_path, cars):
    bad = {"im": np.zeros((8, 8, 3, 24, 3), np.uint8)}
    for content, message in (
        (b"no MATLAB file", "cannot be read as the 3D Cars archive"),
        (saved({"mask": bad["im"]}), "no array named im"),
        (saved(bad), r"shape \(8, 8, 3, 24, 3\)"),
        (saved({"im": np.zeros((8, 8, 3, 24, 4))}), "dtype float64"),
    ):
        path = archive_of(tmp_path / "cars.tar.gz", [("cars/car_001_mesh.mat", content)])
        with pytest.raises(DataError, match=message):
            cars3d(path, verify=False)
    with pytest.raises(DataError, match=r"no files named car_…\.mat"):
        cars3d(archive_of(tmp_path / "cars.tar.gz", [("readme", b"")]), verify=False)
    whole = cars.read_bytes()
    for cut in (0, 20, len(whole) // 2):
        cars.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="cannot be read as the 3D Cars archive"):
            cars3d(cars, verify=False)


def saved(arrays):
    written = io.BytesIO()
    savemat(written, arrays)
    return written.getvalue()


# --- all --------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [dsprites_file, shapes3d, cars3d, smallnorb, mpi3d])
def test_a_missing_file_says_where_it_comes_from(tmp_path, read):
    with pytest.raises(DataError, match=r"there is no .* file .*downloads nothing: get it from"):
        read(tmp_path / "nothing")
    with pytest.raises(DataError, match="path is 3; give the path"):
        read(3)


def test_the_command_line_names_published_files(tmp_path):
    with pytest.raises(DataError, match=r"there is no 3D Shapes file gone\.h5"):
        load("shapes3d('gone.h5')")
    (tmp_path / "3dshapes.h5").write_bytes(b"")
    with pytest.raises(DataError, match=r"as in shapes3d\('3dshapes.h5'\)"):
        load(str(tmp_path / "3dshapes.h5"))
    with pytest.raises(DataError, match="path"):
        load("shapes3d()")
