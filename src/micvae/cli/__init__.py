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

  reproduce [CLAIM]  train, compare and report what the paper reports, or a published claim
  train METHOD       train one model
  evaluate RUN       score a trained run, or codes from any program: MIG, DCI, InfoMEC, MCC, …
  report FOLDER …    write figures and one self-contained HTML page; compare several runs
  explore RUN        write one HTML file to explore the latents: sliders, images, codes
  study METHOD …     train and score several methods over several seeds, in parallel
  select DATA        rank methods on your data without ground truth
  audit RUN …        measure what the latents of trained runs identify
  theorem            measure counterexamples to identifiability from independence
  encode RUN DATA    write the codes of a data set as a table (Parquet, CSV)
  decode RUN CODES   write the images of a table of codes
  export RUN         write encoder and decoder as ONNX
  share RUN          write a folder to send, or publish the model on the Hugging Face hub
  list WHAT          list methods, latents, metrics, estimators or data sets

First steps:
  micvae train mi-constrained --data squares --epochs 5 --out runs/first
  micvae evaluate runs/first
  micvae report runs/first

Codes from any program and known factors (.npy, .npz, .csv, .parquet):
  micvae evaluate --codes codes.npy --factors factors.csv --intervals

Your own data: --data reads a file of arrays, a table of numbers, or a folder of images, see
micvae list data and docs/data.md. To continue an interrupted command, give it again.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; wrong input prints one line and ends with status 2.

    Errors of the system (files, memory) print one line and end with status 2 as well. Ctrl-C ends
    with status 130, a closed output (`| head`) with status 141 and no message.
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
    """Leave the program; discard output that cannot be written."""
    try:
        if said is not None:
            print(said, file=sys.stderr, flush=True)
        flush_output()
    except OSError:
        abandon_output()
    sys.exit(status)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"micvae: warning: {printable(message)}", file=sys.stderr)
