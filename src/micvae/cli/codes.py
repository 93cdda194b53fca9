"""`micvae encode` and `micvae decode`: codes and images as files."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from micvae.cli.display import say, step_progress
from micvae.cli.outputs import check_file
from micvae.cli.parsing import parse
from micvae.data import load
from micvae.data.value_range import expecting
from micvae.errors import MicvaeError
from micvae.files import check_writable


def encode(arguments: list[str]) -> None:
    """`micvae encode RUN DATA`."""

    @dataclass(frozen=True)
    class Encode:
        """Write the codes of a data set as a table.

        The table has one row per sample, with its number, a column per latent (z0, z1, …: posterior
        means) and a column per known factor.
        """

        run: Positional[str] = ""
        """Folder of a trained run, or of micvae share; or hf://OWNER/NAME."""
        data: Positional[str] = ""
        """The data to encode, as for --data of micvae train."""
        out: Path = Path("codes.parquet")
        """A .parquet or .csv file. An existing file is replaced only if it is a table of codes."""

    from micvae.sharing.codes import encode_to
    from micvae.sharing.load_model import open_trained
    from micvae.sharing.writers import TABLES, checked_suffix
    from micvae.sharing.written_files import is_codes

    parsed = parse(Encode, arguments, "encode", Encode())
    if not parsed.run or not parsed.data:
        raise MicvaeError("encode needs a RUN and DATA, as in micvae encode runs/first data.npz.")
    checked_suffix(parsed.out, TABLES, "codes")
    check_file(parsed.out, "a table of codes", is_codes, (parsed.data,))
    trained = open_trained(parsed.run)
    with expecting(trained=trained.pixel_scale):
        dataset = load(parsed.data)
    with step_progress(f"encoding {dataset.name}") as report:
        encode_to(
            trained,
            dataset,
            parsed.out,
            lambda done, total: report(done, total, f"encoding {dataset.name}"),
        )
    names = [*trained.latent_names, *dataset.factor_names]
    say(f"{len(dataset):,} rows of {', '.join(names)}: {parsed.out}")


def decode(arguments: list[str]) -> None:
    """`micvae decode RUN CODES`."""

    @dataclass(frozen=True)
    class Decode:
        """Write the images (or vectors) that codes stand for."""

        run: Positional[str] = ""
        """Folder of a trained run, or of micvae share; or hf://OWNER/NAME."""
        codes: Positional[Path] = Path()
        """A .parquet or .csv file with the columns of micvae encode, or .npy or .npz (N, D)."""
        out: Path = Path("images.npz")
        """Images: an .npz file, or a new folder of PNG. Vectors: .parquet, .csv or .npz. Of files
        that are there, only what micvae decode wrote is replaced."""

    from micvae.sharing.codes import decode_to, read_codes
    from micvae.sharing.load_model import open_trained
    from micvae.sharing.written_files import is_decoded

    parsed = parse(Decode, arguments, "decode", Decode())
    if not parsed.run or parsed.codes == Path():
        raise MicvaeError("decode needs a RUN and CODES, as in micvae decode runs/first c.parquet.")
    check_writable(parsed.out)
    if parsed.out.suffix:  # a folder of PNG is new
        check_file(parsed.out, "what micvae decode wrote", is_decoded, (parsed.codes,))
    trained = open_trained(parsed.run)
    codes = read_codes(parsed.codes, trained)
    with step_progress("decoding") as report:
        decode_to(trained, codes, parsed.out, lambda done, total: report(done, total, "decoding"))
    say(f"{len(codes):,} of {parsed.codes} decoded: {parsed.out}")
