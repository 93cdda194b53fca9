"""A user's own images: what is taken, and what is refused with a remedy."""

import numpy as np
import pytest
from PIL import Image

from micvae.data import FactorDataset, load, standardised, whitened
from micvae.data.wrapping import without_factors
from micvae.errors import AmbiguousKindWarning, DataError, MicvaeWarning

NOISE = np.random.default_rng(0)
GREY = NOISE.integers(0, 256, (6, 16, 16), dtype=np.uint8)
SEVEN = np.random.default_rng(1).integers(0, 256, (6, 16, 20, 7), dtype=np.uint8)
COLOUR = NOISE.integers(0, 256, (6, 16, 20, 3), dtype=np.uint8)


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "own.npz", **arrays)
    return load(str(tmp_path / "own.npz"))


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (GREY, GREY[:, None] / 255),
        (GREY[..., None], GREY[:, None] / 255),
        (COLOUR, COLOUR.transpose(0, 3, 1, 2) / 255),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR.transpose(0, 3, 1, 2) / 255),
        ((GREY / 255).astype(np.float64), GREY[:, None] / 255),
        (GREY.astype(np.uint16) * 257, GREY[:, None] / 255),
        (SEVEN, SEVEN.transpose(0, 3, 1, 2) / 255),
        (SEVEN.transpose(0, 3, 1, 2), SEVEN.transpose(0, 3, 1, 2) / 255),
    ],
    ids=["N,H,W", "N,H,W,1", "N,H,W,C", "N,C,H,W", "float64", "uint16", "N,H,W,7", "N,7,H,W"],
)
def test_layouts_and_types(tmp_path, images, expected):
    data = saved(tmp_path, images=images)
    assert data.images.dtype == np.float32 and data.n_factors == 0
    np.testing.assert_allclose(data.images, expected, atol=1e-7)


def test_factors_and_names(tmp_path):
    factors = np.column_stack([np.arange(6) // 2, np.linspace(0, 1, 6), [0, 22.5, 45] * 2])
    names = ["object", "light", "angle"]
    data = saved(tmp_path, images=GREY, factors=factors, factor_names=names)
    assert data.factor_names == tuple(names)
    assert data.factor_kinds == ("ordinal", "continuous", "ordinal")
    np.testing.assert_array_equal(data.factors, factors)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": GREY}, "no array named images; it has pictures"),
        ({"images": GREY[0]}, "shape"),
        ({"images": np.zeros((6, 16, 16, 16))}, "16 and 16 may both be a number of channels"),
        ({"images": np.zeros((6, 2, 16, 2))}, "2 and 2 may both be a number of channels"),
        ({"images": np.full((6, 16, 16), np.nan)}, "NaN"),
        ({"images": np.full((6, 16, 16), 2.0)}, r"from 2 to 2.*arrays\(.*, value_range=\(0, 2\)\)"),
        (
            {"images": np.full((6, 16, 16), -1.0)},
            r"from -1 to -1, some of them below 0.*value_range=\(-1, ",
        ),
        ({"images": GREY.astype(np.complex64)}, "dtype complex64; expected integers, floats or"),
        ({"images": np.array(["a", "b"])}, "shape"),
        ({"images": GREY[:0]}, "empty"),
        ({"images": GREY, "factors": np.zeros((5, 2))}, "5 rows, but there are 6 images"),
        ({"images": GREY, "factors": np.full((6, 1), np.inf)}, "factors holds NaN or infinite"),
        ({"images": GREY, "factors": np.array(["a"] * 6)}, "encode categories"),
        (
            {"images": GREY, "factors": np.zeros((6, 2)), "factor_names": ["a"]},
            "factor_names has 1",
        ),
    ],
)
def test_unusable_arrays_are_refused(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        saved(tmp_path, **arrays)


def test_pickles_are_refused(tmp_path):
    with pytest.raises(DataError, match="could run code"):
        saved(tmp_path, images=np.array([{"code": "run me"}], dtype=object))


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_broken_files_are_refused(tmp_path, content):
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        load(str(path))


def folder(tmp_path, pictures, table=None):
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{i:02}.png")
    if table is not None:
        (tmp_path / "factors.csv").write_text(table)
    return load(str(tmp_path))


def test_a_folder_of_pictures(tmp_path):
    rows = "".join(f"{i:02}.png,{i},{i / 2}\n" for i in reversed(range(6)))
    data = folder(tmp_path, GREY, "file,object,angle\n" + rows)
    np.testing.assert_allclose(data.images, GREY[:, None] / 255, atol=1e-7)
    assert data.factor_names == ("object", "angle")
    np.testing.assert_array_equal(data.factors[:, 0], np.arange(6))


def test_pictures_of_sixteen_bits_keep_their_grey_values(tmp_path):
    """Microscopes write them; a conversion to eight bits that clips would show them white."""
    fine = GREY.astype(np.uint16) * 256
    data = folder(tmp_path, fine)
    np.testing.assert_allclose(data.images, fine[:, None] / 65535, atol=1e-7)
    with pytest.raises(DataError, match="dtype uint16, the first one"):
        folder(tmp_path, [GREY[0]])


def test_grey_and_colour_pictures_mix(tmp_path):
    data = folder(tmp_path, [*COLOUR[:2], COLOUR[2, ..., 0]])
    assert data.images.shape == (3, 3, 16, 20)
    assert np.ptp(data.images[2], axis=0).max() == 0  # the grey one stays grey


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,a\n00.png,1\n", "no row for 1 of 2 images, e.g. 01.png"),
        ("file,a\n00.png,red\n01.png,1\n", "line 2, column a is 'red', which is not a number"),
        ("file;a\n00.png;1,5\n01.png;1\n", "line 2, column a is '1,5'.*decimals with a point"),
        ("file,a\n00.png,1\n\n01.png,\n", "line 4, column a is empty"),
        (
            "file,a\n00.png,1\n01.png,2\n00.png,3\n",
            "two different rows for 00.png, in lines 2 and 4",
        ),
        ("00.png,1\n01.png,2\n", "has no header row"),
        ("file,a\nimg/00.png,1\nimg/01.png,2\n", "no row for 2 of 2.*a row is of img/00.png"),
        ("file,a\n00.png,1,2\n01.png,1\n", "line 2 has 3 columns, not 2"),
        ("file,a\n00.png,nan\n01.png,1\n", "line 2, column a is nan"),
        ("", "header row"),
    ],
)
def test_unusable_tables_are_refused(tmp_path, table, message):
    with pytest.raises(DataError, match=message):
        folder(tmp_path, GREY[:2], table)


@pytest.mark.parametrize(
    "table",
    [
        "file;a\n00.png;1\n01.png;2.5\n",
        "file\ta\r\n00.png\t1\r\n01.png\t2.5\r\n",
        "file,a\n.\\00.png,1\n01.png,2.5\n",
        "\ufefffile,a\n00.png,1\n01.png,2.5\n00.png,1.0\n",
    ],
    ids=["semicolons", "tabs", "backslashes", "twice the same"],
)
def test_tables_of_other_programs_are_read(tmp_path, table):
    data = folder(tmp_path, GREY[:2], table)
    assert data.factor_names == ("a",) and data.factors.tolist() == [[1], [2.5]]


def test_a_table_that_is_not_utf_8_says_how_to_save_it(tmp_path):
    folder(tmp_path, GREY[:2])
    (tmp_path / "factors.csv").write_bytes("file,Größe\n".encode("latin-1"))
    with pytest.raises(DataError, match="save it as UTF-8"):
        load(str(tmp_path))


def test_rows_of_files_that_are_not_there_are_counted(tmp_path):
    table = "file,a\n00.png,1\n01.png,2\ngone.png,3\nlost.png,4\n"
    with pytest.warns(
        MicvaeWarning, match=r"2 rows are left out, as the files do not exist \(e.g. gone"
    ):
        assert folder(tmp_path, GREY[:2], table).factors.tolist() == [[1], [2]]


def test_what_macos_leaves_behind_is_no_picture(tmp_path):
    (tmp_path / ".trash").mkdir()
    for name in ("._00.png", ".trash/old.png"):
        (tmp_path / name).write_bytes(b"no picture")
    assert len(folder(tmp_path, GREY[:2])) == 2


def test_a_table_of_numbers_is_vectors(tmp_path):
    path = tmp_path / "sensors.csv"
    path.write_text("x,y\n1,2\n3,4.5\n")
    data = load(str(path))
    assert data.images.tolist() == [[1, 2], [3, 4.5]] and not data.pictures
    path.write_text(",x\n0,5\n1,6\n")  # row numbers of pandas
    assert load(str(path)).images.tolist() == [[5], [6]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x,y\n1,a\n", "column y holds text, and vectors are numbers"),
        ("x;y\n1;2\n", "no commas between its columns"),
        ("1,2\n3,4\n", "no header row"),
    ],
)
def test_tables_that_are_no_vectors_are_refused(tmp_path, content, message):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        load(str(tmp_path / "t.csv"))


def test_the_table_of_pictures_names_their_folder(tmp_path):
    folder(tmp_path, GREY[:2], "file,a\n00.png,1\n01.png,2\n")
    with pytest.raises(DataError, match=r"give their folder"):
        load(str(tmp_path / "factors.csv"))


def test_a_slip_of_the_keyboard_gets_the_nearest_name(tmp_path):
    saved(tmp_path, images=GREY)
    for given, message in [
        (tmp_path / "ownn.npz", r"did you mean own\.npz\?\); give the path"),
        (tmp_path / "no" / "own.npz", r"there is no folder .*no; give the path"),
        ("squars(n=9)", r"did you mean squares\?\); use squares"),
    ]:
        with pytest.raises(DataError, match=message):
            load(str(given))


def test_unusable_folders_are_refused(tmp_path):
    with pytest.raises(DataError, match="holds no images"):
        load(str(tmp_path))
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"x\.png cannot be read as an image"):
        load(str(tmp_path))
    Image.fromarray(GREY[0]).save(tmp_path / "x.png")
    Image.fromarray(COLOUR[0]).save(tmp_path / "y.png")
    with pytest.raises(DataError, match="different sizes"):
        load(str(tmp_path))


def test_files_of_another_kind_are_refused(tmp_path):
    (tmp_path / "images.mat").write_bytes(b"x")
    with pytest.raises(DataError, match=r"np\.savez"):
        load(str(tmp_path / "images.mat"))


def test_only_generated_data_can_be_rendered():
    data = FactorDataset("own", GREY[:, None] / 255, np.zeros((6, 1)))
    with pytest.raises(DataError, match="not generated"):
        data.images_of([[0.0]])


@pytest.mark.shared_data
def test_real_photographs(coil20):
    with pytest.warns(AmbiguousKindWarning, match="pose"):  # 72 whole numbers: angles, in fact
        data = load(str(coil20))
    assert data.images.shape == (1440, 1, 32, 32)
    assert data.n_factors == 2 and len(data.factor_values[0]) == 20


def test_partners_and_an_auxiliary_variable(tmp_path):
    data = saved(tmp_path, images=COLOUR, partners=COLOUR[::-1], auxiliary=np.arange(6) / 4)
    np.testing.assert_array_equal(data.partners, data.images[::-1])
    np.testing.assert_array_equal(data.auxiliary, np.arange(6)[:, None] / 4)
    some = data.subset([4, 1])
    np.testing.assert_array_equal(some.partners, data.partners[[4, 1]])
    np.testing.assert_array_equal(some.auxiliary, [[1.0], [0.25]])
    plain = saved(tmp_path, images=COLOUR)
    assert plain.partners is None and plain.auxiliary is None and plain.subset([0]).partners is None


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"partners": GREY[:5]}, r"partners has shape \(5, .*one partner of its own size"),
        ({"partners": GREY[:, :8]}, "partners has shape"),
        ({"partners": GREY[0]}, "partners in .* has shape"),
        ({"partners": np.full((6, 16, 16), np.nan)}, "partners in .* holds NaN"),
        (
            {"partners": np.full((6, 16, 16), 2.0)},
            "partners in .* from 2 to 2.*the images are of uint8",
        ),
        ({"partners": GREY.astype("U3")}, "partners in .*dtype <U3; expected integers, floats or"),
        ({"auxiliary": np.zeros((5, 2))}, "auxiliary has 5 rows, but there are 6 images"),
        ({"auxiliary": np.zeros((6, 2, 2))}, r"expected \(N, U\)"),
        ({"auxiliary": np.full(6, np.inf)}, "auxiliary holds NaN or infinite"),
        ({"auxiliary": np.array(["a"] * 6)}, "auxiliary has dtype"),
    ],
)
def test_unusable_partners_and_auxiliaries_are_refused(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        saved(tmp_path, images=GREY, **arrays)


def test_vectors_are_taken_as_they_are(tmp_path):
    vectors = NOISE.normal(size=(6, 5)) * 100
    data = saved(tmp_path, images=vectors, sequence=[3, 3, 0, 0, 0, 7])
    np.testing.assert_array_equal(data.images, vectors)  # in float64, as they are
    assert data.image_shape == (5,) and not data.pictures
    assert data.subset([4, 5]).sequence.tolist() == [0, 7]
    with pytest.raises(DataError, match="not adjacent"):
        saved(tmp_path, images=vectors, sequence=[0, 0, 1, 1, 0, 0])
    with pytest.raises(DataError, match="one whole number per image"):
        saved(tmp_path, images=vectors, sequence=[0.5] * 6)
    with pytest.raises(DataError, match="or vectors"):
        saved(tmp_path, images=np.zeros((6, 5), dtype=np.int32))


def test_numbers_of_a_vector_have_names(tmp_path):
    (tmp_path / "readings.csv").write_text("flow,speed\n1,2\n3,5\n4,4\n2,0\n")
    table = load(str(tmp_path / "readings.csv"))
    assert table.feature_names == ("flow", "speed")
    assert standardised(table).subset([0, 2]).feature_names == table.feature_names
    named = saved(tmp_path, images=table.images, feature_names=[b"a", b"b"], factors=[0, 1, 2, 3])
    assert named.feature_names == without_factors(named, [0]).feature_names == ("a", "b")
    assert whitened(named).feature_names == ()  # each of its features is a mixture


@pytest.mark.parametrize("images", [np.zeros((4, 3)), GREY])
def test_names_that_fit_no_vector_are_refused(tmp_path, images):
    with pytest.raises(DataError, match="feature_names has 2 entries, but a sample has shape"):
        saved(tmp_path, images=images, feature_names=["a", "b"])
    with pytest.raises(DataError, match="feature_names has 'a' more than once"):
        saved(tmp_path, images=np.zeros((4, 3)), feature_names=["a", "a", "b"])
