"""A figure as part of the page: its text is text, its colours follow the reader's light or dark."""

import html
import re

from micvae.reports.style import INK, THEMED
from micvae.text import printable

FONTS = "'DejaVu Sans', Verdana, Geneva, sans-serif"
"""What a figure is laid out in, and what is as wide where that is missing."""


def readable(svg: str) -> str:
    """A figure's SVG file as it is stored: with fonts to fall back on."""
    return svg.replace("'DejaVu Sans'", FONTS)


def inlined(svg: str, name: str, alt: str) -> str:
    """The SVG of a figure as an element of the page.

    The ground is left out and every colour in `THEMED` becomes a variable of the page's style;
    other colours, such as those of a heat map, stay. Names are made the figure's own, so that many
    figures stand on one page.

    Args:
        svg: as matplotlib wrote it, text as text.
        name: of the figure, unique on the page.
        alt: what it shows, for who cannot see it.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = _own_names(body, name)
    body = re.sub(r' d="[^"]*"', _short, body)
    body = body.replace("fill: #ffffff", "fill: none", 1)  # the ground, which is drawn first
    body = re.sub(r"\b(fill|stroke): (#[0-9a-f]{6})", _themed, body)
    opening, rest = body.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', opening)
    assert box is not None
    said = html.escape(printable(alt), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{box[0]} role="img" aria-label="{said}">{re.sub(chr(10) + " *", chr(10), rest).strip()}'
    )


def variable(colour: str) -> str:
    """The name under which the page's style knows a colour of figures."""
    return f"--figure-{colour.removeprefix('#')}"


def _themed(found: re.Match[str]) -> str:
    use, colour = found.groups()
    if colour == INK:
        return f"{use}: currentColor"
    return f"{use}: var({variable(colour)}, {colour})" if colour in THEMED else found[0]


def _own_names(body: str, name: str) -> str:
    """Drop names that nothing refers to, and put the figure's before the others."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))
    own = re.sub(r"[^\w-]", "-", name)
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{own}-{m[1]}"' if m[1] in used else "", body)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{own}-", body)


def _short(path: re.Match[str]) -> str:
    """Two decimals of a point: a hundredth of what a screen shows."""
    return re.sub(r"(\.\d\d)\d+", r"\1", path[0])
