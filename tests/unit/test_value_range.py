"""Which values of pictures are black and white: found by what an array holds, stored, settable."""

import json
import re

import h5py
import numpy as np
import pytest
from PIL import Image

from micvae import Disentangler
from micvae.cli import main
from micvae.data import LazyImages, arrays, load, pictures, squares
from micvae.data.layout import arrangement
from micvae.data.on_disk import of_array
from micvae.data.value_range import Reading, Scale, TrainedScale, checked_range, expecting
from micvae.errors import DataError, MicvaeWarning
from micvae.files import read_json, write_json
from micvae.training.run import Run

SQUARE = np.zeros((625, 32, 32), bool)
for _i in range(625):
    SQUARE[_i, _i // 25 : _i // 25 + 8, _i % 25 : _i % 25 + 8] = True
RAMP = np.linspace(0, 1, 6 * 16 * 16).reshape(6, 16, 16)
TINY = {"latent_dim": 2, "epochs": 1, "network": "patch(width=4, hidden=8)", "device": "cpu"}


def levels(high, dtype, low=0):
    """The ramp from `low` to `high` in that type."""
    scaled = low + RAMP * (high - low)
    return (scaled if np.dtype(dtype).kind == "f" else np.round(scaled)).astype(dtype)


RIGHT = {  # name: array, black and white
    "bool": (RAMP > 0.5, (0, 1)),
    "mask of bytes": ((RAMP > 0.5).astype(np.uint8), (0, 1)),
    "mask of int64": ((RAMP > 0.5).astype(np.int64), (0, 1)),
    "black bytes": (np.zeros((6, 16, 16), np.uint8), (0, 255)),
    "black floats": (np.zeros((6, 16, 16), np.float32), (0, 1)),
    "bytes": (levels(255, np.uint8), (0, 255)),
    "bytes without white": (levels(201, np.uint8), (0, 255)),
    "bytes, a dim picture": (levels(70, np.uint8), (0, 255)),
    "int64 of bytes": (levels(255, np.int64), (0, 255)),
    "int32 of bytes": (levels(200, np.int32), (0, 255)),
    "camera of 10 bits": (levels(1023, np.uint16), (0, 1023)),
    "camera of 12 bits": (levels(4095, np.uint16), (0, 4095)),
    "camera of 12 bits, big endian": (levels(3900, ">u2"), (0, 4095)),
    "camera of 14 bits": (levels(12000, np.uint16), (0, 16383)),
    "16 bits": (levels(65535, np.uint16), (0, 65535)),
    "16 bits without white": (levels(30000, np.uint16), (0, 65535)),
    "bytes in uint16": (levels(255, np.uint16), (0, 255)),
    "floats": (levels(1, np.float32), (0, 1)),
    "dim floats": (levels(0.2, np.float64), (0, 1)),
    "float16": (levels(1, np.float16), (0, 1)),
    "floats of bytes": (levels(255, np.float32), (0, 255)),
    "doubles of bytes": (levels(254.5, np.float64), (0, 255)),
    "floats of 12 bits": (levels(4095, np.float32), (0, 4095)),
    "floats of 16 bits": (levels(65535, np.float64), (0, 65535)),
}


@pytest.mark.parametrize(("array", "expected"), RIGHT.values(), ids=RIGHT)
def test_black_and_white_are_found(array, expected):
    images, scale = of_array(array, "NHW", Reading("X"))
    assert (scale.black, scale.white) == expected
    wanted = array[:, None].astype(np.float64) / expected[1]
    assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 1
    np.testing.assert_allclose(images, wanted, rtol=2e-7)  # a rounding to float32 and a division


DOUBTFUL = {  # name: array, smallest and largest value as they are said, the example
    "digits": (levels(16, np.uint8), "0 to 16", (0, 16)),
    "digits as floats": (levels(16, np.float64), "0 to 16", (0, 16)),
    "a dark photograph": (levels(50, np.uint8), "0 to 50", (0, 50)),
    "two levels": (levels(2, np.int64), "0 to 2", (0, 2)),
    "floats that are nearly black": (levels(0.03125, np.float32), "0 to 0.03125", (0, 0.0313)),
    "from -1 to 1": (levels(1, np.float32, -1), "-1 to 1", (-1, 1)),
    "signed": (levels(100, np.int16, -100), "-100 to 100", (-100, 100)),
    "standardised": (levels(2.5, np.float64, -1.7), "-1.7 to 2.5", (-1.7, 2.5)),
    "beyond 16 bits": (levels(70000, np.int32), "0 to 70000", (0, 70000)),
    "24 bits as floats": (levels(1e7, np.float32), "0 to 10000000", (0, 10000000)),
    "a filter that overshoots 1": (levels(1.02, np.float32), "0 to 1.02", (0, 1.02)),
    "a filter that overshoots 255": (levels(262.5, np.float32), "0 to 262.5", (0, 263)),
}


@pytest.mark.parametrize(("array", "seen", "example"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_a_doubt_is_one_sentence_whose_remedy_works(array, seen, example, tmp_path):
    """The array and its file are named; what the message writes is read as a description."""
    with pytest.raises(DataError) as refused:
        of_array(array, "NHW", Reading("X"))
    said = str(refused.value)
    assert said.startswith(f"X: values of {array.dtype} from {seen}, ") and said.count(". ") == 0
    assert f"value_range={example}" in said
    images, scale = of_array(array, "NHW", Reading("X", value_range=example))
    assert scale.given and images.min() >= 0 and images.max() <= 1
    black, white = example
    np.testing.assert_allclose(
        images[:, 0], (array.astype(np.float64) - black) / (white - black), atol=1e-6
    )
    path = tmp_path / "it's (1).npz"  # a quotation mark and brackets
    np.savez(path, images=array)
    with pytest.raises(DataError, match=r"images in .*it's") as refused:
        load(str(path))
    remedy = re.search(r"arrays\(.*\)\)", str(refused.value)).group()
    np.testing.assert_array_equal(load(remedy).images, images)


@pytest.mark.parametrize(
    ("array", "given", "message"),
    [
        (levels(255, np.uint8), (0, 100), r"from 0 to 255, outside value_range=\(0, 100\)"),
        (levels(1, np.float32), (0.5, 1), "from 0 to 1, outside"),
        (RAMP > 0.5, (0, 255), "booleans, of which True is white"),
        (np.full((2, 8, 8), np.nan), None, "X holds NaN"),
        (np.full((2, 8, 8), np.inf), (0, 1), "X holds NaN or infinite"),
        (np.zeros((2, 8, 8), complex), None, "dtype complex128; expected integers, floats or"),
        (np.zeros((2, 8), np.float32), (0, 1), "vectors, not pictures; leave value_range out"),
    ],
)
def test_a_range_that_does_not_fit(array, given, message):
    with pytest.raises(DataError, match=message):
        of_array(array, arrangement(array.shape, "X"), Reading("X", value_range=given))


@pytest.mark.parametrize("given", [1, (1,), (0, 0), (5, 1), (0, "1"), (0, np.inf), (False, True)])
def test_what_is_no_range(given):
    with pytest.raises(DataError, match=r"give the values of black and white"):
        checked_range(given)
    with pytest.raises(DataError, match="value_range is"):
        Disentangler("vae", value_range=given).fit(levels(255, np.uint8))


SAME = {
    "uint8, 0 and 255": SQUARE * np.uint8(255),
    "uint8, 0 and 1": SQUARE.astype(np.uint8),
    "uint16, 0 and 4095": SQUARE * np.uint16(4095),
    "uint16, 0 and 65535": SQUARE * np.uint16(65535),
    "float32, 0 and 255": SQUARE * np.float32(255),
    "float64, 0 and 255": SQUARE * np.float64(255),
    "float32, 0 and 1": SQUARE.astype(np.float32),
    "int64, 0 and 255": SQUARE * np.int64(255),
    "int32, 0 and 1": SQUARE.astype(np.int32),
}


@pytest.fixture(scope="module")
def of_booleans():
    return Disentangler("vae", **TINY).fit(SQUARE)


@pytest.mark.parametrize("array", SAME.values(), ids=SAME)
def test_one_picture_in_every_type_gives_the_same_bits(array, of_booleans, tmp_path):
    expected = SQUARE[:, None].astype(np.float32)
    np.testing.assert_array_equal(of_array(array, "NHW", Reading("X"))[0], expected)
    np.savez_compressed(tmp_path / "own.npz", images=array)
    np.testing.assert_array_equal(load(str(tmp_path / "own.npz")).images, expected)
    learner = Disentangler("vae", **TINY).fit(array)
    np.testing.assert_array_equal(learner.representation_.codes, of_booleans.representation_.codes)


@pytest.mark.parametrize(
    "array",
    [
        levels(255, np.uint8),
        levels(4095, np.uint16),
        levels(65535, np.uint16),
        levels(255, np.float32),
        levels(255, np.int64),
        levels(1, np.float64),
        (RAMP > 0.5).astype(np.uint8),
        RAMP > 0.5,
    ],
    ids=lambda array: f"{array.dtype} {array.max()}",
)
def test_a_dark_picture_alone_has_the_code_that_it_has_among_all(array, tmp_path):
    """The ramp's first picture has values of a dark one, or of a mask; all have one scale."""
    array = np.concatenate([array, np.clip(array[:1], 0, 1)])
    learner = Disentangler("vae", batch_size=4, **TINY).fit(array)
    codes = learner.transform(array)
    folder = learner.save(tmp_path / "run")
    again = Disentangler.load(folder)
    for i in range(len(array)):
        one = array[i : i + 1]
        np.testing.assert_allclose(learner.transform(one), codes[i : i + 1], atol=1e-5)
        np.testing.assert_allclose(again.transform(one), codes[i : i + 1], atol=1e-5)
    np.save(tmp_path / "one.npy", array[-1:])
    np.testing.assert_allclose(learner.transform(tmp_path / "one.npy"), codes[-1:], atol=1e-5)
    main(["encode", str(folder), str(tmp_path / "one.npy"), "--out", str(tmp_path / "c.csv")])
    row = (tmp_path / "c.csv").read_text().splitlines()[1].split(",")
    np.testing.assert_allclose([float(v) for v in row[1:3]], codes[-1], atol=1e-5)


BYTES, UNIT, DIGITS = levels(255, np.uint8), levels(1, np.float32), levels(16, np.uint8)
FITTED = {
    "bytes": (BYTES, None),
    "floats": (UNIT, None),
    "digits": (DIGITS, (0, 16)),
    "camera": (levels(4095, np.uint16), None),
    "doubles": (levels(255, float), None),
}
OTHERS = [  # what was fitted, what is given, the white it is read with or the sentence
    ("bytes", UNIT, 1),
    ("bytes", levels(0.2, np.float64), 1),
    ("bytes", RAMP > 0.5, 1),
    ("bytes", levels(255, np.float64), 255),
    ("bytes", levels(255, np.int64), 255),
    ("bytes", levels(50, np.int64), 255),
    ("bytes", levels(65535, np.uint16), 65535),
    ("bytes", np.zeros((1, 16, 16), np.int64), 255),
    ("bytes", levels(1, np.int64), "from 0 to 1, .*trained on uint8; give that, or floats in"),
    ("bytes", levels(50, np.float64), "from 0 to 50, .*trained on uint8; give that, or floats"),
    ("bytes", levels(1.02, np.float64), "just above a usual white level"),
    ("floats", BYTES, 255),
    ("floats", levels(50, np.uint8), "trained on float32; give that"),
    ("floats", levels(255, np.float64), "trained on float64 with 0 as black and 1 as white"),
    ("digits", levels(12, np.uint8), 16),
    ("digits", levels(12, np.int64), 16),
    ("digits", levels(12.5, np.float64), 16),
    ("digits", UNIT, 1),
    ("digits", BYTES, "trained on uint8 with 0 as black and 16 as white; bring them to that"),
    ("camera", levels(5000, np.uint16), "trained on uint16 with 0 as black and 4095 as white"),
    ("camera", BYTES, 255),
    ("camera", levels(1, np.uint8), 1),
    ("doubles", levels(0.5, np.float32), 255),
    ("doubles", BYTES, 255),
]


@pytest.mark.parametrize(("fitted", "array", "expected"), OTHERS)
def test_other_types_than_those_that_were_fitted(fitted, array, expected):
    own, given = FITTED[fitted]
    _, scale = of_array(own, "NHW", Reading("X", value_range=given))
    trained = TrainedScale.of({"of": json.loads(json.dumps(scale.to_json()))})
    with expecting(trained=trained):
        if isinstance(expected, int):
            assert of_array(array, "NHW", Reading("X"))[1].white == expected
        else:
            with pytest.raises(DataError, match=expected):
                of_array(array, "NHW", Reading("X"))


def test_a_range_is_a_parameter_like_others(tmp_path):
    learner = Disentangler("vae", value_range=(0, 16), **TINY).fit(DIGITS)
    source = learner.save(tmp_path / "run", data=DIGITS)
    data = read_json(source / "run.json")["data"]
    assert data["source"]["value_range"] == [0, 16] and data["source"]["value_range_given"]
    assert "0 is black and 16 is white" in data["notes"][0]
    again = Disentangler.load(source)
    assert again.get_params()["value_range"] == (0, 16)
    np.testing.assert_array_equal(Run(source).dataset().images[:, 0], DIGITS / np.float32(16))
    assert Disentangler("vae", **TINY).fit(BYTES).get_params()["value_range"] is None
    np.savez(tmp_path / "own.npz", images=DIGITS)
    path = tmp_path / "own.npz"
    of_path = Disentangler("vae", value_range=(0, 16), **TINY).fit(path)
    np.testing.assert_array_equal(of_path.representation_.codes, learner.representation_.codes)
    assert of_path.config_.data == f"arrays({str(path)!r}, value_range=(0, 16))"
    split = f"split({str(path)!r}, share=0.34)"
    of_part = Disentangler("vae", value_range=(0, 16), **TINY).fit(split, out=tmp_path / "part")
    assert of_part.transform(split).shape == (4, 2)
    assert Run(tmp_path / "part").dataset().images.max() <= 1
    with pytest.raises(DataError, match=r"in the description and .* as a parameter"):
        Disentangler("vae", value_range=(0, 20), **TINY).fit(of_path.config_.data)


def test_partners_are_on_the_scale_of_the_images(tmp_path):
    dark = np.minimum(BYTES, 1)
    np.savez(tmp_path / "own.npz", images=BYTES, partners=dark)
    data = load(str(tmp_path / "own.npz"))
    np.testing.assert_array_equal(data.partners[:, 0], dark / np.float32(255))
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["images"], file["partners"] = levels(4095, np.uint16), levels(5000, np.uint16)
    with pytest.raises(DataError, match=r"partners in .* images are of uint16 with 0 as black"):
        load(str(tmp_path / "own.h5"))
    data = arrays(tmp_path / "own.h5", value_range=(0, 5000))
    assert data.images.max() == np.float32(4095 / 5000) and data.partners.max() == 1


def test_runs_of_before_are_read_as_they_were(tmp_path):
    """Their records have no range: bytes are divided by 255, 16 bits by 65535, whatever they hold.

    A mask in bytes was nearly black then, and the model learnt from that.
    """
    mask = (RAMP > 0.5).astype(np.uint8)
    np.savez(tmp_path / "own.npz", images=mask)
    data = str(tmp_path / "own.npz")
    learner = Disentangler("vae", value_range=(0, 255), **TINY)
    learner.fit(data, out=tmp_path / "run")
    record = read_json(tmp_path / "run" / "run.json")
    record["config"]["data"] = data
    for key in ("value_range", "dtype", "value_range_given"):
        del record["data"]["source"][key]
    write_json(tmp_path / "run" / "run.json", record)
    run = Run(tmp_path / "run")
    assert run.dataset().images.max() == np.float32(1 / 255)
    codes = Disentangler.load(run.path).transform(mask)
    np.testing.assert_allclose(codes, run.representation().codes, atol=1e-6)
    with expecting(trained=run.trained_model().pixel_scale):
        assert load(data).images.max() == np.float32(1 / 255)


def test_a_training_that_older_software_began_goes_on(tmp_path):
    dark = np.tile(levels(50, np.uint8), (6, 1, 1))  # read as it should be, and now doubtful
    np.savez(tmp_path / "own.npz", images=dark)
    command = ["train", "vae", "--data", str(tmp_path / "own.npz"), "--out", str(tmp_path / "run"),
               "--latent-dim", "2", "--network", "patch(width=4, hidden=8)", "--epochs", "1",
               "--batch-size", "8"]  # fmt: skip
    with expecting(trained=TrainedScale()):
        main(command)
    for status in ("done", "training"):
        record = read_json(tmp_path / "run" / "run.json")
        record["status"] = status
        for key in ("value_range", "dtype"):
            record["data"]["source"].pop(key, None)
        write_json(tmp_path / "run" / "run.json", record)
        main(command)
        assert Run(tmp_path / "run").done
        assert Run(tmp_path / "run").dataset().images.max() == np.float32(50 / 255)


def test_training_says_what_is_black_and_white(tmp_path, capsys):
    command = ["train", "vae", "--latent-dim", "2", "--network", "patch(width=4, hidden=8)",
               "--epochs", "1", "--batch-size", "4"]  # fmt: skip
    for i, (array, said) in enumerate(
        [(levels(4095, np.uint16), "0 is black and 4095 is white"), (BYTES, None), (UNIT, None)]
    ):
        np.savez(tmp_path / f"{i}.npz", images=array)
        main([*command, "--data", str(tmp_path / f"{i}.npz"), "--out", str(tmp_path / f"run{i}")])
        shown = capsys.readouterr().out
        assert (said in shown) if said else ("black" not in shown)
        assert Run(tmp_path / f"run{i}").data.source["dtype"] == array.dtype.name


def test_a_shared_model_knows_its_scale(tmp_path):
    from micvae.sharing.hub import from_pretrained, save_pretrained

    np.savez(tmp_path / "own.npz", images=np.tile(BYTES, (6, 1, 1)))
    Disentangler("vae", batch_size=8, **TINY).fit(tmp_path / "own.npz", out=tmp_path / "run")
    save_pretrained(Run(tmp_path / "run"), tmp_path / "shared", intervals=False)
    shared = from_pretrained(str(tmp_path / "shared"))
    assert (
        shared.pixel_scale
        == Run(tmp_path / "run").trained_model().pixel_scale
        == TrainedScale((0, 255), "uint8")
    )
    np.save(tmp_path / "mask.npy", np.minimum(BYTES, 1))
    with pytest.raises(DataError, match=r"read with 0 as black and 1 as white.*\(0, 255\)"):
        shared.encode(load(str(tmp_path / "mask.npy")))  # which knew nothing of the model
    with expecting(trained=shared.pixel_scale):
        dark = load(str(tmp_path / "mask.npy"))
    assert shared.encode(dark).codes.shape == (6, 2)


def test_an_own_range_beside_the_model_s_is_said(tmp_path):
    np.save(tmp_path / "own.npy", BYTES)
    with (
        expecting(trained=TrainedScale((0, 255), "uint8")),
        pytest.warns(
            MicvaeWarning, match=r"value_range=\(0, 511\), as the description says; .*255"
        ),
    ):
        arrays(tmp_path / "own.npy", value_range=(0, 511))


def test_generated_data_is_floats():
    learner = Disentangler("vae", **TINY).fit(squares(64))
    assert learner.transform(np.round(squares(8).images * 255).astype(np.uint8)).shape == (8, 2)
    with pytest.raises(DataError, match="trained on floats; give that"):
        learner.transform(np.full((1, 32, 32), 9, np.uint8))
    expected = learner.transform(squares(8))
    for white in (1, 255, 4095):
        found = learner.transform(squares(8).images * np.float32(white))
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("suffix", ["npy", "npz", "h5", "folder"])
@pytest.mark.parametrize(
    ("array", "blocks"),
    [
        (np.concatenate([levels(40, np.uint8)] * 9 + [BYTES]), 14),
        (np.concatenate([BYTES, levels(40, np.uint8)]), 1),
        (np.concatenate([levels(4000, np.uint16), levels(200, np.uint16)]), 3),
    ],
    ids=["bytes, dark at first", "bytes", "12 bits"],
)
def test_large_files_are_read_until_the_scale_is_certain(
    array, blocks, suffix, tmp_path, monkeypatch
):
    wanted = of_array(array, "NHW", Reading("X"))[0]
    path = store(tmp_path, suffix, array)
    monkeypatch.setattr("micvae.data.lazy.LARGE", 0)
    monkeypatch.setattr("micvae.data.lazy.BLOCK", 4 * 16 * 16 * 4)
    read = []
    rows = {"folder": "Items", "h5": "Hdf5File"}.get(suffix, "ArrayFile")
    kind = getattr(__import__("micvae.data.on_disk", fromlist=[rows]), rows)
    own = kind.rows
    monkeypatch.setattr(kind, "rows", lambda self, rows: read.append(len(rows)) or own(self, rows))
    data = load(str(path))
    assert isinstance(data.images, LazyImages)
    assert len(read) == blocks  # of four pictures each
    np.testing.assert_array_equal(data.images[:], wanted)


def store(folder, suffix, array):
    """Write images `(N, H, W)` or `(N, H, W, 3)` into that kind of file."""
    path = folder / f"own.{suffix}"
    if suffix == "npy":
        np.save(path, array)
    elif suffix == "npz":
        np.savez(path, images=array)
    elif suffix == "h5":
        with h5py.File(path, "w") as file:
            file["images"] = array
    else:
        path.mkdir()
        for i, picture in enumerate(array):
            Image.fromarray(picture).save(path / f"{i:03}.{'png' if suffix == 'folder' else 'tif'}")
    return path


def test_layout_is_an_option_of_a_description(tmp_path):
    """Thirteen bands of satellite tiles, which may lie first or last."""
    tiles = np.random.default_rng(0).integers(0, 10000, (8, 16, 16, 13)).astype(np.uint16)
    np.save(tmp_path / "tiles.npy", tiles)
    with pytest.raises(DataError) as refused:
        load(str(tmp_path / "tiles.npy"))
    remedy = re.search(r"arrays\(.*?\)", str(refused.value)).group()
    assert "layout='channels_first'" in remedy
    text = remedy.replace("first", "last")
    data = load(text)
    np.testing.assert_array_equal(
        data.images, tiles.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(16383)
    )
    assert load(f"split({text!r}, share=0.5)").image_shape == (13, 16, 16)
    with pytest.raises(DataError, match="specify it by layout='channels_first'"):
        Disentangler("vae").fit(tiles)
    learner = Disentangler("vae", layout="channels_last", **TINY).fit(tmp_path / "tiles.npy")
    assert learner.config_.data == text
    out = str(tmp_path / "run")
    main(["train", "vae", "--data", text, "--out", out, "--epochs", "1", "--batch-size", "4",
          "--network", "patch(width=4, hidden=8)"])  # fmt: skip
    assert Run(tmp_path / "run").image_shape == (13, 16, 16)
    with pytest.raises(DataError, match="layout is 'last'"):
        arrays(tmp_path / "tiles.npy", layout="last")


def test_masked_pictures_are_refused():
    masked = np.ma.masked_greater(BYTES, 250)
    with pytest.raises(DataError, match="X is a masked array with 1 of 6 rows masked"):
        Disentangler("vae", **TINY).fit(masked)


def test_what_the_descriptions_do_not_take(tmp_path):
    np.save(tmp_path / "own.npy", BYTES)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    for text, message in [
        ("arrays('nowhere.npz')", "there is no file 'nowhere.npz'"),
        (f"arrays({str(tmp_path / 't.csv')!r})", "ends in none of .npz"),
        ("arrays(3)", "path is 3"),
        ("pictures('nowhere')", "there is no folder 'nowhere'"),
        (f"arrays({str(tmp_path / 'own.npy')!r}, value_range=255)", "value_range is 255"),
        (f"arrays({str(tmp_path / 'own.npy')!r}, white=255)", "it has no 'white'"),
    ]:
        with pytest.raises(DataError, match=re.escape(message)):
            load(text)
    with pytest.raises(DataError, match="background is 'red'"):
        pictures(tmp_path, background="red")


def test_a_scale_that_a_record_spoils_is_none():
    ranges, types = (
        ([0, 0], [1, 0], "ab", [0, float("nan")], [0], None),
        ("O", "S9", "(2,", 3, None),
    )
    for range_ in ranges:
        assert Scale.of({"value_range": range_, "dtype": "uint8"}) is None
    for dtype in types:
        assert Scale.of({"value_range": [0, 255], "dtype": dtype}) is None
    for nothing in ({}, 7, None):
        assert Scale.of(nothing) is None
    assert Scale.of({"of": {"value_range": [0, 9], "dtype": "uint8"}}) == Scale(0, 9, "uint8")
    assert TrainedScale.of({"value_range": None, "dtype": None}) == TrainedScale()


@pytest.mark.parametrize("white", [1, 255])
def test_the_estimator_shows_its_range(white):
    images = levels(white, np.uint8)
    learner = Disentangler("vae", latent_dim=2, epochs=1, network="patch(width=4, hidden=8)")
    assert learner.fit(images).value_range_ == (0, white)
