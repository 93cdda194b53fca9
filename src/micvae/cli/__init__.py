"""The command line.

Nothing heavy is imported before a command is known, so that `micvae --help` answers at once.
"""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from micvae import __version__
from micvae.cli.terminal import Interrupts, abandon_output, flush_output, make_printable
from micvae.errors import MicvaeError, nearest
from micvae.files import system_error
from micvae.text import printable

COMMANDS = (
    "reproduce",
    "train",
    "evaluate",
    "report",
    "explore",
    "study",
    "select",
    "audit",
    "theorem",
    "encode",
    "decode",
    "export",
    "share",
    "list",
)

HELP = f"""\
micvae {__version__}: disentangled and identifiable representation learning

usage: micvae COMMAND …          micvae COMMAND --help explains each

  reproduce          train, compare and report what the paper reports
  train METHOD       train one model
  evaluate RUN       score a trained run, or anybody's codes: MIG, DCI, InfoMEC, MCC, …
  report FOLDER …    write figures and one self-contained HTML page, or compare runs on one
  explore RUN        one HTML file to try the latents in: sliders, pictures, codes
  study METHOD …     several methods over several seeds, in parallel
  select DATA        which method to go on with, chosen without ground truth
  audit RUN …        what a trained run's latents identify, and what they do not
  theorem            what independence cannot identify: counterexamples, measured
  encode RUN DATA    the codes of a data set as a table (Parquet, CSV)
  decode RUN CODES   the images of a table of codes
  export RUN         encoder and decoder as ONNX
  share RUN          a folder to send, or to publish on the Hugging Face hub
  list WHAT          methods, metrics, estimators or data

First steps:
  micvae train mi-constrained --data squares --epochs 5 --out runs/first
  micvae evaluate runs/first
  micvae report runs/first

Codes from anywhere, against known factors (.npy, .npz, .csv, .parquet):
  micvae evaluate --codes codes.npy --factors factors.csv --intervals

Your own data: --data takes the path of a file of arrays, of a table of numbers, or of a folder of
pictures; micvae list data names the formats, docs/data.md describes them. A command that was
interrupted goes on where it stopped when it is given again.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a wrong input prints one line and ends with status 2.

    What the system refuses (files, memory) is one line with status 2 as well. Ctrl-C ends with
    status 130; output that nobody reads any more (`| head`) ends the command quietly, with 141.
    """
    make_printable()
    own = arguments is None
    with Interrupts(stay=own) as interrupts:
        try:
            try:
                _run(list(sys.argv[1:] if arguments is None else arguments))
            finally:
                flush_output()
        except BaseException as error:
            if interrupts.came or isinstance(error, KeyboardInterrupt):
                _end(130, "\nmicvae: stopped; the same command goes on from here.")
            if isinstance(error, BrokenPipeError):
                abandon_output()
                _end(141)
            said = error if isinstance(error, MicvaeError) else system_error(error)
            if said is None:
                raise
            _end(2, f"micvae: error: {printable(said)}")


def _run(given: list[str]) -> None:
    if not given or given[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return
    if given[0] == "--version":
        print(__version__)
        return
    warnings.showwarning = _show_warning
    command, *rest = given
    if command not in COMMANDS:
        raise MicvaeError(
            f"unknown command {command!r}{nearest(command, COMMANDS)}; choose from "
            f"{', '.join(COMMANDS)}."
        )
    getattr(import_module("micvae.cli.commands"), command.replace("list", "list_"))(rest)


def _end(status: int, said: str | None = None) -> None:
    """Leave the program; output that cannot be written any more is given up."""
    try:
        if said is not None:
            print(said, file=sys.stderr, flush=True)
        flush_output()
    except OSError:
        abandon_output()
    sys.exit(status)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"micvae: warning: {printable(message)}", file=sys.stderr)
