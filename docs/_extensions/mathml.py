"""Formulas as MathML, which browsers draw themselves: no script, no network, no font to load."""

import contextlib
import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

# The converter reads \tfrac12 as a fraction of 12, TeX as one half; some commands it lacks.
REWRITTEN = {
    r"\\([td]?frac|binom)\s*(\d)\s*(\w)": r"\\\1{\2}{\3}",
    r"\\sqrt\s*(\d)": r"\\sqrt{\1}",
    r"\\mathrel\{\+\}=": "\u2009{+}{=}\u2009",
    r"\\dots\b": r"\\ldots",
    r"\\(big|Big|bigg|Bigg)([\[\](){}|])": r"\\\1l\2",
}


def mathml(text: str, block: bool) -> str:
    """Convert TeX to a MathML element."""
    for pattern, replacement in REWRITTEN.items():
        text = re.sub(pattern, replacement, text)
    return str(tex2mathml(text, as_block=block))


def visit(self: Any, node: nodes.Element) -> None:
    """Write the element, or warn of what cannot be converted, which fails the build."""
    block = isinstance(node, nodes.math_block)
    try:
        element = mathml(node.astext(), block)
    except MathError as error:
        logger.warning("formula not understood (%s): %s", error, node.astext(), location=node)
        element = f"<code>{self.encode(node.astext())}</code>"
    self.body.append(f'<div class="math">{element}</div>\n' if block else element)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name that conf.py gives."""
    with contextlib.suppress(ExtensionError):  # set up twice in one process, by tests
        app.add_html_math_renderer("mathml", (visit, None), (visit, None))
    return {"parallel_read_safe": True}
