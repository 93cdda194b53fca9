"""Picture files: every mode and kind of file is read as it is meant, or refused in one sentence."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from micvae import Disentangler
from micvae.data import LazyImages, load, pictures
from micvae.data.pictures import FORMATS
from micvae.errors import DataError

GREY = np.random.default_rng(0).integers(0, 256, (16, 12), dtype=np.uint8)
GREY[0, :2] = 0, 255
COLOUR = np.random.default_rng(1).integers(0, 256, (16, 12, 3), dtype=np.uint8)
FAINT = (GREY // 2).astype(np.uint8)
TINY = {"latent_dim": 2, "epochs": 1, "network": "patch(width=4, hidden=8)", "device": "cpu"}


def opaque(alpha=255):
    return np.dstack([COLOUR, np.full((16, 12), alpha, np.uint8)])


def transparent():
    """Colour with a transparent pixel, under which something is hidden."""
    array = opaque()
    array[3, 4, 3] = 0
    return array


def with_colour_key():
    """A PNG in which one grey value is transparent."""
    content = io.BytesIO()
    Image.fromarray(GREY).save(content, "PNG", transparency=int(GREY[5, 5]))
    return Image.open(content)


def over(background):
    flat = COLOUR.copy()
    flat[3, 4] = background
    return flat


RIGHT = {  # name: file, picture, what is to be read in [0, 1]
    "PNG, 8 bits": ("a.png", GREY, GREY / 255),
    "PNG, 16 bits": ("a.png", GREY.astype(np.uint16) * 257, GREY / 255),
    "PNG, 12 bits in 16": ("a.png", GREY.astype(np.uint16) * 16, GREY * 16.0 / 4095),
    "PNG, black and white": ("a.png", GREY > 99, GREY > 99),
    "PNG, a mask of 0 and 1": ("a.png", (GREY > 99).astype(np.uint8), GREY > 99),
    "PNG, colour": ("a.png", COLOUR, COLOUR / 255),
    "PNG, palette": ("a.png", Image.fromarray(GREY).convert("P"), np.dstack([GREY] * 3) / 255),
    "PNG, grey and opaque": ("a.png", Image.fromarray(GREY).convert("LA"), GREY / 255),
    "PNG, colour and opaque": ("a.png", opaque(), COLOUR / 255),
    "TIFF, floats to 1": ("a.tif", (GREY / 255).astype(np.float32), GREY / 255),
    "TIFF, floats to 255": ("a.tif", GREY.astype(np.float32), GREY / 255),
    "TIFF, 32 bits": ("a.tif", GREY.astype(np.int32) * 257, GREY / 255),
    "TIFF, 16 bits": ("a.tif", GREY.astype(np.uint16) * 257, GREY / 255),
    "TIFF, 16 bits, big endian": ("big.tif", GREY.astype(np.uint16) * 257, GREY / 255),
    "TIFF, CMYK": ("a.tif", Image.fromarray(COLOUR).convert("CMYK"), COLOUR / 255),
    "TIFF that is called PNG": ("tif.png", GREY.astype(np.float32), GREY / 255),
    "PGM, 8 bits": ("a.pgm", GREY, GREY / 255),
    "PGM, 16 bits": ("a.pgm", GREY.astype(np.uint16) * 257, GREY / 255),
    "BMP": ("a.bmp", COLOUR, COLOUR / 255),
    "GIF": ("a.gif", Image.fromarray(FAINT), np.dstack([FAINT] * 3) / 255),
    "WebP": ("a.webp", COLOUR, COLOUR / 255),
}


def write(path, picture, **options):
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    if path.suffix == ".webp":
        options |= {"lossless": True}
    if path.name == "big.tif":  # Pillow writes the order of this machine, so it is written here
        path.write_bytes(big_endian(np.asarray(image)))
    elif path.name == "tif.png":
        image.save(path, "TIFF")
    else:
        image.save(path, **options)


def big_endian(array, planes=1, kind=1):
    """A TIFF `(H, W)` or `(H, W, planes)` in the order of Motorola; kind 3 are floats."""
    height, width = array.shape[:2]
    content = array.astype(array.dtype.newbyteorder(">")).tobytes()
    bits = 8 * array.dtype.itemsize
    tags = [
        (256, 4, width), (257, 4, height), (258, 3, bits << 16), (259, 3, 1 << 16),
        (262, 3, (2 if planes == 3 else 1) << 16), (273, 4, 8), (277, 3, planes << 16),
        (278, 4, height), (279, 4, len(content)), (339, 3, kind << 16),
    ]  # fmt: skip
    entries = b"".join(
        t.to_bytes(2, "big") + k.to_bytes(2, "big") + (1).to_bytes(4, "big") + v.to_bytes(4, "big")
        for t, k, v in tags
    )
    start = (8 + len(content)).to_bytes(4, "big")
    return b"MM\0*" + start + content + len(tags).to_bytes(2, "big") + entries + bytes(4)


@pytest.mark.parametrize("large", [False, True], ids=["at once", "in parts"])
@pytest.mark.parametrize(("name", "picture", "expected"), RIGHT.values(), ids=RIGHT)
def test_values_are_those_of_the_file(name, picture, expected, large, tmp_path, monkeypatch):
    if large:
        monkeypatch.setattr("micvae.data.lazy.LARGE", 0)
    write(tmp_path / name, picture)
    images = load(str(tmp_path)).images
    assert isinstance(images, LazyImages) == large
    wanted = np.asarray(expected, np.float64)
    wanted = wanted[None] if wanted.ndim == 2 else wanted.transpose(2, 0, 1)
    np.testing.assert_allclose(images[:][0], wanted, atol=1e-6)


def two_pages(path):
    frames = [Image.fromarray(np.roll(FAINT, i)) for i in range(2)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def encapsulated(path):
    content = io.BytesIO()
    Image.fromarray(COLOUR).save(content, "EPS")
    path.write_bytes(content.getvalue())


REFUSED = {  # name: file, what writes it, the sentence
    "pages of a TIFF": ("a.tif", two_pages, r"a\.tif holds 2 pages or frames; save each as a"),
    "frames of a GIF": ("a.gif", two_pages, r"a\.gif holds 2 pages or frames"),
    "frames of a PNG": ("a.png", two_pages, r"a\.png holds 2 pages or frames"),
    "frames of a WebP": ("a.webp", two_pages, r"a\.webp holds 2 pages or frames"),
    "PostScript": (
        "a.png",
        encapsulated,
        r"a\.png cannot be read as an image: it is not one of PNG",
    ),
    "PostScript that is called so": ("a.jpg", encapsulated, "it is not one of PNG, JPEG"),
    "colour in floats": (
        "a.tif",
        lambda path: path.write_bytes(big_endian((COLOUR / 255).astype(np.float32), 3, 3)),
        r"a TIFF with several floats per pixel; save the images as an array, np\.savez",
    ),
    "white is the smallest": (
        "a.tif",
        lambda path: write(path, GREY.astype(np.uint16) * 257, tiffinfo={262: 0}),
        "a TIFF whose smallest value is white; save it inverted",
    ),
    "below 0": (
        "a.tif",
        lambda path: write(path, GREY.astype(np.int32) - 100),
        r"from -100 to 155, some of them below 0.*pictures\(.*, value_range=\(-100, 155\)\)",
    ),
    "transparency": ("a.png", lambda path: write(path, transparent()), "has transparent pixels"),
    "a transparent value": ("a.png", lambda path: write(path, with_colour_key()), "transparent"),
    "a transparent value of 16 bits": (
        "a.png",
        lambda path: write(path, GREY.astype(np.uint16) * 257, transparency=65535),
        "has transparent pixels; save it without",
    ),
    "NaN": (
        "a.tif",
        lambda path: write(path, np.full((16, 12), np.nan, np.float32)),
        "images in .* holds NaN",
    ),
    "nothing": ("a.png", lambda path: path.write_bytes(b""), "cannot be read as an image"),
}


@pytest.mark.parametrize("large", [False, True], ids=["at once", "in parts"])
@pytest.mark.parametrize(("name", "make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_right_is_refused(
    name, make, message, large, tmp_path, monkeypatch, no_programs
):
    if large:
        monkeypatch.setattr("micvae.data.lazy.LARGE", 0)
    make(tmp_path / name)
    with pytest.raises(DataError, match=message) as refused:
        load(str(tmp_path))
    assert "\n" not in str(refused.value) and no_programs == []


@pytest.fixture
def no_programs(monkeypatch):
    """What is started meanwhile: Pillow hands PostScript to Ghostscript."""
    started = []

    def start(*args, **kwargs):
        started.append(args)
        raise OSError("nothing is started here")

    for name in ("Popen", "call", "check_call", "check_output", "run"):
        monkeypatch.setattr(f"subprocess.{name}", start)
    monkeypatch.setattr("os.system", start)
    return started


def test_transparency_shows_the_background_that_was_named(tmp_path):
    write(tmp_path / "a.png", transparent())
    with pytest.raises(DataError) as refused:
        load(str(tmp_path))
    remedy = re.search(r"pictures\(.*\)", str(refused.value)).group()
    for data, value in ((load(remedy), 0), (pictures(tmp_path, background="white"), 255)):
        np.testing.assert_allclose(data.images[0], over(value).transpose(2, 0, 1) / 255, atol=1e-6)


BAR = np.zeros((16, 12), np.uint8)
BAR[:4] = 255
LYING = {  # how the bar lies in a file of each orientation
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: np.rot90,
    7: lambda a: np.rot90(a, 2).T,
    8: lambda a: np.rot90(a, -1),
}


def lying(orientation, square=False):
    shape = (16, 16) if square else (16, 12)
    bar = np.zeros(shape, np.uint8)
    bar[:4] = 255
    return np.ascontiguousarray(LYING[orientation](bar))


def save_lying(path, orientation, array):
    exif = Image.Exif()
    exif[0x0112] = orientation
    tiff = path.suffix == ".tif"
    write(path, array, **({"tiffinfo": {0x0112: orientation}} if tiff else {"exif": exif}))


@pytest.mark.parametrize("large", [False, True], ids=["at once", "in parts"])
@pytest.mark.parametrize("square", [False, True], ids=["16x12", "16x16"])
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "deep.png", "deep.tif"])
def test_pictures_are_turned_as_their_camera_says(suffix, square, large, tmp_path, monkeypatch):
    """A bright bar on top of every picture, whichever way the camera was held."""
    if large:
        monkeypatch.setattr("micvae.data.lazy.LARGE", 0)
    for orientation in LYING:
        array = lying(orientation, square)
        array = array.astype(np.uint16) * 257 if suffix.startswith("deep") else array
        save_lying(tmp_path / f"{orientation}.{suffix}", orientation, array)
    images = load(str(tmp_path)).images[:]
    np.testing.assert_allclose(images[:, 0, :4].mean((1, 2)), 1, atol=0.01)  # JPEG is lossy
    assert images[:, 0, 5:].max() < 0.02


def test_photographs_half_of_which_are_tagged(tmp_path):
    for i in range(4):
        save_lying(tmp_path / f"{i}.png", (1, 6)[i % 2], lying((1, 6)[i % 2], square=True))
    images = load(str(tmp_path)).images
    np.testing.assert_array_equal(images[:, 0, :4].mean((1, 2)), [1, 1, 1, 1])


class Items(torch.utils.data.Dataset):
    """What users write: pictures of Pillow, opened one by one."""

    def __init__(self, paths, change=lambda picture: picture):
        self.paths = paths
        self.change = change

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        return self.change(Image.open(io.BytesIO(self.paths[i].read_bytes()))), 0


def of_torch(paths):
    return Items(paths)


def of_torchvision(paths):
    """As `ImageFolder` opens them, whose copies still have the tag."""
    return Items(paths, lambda picture: picture.convert("L"))


def of_hugging_face(paths):
    datasets = pytest.importorskip("datasets")
    rows = {"photo": [str(path) for path in paths]}
    return datasets.Dataset.from_dict(rows).cast_column("photo", datasets.Image())


@pytest.mark.parametrize("given", [of_torch, of_torchvision, of_hugging_face])
def test_pictures_of_data_sets_are_turned_too(given, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for i, path in enumerate(paths):
        save_lying(path, (1, 6)[i % 2], lying((1, 6)[i % 2], square=True))
    learner = Disentangler("vae", **TINY).fit(given(paths))
    assert learner.transform(given(paths)).std(0).max() < 1e-6  # all are one picture


@pytest.mark.parametrize(
    ("given", "message"), [(of_torch, "a picture of X is EPS"), (of_hugging_face, r"X\[0\] cannot")]
)
def test_data_sets_start_no_program_either(given, message, tmp_path, no_programs):
    encapsulated(tmp_path / "a.png")
    with pytest.raises(DataError, match=message):
        Disentangler("vae", **TINY).fit(given([tmp_path / "a.png"] * 3))
    assert no_programs == []


def test_hugging_face_modes_and_missing_pictures(tmp_path):
    datasets = pytest.importorskip("datasets")
    write(tmp_path / "a.png", COLOUR)
    kind = datasets.Image(mode="L")
    rows = datasets.Dataset.from_dict({"photo": [str(tmp_path / "a.png")] * 3})
    learner = Disentangler("vae", **TINY).fit(rows.cast_column("photo", kind))
    assert learner.config_ and learner.trained_model_.image_shape == (1, 16, 12)
    rows = datasets.Dataset.from_dict({"photo": [str(tmp_path / "a.png"), None]})
    with pytest.raises(DataError, match=r"X\[1\] has no picture"):
        Disentangler("vae", **TINY).fit(rows.cast_column("photo", datasets.Image()))


def test_depths_do_not_mix(tmp_path):
    write(tmp_path / "a.png", GREY)
    write(tmp_path / "b.png", GREY.astype(np.uint16) * 257)
    with pytest.raises(DataError, match=r"b\.png has shape .* uint16, the first one .* uint8"):
        load(str(tmp_path))


def test_only_formats_that_start_no_program():
    Image.init()
    assert set(FORMATS) <= set(Image.OPEN) and "EPS" not in FORMATS
