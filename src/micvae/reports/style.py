"""The common style of figures, and shared parts: colours, names, rows of images."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from textwrap import wrap
from typing import Literal, ParamSpec, TypedDict, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from micvae.text import printable, shortened

P = ParamSpec("P")
T = TypeVar("T")

INK = "#1d2733"
MUTED = "#5f6b7a"
GRID = "#e4e8ed"
ACCENT = "#0b62a4"
MARK = "#d1495b"
AXIS = "#b6bfc9"
PAPER = "#fefefe"
"""The ground, where it is drawn: lines between cells, the inside of hollow marks."""

ON_PALE = "#1c2632"
"""Text on a pale cell, which stays pale on a dark page, as this does."""

PALE = "#f7fafc"
"""The ground of points whose colours need a pale one on a dark page, too."""

PALETTE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#7a5195",
    "#8c6d31",
    "#1b9aaa",
    "#7f7f7f",
)
"""Okabe & Ito's colours, which colour-blind readers can distinguish, and four more."""

THEMED = frozenset((INK, MUTED, GRID, ACCENT, MARK, AXIS, PAPER, *PALETTE))
"""Colours that have another tone on a dark page, given in `page.css`."""

SEQUENTIAL: Colormap = LinearSegmentedColormap.from_list(
    "micvae", [PALE, "#d3e3f0", "#93bfdd", "#4a90c2", "#1a5f9e", "#0b3564"]
)
"""One hue from light to dark: it keeps its order in grey and for colour-blind readers."""

DIVERGING: Colormap = LinearSegmentedColormap.from_list(
    "micvae-signed", ["#0b3564", "#2f78b5", "#a9cce3", PALE, "#f3bba8", "#cf5f45", "#7a1f1f"]
)
"""Blue below 0, red above: two hues that colour-blind readers can distinguish."""


class LineLook(TypedDict, total=False):
    """The style of one kind of mark, in a figure and in its legend."""

    color: str
    alpha: float
    linestyle: Literal["none", "-"]
    marker: str
    markersize: float
    markerfacecolor: str
    markeredgecolor: str
    markeredgewidth: float
    label: str


_RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same figure everywhere
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": AXIS,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlecolor": INK,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "none",
    "image.interpolation": "none",  # pictures keep their own pixels in an SVG
    "svg.fonttype": "none",  # text that can be searched, selected and read aloud
    "svg.hashsalt": "micvae",  # the same figure is the same file
    "axes.unicode_minus": True,
    "text.parse_math": False,  # a name with two dollar signs is a name
}


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Run a function in the common style; global settings are restored."""

    @wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context(_RC):  # type: ignore[arg-type]
            return draw(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float) -> Figure:
    """An empty figure (inches) that belongs to no window and keeps its labels inside."""
    return Figure(figsize=(width, height), layout="constrained")


def latent_name(latent: int) -> str:
    """`z₀`, `z₁`, …: numbered as in the log's columns `kl_0`, `kl_1`, …"""
    return "z" + str(latent).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


CHARACTER = 0.068
"""Inches that a character of a tick's label takes, on average."""


def short(name: str, most: int = 20) -> str:
    """A name without its middle where it is long: names often differ at their ends."""
    name = printable(name)
    return name if len(name) <= most else f"{name[: most - 8].rstrip()}…{name[-7:].lstrip()}"


def names_in_full(names: Iterable[str]) -> str:
    """End of a caption: the names that its figure shortens."""
    cut = [name for name in names if short(name) != name]
    return f" Names in full: {', '.join(cut)}." if cut else ""


def wrapped(name: str, width: int) -> str:
    """A name on up to three lines of so many characters, broken after an underscore as well."""
    name = printable(name)
    lines = wrap(name.replace("_", "_ "), width, max_lines=3, placeholder="…")
    return "\n".join(lines).replace("_ ", "_") or name


def make_printable(figure: Figure) -> None:
    """Write hidden characters of all text in a figure as escapes, and shorten what is long.

    Control characters make an SVG file ill-formed, and lone surrogates cannot be drawn.
    """
    for text in figure.findobj(Text):
        shown = _drawn(text.get_text())
        if shown != text.get_text():
            text.set_text(shown)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label.get_text() for label in axis.get_ticklabels()]
            shown_labels = list(map(_drawn, labels))
            if shown_labels != labels:
                axis.set_ticks(axis.get_ticklocs(), shown_labels)


def _drawn(text: str) -> str:
    return "\n".join(shortened(line, 120) for line in printable(text, "\n").split("\n")[:12])


def on_cell(value: float, top: float) -> str:
    """The colour of text on a cell whose colour is dark at `top`; a cell of NaN is not painted."""
    if not np.isfinite(value):
        return INK
    return "white" if value > 0.55 * top else ON_PALE


def by_kl(latent_kl: Sequence[float] | NDArray[np.floating]) -> list[int]:
    """Latents in the order in which every figure shows them: falling KL."""
    return [int(d) for d in np.argsort(-np.asarray(latent_kl), kind="stable")]


def tile(images: NDArray[np.floating], gap: int | None = None) -> NDArray[np.float32]:
    """Lay images `(R, S, C, H, W)` out as one picture `(R·(H+gap)−gap, S·(W+gap)−gap, 3)`.

    One channel is shown grey, of four the last (opacity) is left out.
    """
    rows, columns, channels, height, width = images.shape
    gap = max(1, height // 16) if gap is None else gap
    colours = images[:, :, :3] if channels >= 3 else np.repeat(images[:, :, :1], 3, axis=2)
    picture = np.ones(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, 3), dtype=np.float32
    )
    for r in range(rows):
        for s in range(columns):
            y, x = r * (height + gap), s * (width + gap)
            picture[y : y + height, x : x + width] = colours[r, s].transpose(1, 2, 0)
    return np.clip(picture, 0, 1)


def tile_size(image_shape: Sequence[int], side: float) -> tuple[float, float]:
    """Width and height in inches of a picture `(C, H, W)` with about the area of a square's side.

    With figures of that size nothing is left empty beside pictures that are not square.
    """
    height, width = image_shape[-2:]
    across = side * float(np.clip(np.sqrt(width / height), 0.6, 2))
    return across, across * height / width


def show_tiles(
    axes: Axes, images: NDArray[np.floating], labels: Sequence[str] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw rows of images; return the x centres of the columns and the y centres of the rows."""
    rows, columns, _, height, width = images.shape
    gap = max(1, height // 16)
    picture = tile(images, gap)
    down, across = (
        np.arange(n) % (side + gap) < side
        for n, side in zip(picture.shape, (height, width), strict=False)
    )
    axes.imshow(np.dstack([picture, np.outer(down, across)]))  # nothing is drawn in the gaps
    x = np.arange(columns) * (width + gap) + (width - 1) / 2
    y = np.arange(rows) * (height + gap) + (height - 1) / 2
    axes.set_xticks([])
    axes.set_yticks(y[: len(labels)], labels)
    axes.tick_params(length=0, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return x, y
