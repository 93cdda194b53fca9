"""A figure as an element of the page: text stays text, colours follow the page's light or dark."""

from xml.etree import ElementTree

from micvae.reports.style import INK, THEMED
from micvae.text import printable

FONTS = "'DejaVu Sans', Verdana, Geneva, sans-serif"
"""The font of the figures, then fonts of about the same width."""

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PREFIXES = {_SVG: "", _XLINK: "xlink:", "http://www.w3.org/XML/1998/namespace": "xml:"}


def readable(svg: str) -> str:
    """A figure's SVG file as it is stored: with fonts to fall back on."""
    return svg.replace("'DejaVu Sans'", FONTS)


def inlined(svg: str, name: str, alt: str) -> str:
    """The SVG of a figure as an element of the page.

    The background becomes transparent and every colour in `THEMED` a variable of the page's
    style; other colours, such as those of a heat map, stay. Identifiers start with the figure's
    name, so that many figures fit on one page; unused ones are dropped.

    Args:
        svg: as Matplotlib wrote it, text as text.
        name: of the figure, unique on the page.
        alt: describes the figure to readers who cannot see it.
    """
    drawn = ElementTree.fromstring(svg)
    references = {_referred(value) for one in drawn.iter() for value in one.attrib.values()}
    own = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
    background = True
    for child in list(drawn):
        if child.tag == f"{{{_SVG}}}metadata" or child.find(f"{{{_SVG}}}style") is not None:
            drawn.remove(child)
    for element in drawn.iter():
        element.text = (element.text or "").strip("\n") if _plain(element.tag) == "text" else None
        element.tail = None
        attributes = {}
        for key, value in element.attrib.items():
            if key == "id" and value not in references:
                continue
            target = _referred(value)
            if key == "style":
                ground = background and "fill: #ffffff" in value
                value = value.replace("fill: #ffffff", "fill: none", 1) if ground else value
                background &= not ground
                value = _themed(value)
            elif key == "d":
                value = " ".join(map(_short, value.split()))
            elif key == "id":
                value = f"{own}-{value}"
            elif key == f"{{{_XLINK}}}href" and not target:
                value = "".join(value.split())  # an image as data
            if target:
                value = value.replace(f"#{target}", f"#{own}-{target}")
            attributes[_plain(key)] = value
        element.attrib.clear()
        element.attrib.update(attributes)
        element.tag = _plain(element.tag)
    view = drawn.attrib["viewBox"]
    drawn.attrib.clear()
    drawn.attrib.update(
        {
            "xmlns": _SVG,
            "xmlns:xlink": _XLINK,
            "viewBox": view,
            "role": "img",
            "aria-label": printable(alt),
        }
    )
    return ElementTree.tostring(drawn, encoding="unicode").replace(" />", "/>")  # text has &gt;


def variable(colour: str) -> str:
    """The name under which the page's style knows a colour of figures."""
    return f"--figure-{colour.removeprefix('#')}"


def _plain(name: str) -> str:
    """A name with its usual prefix in place of its namespace."""
    space, brace, local = name.rpartition("}")
    return _PREFIXES[space[1:]] + local if brace else name


def _referred(value: str) -> str:
    """The identifier that an attribute refers to, as `#name` or `url(#name)`; empty for none."""
    if value.startswith("#"):
        return value[1:]
    return value.partition("url(#")[2].partition(")")[0]


def _themed(style: str) -> str:
    """A style whose fills and strokes are variables of the page where the page knows them."""
    shown = []
    for declaration in filter(None, map(str.strip, style.split(";"))):
        use, colour = (part.strip() for part in declaration.split(":", 1))
        if use in ("fill", "stroke") and colour == INK:
            colour = "currentColor"
        elif use in ("fill", "stroke") and colour in THEMED:
            colour = f"var({variable(colour)}, {colour})"
        shown.append(f"{use}: {colour}")
    return "; ".join(shown)


def _short(number: str) -> str:
    """Two decimals of a coordinate: a hundredth of what a screen shows."""
    whole, point, decimals = number.partition(".")
    return whole + point + decimals[:2]
