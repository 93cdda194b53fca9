"""A page per package with all its public names, written from the packages themselves.

What is public is what `__all__` says; in a package without one, what its modules define under a
name without a leading underscore. A new name or package needs no line here.
"""

import inspect
import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx

import micvae

WITHOUT = {"api", "cli", "__main__"}  # offered by `micvae` itself; a program
INTRODUCTION = """\
Every public name by package: what it computes, its equation, shapes, units (nats), errors and
references. Start with :doc:`micvae <micvae>`: its functions cover a whole analysis.
"""


def rooms() -> dict[str, ModuleType]:
    """Packages by the name of their page, those that users meet first at the beginning."""
    first = ["data", "objectives", "training", "metrics", "information", "identifiability"]
    found = [m.name for m in pkgutil.iter_modules(micvae.__path__) if m.name not in WITHOUT]
    names = [*(r for r in first if r in found), *(r for r in found if r not in first)]
    return {"micvae": micvae} | {name: import_module(f"micvae.{name}") for name in names}


def public(room: ModuleType) -> dict[str, Any]:
    """Public objects by their full name."""
    names = getattr(room, "__all__", None)
    if names is not None:
        return {f"{room.__name__}.{name}": getattr(room, name) for name in names}
    modules = [room]
    for found in pkgutil.walk_packages(getattr(room, "__path__", []), room.__name__ + "."):
        modules.append(import_module(found.name))
    return {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }


def defined(value: Any) -> str:
    """Where an object was defined."""
    return f"{value.__module__}.{value.__qualname__}"


@cache
def homes() -> dict[str, str]:
    """Where the reference has an object: by the name under which it was defined, and by its last.

    A last name that several objects share stands for none of them.
    """
    found: dict[str, str] = {}
    last: dict[str, set[str]] = {}
    for room in rooms().values():
        for full, value in public(room).items():
            if not documented(value):
                continue
            home = found.setdefault(defined(value), full)
            last.setdefault(full.rpartition(".")[2], set()).add(home)
    return found | {name: next(iter(of)) for name, of in last.items() if len(of) == 1}


def documented(value: Any) -> bool:
    """Whether a public object has a page: classes and functions do, tables and aliases do not."""
    return inspect.isclass(value) or inspect.isfunction(value)


def page(room: ModuleType) -> str:
    """The page of a package: its docstring, a table of its names, and each of them."""
    groups: dict[str, list[tuple[str, Any]]] = {"Functions": [], "Classes": [], "Errors": []}
    for full, value in sorted(public(room).items(), key=lambda item: item[0].lower()):
        if documented(value):
            raised = inspect.isclass(value) and issubclass(value, Exception)
            label = "Errors" if raised else "Classes" if inspect.isclass(value) else "Functions"
            groups[label].append((full, value))
    parts = [*headed(f"``{room.__name__}``", "=")]
    parts += [f".. automodule:: {room.__name__}", "   :no-members:", ""]

    def shown(home: str) -> str:
        inside = home.removeprefix(room.__name__ + ".")
        return inside if "." not in inside else f"~{inside if inside != home else home}"

    for label, members in groups.items():
        if members:
            at = [homes()[defined(value)] for _, value in members]
            parts += headed(label, "-")
            parts += [
                ".. autosummary::",
                "   :nosignatures:",
                "",
                *(f"   {shown(h)}" for h in at),
                "",
            ]
            here = [full for (full, _), home in zip(members, at, strict=True) if full == home]
            parts += [line for full in here for line in entry(label, full)]
    return "\n".join(parts)


def entry(label: str, full: str) -> list[str]:
    """The directive that documents one object."""
    if label == "Functions":
        return [f".. autofunction:: {full}", ""]
    if label == "Errors":
        return [f".. autoexception:: {full}()", "   :show-inheritance:", ""]
    options = ["members:", "show-inheritance:", "special-members: __call__, __len__"]
    return [f".. autoclass:: {full}", *(f"   :{option}" for option in options), ""]


def headed(title: str, line: str) -> list[str]:
    """A heading."""
    return [title, line * len(title), ""]


def overview(found: dict[str, ModuleType]) -> str:
    """The page that leads to all others."""
    rows = [f"   * - :doc:`{n} <{n}>`\n     - {first_line(m)}" for n, m in found.items()]
    parts = [
        *headed("API reference", "="),
        INTRODUCTION,
        ".. list-table::",
        "   :widths: 25 75",
        "",
    ]
    parts += [*rows, "", ".. toctree::", "   :hidden:", "", *(f"   {name}" for name in found), ""]
    return "\n".join(parts)


def first_line(module: ModuleType) -> str:
    """The first line of a package's docstring."""
    return " ".join((module.__doc__ or "").partition("\n\n")[0].split())


def write_pages(app: Sphinx, config: Any) -> None:
    """Write docs/api, which is not kept; an unchanged page keeps its date."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    found = {n: m for n, m in rooms().items() if any(map(documented, public(m).values()))}
    pages = {name: page(module) for name, module in found.items()} | {"index": overview(found)}
    for path in folder.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    for name, content in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text() != content:
            path.write_text(content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Pages are written before Sphinx and autosummary look for pages."""
    app.connect("config-inited", write_pages)
    return {"parallel_read_safe": True}
