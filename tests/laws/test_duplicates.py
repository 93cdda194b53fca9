"""No two places in src/ share more than eight identical lines of code."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from pathlib import Path

import micvae

ROOT = Path(micvae.__file__).parent
MOST = 8


def code_lines(source: str) -> list[tuple[int, str]]:
    """Numbers and texts of the lines that count.

    Imports, docstrings, comments, blank lines and lines without a letter (brackets alone) do not,
    nor do the parameters of a function, or lines that hand one on under its own name (`seed=seed`):
    functions behind one interface take the same ones.
    """
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        documented = isinstance(body, list) and bool(body) and isinstance(body[0], ast.Expr)
        nodes = [body[0]] if documented and isinstance(body[0].value, ast.Constant) else []
        if isinstance(node, ast.FunctionDef):
            left_out.update(range(node.lineno, node.body[0].lineno))
        nodes += [node] if isinstance(node, ast.Import | ast.ImportFrom) else []
        for one in nodes:
            left_out.update(range(one.lineno, one.end_lineno + 1))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip():
            left_out.add(token.start[0])
    lines = enumerate(source.splitlines(), 1)
    return [
        (number, line.strip())
        for number, line in lines
        if number not in left_out
        and any(map(str.isalpha, line))
        and not re.fullmatch(r"(\w+)=\1,?", line.strip())
    ]


def duplicates(sources: dict[str, str]) -> list[str]:
    """Pairs of places that share more than `MOST` lines in a row, one entry per run."""
    counted = {name: code_lines(source) for name, source in sources.items()}
    at: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, lines in counted.items():
        for i in range(len(lines) - MOST):
            at[tuple(text for _, text in lines[i : i + MOST + 1])].append((name, i))
    pairs = {
        (one, other) for places in at.values() for one in places for other in places if one < other
    }
    begun = sorted(
        ((a, i), (b, j)) for (a, i), (b, j) in pairs if ((a, i - 1), (b, j - 1)) not in pairs
    )
    return [f"{a}:{counted[a][i][0]} = {b}:{counted[b][j][0]}" for (a, i), (b, j) in begun]


def test_no_two_places_share_more_than_eight_lines() -> None:
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in ROOT.rglob("*.py")
    }
    assert len(sources) > 100
    assert duplicates(sources) == []


def test_a_duplicate_is_found() -> None:
    """Comments, docstrings and imports neither count nor hide one."""
    lines = [f"a{i} = {i}" for i in range(MOST + 1)]
    one = "\n".join(['"""One."""', "import os", *lines])
    other = "\n".join(["# Another.", "b = 1", *lines[:3], "# between", "", *lines[3:]])
    assert duplicates({"one": one, "other": other}) == ["one:3 = other:3"]
    shorter = "\n".join(lines[1:])
    assert duplicates({"one": one, "shorter": shorter}) == []
