"""Messages of docs/bad-input.md: pictures."""

import numpy as np
from PIL import Image

from messages.entry import Section
from messages.files import TRAIN, grey, saved, with_photos, zipped

entry = Section("Pictures")

entry(
    "A file that is no picture",
    "<file> cannot be read as an image: it is not one of PNG, JPEG, …, broken, or of a kind that "
    "Pillow does not read, such as a TIFF with several floats per pixel; save the images as an "
    "array, np.savez('data.npz', images=…).",
    meaning="A file in the folder has the name of a picture, but its content is something else, or "
    "it was truncated.",
    given=TRAIN.format("photos"),
    remedy="Take the file out of the folder, or open it in the program that made it and save it as "
    "PNG.",
    fix="""
mkdir aside
mv photos/64.png aside/
""",
    again=True,
    prepare=with_photos(lambda place: (place / "64.png").write_text("not a picture")),
)

entry(
    "Pictures of different sizes",
    "<folder> holds images of different sizes (<file> is <H>×<W>, <file> <H>×<W>); resize them to "
    "one.",
    meaning="A network reads images of one size.",
    given=TRAIN.format("photos"),
    remedy="Resize the pictures to one size.",
    fix="""
from pathlib import Path
from PIL import Image

for path in Path("photos").glob("*.png"):
    with Image.open(path) as picture:
        resized = picture.resize((16, 16))
    resized.save(path)
""",
    again=True,
    prepare=with_photos(lambda place: Image.new("L", (24, 20)).save(place / "07.png")),
)

entry(
    "A picture with very many pixels",
    "<file> has <number> pixels, and Pillow opens at most <number>, as a small file can become a "
    "picture that fills the memory; where you trust it, make it smaller.",
    words="and Pillow opens at most",
    meaning="A picture can be a few kB as a file and fill the memory once it is unpacked.",
    given=TRAIN.format("photos"),
    remedy="Where you trust the file, make it smaller.",
    fix="""
from PIL import Image

Image.MAX_IMAGE_PIXELS = None  # no limit in this session
with Image.open("photos/07.png") as picture:
    smaller = picture.convert("L").resize((16, 16))
smaller.save("photos/07.png")
""",
    again=True,
    prepare=with_photos(lambda place: Image.new("1", (9500, 9500)).save(place / "07.png")),
)

entry(
    "A file with several pages",
    "<file> holds <number> pages or frames; save each as a picture of its own.",
    meaning="A TIFF or GIF with several pages would lose all but the first.",
    given=TRAIN.format("photos"),
    remedy="Save every page as a picture of its own, and take the file out of the folder.",
    fix="""
from pathlib import Path
from PIL import Image, ImageSequence

path = Path("photos/stack.tif")
with Image.open(path) as pages:
    for number, page in enumerate(ImageSequence.Iterator(pages)):
        page.save(path.with_name(f"{path.stem}-{number}.png"))
path.unlink()
""",
    again=True,
    prepare=with_photos(
        lambda place: Image.new("L", (16, 16), 50).save(
            place / "stack.tif", save_all=True, append_images=[Image.new("L", (16, 16), 200)]
        )
    ),
)

entry(
    "Transparent pixels",
    "<file> has transparent pixels; give a background, as in pictures('<folder>', "
    "background='black').",
    meaning="The colour of a transparent pixel is not defined.",
    given=TRAIN.format("photos"),
    remedy="Say whether the background is black or white.",
    fix="""micvae train vae --data "pictures('photos', background='black')" --out runs/new""",
    prepare=with_photos(lambda place: Image.new("LA", (16, 16), (9, 0)).save(place / "07.png")),
)

entry(
    "A TIFF in which 0 is white",
    "<file> is a TIFF whose smallest value is white; save it inverted.",
    meaning="Pillow reads 16-bit and float TIFFs of this kind without inverting them.",
    given=TRAIN.format("photos"),
    remedy="Save the picture inverted, as PNG.",
    fix="""
import numpy as np
from PIL import Image

with Image.open("photos/07.tif") as picture:
    values = np.asarray(picture)
inverted = (65535 - values) // 257  # 8 bits, as the other pictures have
Image.fromarray(inverted.astype(np.uint8)).save("photos/07.png")
"""
    + """
from pathlib import Path

Path("photos/07.tif").unlink()
""",
    again=True,
    prepare=with_photos(
        lambda place: Image.fromarray(np.full((16, 16), 9, np.uint16)).save(
            place / "07.tif", tiffinfo={262: 0}
        )
    ),
)

entry(
    "Unknown values of black and white",
    "<array>: values of <dtype> from <number> to <number>, …; say which values are black and "
    "white, as in arrays('<file>', value_range=(<number>, <number>)), or (0, 255) for a dark "
    "picture.",
    words="say which values are black and white",
    meaning="The values fit several scales: digits from 0 to 16 are white at 16, or dark pictures "
    "of 8 bits. Values below 0 or slightly above 1 are doubtful, too.",
    given=TRAIN.format("digits.npy"),
    remedy="Say which values are black and white. In Python this is the argument `value_range` of "
    "`Disentangler`.",
    fix="""micvae train vae --data "arrays('digits.npy', value_range=(0, 16))" --out runs/new""",
    prepare=saved("digits.npy", grey(side=8) // 16 + (grey(side=8) > 254)),
)

entry(
    "Values outside the given range",
    "<array>: values from <number> to <number>, outside value_range=(<number>, <number>); give a "
    "wider one.",
    words="outside value_range=",
    meaning="The pictures have values that are darker than the given black or brighter than white.",
    given="""micvae train vae --data "arrays('scan.npy', value_range=(0, 1000))" --out runs/new""",
    remedy="Give a range that holds all values, or clip them before they are saved.",
    fix="""micvae train vae --data "arrays('scan.npy', value_range=(0, 4095))" --out runs/new""",
    prepare=saved("scan.npy", grey().astype(np.uint16) * 16),
)

entry(
    "Channels first or last",
    "<array> has shape (<N>, <A>, <B>, <C>), and <A> and <C> may both be a number of channels; "
    "specify it by arrays('<file>', layout='channels_first') or 'channels_last'.",
    meaning="The array has four axes, and two of them may count the channels.",
    given=TRAIN.format("tiles.npy"),
    remedy="Say which axis holds the channels. In Python this is the argument `layout` of "
    "`Disentangler`.",
    fix="""micvae train vae --data "arrays('tiles.npy', layout='channels_last')" --out runs/new""",
    prepare=saved("tiles.npy", np.full((64, 16, 16, 13), 65535, np.uint16)),
)

entry(
    "Pictures stored as rows",
    "<array> has shape (<N>, <F>) and dtype <dtype>; expected (N, H, W), (N, H, W, C) or (N, C, H, "
    "W), or vectors (N, F) of floats.",
    words="expected (N, H, W), (N, H, W, C) or",
    meaning="Whole numbers of two axes may be pictures that were flattened, or vectors.",
    given=TRAIN.format("digits.npy"),
    remedy="Give pictures their height and width back. Store vectors as floats.",
    fix="""
import numpy as np

digits = np.load("digits.npy")
np.save("digits.npy", digits.reshape(-1, 8, 8))
""",
    again=True,
    prepare=saved("digits.npy", grey(side=8).reshape(64, 64)),
)

entry(
    "Images with NaN or infinite values",
    "<array> holds NaN or infinite values; remove or replace those images.",
    meaning="A value of an image is missing or infinite.",
    given=TRAIN.format("data.npz"),
    remedy="Leave these images out, and with them their rows of all other arrays.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    images = file["images"]
usable = np.isfinite(images).all(axis=(1, 2))
np.savez("data.npz", images=images[usable])
""",
    again=True,
    prepare=zipped(
        "data.npz",
        images=np.concatenate([grey() / np.float32(255), np.full((1, 16, 16), np.nan)]),
    ),
)

entry(
    "A folder without pictures",
    "<folder> holds no images; expected files ending in .bmp, .gif, ….",
    meaning="The folder exists, but none of its files has the name of a picture.",
    given=TRAIN.format("photos"),
    remedy="Give the folder that holds the pictures, or name the files by their format.",
    fix="""
cd photos && for file in *.PIC; do mv "$file" "${file%.PIC}.png"; done
""",
    again=True,
    prepare=with_photos(
        lambda place: [p.rename(p.with_suffix(".PIC")) for p in place.glob("*.png")]
    ),
)

entry(
    "Images too small for the network",
    "images of <H>×<W> pixels are too small for this network; each side needs at least <number>. "
    "Enlarge or pad them.",
    words="too small for this network",
    meaning="Networks of pictures halve the sides of an image several times.",
    given=TRAIN.format("small.npy"),
    remedy="Enlarge the images, or pad them.",
    fix="""
import numpy as np

images = np.load("small.npy")
np.save("small.npy", np.pad(images, ((0, 0), (1, 1), (1, 1))))
""",
    again=True,
    prepare=saved("small.npy", grey(side=6)),
)

entry(
    "Data of another shape than the model's",
    "<data> has <shape>, and <model> takes <shape>; resize or convert the data to that.",
    words="resize or convert the data to that",
    meaning="A model reads samples of the shape that it was trained on.",
    given="micvae encode runs/first small.npy --out codes.csv",
    remedy="Resize the images to the size that the message names.",
    fix="""
import numpy as np
from PIL import Image

images = np.load("small.npy")
resized = [np.asarray(Image.fromarray(one).resize((32, 32))) for one in images]
np.save("small.npy", np.stack(resized))
""",
    again=True,
    prepare=saved("small.npy", grey(side=8)),
)
