"""What --out may replace: what the same command wrote before, and nothing else."""

from collections.abc import Callable, Sequence
from pathlib import Path

from micvae.errors import MicvaeError, RunError
from micvae.files import check_writable, is_unfinished, read_json
from micvae.paths import checked_file
from micvae.studies.study import STUDY, RunName
from micvae.training.run import RUNS

Ours = Callable[[Path], bool]


def check_file(out: Path, what: str, ours: Ours, inputs: Sequence[Path | str | None] = ()) -> None:
    """Refuse a file that this command did not write.

    Args:
        out: the file that is to be written; it need not be there.
        what: what the command writes, for the message: `a table of codes`.
        ours: whether a file that is there is of that kind.
        inputs: what the command reads, which it never replaces; where it is a file.

    Raises:
        MicvaeError: where writing would destroy something else.
        FileError: where it cannot be written to.
    """
    if out.is_dir():
        raise MicvaeError(f"out: {out} is a folder; give the path of a file.")
    check_writable(out)
    if not checked_file(out).exists():
        return
    if any(given is not None and _same(out, given) for given in inputs):
        raise MicvaeError(f"out: {out} is what this command reads; choose another --out.")
    if not ours(out):
        raise MicvaeError(
            f"out: {out} exists and is not {what}; choose another --out, or remove the file."
        )


def _same(out: Path, given: Path | str) -> bool:
    try:
        return out.samefile(given)
    except (OSError, ValueError):  # not every input is a file, or can be the name of one
        return False


def check_folder(out: Path, command: str, ours: Ours) -> None:
    """Refuse a folder that holds something, but nothing that this command wrote.

    Hidden files alone, such as .DS_Store, leave a folder empty. A folder that the command began to
    fill, and did not finish as it was killed, is its own.

    Args:
        out: the folder that is to be written to; it need not be there.
        command: its name, for the message.
        ours: whether a folder holds earlier output of the command.

    Raises:
        MicvaeError: where it is a file, or holds something else.
        FileError: where it cannot be written to.
    """
    check_writable(out)
    if not out.exists():
        check_folder_name(out)
        return
    if not out.is_dir():
        raise MicvaeError(f"out: {out} is a file; give the path of a folder.")
    held = min((path.name for path in out.iterdir() if path.name[0] != "."), default=None)
    if held is not None and not is_unfinished(out, command) and not ours(out):
        raise MicvaeError(
            f"out: {out} contains files that micvae {command} does not write, such as "
            f"{held}; choose another --out."
        )


FILES = (
    *(".csv", ".gif", ".h5", ".htm", ".html", ".ipynb", ".jpeg", ".jpg", ".json", ".md", ".npy"),
    *(".npz", ".onnx", ".parquet", ".pdf", ".pkl", ".png", ".pt", ".pth", ".safetensors", ".svg"),
    *(".tex", ".toml", ".tsv", ".txt", ".xlsx", ".yaml", ".yml", ".zip"),
)
"""Endings of files. A new folder of such a name would be taken for one."""


def check_folder_name(out: Path) -> None:
    """Refuse a new folder that is called as a file.

    Raises:
        MicvaeError: where the name ends as that of a file.
    """
    if not out.exists() and out.suffix.lower() in FILES:
        raise MicvaeError(
            f"out: {out} ends in {out.suffix}, and a folder is written there; give it a name "
            "without the ending of a file."
        )


def check_suffix(out: Path, suffix: str, what: str) -> None:
    """Refuse a file whose ending is not that of what is written to it.

    Raises:
        MicvaeError: names the ending that is right.
    """
    if out.suffix.lower() != suffix:
        raise MicvaeError(
            f"out: {out} ends in {out.suffix or 'nothing'}; {what} are written as "
            f"{suffix[1:].upper()}, to a file whose name ends in {suffix}."
        )


def holds(*names: str) -> Ours:
    """Whether a folder holds a file of one of these names."""
    return lambda folder: any((folder / name).is_file() for name in names)


def holds_study(kind: str | None = None) -> Ours:
    """Whether a folder holds a study of this kind (see `study.json`), or one that was interrupted.

    `study.json` is written when all runs are there; before that, the runs tell.
    """

    def ours(folder: Path) -> bool:
        study = json_of(folder / STUDY)
        if "failed" in study:
            return study.get("kind") == kind
        return any(RunName.parse(run.name) for run in (folder / RUNS).rglob("seed-*"))

    return ours


def json_of(path: Path) -> dict[str, object]:
    """What a JSON file holds by name; nothing where it is none, or is not there."""
    try:
        found = read_json(path)
    except (OSError, RunError):
        return {}
    return found if isinstance(found, dict) else {}


def is_scores(path: Path) -> bool:
    """Whether `micvae evaluate --codes` wrote a file."""
    return json_of(path).keys() >= {"codes", "factors", "factor_kinds", "metrics", "samples"}


def is_explorer(path: Path) -> bool:
    """Whether `micvae explore` wrote a file."""
    with path.open("rb") as file:
        return b"micvae explorer</title>" in file.read(2**16)


def holds_comparison(folder: Path) -> bool:
    """Whether a folder holds the page of a comparison of runs."""
    page = folder / "report.html"
    return page.is_file() and b'<p class="kind">Comparison</p>' in page.read_bytes()


def holds_export(folder: Path) -> bool:
    """Whether a folder holds a model as ONNX that `micvae export` described."""
    return json_of(folder / "model.json").keys() >= {"micvae", "format", "encoder", "decoder"}
