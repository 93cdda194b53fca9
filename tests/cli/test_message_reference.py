"""Every message of docs/bad-input.md comes as it is written there, and its remedy helps.

The commands and lines of Python that the page shows are carried out, each in a folder of its own.
"""

import builtins
import contextlib
import importlib.util
import io
import re
import shlex
import shutil
import subprocess
import tomllib
import warnings
from pathlib import Path

import pytest
from messages import ENTRIES, is_shell
from PIL import Image

import micvae.errors
import micvae.metrics
from builders import tiny_run
from micvae.cli import main
from micvae.errors import MicvaeError, MicvaeWarning

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
_spec = importlib.util.spec_from_file_location("guide", ROOT / "scripts" / "bad_input_guide.py")
GUIDE = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(GUIDE)
SPOKEN = r"(?:micvae: error: |micvae: warning: |note: )"
QUICK = {
    "train": ["--epochs", "1", "--device", "cpu"],
    "study": ["--epochs", "1", "--device", "cpu", "--seeds", "1", "--workers", "1"],
}


def pattern(message):
    """What a message looks like: anything stands for what varies."""
    parts = re.split(r"<[^<>]+>|…", " ".join(message.split()))
    return ".*?".join(map(re.escape, parts)).removesuffix(r"\.") + r"\.?"


WARNINGS = {
    "MicvaeWarning": "training begins again",
    "AmbiguousKindWarning": "the kind of a factor is a guess",
    "NotConvergedWarning": "The loss still falls",
    "AliasedAnglesWarning": "are indistinguishable: a square",
    "UnfairMetricWarning": "not fair to",
    "UndefinedScoreWarning": "by convention",
    "LostDigitsWarning": "a large offset has rounded the values to a few different ones",
    "MissingScoreWarning": "left out: ",
}


class Session:
    """A user in a folder: carries out commands and lines of Python, and hears what is said."""

    def __init__(self, names, missing):
        self.names = {"X": None, **names}
        self.missing = set(missing)

    def carry_out(self, code):
        """All that was said; a command that fails ends it."""
        code = re.sub(r"<(\w+)>", lambda found: str(self.names[found[1]]), code)
        if not is_shell(code):
            return self.python(code)
        said = []
        for line in code.replace("\\\n", " ").splitlines():
            done, text = self.shell(line)
            said.append(text)
            if not done:
                return False, " ".join(said)
        return True, " ".join(said)

    def python(self, code):
        with warnings.catch_warnings(record=True) as caught, self.without_packages():
            warnings.simplefilter("always")
            try:
                exec(compile(code, "remedy", "exec"), self.names)
                error = None
            except MicvaeError as found:
                error = found
        said = [f"micvae: warning: {w.message}" for w in caught]
        return error is None, one_line([*said, *([f"micvae: error: {error}"] if error else [])])

    def shell(self, line):
        program, *words = shlex.split(line, comments=True)
        if program == "micvae":
            return self.command(words)
        if program == "pip":
            self.missing -= installed(words)
            return True, ""
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return True, ""

    def command(self, words):
        given = QUICK.get(words[0], [])
        for option, value in zip(given[::2], given[1::2], strict=True):
            if option not in words:
                words = [*words, option, value]
        out, status = io.StringIO(), 0
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stderr(out),
            contextlib.redirect_stdout(out),
            self.without_packages(),
        ):
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", MicvaeWarning)
            try:
                main(words)
            except SystemExit as stop:
                status = stop.code
        assert status in (0, 2), out.getvalue()
        return status == 0, one_line([out.getvalue()])

    @contextlib.contextmanager
    def without_packages(self):
        """Nothing finds the packages that are not installed."""
        usual, usual_find = builtins.__import__, importlib.util.find_spec

        def imported(name, *arguments, **options):
            if name.partition(".")[0] in self.missing:
                raise ImportError(name)
            return usual(name, *arguments, **options)

        def find(name, package=None):
            return None if name in self.missing else usual_find(name, package)

        with pytest.MonkeyPatch.context() as patch:
            if self.missing:
                patch.setattr(builtins, "__import__", imported)
                patch.setattr(importlib.util, "find_spec", find)
                patch.setattr("micvae.sharing.onnx.find_spec", find)
            yield


@contextlib.contextmanager
def ended(values):
    """Leave no process behind."""
    try:
        yield
    finally:
        for process in values:
            if isinstance(process, subprocess.Popen):
                process.kill()
                process.wait()


def one_line(lines):
    return " ".join(" ".join(lines).split())


def installed(words):
    """The packages of `pip install "micvae[extra]"`, as the package itself lists them."""
    assert words[0] == "install"
    (extra,) = re.fullmatch(r"micvae\[(\w+)\]", words[1]).groups()
    return {re.match(r"\w+", requirement)[0] for requirement in EXTRAS[extra]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return tiny_run(tmp_path_factory.mktemp("finished") / "run", data="squares(n=128)").path


@pytest.fixture
def folder(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path / "runs" / "first")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    return tmp_path


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.title)
def test_the_message_comes_and_its_remedy_helps(entry, folder):
    names = entry.prepare(folder)
    names = names if isinstance(names, dict) else {}
    session = Session(names, entry.without)
    expected = re.compile(SPOKEN + pattern(entry.message) + r"(?=$| )")
    condition = entry.condition(folder) if entry.condition else contextlib.nullcontext()
    with condition, ended(names.values()):
        done, said = session.carry_out(entry.given)
        assert expected.search(said), said
        if "micvae: error: " in said:
            assert not done
            assert re.search(r"micvae: error: " + pattern(entry.message) + "$", said), said
        done, said = session.carry_out(entry.fix)
        then = entry.given if entry.again else entry.then
        if done and then:
            assert not expected.search(said), said
            done, said = session.carry_out(then)
    assert done and not expected.search(said), said


def test_the_page_is_current():
    """`python scripts/bad_input_guide.py` writes it."""
    assert GUIDE.PAGE.read_text("utf-8") == GUIDE.page()


def test_every_entry_can_be_linked_to():
    anchors = [GUIDE.anchor(entry.title) for entry in ENTRIES]
    anchors += [GUIDE.anchor(section) for section in {entry.section for entry in ENTRIES}]
    assert len(set(anchors)) == len(anchors)
    assert all(entry.words in entry.message for entry in ENTRIES)


def test_every_kind_of_warning_is_there():
    """The words of a class of warnings, in some entry."""
    kinds = {
        kind.__name__
        for room in (micvae.errors, micvae.metrics)
        for kind in vars(room).values()
        if isinstance(kind, type) and issubclass(kind, MicvaeWarning)
    }
    assert kinds == set(WARNINGS)
    messages = [entry.message for entry in ENTRIES]
    for words in WARNINGS.values():
        assert any(words in message for message in messages), words
