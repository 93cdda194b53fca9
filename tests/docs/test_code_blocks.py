"""Every code block of README, CONTRIBUTING and docs, carried out page by page.

Python blocks of a page share one namespace, and all blocks of a page one empty folder in which lie
the files that pages speak of as the reader's own. Commands are cut in cost alone: one epoch, few
generated images, a small network. What stays dear is only understood, not carried out: blocks
after `<!-- costly -->`, and commands that train many models, which have tests of their own. Their
arguments are parsed, and the names in them looked up.
"""

import argparse
import inspect
import re
import runpy
import shlex
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tyro
from PIL import Image

from builders import without_rendering
from micvae import objectives
from micvae.cli import COMMANDS, main
from micvae.data import GENERATED, PROBLEMS, describe, squares
from micvae.errors import MicvaeError, MicvaeWarning
from micvae.explorer import runtime_files
from micvae.training import RunConfig

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(p for p in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in p.parts),
]
DEAR = {"study", "reproduce", "theorem", "audit", "select"}
try:
    runtime_files()
except MicvaeError:  # a checkout that has not fetched them: the command is read, not carried out
    DEAR |= {"explore"}
BLOCK = re.compile(r"(<!-- costly -->\n)?^```(python|sh|bash|console)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A code block: its language, its text, and whether it is only to be understood."""

    language: str
    text: str
    costly: bool
    line: int


class UnderstoodError(Exception):
    """Raised in place of carrying out what a command line asks for."""


def blocks(page):
    text = page.read_text()
    return [
        Block(m[2], m[3], bool(m[1]), text.count("\n", 0, m.start(3))) for m in BLOCK.finditer(text)
    ]


ELSEWHERE = {"bad-input.md", "CONTRIBUTING.md"}
"""Run by tests/cli/test_message_reference.py and tests/unit/test_contributing.py."""
WITH_CODE = [page for page in PAGES if blocks(page) and page.name not in ELSEWHERE]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What a reader has: pictures as a file and as a folder, codes and factors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    without_rendering(monkeypatch.setattr)
    data = squares(128, seed=0)
    np.savez("faces.npz", images=data.images, factors=data.factors, factor_names=data.factor_names)
    Path("photos").mkdir()
    for i, image in enumerate(data.images[:80, 0]):
        Image.fromarray(np.uint8(255 * image)).save(f"photos/{i:03}.png")
    codes, factors = known()
    np.save("codes.npy", codes)
    np.savetxt("factors.csv", factors, delimiter=",", header="size,place", comments="")
    return tmp_path


def known():
    """Codes (400, 3) that know two factors, one of them with noise."""
    generator = np.random.default_rng(0)
    factors = np.column_stack([generator.uniform(size=400), generator.integers(0, 4, 400)])
    noise = generator.normal(size=(400, 3))
    return noise * [0.1, 0.1, 1] + np.column_stack([factors, np.zeros(400)]), factors


def names_of(page):
    """What a page's Python blocks take for granted."""
    codes, factors = known()
    return {"codes": codes, "factors": factors, "__name__": page.stem}


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_block_of_a_page(page, folder, monkeypatch):
    names = names_of(page)
    for block in blocks(page):
        place = f"{page.relative_to(ROOT)}, line {block.line}"
        if block.language == "python" and page.name == "CONTRIBUTING.md":
            continue  # files that one would add: carried out by tests/unit/test_contributing.py
        if block.language == "python":
            text = re.sub(r"\brange\(\d{4,}\)", "range(400)", block.text)
            code = compile("\n" * block.line + text, str(page), "exec")
            if not block.costly:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", MicvaeWarning)  # of scores on tiny data
                    exec(code, names)
            continue
        for words in commands(block.text):
            if words[0] == "micvae":
                assert words[1] in COMMANDS or words[1].startswith("-"), f"{place}: {words}"
                if block.costly or words[1] in DEAR:
                    understand(words[1:], monkeypatch, place)
                else:
                    carry_out(reduced(words[1:]), place)
            elif words[0].startswith("python") and words[1].startswith("scripts/"):
                understand_script(words[1:], monkeypatch, place)


def commands(text):
    """Lines as lists of words; `&&` separates commands, a backslash continues a line."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            yield words[:end]
            words = words[end + 1 :]


def reduced(words):
    """The same command at a fraction of its cost, where that is much."""
    out = words[words.index("--out") + 1] if "--out" in words else None
    if words[0] != "train" or (out is not None and Path(out).exists()):
        return words
    words = list(words)
    if "--epochs" not in words:
        words += ["--epochs", "20"]
    at = words.index("--epochs") + 1
    words[at] = words[at] if int(words[at]) <= 4 else "1"
    if "--data" not in words:
        words += ["--data", "squares"]
    at = words.index("--data") + 1
    name = words[at].partition("(")[0]
    if name in (*GENERATED, *PROBLEMS) and "(" not in words[at]:
        words[at] = f"{name}(n=256)"
    words[at] = re.sub(r"\bn=\d{4,}", lambda n: min(n[0], "n=1024", key=amount), words[at])
    return words


def amount(text):
    return int(text.partition("=")[2])


def carry_out(words, place):
    try:
        main(words)
    except SystemExit as stop:
        assert not stop.code, f"{place}: {shlex.join(words)}"


def understand(words, monkeypatch, place):
    """Parse a command line as its command does, and look up what it names."""
    parse = tyro.cli

    def parse_alone(*args, **kwargs):
        raise UnderstoodError(parse(*args, **kwargs))

    with monkeypatch.context() as patched, pytest.raises(UnderstoodError) as found:
        patched.setattr(tyro, "cli", parse_alone)
        carry_out(words, place)
    (parsed,) = found.value.args
    look_up(parsed)


def look_up(parsed):
    """Check that methods, presets and data sets exist, take their options, and fit each other."""
    given = dict(vars(parsed))
    data = given.get("data")
    if data is not None:
        describe(data)
    chosen = [objectives.find(text) for text in given.get("methods", ())]
    chosen += [given["objective"]] if "objective" in given else []
    fields = set(inspect.signature(RunConfig).parameters) - {"objective"}
    for objective in chosen:
        RunConfig(objective=objective, **{k: v for k, v in given.items() if k in fields})


def understand_script(words, monkeypatch, place):
    """Let a script read its arguments, and stop it there."""
    script = ROOT / words[0]
    assert script.is_file(), f"{place}: there is no {words[0]}"

    def parse_alone(parser, *args, **kwargs):
        raise UnderstoodError(parse(parser, *args, **kwargs))

    parse = argparse.ArgumentParser.parse_args
    with monkeypatch.context() as patched, pytest.raises(UnderstoodError):
        patched.setattr(argparse.ArgumentParser, "parse_args", parse_alone)
        patched.setattr(sys, "argv", [str(script), *words[1:]])
        patched.syspath_prepend(script.parent)
        runpy.run_path(str(script), run_name="__main__")


def test_no_fence_escapes():
    """A block of another language, or with an indented fence, would not be tested."""
    shown = {"python", "sh", "text", "", "{include}", "{toctree}", "{image}", "{literalinclude}"}
    for page in PAGES:
        opened = re.findall(r"^[ \t]*```+(\S*)", page.read_text(), re.M)[::2]
        assert set(opened) <= shown, page
        assert len(blocks(page)) == sum(fence in ("python", "sh") for fence in opened), page


def test_what_is_wrong_is_found(folder, monkeypatch):
    """A test of documents that lets errors pass is worth nothing."""
    with pytest.raises(AssertionError, match="no-such-flag"):
        understand(["train", "vae", "--no-such-flag", "1"], monkeypatch, "here")
    with pytest.raises(MicvaeError, match="it has no 'm'"):
        understand(["train", "vae", "--data", "squares(m=5)"], monkeypatch, "here")
    with pytest.raises(AssertionError, match="here"):
        carry_out(["train", "vae", "--data", "nowhere.npz"], "here")
