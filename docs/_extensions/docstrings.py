"""Docstrings and signatures as the source has them.

`$…$` and `$$…$$` become formulas; types in signatures are written as in the source, which says
`ArrayLike` where the type itself would fill a page; names of types link to where the reference has
them.
"""

import ast
import copy
import dataclasses
import inspect
import re
import sys
import textwrap
from functools import cache
from typing import Any

from docutils import nodes
from rooms import defined, documented, homes
from sphinx.application import Sphinx


def prepared(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: Any) -> None:
    """Turn dollar signs into formulas, and keep |x| and names_ from being markup."""
    text = "\n".join(lines)

    def block(match: re.Match[str]) -> str:
        indent, formula = match[1], " ".join(match[2].split())
        return f"\n\n{indent}.. math:: {formula}\n\n{indent}"

    text = re.sub(r"\n?([ \t]*)\$\$(.+?)\$\$,?", block, text, flags=re.DOTALL)
    text = re.sub(r"\$(.+?)\$", lambda m: f":math:`{' '.join(m[1].split())}`\\ ", text, flags=re.S)
    lines[:] = plain(text.split("\n"))


def plain(lines: list[str]) -> list[str]:
    """Escape what docstrings mean as it stands, outside code and formulas."""
    found, formula = [], -1
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth <= formula:
            formula = -1
        if line.lstrip().startswith(".. math::"):
            formula = depth
        elif formula < 0:
            parts = re.split(r"(`[^`]*`)", line)
            parts[::2] = [re.sub(r"(\||_(?=…))", r"\\\1", part) for part in parts[::2]]
            line = "".join(parts)
        found.append(line)
    return found


class Qualified(ast.NodeTransformer):
    """Names in annotations by their whole name, so that links lead to one place."""

    def __init__(self, obj: Any) -> None:
        self.names = vars(sys.modules[obj.__module__])

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Write the name under which the site documents it."""
        value = self.names.get(node.id)
        home = homes().get(defined(value)) if documented(value) else None
        return node if home is None else ast.parse(home, mode="eval").body

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """An annotation in quotes."""
        if not isinstance(node.value, str):
            return node
        return self.visit(ast.parse(node.value, mode="eval").body)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """The words of a Literal are no names."""
        return node if ast.unparse(node.value) == "Literal" else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Annotations alone: defaults stay as they are."""
        given = node.args
        for one in [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]:
            if one is not None and one.annotation is not None:
                one.annotation = self.visit(one.annotation)
        node.returns = node.returns and self.visit(node.returns)
        return node


@cache
def source_of(obj: Any) -> ast.AST | None:
    """The syntax tree of a function or class, where it has a source."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(obj))).body[0]
    except (OSError, TypeError, SyntaxError):
        return None


def written(app: Sphinx, what: str, name: str, obj: Any, options: Any, *_: Any) -> Any:
    """The signature as it stands in the source; None where there is none."""
    if what == "class":
        if dataclasses.is_dataclass(obj):
            return (
                f"({', '.join(field_text(obj, f) for f in dataclasses.fields(obj) if f.init)})",
                "",
            )
        if "__init__" not in vars(obj):
            return None
        obj, skipped = vars(obj)["__init__"], 1
    elif what in ("function", "method"):
        skipped = int(what == "method" and not isinstance(obj, staticmethod))
        obj = inspect.unwrap(getattr(obj, "__func__", obj))
    else:
        return None
    tree = source_of(obj)
    if not isinstance(tree, ast.FunctionDef):
        return None
    tree = Qualified(inspect.unwrap(obj)).visit(copy.deepcopy(tree))
    arguments = tree.args
    for kind in (arguments.posonlyargs, arguments.args):
        if skipped and kind:
            del kind[0]
            skipped = 0
    result = None if tree.returns is None or what == "class" else ast.unparse(tree.returns)
    return f"({ast.unparse(arguments)})", result


def field_text(kind: type, field: dataclasses.Field[Any]) -> str:
    """`name: type = default` of a dataclass's field."""
    for owner in kind.__mro__:
        tree = source_of(owner)
        for line in tree.body if isinstance(tree, ast.ClassDef) else ():
            if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == field.name:
                line = copy.deepcopy(line)
                line.annotation = Qualified(owner).visit(line.annotation)
                return ast.unparse(line)
    return field.name


def to_home(app: Sphinx, env: Any, node: Any, content: nodes.Element) -> nodes.Node | None:
    """Link a name that Python's own rules do not find; a type of another library is just a name."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    known = homes()
    home = known.get(target) or known.get(target.rpartition(".")[2])
    domain = env.get_domain("py")
    if home is not None and home in domain.objects and " " not in target:
        entry = domain.objects[home]
        uri = app.builder.get_relative_uri(node["refdoc"], entry.docname) + "#" + entry.node_id
        link = nodes.reference("", "", content, internal=True, refuri=uri, reftitle=home)
        return link
    if node["reftype"] in ("obj", "class", "exc", "data"):
        return content
    return None


def foreign(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out methods that a base class of another library writes, such as routing requests."""
    return True if name.startswith("set_") and name.endswith("_request") else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to autodoc."""
    app.connect("autodoc-skip-member", foreign)
    app.connect("autodoc-process-docstring", prepared, priority=100)  # before napoleon
    app.connect("autodoc-process-signature", written)
    app.connect("missing-reference", to_home)
    return {"parallel_read_safe": True}
