"""The page: its content, and its rendering as one self-contained HTML file."""

import base64
import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from micvae import __version__
from micvae.errors import RunError
from micvae.files import replacing, write_text
from micvae.paths import member, safe_name
from micvae.reports.quantities import DEFINITIONS
from micvae.reports.style import make_printable, styled
from micvae.reports.svg import inlined, readable
from micvae.text import page_text, printable, shortened

PAGE = "report.html"
FIGURES = "figures"
SHORT = "few seeds and a short training, to see that everything works"
"""The settings of a quick look."""

_DPI = 160
_METADATA = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
_LONGEST = 200  # characters of a name on the page, or of a line in a figure
_SVG_LIMIT = 800_000  # bytes; a figure whose SVG is larger goes into the page as PNG


@dataclass(frozen=True)
class Plate:
    """One figure, before it is written.

    Args:
        name: its file's name, without suffix.
        figure: what to draw.
        alt: a description of the figure, for screen readers.
        label: distinguishes it from its neighbours, shown above it.
    """

    name: str
    figure: Figure
    alt: str
    label: str = ""


@dataclass(frozen=True)
class Picture:
    """One figure as the page shows it: as an SVG element, or where that is large as an image."""

    name: str
    svg: str
    uri: str
    width: int
    height: int
    alt: str
    label: str


@dataclass(frozen=True)
class Group:
    """Figures of one kind side by side, under one title and caption."""

    title: str
    caption: str
    plates: Sequence[Plate]


class NotDrawn(str):
    """A note on figures that can no longer be drawn from the data or the runs."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table: a number with its interval, or text."""

    text: str
    small: str = ""
    value: float | None = None
    verdict: str = ""


@dataclass(frozen=True)
class Table:
    """The score table. The first column is the row's header."""

    caption: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]
    words: bool = False
    """Whether cells of text are to be read as sentences, and not as missing numbers."""


@dataclass(frozen=True)
class Details:
    """A collapsible list of names and values."""

    title: str
    text: str
    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Key:
    """One of the few numbers that the first screen shows."""

    label: str
    text: str
    small: str = ""


@dataclass(frozen=True)
class Page:
    """The content of a report.

    The first screen has the title, the answer in a sentence, the key figures, and where there is
    one the caveat and the command line to go on with. `quick` says what makes it a quick look and
    no result; empty where it is a result.
    """

    title: str
    kind: str
    answer: str
    keys: Sequence[Key]
    table: Table
    groups: Sequence[Group]
    more: Table | None = None
    more_said: str = ""
    quick: str = ""
    caveat: str = ""
    go_on: str = ""
    notes: Sequence[str] = ()
    missing: Sequence[str] = ()
    findings: Sequence[str] = ()
    configuration: Sequence[Details] = ()
    environment: Sequence[tuple[str, str]] = ()
    files: Sequence[tuple[str, str]] = ()
    command: str = ""
    definitions: Sequence[tuple[str, str]] = field(default=DEFINITIONS)

    @property
    def not_drawn(self) -> list[str]:
        """The reason why figures are missing, if the data or the runs are not available."""
        return [line for line in self.missing if isinstance(line, NotDrawn)]


def write_page(page: Page, folder: Path) -> Path:
    """Write every figure as PNG and SVG, then the page with all of them inside.

    Raises:
        RunError: where figures cannot be drawn this time that the page which is there has; that
            page is kept.
    """
    _keep_richer(page, folder)
    figures, taken = member(folder, FIGURES), set[str]()
    groups = [
        (group.title, group.caption, [save(_named(p, taken), figures) for p in group.plates])
        for group in page.groups
    ]
    room = files(__package__)
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=page_text,
    )
    environment.filters["breakable"] = breakable
    environment.filters["brief"] = brief
    template = environment.from_string(room.joinpath("page.html.j2").read_text("utf-8"))
    css = room.joinpath("page.css").read_text("utf-8")
    html = template.render(page=page, groups=groups, css=css, version=__version__)
    write_text(folder / PAGE, html)
    return folder / PAGE


def _keep_richer(page: Page, folder: Path) -> None:
    """Refuse to replace a page by one that lacks some of its figures."""
    there = folder / PAGE
    if not page.not_drawn or not there.is_file():
        return
    names = {plate.name for group in page.groups for plate in group.plates}
    shown = _Shown()
    shown.feed(there.read_text("utf-8", errors="replace"))
    lost = [name for name in shown.figures if name not in names]
    if lost:
        raise RunError(
            f"{there} is kept: it has figures that cannot be drawn now ({', '.join(lost)}). "
            f"{page.not_drawn[0]}"
        )


class _Shown(HTMLParser):
    """The names of the figures that a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.figures += [value for name, value in attrs if name == "data-figure" and value]


@styled
def save(plate: Plate, folder: Path) -> Picture:
    """Write one figure as PNG and SVG; the same figure gives the same bytes."""
    figure = plate.figure
    make_printable(figure)
    contents = {}
    with warnings.catch_warnings():
        # The page and the SVG have the text itself; only the PNG lacks what the font does not have.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        warnings.filterwarnings("ignore", "constrained_layout not applied", UserWarning)
        figure.draw_without_rendering()
        figure.set_layout_engine(
            "none"
        )  # it is laid out already; again would cost most of the time
        for kind, metadata in _METADATA.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, dpi=_DPI, metadata=metadata)
            contents[kind] = buffer.getvalue()
    drawn = readable(contents["svg"].decode("utf-8"))
    contents["svg"] = drawn.encode("utf-8")
    for kind, content in contents.items():
        with replacing(folder / f"{plate.name}.{kind}") as temporary:
            temporary.write_bytes(content)
    svg, uri = inlined(drawn, plate.name, plate.alt), ""
    if len(svg) > _SVG_LIMIT:
        svg, uri = "", f"data:image/png;base64,{base64.b64encode(contents['png']).decode()}"
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    return Picture(plate.name, svg, uri, width, height, plate.alt, plate.label)


def _named(plate: Plate, taken: set[str]) -> Plate:
    """A figure under a name that no other one of the page has, on any system."""
    name = wanted = safe_name(plate.name)
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{wanted}-{number}"
    taken.add(name.lower())
    return replace(plate, name=name)


def breakable(text: str) -> Markup:
    """HTML of a name that may be broken between its words, as in `method(some_option=3)`."""
    return Markup("<wbr/>").join(re.split(r"(?<=[_=])|(?<=,)(?!\d)|(?<=.)(?=\()", brief(text)))


def brief(text: str) -> str:
    """A name as the page shows it: without hidden characters, and without its middle if long."""
    return shortened(printable(text, "\n"), _LONGEST)


def slug(text: str) -> str:
    """A label as part of a file's name."""
    return safe_name(re.sub(r"[^\w.=]+", "-", text.lower()).strip("-.") or "row")
