"""Stored files that were altered: every command ends in its result or in one sentence.

Each JSON file, table and array that micvae writes is altered field by field: dropped, of another
type, of another length, huge, NaN, nested, very long. Every command that reads the file is then
run on it. What is drawn or computed is not the subject here: no figure is rendered, few scores are
computed, and networks are not traced.
"""

import contextlib
import io
import json
import shutil
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builders import few_scores, in_process, quick_audits
from micvae.cli import main

SAMPLED = 160
"""Combinations of an alteration and a command that are tried, out of some thousands."""

COMMANDS: dict[str, list[str]] = {
    "report": ["report", "{0}"],
    "evaluate": ["evaluate", "{0}"],
    "share": ["share", "{0}", "--out", "new", "--no-intervals"],
    "share with intervals": ["share", "{0}", "--out", "new"],
    "share again": ["share", "run", "--out", "{0}", "--no-intervals"],
    "export": ["export", "{0}", "--out", "new"],
    "export again": ["export", "run", "--out", "{0}"],
    "explore": ["explore", "{0}", "--out", "new.html"],
    "encode": ["encode", "{0}", "squares(n=64)", "--out", "new.parquet"],
    "decode": ["decode", "run", "{0}", "--out", "new.npz"],
    "audit": ["audit", "{0}", "other", "--quick", "--out", "new"],
    "compare": ["report", "{0}", "other", "--out", "new"],
    "train": ["train", "vae", "--data", "squares(n=64)", "--latent-dim", "2", "--epochs", "1",
              "--batch-size", "16", "--network", "mlp(hidden=8, depth=1)", "--out", "{0}"],
    "study": ["study", "vae", "beta-vae", "--seeds", "1", "--workers", "1", "--data",
              "squares(n=64)", "--latent-dim", "2", "--epochs", "1", "--batch-size", "16",
              "--network", "mlp(hidden=8, depth=1)", "--out", "{0}"],
    "select": ["select", "squares(n=64)", "--methods", "vae", "beta-vae", "--seeds", "2",
               "--workers", "1", "--latent-dim", "2", "--epochs", "1", "--batch-size", "16",
               "--network", "mlp(hidden=8, depth=1)", "--check", "--out", "{0}"],
    "reproduce": ["reproduce", "--seeds", "2", "--workers", "1", "--out", "{0}"],
    "theorem": ["theorem", "--quick", "--out", "{0}"],
    "audit run": ["audit", "run", "other", "--quick", "--out", "{0}"],
}  # fmt: skip

OF_A_RUN = ("report", "evaluate", "share", "export", "explore", "encode", "audit", "compare")
SLOW = {"study", "select", "reproduce", "audit", "evaluate"}
"""Commands that compute for seconds where a file is read: tried on every sixth alteration."""

READERS: dict[str, tuple[str, ...]] = {
    "run/run.json": (*OF_A_RUN, "train"),
    "run/scores.json": ("report", "share", "share with intervals", "compare"),
    "run/log.parquet": ("report", "evaluate", "share", "compare", "train"),
    "run/representation.npz": OF_A_RUN,
    "study/study.json": ("report", "study"),
    "study/table.parquet": ("report", "study"),
    "selection/selection.json": ("report",),
    "selection/table.parquet": ("report", "select"),
    "paper/table1.json": ("report",),
    "paper/study.json": ("report", "reproduce"),
    "paper/table.parquet": ("report", "reproduce"),
    "audited/audit.json": ("report",),
    "theorem/theorem.json": ("report",),
    "theorem/theorem.npz": ("report",),
    "shared/config.json": ("encode", "share again"),
    "exported/model.json": ("export again",),
    "codes.parquet": ("decode",),
}


@dataclass(frozen=True)
class Case:
    """One alteration of one file, and the command that reads it."""

    file: str
    where: str
    how: str
    command: str
    alter: Callable[[Path], None]

    def __str__(self) -> str:
        return f"{self.file} {self.where} {self.how}: {self.command}"


WRONG: dict[str, Any] = {
    "null": None,
    "number": 7,
    "text": "abc",
    "list": [1, "x"],
    "object": {"a": {"b": [None]}},
    "true": True,
    "huge": 10**30,
    "largest": 1.7e308,
    "negative": -3,
    "nan": float("nan"),
    "infinite": float("inf"),
    "deep": json.loads("[" * 200 + "]" * 200),
    "long": "x" * 100_000,
    "surrogate": "\ud800",
    "control": "\x1b[31m\x00",
    "empty list": [],
    "empty": {},
    "too large": float(2**70),
}


def spots(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every field; of a list only the first and the last entry."""
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from spots(inner, (*at, key))
    elif isinstance(value, list) and value:
        for i in sorted({0, len(value) - 1}):
            yield from spots(value[i], (*at, i))


def json_alteration(at: tuple[Any, ...], how: str) -> Callable[[Path], None]:
    """A function that alters a JSON file at one spot."""

    def alter(path: Path) -> None:
        whole = json.loads(path.read_text("utf-8"))
        holder: Any = {"": whole}
        keys = ("", *at)
        target = holder
        for key in keys[:-1]:
            target = target[key]
        last = keys[-1]
        if how == "drop":
            del target[last]
        elif how == "longer":
            target[last] = [*target[last], target[last][-1] if target[last] else 0]
        elif how == "shorter":
            target[last] = target[last][:-1]
        elif how == "unknown":
            target[last] = {**target[last], "unknown field": WRONG["object"]}
        else:
            target[last] = WRONG[how]
        path.write_text(json.dumps(holder.get("", None)), "utf-8")

    return alter


def json_alterations(path: Path) -> Iterator[tuple[str, str, Callable[[Path], None]]]:
    whole = json.loads(path.read_text("utf-8"))
    for at in spots(whole):
        value = whole
        for key in at:
            value = value[key]
        ways = [*WRONG, *(["drop"] if at else [])]
        ways += ["longer", "shorter"] if isinstance(value, list) else []
        ways += ["unknown"] if isinstance(value, dict) else []
        for how in ways:
            yield ".".join(map(str, at)) or "(all)", how, json_alteration(at, how)


COLUMNS: dict[str, Callable[[int], Any]] = {
    "text": lambda n: pa.array(["x"] * n),
    "null": lambda n: pa.array([None] * n, pa.float64()),
    "typeless": lambda n: pa.nulls(n),
    "nan": lambda n: pa.array([float("nan")] * n),
    "infinite": lambda n: pa.array([float("inf")] * n),
    "whole": lambda n: pa.array([-1] * n),
    "lists": lambda n: pa.array([[1.0]] * n),
    "objects": lambda n: pa.array([{"a": 1}] * n),
    "flags": lambda n: pa.array([True] * n),
    "bytes": lambda n: pa.array([b"\xff"] * n),
    "huge": lambda n: pa.array([1e300] * n),
}


def table_alteration(column: str, how: str) -> Callable[[Path], None]:
    def alter(path: Path) -> None:
        if how == "truncated":
            path.write_bytes(path.read_bytes()[:-40])
            return
        table = pq.read_table(path)
        place = table.column_names.index(column) if column in table.column_names else 0
        if how == "drop":
            table = table.drop_columns([column])
        elif how == "no rows":
            table = table.slice(0, 0)
        elif how == "half":
            table = table.slice(0, len(table) // 2)
        elif how == "twice":
            table = table.append_column(column, table[column])
        elif how == "renamed":
            names = [n if n != column else "x\x1b[31m" for n in table.column_names]
            table = table.rename_columns(names)
        else:
            table = table.set_column(place, column, COLUMNS[how](len(table)))
        pq.write_table(table, path)

    return alter


def table_alterations(path: Path) -> Iterator[tuple[str, str, Callable[[Path], None]]]:
    for how in ("truncated", "no rows", "half"):
        yield "(all)", how, table_alteration("", how)
    for column in pq.read_schema(path).names:
        for how in ("drop", "twice", "renamed", *COLUMNS):
            yield column, how, table_alteration(column, how)


ARRAYS: dict[str, Callable[[Any], Any]] = {
    "text": lambda a: np.full(a.shape, "x"),
    "nan": lambda a: np.full(a.shape, np.nan),
    "flat": lambda a: a.reshape(-1),
    "deeper": lambda a: a[..., None],
    "shorter": lambda a: a[:-1],
    "empty": lambda a: a[:0],
    "single": lambda a: np.asarray(0.5),
    "complex": lambda a: np.full(a.shape, 1 + 1j),
    "flags": lambda a: np.ones(a.shape, bool),
    "huge": lambda a: np.full(a.shape, 1e300),
    "narrower": lambda a: a[:, :-1] if a.ndim > 1 else a[:-1],
    "dates": lambda a: np.full(a.shape, np.datetime64("2020-01-01")),
}


def array_alteration(name: str, how: str) -> Callable[[Path], None]:
    def alter(path: Path) -> None:
        if how == "truncated":
            path.write_bytes(path.read_bytes()[:-40])
            return
        with np.load(path) as file:
            arrays = {key: file[key] for key in file.files}
        if how == "drop":
            del arrays[name]
        else:
            arrays[name] = ARRAYS[how](arrays[name])
        np.savez(path, **arrays)

    return alter


def array_alterations(path: Path) -> Iterator[tuple[str, str, Callable[[Path], None]]]:
    yield "(all)", "truncated", array_alteration("", "truncated")
    with np.load(path) as file:
        for name in file.files:
            for how in ("drop", *ARRAYS):
                yield name, how, array_alteration(name, how)


KINDS = {".json": json_alterations, ".parquet": table_alterations, ".npz": array_alterations}


def cases(folder: Path) -> list[Case]:
    """Every alteration of every file, with the commands that read it."""
    return [
        Case(file, where, how, command, alter)
        for file, commands in READERS.items()
        for number, (where, how, alter) in enumerate(KINDS[Path(file).suffix](folder / file))
        for command in commands
        if command not in SLOW or number % 6 == 0
    ]


def sampled(every: list[Case], count: int) -> list[Case]:
    """Some cases of each file, the same at every time; large files do not crowd out small ones."""
    generator = np.random.default_rng(0)
    by_file = {file: [case for case in every if case.file == file] for file in READERS}
    most = -(-count // len(by_file))
    left = [case for mine in by_file.values() for case in mine]
    chosen = []
    for mine in by_file.values():
        size = min(most, len(mine))
        chosen += [mine[i] for i in sorted(generator.choice(len(mine), size, replace=False))]
    taken = set(map(id, chosen))
    left = [case for case in left if id(case) not in taken]
    more = max(0, count - len(chosen))
    return chosen + [left[i] for i in sorted(generator.choice(len(left), more, replace=False))]


def outcome(arguments: list[str]) -> tuple[str, str]:
    """`done`, `refused` or `traceback`, with what was printed on the error stream."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                main(arguments)
            return "done", err.getvalue()
        except SystemExit as end:
            if end.code in (None, 0):
                return "done", err.getvalue()
            lines = [x for x in err.getvalue().splitlines() if x.startswith("micvae: error:")]
            others = [x for x in err.getvalue().splitlines() if "Traceback" in x]
            if end.code == 2 and len(lines) == 1 and not others:
                return "refused", lines[0]
            return f"status {end.code}", err.getvalue() + out.getvalue()[-500:]
        except BaseException:
            return "traceback", traceback.format_exc()


@contextlib.contextmanager
def small_and_fast() -> Iterator[None]:
    """Figures are not rendered, audits and counterexamples are small, studies stay in here."""
    import matplotlib

    matplotlib.use("agg")
    from micvae.explorer import build
    from micvae.identifiability import theorem
    from micvae.networks import MLP
    from micvae.reports import page
    from micvae.sharing import onnx
    from micvae.studies import paper, study
    from micvae.training.config import RunConfig

    def drawn(plate: Any, folder: Path) -> Any:
        plate.figure.canvas.draw_idle()
        size = (plate.name, "<svg/>", "", 1, 1, plate.alt, plate.label)
        return page.Picture(*size)

    def tiny(self: Any, objective: Any) -> Any:
        return RunConfig(
            objective=objective, data="squares(n=64)", latent_dim=2, epochs=1, batch_size=16,
            network=MLP(hidden=8, depth=1),
        )  # fmt: skip

    def exported(model: Any, image_shape: Any) -> Any:
        return tuple(onnx.Exported(b"", name, "given", 0.0, 1) for name in ("images", "codes"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "save", drawn)
        patch.setattr(theorem, "QUICK", theorem.Scale((0.0, 45.0), 300, 60))
        quick_audits(patch.setattr)
        patch.setattr(study, "run_jobs", in_process)
        patch.setattr(paper.Reproduction, "_config", tiny)
        patch.setattr(paper, "RESTARTS", 1)
        few_scores(patch.setattr)
        patch.setattr(onnx, "export_networks", exported)
        patch.setattr(build, "export_networks", exported)
        patch.setattr(build, "runtime_files", lambda: (b"script", b"machine"))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of everything that micvae stores, as small as it can be."""
    folder = tmp_path_factory.mktemp("stored")
    with pytest.MonkeyPatch.context() as patch, small_and_fast():
        patch.chdir(folder)
        build()
    return folder


def build() -> None:
    train = COMMANDS["train"]
    for line in (
        [*train[:-1], "run"],
        [*train[:-1], "other", "--seed", "1"],
        ["evaluate", "run"],
        ["evaluate", "other"],
        [*COMMANDS["study"][:-1], "study"],
        [*COMMANDS["select"][:-1], "selection"],
        [*COMMANDS["reproduce"][:-1], "paper"],
        ["theorem", "--quick", "--out", "theorem"],
        ["audit", "run", "other", "--quick", "--out", "audited"],
        ["share", "run", "--out", "shared", "--no-intervals"],
        ["export", "run", "--out", "exported"],
        ["encode", "run", "squares(n=64)", "--out", "codes.parquet"],
    ):
        found, said = outcome(line)
        assert found == "done", (line, said)


def tried(case: Case, folder: Path, place: Path) -> tuple[str, str]:
    """Alter a copy and run the command there; also refuse what an error leaves behind."""
    top = Path(case.file).parts[0]
    inputs = {top, "run", "other"} & {path.name for path in folder.iterdir()}
    for name in inputs:
        source = folder / name
        if source.is_dir():
            shutil.copytree(source, place / name)
        else:
            shutil.copy(source, place / name)
    case.alter(place / case.file)
    before = {path.name for path in place.iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        found, said = outcome([word.format(top) for word in COMMANDS[case.command]])
    if found == "refused":
        added = {path.name for path in place.iterdir()} - before
        if added:
            return "half a folder", f"{added} left after: {said}"
    hidden = [str(p.relative_to(place)) for p in place.rglob(".*-*")]
    return ("left behind", f"{hidden}") if hidden else (found, said)


def test_an_altered_file_ends_in_a_result_or_in_one_sentence(folder, tmp_path):
    wrong = []
    with small_and_fast():
        for number, case in enumerate(sampled(cases(folder), SAMPLED)):
            place = tmp_path / str(number)
            place.mkdir()
            found, said = tried(case, folder, place)
            shutil.rmtree(place)
            if found not in ("done", "refused"):
                wrong.append(f"{case}: {found}: {said.strip().splitlines()[-1][:200]}")
    assert not wrong, f"{len(wrong)} of {SAMPLED}:\n" + "\n".join(wrong)
