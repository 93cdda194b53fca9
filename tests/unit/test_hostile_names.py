"""Text from files is hostile: wherever names are shown or written, they stay names.

One run whose data set, factors, features and notes have such names is taken through everything that
shows or writes them. Every name is then looked for in every place.
"""

import contextlib
import csv
import html
import io
import json
import re
import shutil
import unicodedata
import warnings
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from builders import few_scores, in_process, quick_audits
from micvae.cli import _show_warning, display, main
from micvae.data import read_matrix
from micvae.errors import MicvaeWarning
from micvae.explorer import build
from micvae.files import read_json, write_json, write_text
from micvae.reports import report_folder
from micvae.sharing import card
from micvae.studies import study
from micvae.studies.table import StudyTable, write_table
from micvae.text import (
    column_name,
    encodable,
    page_text,
    printable,
    printable_values,
    shortened,
    spreadsheet_name,
)
from micvae.training.run import Run

HOSTILE = {
    "escape": "a\x1b[31mred\x1b]0;title\x07",
    "c0 and c1": "b\x00\x08\x0b\x0c\x1f\x7f\x80\x9b",
    "line breaks": "c\r\nmicvae: error: forged\u2028\u2029\x85",
    "bidi": "d\u202egnp.exe\u202c\u2066x\u2069\u200f",
    "zero width": "e\u200bzero\u200dwidth\ufeff\u00ad",
    "surrogate": "f\ud800x\udcff",
    "noncharacter": "g\ufffe\uffff",
    "script": "h</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "cdata": "i]]>&amp;<!--<![CDATA[",
    "quotes": 'j"\'`onload="x"``',
    "markdown": "k![x](http://evil.example/p.png)[y](http://evil.example) **b** `c` | d",
    "address": "l http://evil.example www.evil.example <http://evil.example>",
    "front matter": "---\nlicense: mit\n---\n# m",
    "rich": "n[red]r[/red][link=http://evil.example]x[/link][/]",
    "formula": "=cmd|'/C calc'!A0",
    "plus": "+1+1",
    "minus": "-2",
    "at": "@SUM(1)",
    "tab": "\t=1",
    "apostrophe": "'=1",
    "right to left": "שלום مرحبا",
    "math": "$\\frac{$x$",
    "long": "o" * 5000,
}
"""Names by what is hostile about them."""

every_name = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)


def hidden(text: str) -> set[str]:
    """Characters of a text that act on what is around them, or are not seen."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl")}


def no_links(text: str) -> None:
    """A Markdown text without links, pictures and HTML, as two readers of Markdown see it."""
    for reader in (
        MarkdownIt("commonmark", {"html": True}).enable("table"),
        MarkdownIt("js-default"),
    ):
        for token in reader.parse(text):
            kinds = {token.type, *(child.type for child in token.children or ())}
            assert not kinds & {"link_open", "image", "html_block", "html_inline", "hr"}, token


class TestText:
    @every_name
    def test_printable_text_has_nothing_hidden_and_is_left_alone_after_that(self, name):
        shown = printable(name)
        assert not hidden(shown) and "\n" not in shown
        assert printable(shown) == shown
        shown.encode("utf-8")
        ElementTree.fromstring(f"<a>{html.escape(shown)}</a>")

    def test_what_is_seen_stays(self):
        text = "größe (σ²) 漢字 😀 שלום \\x1b"
        assert printable(text) == text

    @pytest.mark.parametrize(
        ("given", "shown"),
        [("\x1b", "\\x1b"), ("\u202e", "\\u202e"), ("\U000e0041", "\\U000e0041"), ("\n", "\\x0a")],
    )
    def test_escapes(self, given, shown):
        assert printable(given) == shown

    def test_line_breaks_that_are_meant_stay(self):
        assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"

    def test_values(self):
        given = {"\x1b": ["\u202e", 1, None, {"a": ("\x00",)}]}
        assert printable_values(given) == {"\\x1b": ["\\u202e", 1, None, {"a": ["\\x00"]}]}

    def test_pages_keep_markup(self):
        from markupsafe import Markup

        assert page_text(Markup("<b>\x1b")) == "<b>\x1b" and page_text("\x1b") == "\\x1b"
        assert page_text(3) == 3

    @every_name
    def test_a_column_keeps_its_name(self, name):
        for text in (name, f"'{name}", f"''{name}"):
            written = spreadsheet_name(text)
            assert column_name(written) == text
            assert not re.match(r"\s*[=+\-@\t\r]", written)

    def test_long_text_loses_its_middle(self):
        assert shortened("abcdefghij", 10) == "abcdefghij"
        assert shortened("abcdefghijk", 10) == "abcdef…ijk" and len(shortened("x" * 99, 50)) == 50

    def test_a_surrogate_survives_json_and_leaves_valid_utf8(self, tmp_path):
        write_json(tmp_path / "a.json", {"\udcff": ["\ud800 é 😀"]})
        (tmp_path / "a.json").read_bytes().decode("utf-8")
        assert read_json(tmp_path / "a.json") == {"\udcff": ["\ud800 é 😀"]}
        write_text(tmp_path / "a.txt", "\udcff")
        assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "\\udcff" == encodable("\udcff")


FILE = "evil\x1b[31m\u202e[red]\udcff`.npz"
"""Name of a data file; its last bytes are not UTF-8."""

TRAINED = ["--epochs", "1", "--batch-size", "64", "--latent-dim", "2", "--network", "mlp"]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Every place where names are shown or written, by what it is, as text."""
    root = tmp_path_factory.mktemp("hostile")
    shown = {}

    def micvae(*arguments, name=None):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main([str(argument) for argument in arguments])
        if name is not None:
            shown[f"terminal: {name}"] = said.getvalue()

    names = list(HOSTILE.values())
    rng = np.random.default_rng(0)
    given = root / FILE
    np.savez(
        given,
        images=rng.normal(size=(128, len(names))).astype(np.float32),
        factors=rng.normal(size=(128, len(names))),
        factor_names=names,
        feature_names=names,
    )
    run = root / "run"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(study, "run_jobs", in_process)
        few_scores(patch.setattr)
        quick_audits(patch.setattr)
        patch.setattr(build, "runtime_files", lambda: (b"script", b"machine"))
        patch.setenv("COLUMNS", "20000")
        micvae("train", "vae", "--data", given, *TRAINED, "--out", run, name="train")
        record = read_json(run / "run.json")
        record["data"]["notes"] = names
        record["environment"]["python"] = "".join(names)
        write_json(run / "run.json", record)
        micvae("evaluate", run, name="evaluate")
        micvae("report", run)
        micvae("explore", run)
        micvae("audit", run, "--quick", name="audit")
        micvae("share", run, "--out", root / "shared", "--no-intervals")
        for kind in ("csv", "parquet"):
            micvae("encode", run, given, "--out", root / f"codes.{kind}")
        table = root / "codes.csv"
        out = root / "scores.json"
        options = ("--codes", table, "--factors", table, "--metrics", "mig", "--out", out)
        micvae("evaluate", *options, name="evaluate --codes")
        chosen = root / "selection"
        options = ("--methods", "vae", "--seeds", "2", "--out", chosen)
        micvae("select", given, *options, *TRAINED, name="select")
    study_folder(root / "study", run, names)
    shown |= {
        "report": (run / "report.html").read_text("utf-8"),
        "explorer": (run / "explore.html").read_text("utf-8"),
        "audit page": (run / "audit" / "report.html").read_text("utf-8"),
        "selection page": (chosen / "report.html").read_text("utf-8"),
        "study page": report_folder(root / "study").read_text("utf-8"),
        "card": (root / "shared" / "README.md").read_text("utf-8"),
    }
    return root, shown


def study_folder(folder, run, names):
    """A study whose methods, notes and failures have hostile names."""
    folder.mkdir()
    parts = (("escape", "bidi", "surrogate"), ("cdata", "rich", "formula"))
    labels = ["".join(HOSTILE[part] for part in one) for one in parts]
    rows = [
        study.row_of_run(label, Run(run), Path("run")).with_columns({"seed": seed})
        for label in labels
        for seed in (0, 1)
    ]
    write_table(StudyTable(tuple(rows)), folder)
    shutil.copytree(run, folder / "run")
    described = [{"label": label, "description": label, "config": {}} for label in labels]
    about = {"title": "".join(names[:18]), "seeds": 2, "notes": names, "rows": described}
    write_json(folder / "study.json", about | {"failed": dict(zip(names, names, strict=True))})


TERMINALS = ["terminal: train", "terminal: evaluate", "terminal: audit", "terminal: select"]
PAGES = ["report", "explorer", "audit page", "selection page", "study page"]


@pytest.mark.parametrize("place", [*TERMINALS, "terminal: evaluate --codes", *PAGES, "card"])
def test_nothing_hidden_is_shown(places, place):
    """No control character reaches a terminal or a page, which could then act on it."""
    text = places[1][place]
    assert len(text) > 100 and not hidden(text)


@every_name
@pytest.mark.parametrize(
    "place", ["terminal: evaluate", "report", "explorer", "study page", "card"]
)
def test_a_name_is_shown_as_it_is(places, place, name):
    """Every name can be read, as text: its hidden characters as escapes, its middle left out."""
    text = places[1][place]
    wanted = printable(name, "\n" if place in PAGES else "")[:60]
    if place in ("report", "study page"):
        text = html.unescape(text)
    elif place == "explorer":
        wanted = json.dumps(printable(name)[:60], ensure_ascii=False)[1:-1].replace("<", "\\u003c")
    elif place == "card":
        wanted = card._plain(" ".join(name.split())[:30])
    text, wanted = (" ".join(one.split()) for one in (text, wanted))
    assert wanted in text


@pytest.mark.parametrize("place", PAGES)
def test_a_name_is_no_element_of_a_page(places, place):
    tags = Tags()
    tags.feed(places[1][place])
    pictures = [a for t, a in tags.found if t == "img" and not a["src"].startswith("data:")]
    events = [a for _, a in tags.found if any(key.startswith("on") for key in a)]
    links = [a for t, a in tags.found if t == "a" and not a.get("href", "#").startswith("#")]
    scripts = sum(tag == "script" for tag, _ in tags.found)
    assert not pictures and not events and not links
    assert scripts == (5 if place == "explorer" else 0)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("place", [p for p in PAGES if p != "explorer"])
def test_a_page_is_well_formed(places, place):
    ElementTree.fromstring(places[1][place].replace("<!DOCTYPE html>", ""))


def test_every_figure_is_well_formed(places):
    figures = [*places[0].rglob("*.svg")]
    assert len(figures) > 8
    for path in figures:
        ElementTree.fromstring(path.read_bytes())


def test_every_json_file_is_valid_utf8_and_keeps_the_names(places):
    root, _ = places
    found = [*root.rglob("*.json")]
    assert len(found) > 8
    for path in found:
        json.loads(path.read_bytes().decode("utf-8"))
    assert read_json(root / "run" / "run.json")["data"]["factor_names"] == list(HOSTILE.values())


class TestCard:
    def test_it_has_no_links_pictures_or_html(self, places):
        text = places[1]["card"]
        front, _, body = text.removeprefix("---\n").partition("\n---\n")
        assert "http" in body
        no_links(body)
        for line in front.splitlines():
            key, _, value = line.partition(": ")
            assert key in ("library_name", "tags", "metrics", "model-index")
            json.loads(value)

    @every_name
    def test_a_name_is_no_markdown(self, places, name):
        no_links(card._plain(name))
        no_links(f"| a |\n| --- |\n| {card._plain(name)} |")
        no_links(card._code(name))
        rendered = MarkdownIt("commonmark").render(f"x {card._code(name)} x")
        assert html.unescape(rendered).startswith("<p>x <code>")


class TestTables:
    @every_name
    def test_a_column_of_csv_is_no_formula_and_is_read_under_its_name(self, places, name):
        root, _ = places
        with (root / "codes.csv").open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        assert not [cell for cell in header if re.match(r"\s*[=+\-@\t\r\n]", cell)]
        assert encodable(name) in read_matrix(root / "codes.csv", "factors").names
        scored = read_json(root / "scores.json")
        assert encodable(name) in scored["factor_names"]

    def test_numbers_stay_numbers(self, places):
        root, _ = places
        with (root / "codes.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        numbers = np.asarray(rows[1:], dtype=float)
        np.testing.assert_array_equal(numbers, read_matrix(root / "codes.csv", "codes").values)
        assert (numbers < 0).any()

    @every_name
    def test_parquet_has_the_names(self, places, name):
        root, _ = places
        assert encodable(name) in pq.read_schema(root / "codes.parquet").names


@every_name
def test_an_error_or_a_warning_acts_on_no_terminal(name, capsys):
    """Errors and warnings name files, columns and arguments: one line each."""
    with pytest.raises(SystemExit):
        main(["evaluate", f"/nowhere/{name[:100]}"])
    said = capsys.readouterr().err
    assert printable(Path(f"/nowhere/{name[:100]}")) in said
    assert not hidden(said) and said.count("\n") == 1
    _show_warning(MicvaeWarning(name))
    said = capsys.readouterr().err
    assert not hidden(said) and said.count("\n") == 1


@every_name
def test_markup_of_the_terminal_is_text(name, capsys):
    table = display.PlainTable("name", title=name)
    table.add_row(name)
    Console(width=12000, force_terminal=True).print(table)
    text = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)  # what rich itself writes
    lines = max(printable(name, "\n").split("\n"), key=len)
    assert " ".join(lines.split())[:60] in " ".join(text.split())
    assert not hidden(text)
