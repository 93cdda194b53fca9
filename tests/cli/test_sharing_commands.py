"""`micvae share`, `encode` and `decode` as a user meets them."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from test_cli import TOY

from micvae.data import from_npz
from micvae.training import Run


def test_a_colleague_gets_one_folder_and_encodes_with_it(inline, tmp_path):
    assert inline("train", "vae", *TOY, "--out", "run").returncode == 0
    shared = inline("share", "run", "--out", "shared")
    assert shared.returncode == 0, shared.stderr
    assert "the card has no scores; micvae evaluate run" in shared.stdout
    done = inline("encode", "shared", TOY[1], "--out", "codes.parquet")
    assert done.returncode == 0, done.stderr
    assert "256 rows of z0, z1, z2, size, intensity, rotation: codes.parquet" in done.stdout
    table = pq.read_table(tmp_path / "codes.parquet").to_pandas()
    own = Run(tmp_path / "run").representation().codes
    np.testing.assert_array_equal(table[["z0", "z1", "z2"]], own)

    done = inline("decode", "shared", "codes.parquet", "--out", "images.npz")
    assert done.returncode == 0, done.stderr
    done = inline("decode", "run", "codes.parquet", "--out", "pictures")
    assert done.returncode == 0 and len(list((tmp_path / "pictures").iterdir())) == 256
    images = from_npz(tmp_path / "images.npz").images
    pictures = inline("encode", "shared", "pictures", "--out", "again.csv")
    assert pictures.returncode == 0, pictures.stderr  # what is decoded is data again
    assert images.shape == (256, 1, 32, 32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["encode"], "encode needs a RUN and DATA"),
        (["encode", "nowhere", "squares(n=8)"], "neither run.json nor config.json"),
        (["encode", "nowhere", "squares(n=8)", "--out", "c.xlsx"], "ends in .xlsx"),
        (["decode", "nowhere"], "decode needs a RUN and CODES"),
        (["share", "nowhere"], "either --out FOLDER or --repo"),
        (["share", "nowhere", "--out", "a", "--repo", "b/c"], "either --out FOLDER or --repo"),
        (["share", "nowhere", "--out", "a"], "nowhere is not a run"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_status_2(inline, tmp_path, arguments, message):
    done = inline(*arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert message in done.stderr.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []
